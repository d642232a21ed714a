//! What a run leaves behind: summary and pictures.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use burn::prelude::*;
use serde_json::{Map, Value, json};

use super::evaluate::Judgement;
use super::model::Vae;
use super::noise::Noise;
use super::settings::{Method, Settings};
use crate::data::Dataset;
use crate::plots::{Series, image_grid, loss_traces, reconstruction_grid, weight_traces};
use crate::trainer::TrainError;
use crate::trainer::report::finals_and_bests;
use crate::trainer::rows::{Row, RowLog};

/// What the summary says beside the numbers of the rows.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Seconds of training in this process and, after a resume, those before.
    pub wall: Duration,
    /// Number of trainable parameters.
    pub parameters: usize,
    /// Steps that were dropped because something was not finite.
    pub nonfinite: u64,
    /// All steps.
    pub steps: u64,
    /// Steps that stand after their displacement was halved.
    pub shortened: u64,
    /// Epochs that are done.
    pub epochs: u64,
    /// Hash of all parameters: equal hashes mean equal models, to the bit.
    pub hash: u64,
    /// Hash of the data.
    pub data: u64,
    /// What was said, with the epoch.
    pub events: Vec<(u64, String)>,
}

/// Whether one value of the number is better than another.
fn has_a_best(name: &str) -> bool {
    ["test_mse", "test_ssim", "reconstruction", "ssim", "minimum_score"].contains(&name)
}

fn larger_is_better(name: &str) -> bool {
    name.ends_with("ssim") || name == "minimum_score"
}

/// Rejected steps over all judged steps of the run.
pub fn rollback_rate(rows: &[Row]) -> f64 {
    let sum = |name: &str| -> f64 {
        rows.iter().filter_map(|row| row.get(name).copied().flatten()).sum()
    };
    sum("rollbacks") / sum("judged_steps").max(1.0)
}

/// Final and best numbers, sizes, seconds, backend, seed, and what was said.
pub fn summary(settings: &Settings, log: &RowLog, last: &Row, facts: &Facts) -> Value {
    let [finals, bests] = finals_and_bests(log, last, has_a_best, larger_is_better);
    let mut summary = Map::new();
    // The numbers most people look for stand at the top.
    for name in ["test_mse", "test_ssim", "test_kl"] {
        let value = last.get(name).copied().flatten().filter(|value| value.is_finite());
        summary.insert(name.into(), value.map_or(Value::Null, Value::from));
    }
    let events: Vec<Value> =
        facts.events.iter().map(|(epoch, text)| json!({ "epoch": epoch, "text": text })).collect();
    let rest = json!({
        "method": settings.method.name(),
        "final": finals,
        "best": bests,
        "dataset": settings.data.dataset,
        "epochs": facts.epochs,
        "epochs_planned": settings.epochs,
        "rollback_rate": rollback_rate(log.rows()),
        "shortened_steps": facts.shortened,
        "steps": facts.steps,
        "nonfinite_steps": facts.nonfinite,
        "wall_seconds": facts.wall.as_secs_f64(),
        "backend": settings.backend,
        "seed": settings.seed,
        "parameters": facts.parameters,
        "parameter_hash": format!("{:016x}", facts.hash),
        "data_hash": format!("{:016x}", facts.data),
        "events": events,
    });
    if let Value::Object(rest) = rest {
        summary.extend(rest);
    }
    Value::Object(summary)
}

/// Images per line of samples and traversals.
const COLUMNS: usize = 10;

/// Dimensions of each half that are traversed: those with the largest variances.
const TRAVERSED: usize = 4;

/// How far a traversal goes to both sides of 0, in standard deviations of the prior.
const REACH: f32 = 2.5;

