//! A run from its first to its last epoch, with checkpoints in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat::Means;
use serde_json::{Map, Value};

use super::TrainError;
use super::console::{COLUMNS, Console};
use super::evaluate::{Judgement, judge};
use super::model::Models;
use super::operation::Operation;
use super::panel;
use super::report::{self, Facts};
use super::rows::{Row, RowLog};
use super::settings::Settings;
use super::sideline::Sideline;
use super::state::{self, Header};
use super::step::{Stepper, valid};
use super::tracker::{self, warn};
use crate::checkpoint;
use crate::data::{Dataset, Split, epoch_order};
use crate::files::write_atomically;
use crate::tracking::RunStatus;

/// What a run starts from, beside its settings.
#[derive(Debug, Default)]
pub struct Start {
    /// A checkpoint: its header and record.
    pub resume: Option<(Header, Vec<u8>)>,
    /// The settings with the origin of every value, for `config.toml`.
    pub config: String,
    /// Print nothing but the last lines.
    pub quiet: bool,
    /// Set when a person wants the run to end after this epoch.
    pub interrupt: Arc<AtomicBool>,
}

/// What a run ends with.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The summary, as it stands in `summary.json`.
    pub summary: Value,
    /// Epochs that are done.
    pub epochs: u64,
}

/// The training rows on the device.
struct Rows<B: Backend> {
    inputs: Tensor<B, 2>,
    labels: Tensor<B, 1, Int>,
    count: usize,
}

impl<B: Backend> Rows<B> {
    fn new(data: &Dataset, device: &B::Device) -> Self {
        let inputs = TensorData::new(data.inputs().to_vec(), [data.len(), data.features()]);
        let labels: Vec<i32> = data.labels().iter().map(|label| *label as i32).collect();
        let labels = TensorData::new(labels, [data.len()]);
        Self {
            inputs: Tensor::from_data(inputs, device),
            labels: Tensor::from_data(labels, device),
            count: data.len(),
        }
    }

    fn batch(&self, order: &[u32]) -> (Tensor<B, 2>, Tensor<B, 1, Int>) {
        let order: Vec<i32> = order.iter().map(|row| *row as i32).collect();
        let count = order.len();
        let order = TensorData::new(order, [count]);
        let order = Tensor::<B, 1, Int>::from_data(order, &self.inputs.device());
        (self.inputs.clone().select(0, order.clone()), self.labels.clone().select(0, order))
    }
}

