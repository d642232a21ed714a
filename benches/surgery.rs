//! What does gradient surgery cost?
//!
//! ```text
//! cargo bench --package homeostat-benches --bench surgery -- --rounds 60 --backend flex
//! ```
//!
//! prints milliseconds of one plain step (forward and backward of the weighted sum of K losses of a
//! 784-256-256 trunk with K heads of ten classes, 128 rows) and how many times as long a step of gradient
//! surgery takes in each row mode, optimizer left out in both. All ways take turns, so that a busy machine
//! slows down all; numbers are medians, ratios are medians of the ratios within a round.
//!
//! With `--serve` the bench answers the lines of `benches/peers/torchjd/compare.py`, which compares sensor,
//! law and actuator with TorchJD.

#![expect(clippy::print_stdout, reason = "the numbers are what was asked for")]

use std::io::{BufRead, Read, Write};
use std::process::ExitCode;
use std::time::Instant;

use burn::backend::Autodiff;
use burn::module::Param;
use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::activation::{log_softmax, relu};
use burn::tensor::backend::AutodiffBackend;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use homeostat_burn::surgery::{Cut, Place, Rows, Surgeon};
use homeostat_surgery::{Granularity, Input, Surgery, SurgeryConfig, SurgeryState};

const USAGE: &str = "usage: surgery [--rounds N] [--backend flex|ndarray] | --serve";
const WARM_UP: usize = 5;
const BATCH: usize = 128;
const CLASSES: usize = 10;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let (mut rounds, mut backend, mut serving) = (60, "flex".to_owned(), false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // cargo adds it to what a bench is given.
            "--bench" => {}
            "--serve" => serving = true,
            "--rounds" => match arguments.next().and_then(|text| text.parse().ok()) {
                Some(count) if count > 0 => rounds = count,
                _ => return refuse("--rounds must be a count of at least 1"),
            },
            "--backend" => backend = arguments.next().unwrap_or_default(),
            _ => return refuse(&format!("option must be one of these, got '{argument}'")),
        }
    }
    let outcome = match (serving, backend.as_str()) {
        (true, _) => serve(),
        (false, "flex") => modes::<Autodiff<Flex>>(rounds, &backend),
        (false, "ndarray") => modes::<Autodiff<NdArray<f32>>>(rounds, &backend),
        _ => return refuse(&format!("--backend must be flex or ndarray, got '{backend}'")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error.to_string()),
    }
}