/// Draws every picture into the run's folder.
pub fn pictures<B: Backend>(
    folder: &Path,
    settings: &Settings,
    log: &RowLog,
    test: &Dataset,
    judgement: &Judgement,
    model: &Vae<B>,
    device: &B::Device,
) -> Result<(), TrainError> {
    let Some(shape) = test.image() else { return Ok(()) };
    let recon = &judgement.reconstructions;
    reconstruction_grid(
        &folder.join("reconstructions.png"),
        shape,
        &test.inputs()[..recon.len()],
        recon,
    )?;
    let decode = |codes: Tensor<B, 2>| -> Vec<f32> {
        model.decode(codes).into_data().iter::<f32>().collect()
    };
    let samples = 6 * COLUMNS;
    let codes = Noise::draw(settings.seed, u64::MAX / 2, samples, model.code(), device).sample;
    image_grid(&folder.join("samples.png"), shape, COLUMNS, &decode(codes))?;
    let codes = traversals(judgement, model.core);
    let count = codes.len() / model.code().max(1);
    let codes = Tensor::from_data(TensorData::new(codes, [count, model.code()]), device);
    image_grid(&folder.join("traversals.png"), shape, COLUMNS, &decode(codes))?;

    let title =
        |what: &str| format!("{} {}: {what}", settings.data.dataset, settings.method.name());
    let first = log.series("epoch").first().map_or(1, |epoch| *epoch as usize);
    let series = |names: &[&str]| -> BTreeMap<String, Vec<f64>> {
        let known = names.iter().map(|name| ((*name).to_owned(), log.series(name)));
        known.filter(|(_, values)| values.iter().any(|value| value.is_finite())).collect()
    };
    let nats = series(&["kl_core", "kl_detail", "ceiling_core", "ceiling_detail"]);
    let traces = |name: &str, what: &str, series: &BTreeMap<String, Vec<f64>>| {
        loss_traces(&folder.join(name), &title(what), first, series)
    };
    traces("divergences.svg", "divergences and their ceilings, nats", &nats)?;
    traces("losses.svg", "squared error per image", &series(&["reconstruction"]))?;
    if settings.method == Method::Lbo {
        let scores: Series = log.under("group/");
        weight_traces(&folder.join("scores.svg"), &title("scores of the groups"), first, &scores)?;
    } else {
        let weights: Series = log.under("weight/");
        weight_traces(&folder.join("weights.svg"), &title("weights"), first, &weights)?;
    }
    Ok(())
}

/// Codes of the first test image with one dimension moved, a line per dimension: those of the core with the
/// largest variances, then those of the detail.
fn traversals(judgement: &Judgement, core: usize) -> Vec<f32> {
    let order = |range: std::ops::Range<usize>| {
        let mut dimensions: Vec<usize> = range.collect();
        dimensions.sort_by(|a, b| judgement.variances[*b].total_cmp(&judgement.variances[*a]));
        dimensions.truncate(TRAVERSED);
        dimensions
    };
    let width = judgement.variances.len();
    let dimensions = order(0..core.min(width)).into_iter().chain(order(core.min(width)..width));
    let mut codes = Vec::new();
    for dimension in dimensions {
        for step in 0..COLUMNS {
            let share = step as f32 / (COLUMNS - 1) as f32;
            let start = codes.len();
            codes.extend_from_slice(&judgement.first_mean);
            if let Some(value) = codes.get_mut(start + dimension) {
                *value = REACH * (2.0 * share - 1.0);
            }
        }
    }
    codes
}

/// The last lines of a run.
pub fn closing_lines(settings: &Settings, row: &Row, folder: &Path, facts: &Facts) -> Vec<String> {
    let cell = |name: &str, decimals: usize| {
        let value = row.get(name).copied().flatten();
        value.map_or("–".into(), |value| format!("{value:.decimals$}"))
    };
    let mut lines = vec![
        format!("{} learned in {:.1} s:", settings.method.name(), facts.wall.as_secs_f64()),
        format!(
            "  test mse {}   SSIM {}   KL {} nats = core {} + detail {}",
            cell("test_mse", 4),
            cell("test_ssim", 3),
            cell("test_kl", 2),
            cell("test_kl_core", 2),
            cell("test_kl_detail", 2)
        ),
    ];
    for half in ["core", "detail"] {
        lines.push(format!(
            "  {half}: {} active, {} effective dimensions, variance of μ: median {}, largest {}",
            cell(&format!("{half}/active"), 0),
            cell(&format!("{half}/effective"), 1),
            cell(&format!("{half}/variance_median"), 2),
            cell(&format!("{half}/variance_max"), 2)
        ));
    }
    if facts.nonfinite > 0 {
        lines.push(format!(
            "  {} of {} steps were not finite and were dropped",
            facts.nonfinite, facts.steps
        ));
    }
    lines.push(format!("results, pictures and checkpoints: {}", folder.display()));
    lines
}
