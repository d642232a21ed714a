//! A run from its first to its last epoch, with checkpoints in between.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat::ceiling::Outcome as Verdict;
use serde_json::Value;

use super::evaluate::{Judgement, judge};
use super::lbo::Lbo;
use super::report::{self, Facts};
use super::settings::Settings;
use super::state::{self, Header, Position};
use super::step::{Stepped, Stepper};
use crate::checkpoint;
use crate::data::{Dataset, Split, epoch_order};
use crate::files::write_atomically;
use crate::topoencoder::parameter_count;
use crate::tracking::RunStatus;
use crate::trainer::TrainError;
use crate::trainer::console::{Column, Console};
use crate::trainer::rows::{Row, RowLog};
use crate::trainer::state::parameter_hash;
use crate::trainer::step::valid;
use crate::trainer::tracker::{self, warn};

/// The table of `vae`.
const COLUMNS: &[Column] = &[
    ("S_min", "minimum_score", 3),
    ("error", "reconstruction", 2),
    ("KL core", "kl_core", 2),
    ("KL detail", "kl_detail", 2),
    ("ceiling", "ceiling_core", 2),
    ("weight", "weight/kl", 3),
    ("rollback", "rollback_rate", 4),
    ("test mse", "test_mse", 4),
    ("SSIM", "test_ssim", 3),
    ("test KL", "test_kl", 2),
    ("lr", "lr", 6),
];

/// What a run starts from, beside its settings.
#[derive(Debug, Default)]
pub struct Start {
    /// A checkpoint: its header and record.
    pub resume: Option<(Header, Vec<u8>)>,
    /// The settings with the origin of every value, for `config.toml`.
    pub config: String,
    /// Print nothing but the last lines.
    pub quiet: bool,
    /// Print nothing at all.
    pub silent: bool,
    /// Set when a person wants the run to end after this epoch.
    pub interrupt: Arc<AtomicBool>,
    /// Steps whose verdict is to be a rejection: fault injection.
    pub reject: Option<fn(u64) -> bool>,
}

/// What a run ends with.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The summary, as it stands in `summary.json`.
    pub summary: Value,
    /// Epochs that are done.
    pub epochs: u64,
    /// The rows of all epochs.
    pub rows: Vec<Row>,
    /// What was said, with the epoch in which it was said.
    pub events: Vec<(u64, String)>,
    /// Why the run stopped by itself.
    pub stopped: Option<String>,
}

/// The training images on the device.
fn on_device<B: Backend>(data: &Dataset, device: &B::Device) -> Tensor<B, 2> {
    let inputs = TensorData::new(data.inputs().to_vec(), [data.len(), data.features()]);
    Tensor::from_data(inputs, device)
}

fn batch<B: Backend>(images: &Tensor<B, 2>, order: &[u32]) -> Tensor<B, 2> {
    let order: Vec<i32> = order.iter().map(|row| *row as i32).collect();
    let count = order.len();
    let order = Tensor::<B, 1, Int>::from_data(TensorData::new(order, [count]), &images.device());
    images.clone().select(0, order)
}

