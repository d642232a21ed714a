//! Which part of a training step is control? Milliseconds of a step of the `topoencoder_2d` trainer on
//! random data in the shape of Fashion-MNIST (784 features, 10 classes, 128 rows), with the settings of
//! `configs/topoencoder_2d.toml`.
//!
//! ```text
//! cargo bench --package homeostat-benches --bench train_step -- --rounds 40 --backend flex
//! ```
//!
//! The first line names the machine: only numbers under the same line can be compared. The step with
//! baselines trains three models (the atlas, a plain autoencoder, a standard VQ model), the step without
//! only the atlas; both take turns, so that a busy machine slows down both. `orchestrator` is the time in
//! which all controllers decide, and its share is that of the step without baselines. Medians.

#![expect(clippy::print_stdout, reason = "the numbers are what was asked for")]

use std::process::ExitCode;
use std::time::Instant;

use burn::backend::Autodiff;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use homeostat_benches::{settings, steps_per_epoch};
use homeostat_examples::trainer::TrainError;
use homeostat_examples::trainer::model::Models;
use homeostat_examples::trainer::panel;
use homeostat_examples::trainer::settings::Settings;
use homeostat_examples::trainer::step::Stepper;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const FEATURES: usize = 784;
const CLASSES: usize = 10;
const BATCHES: usize = 8;
const WARM_UP: usize = 5;
const USAGE: &str = "usage: train_step [--rounds N] [--backend flex|ndarray]";

struct Request {
    rounds: usize,
    backend: String,
}

fn main() -> ExitCode {
    let request = match parse(std::env::args().skip(1)) {
        Ok(request) => request,
        Err(message) => return refuse(&message),
    };
    let outcome = match request.backend.as_str() {
        "flex" => measure::<Autodiff<Flex>>(&request),
        "ndarray" => measure::<Autodiff<NdArray<f32>>>(&request),
        other => return refuse(&format!("--backend must be flex or ndarray, got '{other}'")),
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

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Request, String> {
    let mut request = Request { rounds: 40, backend: "flex".to_owned() };
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // cargo adds it to what a bench is given.
            "--bench" => {}
            "--rounds" => {
                let text = arguments.next().unwrap_or_default();
                let rounds = text.parse().ok().filter(|rounds| *rounds > 0);
                request.rounds = rounds
                    .ok_or(format!("--rounds must be a count of at least 1, got '{text}'"))?;
            }
            "--backend" => request.backend = arguments.next().unwrap_or_default(),
            _ => return Err(format!("option must be --rounds or --backend, got '{argument}'")),
        }
    }
    Ok(request)
}

type Batch<B> = (Tensor<B, 2>, Tensor<B, 1, Int>);

/// Pixels and labels from a seed.
fn batches<B: Backend>(rows: usize, device: &B::Device) -> Vec<Batch<B>> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    (0..BATCHES)
        .map(|_| {
            let pixels: Vec<f32> = (0..rows * FEATURES).map(|_| random.random()).collect();
            let labels: Vec<i32> =
                (0..rows).map(|_| random.random_range(0..CLASSES as i32)).collect();
            let pixels = TensorData::new(pixels, [rows, FEATURES]);
            let labels = TensorData::new(labels, [rows]);
            (Tensor::from_data(pixels, device), Tensor::from_data(labels, device))
        })
        .collect()
}

fn stepper<B: AutodiffBackend>(
    settings: &Settings,
    device: &B::Device,
) -> Result<Stepper<B>, TrainError> {
    let (panel, control) = panel::build(settings, steps_per_epoch(settings))?;
    let reader = panel::reader(settings, &control)?;
    let models = Models::new(settings, FEATURES, CLASSES, device)?;
    Stepper::new(settings, models, panel, control, reader)
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn measure<B: AutodiffBackend>(request: &Request) -> Result<(), TrainError> {
    let device = B::Device::default();
    let with = settings()?;
    let mut without = with.clone();
    without.baseline.autoencoder = false;
    without.baseline.vq = false;
    let mut steppers = [stepper::<B>(&with, &device)?, stepper::<B>(&without, &device)?];
    let batches = batches::<B>(with.batch_size, &device);

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!(
        "machine: {cores} cores, backend {}; batch of {} rows, median of {} rounds",
        request.backend, with.batch_size, request.rounds,
    );
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..WARM_UP + request.rounds {
        for (stepper, times) in steppers.iter_mut().zip(&mut times) {
            let (inputs, labels) = batches[round % BATCHES].clone();
            let begin = Instant::now();
            stepper.step(inputs, labels)?;
            if round >= WARM_UP {
                times.push(begin.elapsed().as_secs_f64());
            }
        }
    }
    let [with, without] = times.map(median);
    let stepper = &mut steppers[1];
    let control = control(stepper, request.rounds)?;
    let (decided, all) = (stepper.control.step()?.decided, stepper.control.controllers().count());
    println!("step with baselines      {:>10.3} ms", 1e3 * with);
    println!("step without baselines   {:>10.3} ms", 1e3 * without);
    println!(
        "orchestrator             {:>10.6} ms, {:.4} % of a step without baselines; {decided} of {all} \
         controllers decide",
        1e3 * control,
        100.0 * control / without,
    );
    Ok(())
}

/// Seconds in which all controllers decide, on the readings of the last step.
fn control<B: AutodiffBackend>(stepper: &mut Stepper<B>, rounds: usize) -> Result<f64, TrainError> {
    // One decision is too short for the clock.
    const REPEATS: u32 = 1000;
    let mut times = Vec::new();
    for _ in 0..rounds {
        let begin = Instant::now();
        for _ in 0..REPEATS {
            stepper.control.step()?;
        }
        times.push(begin.elapsed().as_secs_f64() / f64::from(REPEATS));
    }
    Ok(median(times))
}
