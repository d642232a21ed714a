//! Tables of a sweep, in Markdown.

use super::checks::{Check, percent};
use super::settings::Settings;

/// One run of the learning-rate table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateRow {
    /// The learning rate.
    pub rate: f64,
    /// The seed.
    pub seed: u64,
    /// The larger divergence of the two halves, mean over epoch 1, nats.
    pub first: f64,
    /// The discovered ceilings of core and detail.
    pub ceilings: [f64; 2],
    /// The divergences on test images at the end.
    pub nats: [f64; 2],
    /// Test MSE.
    pub error: f64,
    /// Structural similarity on test images.
    pub similarity: f64,
    /// Rejected steps over all judged ones.
    pub rollbacks: f64,
    /// Whether both halves are below the target.
    pub met: bool,
}

/// One run of the comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// Which bottleneck the others were set to equal.
    pub variant: &'static str,
    /// The method.
    pub method: &'static str,
    /// The seed.
    pub seed: u64,
    /// Divergence of both halves on test images, nats.
    pub nats: f64,
    /// Test MSE.
    pub error: f64,
    /// Structural similarity on test images.
    pub similarity: f64,
    /// Test MSE at the bottleneck's divergence, by the trade-off's slope.
    pub corrected: f64,
}

/// What the tables are about.
pub fn heading(settings: &Settings) -> String {
    format!(
        "# Sweep\n\n{}, {} images, {} to test on, {} epochs, batch {}, {:?} model, backend {}.\n",
        settings.data.dataset,
        settings.data.samples,
        settings.data.test_samples,
        settings.epochs,
        settings.batch_size,
        settings.model.architecture,
        settings.backend,
    )
}

/// The checklist of every seed.
pub fn checklist(runs: &[(u64, Vec<Check>)]) -> String {
    let mut text =
        "\n## Checklist\n\n| seed | check | holds | found |\n| --- | --- | --- | --- |\n"
            .to_owned();
    for (seed, checks) in runs {
        for Check { what, holds, found } in checks {
            let holds = if *holds { "yes" } else { "NO" };
            text.push_str(&format!("| {seed} | {what} | {holds} | {found} |\n"));
        }
    }
    text
}

/// The learning-rate table.
pub fn rates(rows: &[RateRow]) -> String {
    let mut text = "\n## Learning rates\n\n\
        | rate | seed | KL of epoch 1 | ceiling core | ceiling detail | KL core | KL detail | test MSE | SSIM | rollbacks | target met |\n\
        | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for row in rows {
        text.push_str(&format!(
            "| {:e} | {} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} | {:.4} | {:.3} | {} | {} |\n",
            row.rate,
            row.seed,
            row.first,
            row.ceilings[0],
            row.ceilings[1],
            row.nats[0],
            row.nats[1],
            row.error,
            row.similarity,
            percent(row.rollbacks),
            if row.met { "yes" } else { "NO" },
        ));
    }
    text
}

fn mean(entries: &[&Entry], value: impl Fn(&Entry) -> f64) -> f64 {
    entries.iter().map(|entry| value(entry)).sum::<f64>() / entries.len() as f64
}

/// The methods side by side, means over the seeds; the gap is to PID at equal divergence, with the smallest
/// and the largest of the seeds.
pub fn methods(entries: &[Entry]) -> String {
    let mut text = "\n## Methods at equal divergence\n\n\
        | bottleneck | method | test KL | test MSE | SSIM | MSE at equal KL | over PID |\n\
        | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    let mut variants: Vec<&str> = entries.iter().map(|entry| entry.variant).collect();
    variants.dedup();
    for variant in variants {
        let of = |method: &str| -> Vec<&Entry> {
            let mine = |entry: &&Entry| entry.variant == variant && entry.method == method;
            entries.iter().filter(mine).collect()
        };
        let reference = of("pid");
        for method in ["lbo", "beta", "geco", "pid"] {
            let runs = of(method);
            let gaps: Vec<f64> = runs
                .iter()
                .zip(&reference)
                .map(|(run, other)| 100.0 * (run.corrected / other.corrected - 1.0))
                .collect();
            let gap = gaps.iter().sum::<f64>() / gaps.len() as f64;
            let least = gaps.iter().copied().fold(f64::INFINITY, f64::min);
            let most = gaps.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            text.push_str(&format!(
                "| {variant} | {method} | {:.2} | {:.5} | {:.3} | {:.5} | {gap:+.1} % ({least:+.1} … {most:+.1}) |\n",
                mean(&runs, |entry| entry.nats),
                mean(&runs, |entry| entry.error),
                mean(&runs, |entry| entry.similarity),
                mean(&runs, |entry| entry.corrected),
            ));
        }
    }
    text
}