/// Trains on one backend.
pub fn train<B: AutodiffBackend>(
    settings: &Settings,
    split: &Split,
    start: Start,
    device: &B::Device,
) -> Result<Outcome, TrainError> {
    let folder = settings.output();
    let name = || split.train.name().to_owned();
    let shape = split.train.image().ok_or_else(|| TrainError::NoImages { name: name() })?;
    let size = settings.batch_size.min(split.train.len());
    // The last images of an order that do not fill a batch wait for another epoch: statistics over a
    // smaller batch would be others.
    let batches = (split.train.len() / size) as u64;
    let mut stepper = Stepper::<B>::new(settings, shape, batches, device)?;
    if let Some(reject) = start.reject {
        stepper.reject = reject;
    }
    let data_hash = split.train.fingerprint() ^ split.test.fingerprint().rotate_left(1);
    let (mut position, mut before) = (Position::default(), Duration::ZERO);
    let resumed = start.resume.is_some();
    if let Some((header, record)) = start.resume {
        if header.data != data_hash {
            return Err(TrainError::OtherData { expected: header.data, found: data_hash });
        }
        before = Duration::from_secs_f64(header.seconds);
        position = state::load(&mut stepper, header, record, device)?;
    }
    let writing = |source| TrainError::Write { path: folder.clone(), source };
    let done = resumed.then_some(position.epoch);
    let mut log = RowLog::open(&folder.join("metrics.jsonl"), done).map_err(writing)?;
    write_atomically(&folder.join("config.toml"), start.config.as_bytes()).map_err(writing)?;

    let quiet = start.quiet || start.silent;
    let steps_done = position.epoch * batches + position.batch;
    let mut console = Console::new(COLUMNS, quiet, settings.epochs * batches, steps_done);
    let mut tracker = tracker::start(&settings.mlflow, settings, &console, || {
        format!("vae_{}_{}", settings.method.name(), settings.data.dataset)
    });
    let images = on_device::<B::InnerBackend>(&split.train, device);
    let begin = Instant::now();
    let mut judgement = Judgement::default();
    let mut stopped: Option<String> = None;
    let wall = |begin: Instant| before + begin.elapsed();
    let interrupted = || start.interrupt.load(Ordering::Relaxed);
    while position.epoch < settings.epochs && !interrupted() && stopped.is_none() {
        let epoch_begin = Instant::now();
        let epoch = position.epoch + 1;
        if let Some(lbo) = &mut stepper.lbo
            && position.batch == 0
        {
            tell(&console, &mut position, epoch, lbo.begin_epoch());
        }
        let order = epoch_order(split.train.len() as u32, settings.seed, position.epoch);
        let first = position.batch as usize;
        for chunk in order.chunks_exact(size).skip(first) {
            let row = streak(&stepper);
            let stepped = stepper.step(batch(&images, chunk))?;
            add(&mut position, &stepper, &stepped);
            if let Some(line) = rejection_line(&stepper, epoch, row, &stepped) {
                console.note(&line);
            }
            position.batch += 1;
            console.step();
            let every = settings.save_every_batches;
            let inside = position.batch < batches;
            if every > 0 && inside && position.batch.is_multiple_of(every) {
                let path = checkpoint::path_within(&folder, position.epoch, position.batch);
                let time = wall(begin);
                let (header, record) =
                    state::save::<B>(&mut stepper, settings, &position, time, data_hash, device)?;
                checkpoint::write(&path, &header, &record)?;
            }
            stopped = stepper.lbo.as_ref().and_then(Lbo::out_of_patience);
            if stopped.is_some() {
                break;
            }
        }
        if stopped.is_some() && position.batch < batches {
            // The rest of the epoch is for whoever resumes.
            let path = checkpoint::path_within(&folder, position.epoch, position.batch);
            let time = wall(begin);
            let (header, record) =
                state::save::<B>(&mut stepper, settings, &position, time, data_hash, device)?;
            checkpoint::write(&path, &header, &record)?;
            judgement = Judgement::default();
            break;
        }
        let mut row = epoch_row(&stepper, &position);
        if let Some(lbo) = &mut stepper.lbo {
            let lines = lbo.end_epoch();
            stopped = lbo.stop();
            tell(&console, &mut position, epoch, lines);
        }
        state::settle(&mut stepper, device)?;
        position.epoch = epoch;
        position.batch = 0;
        position.sums.clear();
        let seconds = epoch_begin.elapsed().as_secs_f64();
        judgement = judge(&valid(&stepper.model), &split.test, settings.seed, device);
        row.extend(judgement.row.clone());
        row.insert("epoch".into(), Some(epoch as f64));
        row.insert("seconds".into(), Some(seconds));
        row.insert("samples_per_second".into(), Some(split.train.len() as f64 / seconds));
        let last = epoch == settings.epochs || interrupted() || stopped.is_some();
        if epoch.is_multiple_of(settings.log_every.max(1)) || last {
            console.epoch(epoch, settings.epochs, &row);
        }
        let numbers = row.iter().filter_map(|(name, value)| Some((name.clone(), (*value)?)));
        warn(&console, tracker.log_metrics(epoch, &numbers.collect()));
        log.push(row).map_err(writing)?;
        let due = settings.save_every > 0 && epoch.is_multiple_of(settings.save_every);
        if due || last {
            let time = wall(begin);
            let (header, record) =
                state::save::<B>(&mut stepper, settings, &position, time, data_hash, device)?;
            checkpoint::write(&checkpoint::path_of(&folder, epoch), &header, &record)?;
        }
    }
    console.finish();
    if judgement.row.is_empty() {
        judgement = judge(&valid(&stepper.model), &split.test, settings.seed, device);
        if position.epoch >= settings.epochs {
            console.note("nothing was left to train; raise --epochs to go on");
        }
    }
    let facts = Facts {
        wall: wall(begin),
        parameters: parameter_count(&stepper.model),
        nonfinite: stepper.nonfinite,
        steps: stepper.steps,
        shortened: stepper.lbo.as_ref().map_or(0, |lbo| lbo.search().shortened()),
        epochs: position.epoch,
        hash: parameter_hash::<B, _>(&stepper.model),
        data: data_hash,
        events: position.events.clone(),
    };
    let mut last = log.rows().last().cloned().unwrap_or_default();
    last.extend(judgement.row.clone());
    let summary = report::summary(settings, &log, &last, &facts);
    let text = serde_json::to_string_pretty(&summary).map_err(TrainError::Summary)? + "\n";
    write_atomically(&folder.join("summary.json"), text.as_bytes()).map_err(writing)?;
    report::pictures::<B::InnerBackend>(
        &folder,
        settings,
        &log,
        &split.test,
        &judgement,
        &valid(&stepper.model),
        device,
    )?;
    let unfinished = position.epoch < settings.epochs;
    let status = if unfinished { RunStatus::Killed } else { RunStatus::Finished };
    warn(&console, tracker.finish(status));
    if !start.silent {
        close(&console, settings, &last, &facts, &folder, stopped.as_deref());
    }
    Ok(Outcome {
        summary,
        epochs: position.epoch,
        rows: log.rows().to_vec(),
        events: position.events,
        stopped,
    })
}