fn refuse(message: &str) -> ExitCode {
    eprintln!("error: {message}; {USAGE}");
    ExitCode::FAILURE
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// Numbers in [−1, 1) from Knuth's MMIX generator.
fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut bits = seed.wrapping_mul(77).wrapping_add(1);
    (0..count)
        .map(|_| {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005);
            bits = bits.wrapping_add(1_442_695_040_888_963_407);
            (bits >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

// The row modes -------------------------------------------------------------------------------------

#[derive(Module, Debug)]
struct Net<B: Backend> {
    first: Linear<B>,
    second: Linear<B>,
    heads: Vec<Linear<B>>,
}

impl<B: Backend> Net<B> {
    fn new(losses: usize, device: &B::Device) -> Self {
        let net = Self {
            first: LinearConfig::new(784, 256).init(device),
            second: LinearConfig::new(256, 256).init(device),
            heads: (0..losses).map(|_| LinearConfig::new(256, CLASSES).init(device)).collect(),
        };
        net.fork(device)
    }

    fn trunk(&self, inputs: Tensor<B, 2>) -> Tensor<B, 2> {
        relu(self.second.forward(relu(self.first.forward(inputs))))
    }

    fn loss(&self, latent: Tensor<B, 2>, labels: Tensor<B, 2, Int>, loss: usize) -> Tensor<B, 1> {
        log_softmax(self.heads[loss].forward(latent), 1).gather(1, labels).mean().neg()
    }
}

/// What takes turns with the plain step.
const WAYS: [(&str, &str); 7] = [
    ("reforward", "rows = 'reforward'\nsurgery = 'upgrad'"),
    ("representation", "rows = 'representation'\nsurgery = 'upgrad'"),
    ("groups", "rows = 'groups'\nsurgery = 'upgrad'"),
    ("reforward, every = 4", "rows = 'reforward'\nsurgery = { method = 'upgrad', every = 4 }"),
    ("groups, every = 4", "rows = 'groups'\nsurgery = { method = 'upgrad', every = 4 }"),
    ("reforward, layers", "surgery = { method = 'upgrad', granularity = 'layer' }"),
    ("reforward, graddrop", "surgery = 'graddrop'"),
];

fn modes<B: AutodiffBackend>(rounds: usize, backend: &str) -> Result<(), Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("machine: {cores} cores, backend {backend}; median of {rounds} rounds\n");
    println!("| way | K = 2 | K = 4 | K = 8 |\n| --- | --- | --- | --- |");
    let mut columns = Vec::new();
    for losses in [2, 4, 8] {
        columns.push(column::<B>(losses, rounds)?);
    }
    let row = |name: &str, cells: Vec<String>| println!("| {name} | {} |", cells.join(" | "));
    row("plain step, ms", columns.iter().map(|(plain, _)| format!("{plain:.2}")).collect());
    for (way, (name, _)) in WAYS.iter().enumerate() {
        row(name, columns.iter().map(|(_, ways)| format!("{:.2}×", ways[way])).collect());
    }
    Ok(())
}

/// Milliseconds of a plain step, and how many times as long each way takes.
fn column<B: AutodiffBackend>(losses: usize, rounds: usize) -> Result<(f64, Vec<f64>), Failure> {
    // Four steps of each way at a time: with `every = 4` one of them makes a Gramian.
    const STEPS: usize = 4;
    let device = B::Device::default();
    B::seed(&device, 1);
    let net = Net::<B>::new(losses, &device);
    let data = TensorData::new(numbers(1, BATCH * 784), [BATCH, 784]);
    let inputs = Tensor::<B, 2>::from_data(data, &device);
    let labels: Vec<i32> = (0..BATCH).map(|row| (row * 7 % CLASSES) as i32).collect();
    let labels = Tensor::<B, 2, Int>::from_data(TensorData::new(labels, [BATCH, 1]), &device);
    let factors: Vec<f64> = (0..losses).map(|loss| 1.0 / (1 + loss) as f64).collect();
    let mut surgeons = Vec::new();
    for (_, text) in WAYS {
        surgeons.push(Surgeon::new(&toml::from_str(text)?)?);
    }
    let (mut plain, mut ratios) = (Vec::new(), vec![Vec::new(); WAYS.len()]);
    for round in 0..WARM_UP + rounds {
        let begin = Instant::now();
        for _ in 0..STEPS {
            let latent = net.trunk(inputs.clone());
            let total = (0..losses)
                .map(|loss| {
                    net.loss(latent.clone(), labels.clone(), loss).mul_scalar(factors[loss])
                })
                .reduce(|sum, part| sum + part)
                .ok_or("there are losses")?;
            let gradients = GradientsParams::from_grads(total.backward(), &net);
            assert_eq!(gradients.len(), 4 + 2 * losses);
        }
        let base = begin.elapsed().as_secs_f64();
        for (surgeon, ratios) in surgeons.iter_mut().zip(&mut ratios) {
            let begin = Instant::now();
            for _ in 0..STEPS {
                let objective = Cut::new(
                    |net: &Net<B>| net.trunk(inputs.clone()),
                    |net: &Net<B>, latent: Tensor<B, 2>, loss| {
                        net.loss(latent, labels.clone(), loss)
                    },
                );
                let step = surgeon.step(&net, &objective, &factors)?;
                assert_eq!(step.gradients.len(), 4 + 2 * losses);
            }
            if round >= WARM_UP {
                ratios.push(begin.elapsed().as_secs_f64() / base);
            }
        }
        if round >= WARM_UP {
            plain.push(1e3 * base / STEPS as f64);
        }
    }
    Ok((median(plain), ratios.into_iter().map(median).collect()))
}

// The peer ------------------------------------------------------------------------------------------

type B = Autodiff<Flex>;

/// How many tensors the parameters are shared among.
const PARTS: usize = 8;

/// Vectors, so that gradients of any numbers can be made.
#[derive(Module, Debug)]
struct Pile<B: Backend> {
    parts: Vec<Param<Tensor<B, 1>>>,
}

/// K gradients, and the last combination, which lies in the memory of the first.
struct Served {
    pile: Pile<B>,
    gradients: Vec<Option<GradientsParams>>,
    /// The numbers of the first gradient.
    first: Vec<f32>,
    last: Option<GradientsParams>,
    /// The law and its memory, made once as in a run.
    law: Option<(String, Surgery, SurgeryState)>,
}

/// Answers lines with lines: `load PATH K P`, `aggregate METHOD`, `write PATH`.
fn serve() -> Result<(), Failure> {
    let mut served: Option<Served> = None;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match (words.as_slice(), &mut served) {
            (["load", path, rows, columns], _) => {
                // What was loaded before makes room first.
                drop(served.take());
                served = Some(load(path, rows.parse()?, columns.parse()?)?);
                "ok".to_owned()
            }
            (["aggregate", method], Some(served)) => aggregate(served, method)?,
            (["write", path], Some(served)) => write(served, path)?,
            _ => return Err(format!("no such line, or nothing loaded: '{line}'").into()),
        };
        println!("{answer}");
        std::io::stdout().flush()?;
    }
    Ok(())
}

fn load(path: &str, rows: usize, columns: usize) -> Result<Served, Failure> {
    let device = Default::default();
    let part = |count| Param::from_tensor(Tensor::zeros([count], &device));
    let mut counts = vec![columns / PARTS; PARTS];
    counts[PARTS - 1] += columns % PARTS;
    let pile = Pile { parts: counts.into_iter().map(part).collect() };
    let mut file = std::fs::File::open(path)?;
    let mut bytes = vec![0; 4 * columns];
    let (mut gradients, mut first) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        file.read_exact(&mut bytes)?;
        let number = |bytes: &[u8; 4]| f32::from_le_bytes(*bytes);
        let row: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(number).collect();
        gradients.push(Some(gradient(&pile, &row)));
        if first.is_empty() {
            first = row;
        }
    }
    Ok(Served { pile, gradients, first, last: None, law: None })
}

