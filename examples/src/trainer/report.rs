//! What a run leaves behind: summary and pictures.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::TrainError;
use super::evaluate::{Judgement, SHOWN};
use super::model::Sizes;
use super::rows::{Row, RowLog};
use super::settings::Settings;
use crate::data::Dataset;
use crate::plots::{
    LatentPoints, latent_scatter, learning_rate_trace, loss_traces, reconstruction_grid,
    reconstruction_profiles, weight_traces,
};

/// What the summary says beside the numbers of the rows.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Seconds of training in this process and, after a resume, those before.
    pub wall: Duration,
    /// Numbers of parameters.
    pub sizes: Sizes,
    /// Steps that were dropped because something was not finite.
    pub nonfinite: u64,
    /// All steps.
    pub steps: u64,
    /// How often model and optimizer were taken back to the start of an epoch.
    pub rollbacks: u64,
    /// Epochs that are done.
    pub epochs: u64,
    /// Hash of all parameters: equal hashes mean equal models, to the bit.
    pub parameters: u64,
    /// Hash of the data.
    pub data: u64,
    /// What each controller did.
    pub controllers: Map<String, Value>,
    /// What gradient surgery did and cost, where the run had it.
    pub surgery: Option<Value>,
}

fn number(value: Option<f64>) -> Value {
    value.filter(|value| value.is_finite()).map_or(Value::Null, Value::from)
}

/// Whether one value of the number is better than another: a learning rate, a weight or a norm is what
/// it is.
fn has_a_best(name: &str) -> bool {
    let no = ["weight/", "control/", "surgery_"];
    let neither = [
        "lr",
        "step",
        "seconds",
        "grad_norm",
        "parameter_norm",
        "update_norm",
        "update_ratio",
        "h_k_given_x",
    ];
    !no.iter().any(|prefix| name.starts_with(prefix)) && !neither.contains(&name)
}

/// Whether a larger number is better: for accuracies, agreements, entropies of usage.
fn larger_is_better(name: &str) -> bool {
    let parts =
        ["ami", "accuracy", "perplexity", "i_xk", "h_k", "code_entropy", "samples_per_second"];
    !name.starts_with("loss/") && parts.iter().any(|part| name.ends_with(part))
}

/// The last and the best value of every number that has one.
pub fn finals_and_bests(
    log: &RowLog,
    last: &Row,
    ranks: impl Fn(&str) -> bool,
    larger_is_better: impl Fn(&str) -> bool,
) -> [Map<String, Value>; 2] {
    let best = |name: &str| {
        let values = log.series(name).into_iter().filter(|value| value.is_finite());
        if larger_is_better(name) { values.reduce(f64::max) } else { values.reduce(f64::min) }
    };
    let names: Vec<&String> = last.keys().filter(|name| *name != "epoch").collect();
    let finals = names.iter().map(|name| ((*name).clone(), number(last[*name]))).collect();
    let ranked = names.iter().filter(|name| ranks(name));
    [finals, ranked.map(|name| ((*name).clone(), number(best(name)))).collect()]
}

/// Final and best of every number, sizes, seconds, backend, seed.
pub fn summary(settings: &Settings, log: &RowLog, last: &Row, facts: &Facts) -> Value {
    let [finals, bests] = finals_and_bests(log, last, has_a_best, larger_is_better);
    let mut summary = Map::new();
    // The numbers most people look for stand at the top.
    for name in ["test_mse", "ami", "readout_accuracy"] {
        summary.insert(name.into(), number(last.get(name).copied().flatten()));
    }
    let rest = json!({
        "final": finals,
        "best": bests,
        "dataset": settings.data.dataset,
        "epochs": facts.epochs,
        "epochs_planned": settings.epochs,
        "rollbacks": facts.rollbacks,
        "steps": facts.steps,
        "nonfinite_steps": facts.nonfinite,
        "wall_seconds": facts.wall.as_secs_f64(),
        "backend": settings.backend,
        "seed": settings.seed,
        "parameters": {
            "atlas": facts.sizes.atlas,
            "jump": facts.sizes.jump,
            "autoencoder": facts.sizes.autoencoder,
            "vq": facts.sizes.vq,
        },
        "parameter_hash": format!("{:016x}", facts.parameters),
        "data_hash": format!("{:016x}", facts.data),
        "controllers": facts.controllers,
        "surgery": facts.surgery,
    });
    if let Value::Object(rest) = rest {
        summary.extend(rest);
    }
    Value::Object(summary)
}