fn close(
    console: &Console,
    settings: &Settings,
    last: &Row,
    facts: &Facts,
    folder: &Path,
    stopped: Option<&str>,
) {
    for line in report::closing_lines(settings, last, folder, facts) {
        console.say(&line);
    }
    if facts.epochs < settings.epochs {
        let (done, epochs, folder) = (facts.epochs, settings.epochs, folder.display());
        let why = stopped.map(|why| format!("{why}: ")).unwrap_or_default();
        let line =
            format!("{why}stopped after epoch {done} of {epochs}; go on with --resume {folder}");
        console.say(&line);
    }
}

fn tell(console: &Console, position: &mut Position, epoch: u64, lines: Vec<String>) {
    for line in lines {
        console.note(&line);
        position.events.push((epoch, line));
    }
}

/// Whether the rejection that makes a row of them so long gets a line: the first, then every tenth.
pub fn is_told(streak: u64) -> bool {
    streak == 1 || streak > 0 && streak.is_multiple_of(10)
}

/// Steps in a row that were taken back so far.
fn streak<B: AutodiffBackend>(stepper: &Stepper<B>) -> u64 {
    stepper.lbo.as_ref().map_or(0, |lbo| lbo.search().streak())
}

/// What is said of a step after so many rejections in a row: of the first rejection all that is known, of every
/// tenth that it goes on, and when a step stands again that it does.
pub fn rejection_line<B: AutodiffBackend>(
    stepper: &Stepper<B>,
    epoch: u64,
    before: u64,
    stepped: &Stepped,
) -> Option<String> {
    let (step, now) = (stepper.steps, streak(stepper));
    if now == 0 && before > 0 {
        let steps = if before == 1 { "1 step" } else { &format!("{before} steps") };
        return Some(format!("[RECOVERED] epoch {epoch}, step {step}: after {steps} taken back"));
    }
    let reason = stepped.reason.as_ref().filter(|_| is_told(now))?;
    let mut line = format!("[ROLLBACK] epoch {epoch}, step {step}, {now} in a row: {reason}");
    if now == 1 {
        let score = stepped.minimum_score.map_or("none".to_owned(), |one| format!("{one:.3e}"));
        line.push_str(&format!("; S_min before {score}"));
        if !stepped.outside.is_empty() {
            line.push_str(&format!("; outside their bounds: {}", stepped.outside.join(", ")));
        }
    }
    Some(line)
}