/// A gradient as a backward pass would leave it: tensors that nobody else holds.
fn gradient(pile: &Pile<B>, row: &[f32]) -> GradientsParams {
    let device = Default::default();
    let mut gradients = GradientsParams::new();
    let mut rest = row;
    for part in &pile.parts {
        let (now, others) = rest.split_at(part.shape().num_elements());
        rest = others;
        let data = TensorData::new(now.to_vec(), [now.len()]);
        gradients.register(part.id, Tensor::<Flex, 1>::from_data(data, &device));
    }
    gradients
}

/// Writes the first gradient over the last combination, so that every turn finds its rows where those
/// before found them, as the peer does.
fn restore(served: &mut Served) -> Result<(), Failure> {
    let Some(mut last) = served.last.take() else { return Ok(()) };
    let mut rest = served.first.as_slice();
    let mut gradients = GradientsParams::new();
    for part in &served.pile.parts {
        let tensor = last.remove::<Flex, 1>(part.id).ok_or("a parameter has no gradient")?;
        let mut data = tensor.into_data();
        let numbers = data.as_mut_slice::<f32>()?;
        let (now, others) = rest.split_at(numbers.len());
        numbers.copy_from_slice(now);
        rest = others;
        gradients.register(part.id, Tensor::<Flex, 1>::from_data(data, &Default::default()));
    }
    served.gradients[0] = Some(gradients);
    Ok(())
}

/// Seconds: all, sensor, law, actuator.
fn aggregate(served: &mut Served, method: &str) -> Result<String, Failure> {
    let count = served.gradients.len();
    restore(served)?;
    let (surgery, state) = match &mut served.law {
        Some((name, surgery, state)) if name == method => (surgery, state),
        law => {
            let config: SurgeryConfig = toml::from_str(&format!("method = '{method}'"))?;
            let surgery: Surgery = config.init()?;
            let state = surgery.init_state(count, 1)?;
            let (_, surgery, state) = law.insert((method.to_owned(), surgery, state));
            (surgery, state)
        }
    };
    let gradients = std::mem::take(&mut served.gradients);
    // The threads that the restoring has woken go to sleep again.
    std::thread::sleep(std::time::Duration::from_millis(2));
    let begin = Instant::now();
    let mut rows = Rows::gather::<B, _>(&served.pile, gradients, Granularity::Model, Place::Auto);
    let gramian = rows.measure(Vec::new()).0?.remove(0);
    let sensed = begin.elapsed().as_secs_f64();
    let mut weights = vec![0.0; count];
    let input = Input { gramian: Some(&gramian), ..Input::default() };
    surgery.decide(state, 0, &input, &mut weights)?;
    let decided = begin.elapsed().as_secs_f64();
    let combined = rows.combine(&[weights.clone()]);
    let done = begin.elapsed().as_secs_f64();
    if weights[0] == 0.0 {
        return Err("the first row has weight 0: its memory does not hold the sum".into());
    }
    served.last = Some(combined);
    served.gradients = rows.into_gradients();
    Ok(format!("{done} {sensed} {} {}", decided - sensed, done - decided))
}

fn write(served: &Served, path: &str) -> Result<String, Failure> {
    let last = served.last.as_ref().ok_or("nothing was combined")?;
    let mut bytes = Vec::new();
    for part in &served.pile.parts {
        let part = last.get::<Flex, 1>(part.id).ok_or("a parameter has no gradient")?;
        bytes.extend(part.into_data().iter::<f32>().flat_map(f32::to_le_bytes));
    }
    std::fs::write(path, bytes)?;
    Ok("ok".to_owned())
}