/// Trains on one backend.
pub fn train<B: AutodiffBackend>(
    settings: &Settings,
    split: &Split,
    start: Start,
    device: &B::Device,
) -> Result<Outcome, TrainError> {
    let folder = settings.output();
    let (features, classes) = (split.train.features(), split.train.classes());
    let batch = match settings.batch_size {
        0 => split.train.len(),
        size => size.min(split.train.len()),
    };
    let steps_per_epoch = split.train.len().div_ceil(batch) as u64;
    let (panel, control) = panel::build(settings, steps_per_epoch)?;
    let reader = panel::reader(settings, &control)?;
    let models = Models::<B>::new(settings, features, classes, device)?;
    let mut stepper = Stepper::new(settings, models, panel, control, reader)?;

    let data_hash = split.train.fingerprint() ^ split.test.fingerprint().rotate_left(1);
    let (mut done, mut before) = (0, Duration::ZERO);
    let resumed = start.resume.is_some();
    if let Some((header, record)) = start.resume {
        if header.data != data_hash {
            return Err(TrainError::OtherData { expected: header.data, found: data_hash });
        }
        (done, before) = (header.epoch, Duration::from_secs_f64(header.seconds));
        state::load(&mut stepper, header, record, device)?;
    }
    let writing = |source| TrainError::Write { path: folder.clone(), source };
    let mut log =
        RowLog::open(&folder.join("metrics.jsonl"), resumed.then_some(done)).map_err(writing)?;
    write_atomically(&folder.join("config.toml"), start.config.as_bytes()).map_err(writing)?;

    let mut console = Console::new(
        COLUMNS,
        start.quiet,
        settings.epochs * steps_per_epoch,
        done * steps_per_epoch,
    );
    if let Some(operation) = &stepper.operation {
        console.note(&operation.notice());
    }
    let mut tracker = tracker::start(&settings.mlflow, settings, &console, || {
        format!("topoencoder_{}", settings.data.dataset)
    });
    let rows = Rows::<B>::new(&split.train, device);
    let begin = Instant::now();
    let mut means = Means::new();
    let mut judgement = Judgement::default();
    let mut seen_nonfinite = stepper.nonfinite;
    while done < settings.epochs && !start.interrupt.load(Ordering::Relaxed) {
        let epoch_begin = Instant::now();
        means.clear();
        stepper.keep();
        let mut sides = SideMeans::default();
        let order = epoch_order(rows.count as u32, settings.seed, done);
        for chunk in order.chunks(batch) {
            let (inputs, labels) = rows.batch(chunk);
            sides.add(stepper.step(inputs, labels)?);
            means.add(stepper.control.board());
            console.step();
        }
        sides.add(stepper.flush()?);
        state::settle(&mut stepper, device)?;
        done += 1;
        let seconds = epoch_begin.elapsed().as_secs_f64();
        let last = done == settings.epochs || start.interrupt.load(Ordering::Relaxed);
        let models = &stepper.models;
        judgement = judge(
            &valid(&models.trainee),
            &valid(&models.baselines),
            &valid(&models.readouts),
            &split.test,
            device,
        )?;
        let mut row = epoch_row(&stepper, &means, settings);
        row.extend(judgement.row.clone());
        row.extend(sides.row());
        row.insert("epoch".into(), Some(done as f64));
        row.insert("seconds".into(), Some(seconds));
        row.insert("samples_per_second".into(), Some(rows.count as f64 / seconds));
        if stepper.nonfinite > seen_nonfinite {
            let dropped = stepper.nonfinite - seen_nonfinite;
            console.warn(&format!(
                "epoch {done}: {dropped} of {steps_per_epoch} steps had a loss or gradient that is \
                 not finite; they were dropped"
            ));
            seen_nonfinite = stepper.nonfinite;
        }
        if done.is_multiple_of(settings.log_every.max(1)) || last {
            console.epoch(done, settings.epochs, &row);
        }
        let numbers = row.iter().filter_map(|(name, value)| Some((name.clone(), (*value)?)));
        warn(&console, tracker.log_metrics(done, &numbers.collect()));
        log.push(row).map_err(writing)?;
        let due = settings.save_every > 0 && done.is_multiple_of(settings.save_every);
        if due || last {
            let wall = before + begin.elapsed();
            let (header, record) = state::save::<B>(&mut stepper, settings, done, wall, data_hash)?;
            checkpoint::write(&checkpoint::path_of(&folder, done), &header, &record)?;
        }
    }
    console.finish();

    let wall = before + begin.elapsed();
    if judgement.row.is_empty() {
        let models = &stepper.models;
        let (trainee, baselines) = (valid(&models.trainee), valid(&models.baselines));
        judgement = judge(&trainee, &baselines, &valid(&models.readouts), &split.test, device)?;
        console.note("nothing was left to train; raise --epochs to go on");
    }
    let facts = Facts {
        wall,
        sizes: stepper.models.sizes,
        nonfinite: stepper.nonfinite,
        steps: stepper.steps,
        rollbacks: stepper.rollbacks,
        epochs: done,
        parameters: state::parameter_hash::<B, _>(&stepper.models.trainee),
        data: data_hash,
        controllers: controllers(&stepper),
        surgery: stepper.operation.as_ref().map(Operation::summary),
    };
    let mut last = log.rows().last().cloned().unwrap_or_default();
    last.extend(judgement.row.clone());
    let summary = report::summary(settings, &log, &last, &facts);
    let text = serde_json::to_string_pretty(&summary).map_err(TrainError::Summary)? + "\n";
    write_atomically(&folder.join("summary.json"), text.as_bytes()).map_err(writing)?;
    report::pictures(&folder, settings, &log, &split.test, &judgement)?;
    let interrupted = done < settings.epochs;
    warn(
        &console,
        tracker.finish(if interrupted { RunStatus::Killed } else { RunStatus::Finished }),
    );
    for line in report::closing_lines(&last, &folder, &facts) {
        console.say(&line);
    }
    if interrupted {
        console.say(&format!(
            "stopped after epoch {done} of {}; go on with --resume {}",
            settings.epochs,
            folder.display()
        ));
    }
    Ok(Outcome { summary, epochs: done })
}