/// Draws every picture into the run's folder and returns the files.
pub fn pictures(
    folder: &Path,
    settings: &Settings,
    log: &RowLog,
    test: &Dataset,
    judgement: &Judgement,
) -> Result<Vec<PathBuf>, TrainError> {
    let title = |what: &str| format!("{}: {what}", settings.data.dataset);
    let first = log.series("epoch").first().map_or(1, |epoch| *epoch as usize);
    let mut files = Vec::new();
    let mut file = |name: &str| {
        let path = folder.join(name);
        files.push(path.clone());
        path
    };
    let shown = SHOWN.min(test.len()) * test.features();
    let originals = &test.inputs()[..shown.min(judgement.reconstructions.len())];
    let recon = &judgement.reconstructions[..originals.len()];
    match test.image() {
        Some(shape) => {
            reconstruction_grid(&file("reconstructions.png"), shape, originals, recon)?;
        }
        None => {
            let (path, features) = (file("reconstructions.svg"), test.features());
            let title = title("test rows and their reconstructions");
            // Lines of more than a few rows cannot be told apart.
            let few = (6 * features).min(originals.len());
            reconstruction_profiles(&path, &title, features, &originals[..few], &recon[..few])?;
        }
    }
    if judgement.latent.iter().all(|value| value.is_finite()) {
        let points = LatentPoints {
            points: &judgement.latent,
            dimension: settings.model.latent,
            classes: test.labels(),
            charts: &judgement.charts,
        };
        latent_scatter(&file("latent.svg"), &title("latent space of the test rows"), &points)?;
    }
    loss_traces(&file("losses.svg"), &title("losses"), first, &log.under("loss/"))?;
    weight_traces(&file("weights.svg"), &title("loss weights"), first, &log.under("weight/"))?;
    let (rates, ratios) = (log.series("lr"), log.series("update_ratio"));
    let path = file("learning_rate.svg");
    learning_rate_trace(&path, &title("learning rate"), first, &rates, &ratios)?;
    Ok(files)
}

/// The last lines of a run.
pub fn closing_lines(row: &Row, folder: &Path, facts: &Facts) -> Vec<String> {
    let value = |name: &str| row.get(name).copied().flatten();
    let cell = |name: &str| value(name).map_or("–".into(), |value| format!("{value:.4}"));
    let model = |label: &str, prefix: &str| {
        format!(
            "  {label:<20} test mse {:>7}   AMI {:>7}   readout accuracy {:>7}",
            cell(&format!("{prefix}test_mse")),
            cell(&format!("{prefix}ami")),
            cell(&format!("{prefix}readout_accuracy")),
        )
    };
    let mut lines =
        vec![format!("learned in {:.1} s:", facts.wall.as_secs_f64()), model("atlas", "")];
    if value("autoencoder/test_mse").is_some() {
        lines.push(model("plain autoencoder", "autoencoder/"));
    }
    if value("vq/test_mse").is_some() {
        lines.push(model("standard VQ", "vq/"));
    }
    lines.push(format!(
        "  the atlas uses {} charts; they carry {} nats about the input",
        value("perplexity").map_or("–".into(), |value| format!("{value:.1}")),
        cell("i_xk"),
    ));
    if let Some(surgery) = &facts.surgery {
        let part = |name: &str| surgery[name].as_f64().unwrap_or(0.0);
        lines.push(format!(
            "  surgery by {}: {}; {:.1} passes and {:.1} ms per step, {:.1} ms more than without",
            surgery["method"].as_str().unwrap_or("–"),
            match surgery["conflict_share"].as_f64() {
                Some(share) => format!("{:.0} % of the steps had a conflict", 100.0 * share),
                None => "no step looked for conflicts".to_owned(),
            },
            part("passes_per_step"),
            1e3 * part("seconds_per_step"),
            1e3 * part("extra_seconds_per_step"),
        ));
    }
    if facts.nonfinite > 0 {
        lines.push(format!(
            "  {} of {} steps had a loss or gradient that is not finite; rolled back {} times",
            facts.nonfinite, facts.steps, facts.rollbacks
        ));
    }
    lines.push(format!("results, pictures and checkpoints: {}", folder.display()));
    lines
}