/// Adds a step to the sums of its epoch.
fn add<B: AutodiffBackend>(position: &mut Position, stepper: &Stepper<B>, stepped: &Stepped) {
    let board = stepper.control.board();
    let panel = &stepper.panel;
    let mut put = |name: &str, value: Option<f64>| {
        if let Some(value) = value.filter(|value| value.is_finite()) {
            let (sum, count) = position.sums.entry(name.to_owned()).or_default();
            (*sum, *count) = (*sum + value, *count + 1);
        }
    };
    for (name, slot) in [
        ("reconstruction", panel.reconstruction.0.index()),
        ("kl", panel.divergence.0.index()),
        ("kl_core", panel.halves[0].index()),
        ("kl_detail", panel.halves[1].index()),
        ("ssim", panel.similarity.index()),
        ("total", panel.total.index()),
        ("grad_norm", panel.gradient_norm.index()),
        ("lr", panel.learning_rate.index()),
    ] {
        put(name, board.value(slot));
    }
    put("nonfinite", Some(f64::from(u8::from(stepped.nonfinite))));
    let Some(lbo) = &stepper.lbo else {
        put("weight/reconstruction", board.value(panel.reconstruction.1.index()));
        put("weight/kl", board.value(panel.divergence.1.index()));
        return;
    };
    // What scores were is a mean over the steps that stand.
    let stands = stepped.outcome != Some(Verdict::Rejected);
    put("minimum_score", stepped.minimum_score.filter(|_| stands));
    for (name, value) in lbo.goals().names().iter().zip(&stepped.measured) {
        put(&format!("measure/{name}"), Some(*value));
    }
    let Some(outcome) = stepped.outcome else { return };
    put("rollback_rate", Some(f64::from(u8::from(outcome == Verdict::Rejected))));
    put("restoration_rate", Some(f64::from(u8::from(outcome == Verdict::Restored))));
    put("halvings", Some(f64::from(stepped.halvings)));
    for (group, name) in lbo.goals().group_names().enumerate().filter(|_| stands) {
        let worst = stepped.bottleneck == Some(group);
        put(&format!("bottleneck/{name}"), Some(f64::from(u8::from(worst))));
        put(&format!("group/{name}"), stepped.groups.get(group).copied());
        put(&format!("share/{name}"), Some(lbo.shares()[group]));
    }
    let ceilings: Vec<_> = lbo.ceiling().ceilings().collect();
    let over = [panel.halves[0], panel.halves[1]]
        .iter()
        .zip(&ceilings)
        .any(|(slot, ceiling)| board.value(slot.index()) > ceiling.map(|limit| 1.05 * limit));
    put("over_ceiling", ceilings[0].map(|_| f64::from(u8::from(over))));
}

/// The means of the epoch under the names of the log, before the epoch is ended.
fn epoch_row<B: AutodiffBackend>(stepper: &Stepper<B>, position: &Position) -> Row {
    let mut row: Row = position
        .sums
        .iter()
        .map(|(name, (sum, count))| (name.clone(), Some(sum / (*count).max(1) as f64)))
        .collect();
    row.insert("step".into(), Some(stepper.steps as f64));
    row.insert("nonfinite_steps".into(), Some(stepper.nonfinite as f64));
    if let Some(lbo) = &stepper.lbo {
        let state = lbo.ceiling();
        let counts = state.rejections();
        row.insert("rollbacks".into(), Some(counts.rejected as f64));
        row.insert("judged_steps".into(), Some(counts.steps() as f64));
        row.insert("restorations".into(), Some(counts.restored as f64));
        row.insert("box_violations".into(), Some(lbo.box_violations() as f64));
        row.insert("sigma".into(), Some(state.sigma()));
        for (goal, name) in state.goals().iter().zip(["core", "detail"]) {
            row.insert(format!("ceiling_{name}"), goal.bounds().upper);
        }
    }
    stepper.control.probe(&mut |controller, name, value| {
        row.insert(format!("control/{controller}/{name}"), Some(value));
    });
    row
}