/// The means of the epoch under the names of the log.
fn epoch_row<B: AutodiffBackend>(stepper: &Stepper<B>, means: &Means, settings: &Settings) -> Row {
    let panel = &stepper.panel;
    let mut row = Row::new();
    let mean = |slot: homeostat::SlotIndex| means.get(slot);
    for slots in &panel.losses {
        row.insert(format!("loss/{}", slots.name.name()), mean(slots.value.index()));
        row.insert(format!("weight/{}", slots.name.name()), mean(slots.weight.index()));
    }
    row.insert("loss/orthogonality".into(), mean(panel.orthogonality.0.index()));
    row.insert("weight/orthogonality".into(), mean(panel.orthogonality.1.index()));
    row.insert("weight/sup".into(), mean(panel.supervision.index()));
    let update = mean(panel.update_norm.index());
    let parameters = mean(panel.parameter_norm.index());
    let ratio = update.zip(parameters).map(|(update, norm)| update / norm.max(f64::MIN_POSITIVE));
    let most = (settings.model.codes_per_chart as f64).ln();
    let entropy = |name: &str| {
        let gap = panel.losses.iter().find(|slots| slots.name.name() == name)?;
        Some(most - mean(gap.value.index())?)
    };
    for (name, value) in [
        ("total", mean(panel.total.index())),
        ("stability", mean(panel.stability.index())),
        ("lr", mean(panel.learning_rate.index())),
        ("grad_norm", mean(panel.gradient_norm.index())),
        ("parameter_norm", parameters),
        ("update_norm", update),
        ("update_ratio", ratio),
        ("h_k_given_x", mean(panel.charts_given_input.index())),
        ("h_k", mean(panel.charts.index())),
        ("i_xk", mean(panel.information.index())),
        ("code_entropy", entropy("code_entropy")),
        ("per_chart_code_entropy", entropy("per_chart_code_entropy")),
        ("step", Some(stepper.steps as f64)),
        ("nonfinite_steps", Some(stepper.nonfinite as f64)),
    ] {
        row.insert(name.into(), value);
    }
    if let Some(slots) = &panel.surgery {
        row.extend(slots.named().map(|(name, slot)| (name.into(), mean(slot.index()))));
    }
    stepper.control.probe(&mut |controller, name, value| {
        row.insert(format!("control/{controller}/{name}"), Some(value));
    });
    row
}

fn controllers<B: AutodiffBackend>(stepper: &Stepper<B>) -> Map<String, Value> {
    let describe = |counts: homeostat::Counts| {
        serde_json::json!({
            "decided": counts.decided, "held": counts.held, "refused": counts.refused,
        })
    };
    let rows = stepper.control.controllers();
    rows.map(|(one, counts)| (one.name().to_owned(), describe(counts))).collect()
}

/// Means of the companions' losses over an epoch.
#[derive(Default)]
struct SideMeans {
    sums: [(f64, u64); 3],
}

impl SideMeans {
    fn add(&mut self, side: Sideline) {
        for (sum, value) in self.sums.iter_mut().zip([side.readout, side.autoencoder, side.vq]) {
            if let Some(value) = value.filter(|value| value.is_finite()) {
                sum.0 += value;
                sum.1 += 1;
            }
        }
    }

    fn row(&self) -> impl Iterator<Item = (String, Option<f64>)> {
        let names = ["readout_loss", "autoencoder/loss", "vq/loss"];
        let means = self.sums.map(|(sum, count)| (count > 0).then(|| sum / count as f64));
        names.into_iter().map(str::to_owned).zip(means).filter(|(_, mean)| mean.is_some())
    }
}
