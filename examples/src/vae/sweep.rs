//! Many runs and one table: the note's checklist, four learning rates, the methods at equal divergence.

use std::path::{Path, PathBuf};

use burn::tensor::backend::AutodiffBackend;

use super::checks::{checklist, number, under_target};
use super::flags::SWEEPS;
use super::session::{Outcome, Start, train};
use super::settings::Settings;
use super::source;
use super::tables::{self, Entry, RateRow};
use crate::document::Document;
use crate::files::write_atomically;
use crate::trainer::TrainError;
use crate::trainer::rows::Row;
use crate::trainer::settings::SettingsError;

/// The learning rates of the design note's table.
const RATES: [f64; 4] = [1e-3, 2e-3, 3e-3, 5e-3];

/// Runs to make.
#[derive(Clone, Copy, Debug)]
pub struct Sweep<'a> {
    /// The settings from which every run starts.
    pub document: &'a Document,
    /// One of [`SWEEPS`], or `all`.
    pub name: &'a str,
    /// How many seeds stand behind every line, from that of the settings on.
    pub seeds: u64,
    /// Print only the tables.
    pub quiet: bool,
}

/// One run with its settings.
struct Run {
    settings: Settings,
    outcome: Outcome,
    /// Of an image.
    pixels: usize,
}

impl Run {
    fn last(&self) -> Row {
        self.outcome.rows.last().cloned().unwrap_or_default()
    }

    fn last_number(&self, name: &str) -> f64 {
        number(&self.last(), name)
    }
}

struct Runner<'a, B: AutodiffBackend> {
    sweep: &'a Sweep<'a>,
    folder: PathBuf,
    seed: u64,
    device: &'a B::Device,
}

impl<B: AutodiffBackend> Runner<'_, B> {
    /// One run with overrides, in a folder of its own.
    fn run(&self, name: &str, overrides: &[String]) -> Result<Run, TrainError> {
        let mut document = self.sweep.document.clone();
        let folder = self.folder.join(name);
        let own = format!("output_dir={:?}", folder.display().to_string());
        for text in overrides.iter().chain([&own]) {
            document.set_override(text).map_err(SettingsError::Document)?;
        }
        let (settings, _) = Settings::resolve(&mut document)?;
        let split = source::images(&settings.data, settings.seed)?;
        let start = Start { config: document.to_toml(), silent: true, ..Start::default() };
        let outcome = train::<B>(&settings, &split, start, self.device)?;
        let run = Run { settings, outcome, pixels: split.train.features() };
        if !self.sweep.quiet {
            say(&format!(
                "{name}: test mse {:.5}, SSIM {:.3}, KL {:.2}",
                run.last_number("test_mse"),
                run.last_number("test_ssim"),
                run.last_number("test_kl")
            ));
        }
        Ok(run)
    }

    fn seeds(&self) -> impl Iterator<Item = u64> {
        (0..self.sweep.seeds).map(|offset| self.seed + offset)
    }
}

#[expect(clippy::print_stdout, reason = "the tables are what was asked for")]
fn say(text: &str) {
    println!("{text}");
}

/// Makes the runs, prints the tables, and writes them to `sweep.md` in the output folder.
pub fn run<B: AutodiffBackend>(sweep: &Sweep<'_>, device: &B::Device) -> Result<(), TrainError> {
    let mut document = sweep.document.clone();
    let (settings, _) = Settings::resolve(&mut document)?;
    let folder = settings.output();
    let runner = Runner::<B> { sweep, folder: folder.clone(), seed: settings.seed, device };
    let (mut text, mut failed) = (tables::heading(&settings), 0);
    for name in SWEEPS.into_iter().filter(|name| sweep.name == "all" || sweep.name == *name) {
        let (table, misses) = match name {
            "checklist" => check(&runner)?,
            "rates" => rates(&runner)?,
            _ => (methods(&runner)?, 0),
        };
        say(&table);
        text.push_str(&table);
        failed += misses;
    }
    let path = folder.join("sweep.md");
    write(&path, &text)?;
    if failed > 0 {
        return Err(TrainError::Checks { count: failed, path });
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), TrainError> {
    write_atomically(path, text.as_bytes())
        .map_err(|source| TrainError::Write { path: path.to_owned(), source })
}

fn check<B: AutodiffBackend>(runner: &Runner<'_, B>) -> Result<(String, usize), TrainError> {
    let mut runs = Vec::new();
    for seed in runner.seeds() {
        let overrides = ["method=lbo".to_owned(), format!("seed={seed}")];
        let run = runner.run(&format!("checklist/seed_{seed}"), &overrides)?;
        runs.push((seed, checklist(&run.settings, &run.outcome)));
    }
    let failed = runs.iter().flat_map(|(_, checks)| checks).filter(|check| !check.holds).count();
    Ok((tables::checklist(&runs), failed))
}

fn rates<B: AutodiffBackend>(runner: &Runner<'_, B>) -> Result<(String, usize), TrainError> {
    let mut rows = Vec::new();
    for rate in RATES {
        for seed in runner.seeds() {
            let overrides = [
                "method=lbo".to_owned(),
                format!("seed={seed}"),
                format!("optimizer.learning_rate={rate:?}"),
            ];
            let run = runner.run(&format!("rates/{rate:e}_seed_{seed}"), &overrides)?;
            let first = run.outcome.rows.first().cloned().unwrap_or_default();
            let second = run.outcome.rows.get(1).cloned().unwrap_or_default();
            let last = run.last();
            rows.push(RateRow {
                rate,
                seed,
                first: number(&first, "kl_core").max(number(&first, "kl_detail")),
                ceilings: ["core", "detail"]
                    .map(|half| number(&second, &format!("ceiling_{half}"))),
                nats: ["core", "detail"].map(|half| number(&last, &format!("test_kl_{half}"))),
                error: number(&last, "test_mse"),
                similarity: number(&last, "test_ssim"),
                rollbacks: super::report::rollback_rate(&run.outcome.rows),
                met: under_target(&run.settings, &last).0,
            });
        }
    }
    let failed = rows.iter().filter(|row| !row.met).count();
    Ok((tables::rates(&rows), failed))
}

/// The variants of the bottleneck that are compared: name and overrides.
const VARIANTS: [(&str, &[&str]); 4] = [
    ("as configured", &[]),
    ("the worst group alone has a gradient", &["lbo.routing=\"minimum\""]),
    ("goals: pixels and edges", &["lbo.groups=[\"recon\"]"]),
    ("goal: the squared error", &["lbo.groups=[\"error\"]"]),
];

/// For every variant of the bottleneck the other methods at its divergence: PID is given the divergence
/// that the bottleneck ended with, the constant weight is the one that PID found, and the bound of GECO is
/// the error that PID reached.
fn methods<B: AutodiffBackend>(runner: &Runner<'_, B>) -> Result<String, TrainError> {
    let mut entries = Vec::new();
    for (number_of, (name, overrides)) in VARIANTS.into_iter().enumerate() {
        for seed in runner.seeds() {
            let place = |method: &str| format!("methods/{}_{method}_seed_{seed}", number_of + 1);
            let with = |method: &str, rest: &[String]| -> Vec<String> {
                let own = [format!("method={method}"), format!("seed={seed}")];
                own.iter().chain(rest).cloned().collect()
            };
            let variant: Vec<String> = overrides.iter().map(|text| (*text).to_owned()).collect();
            let lbo = runner.run(&place("lbo"), &with("lbo", &variant))?;
            let setpoint = format!("setpoint.kl={:?}", lbo.last_number("kl"));
            let pid = runner.run(&place("pid"), &with("pid", &[setpoint]))?;
            let weight = pid.last_number("weight/kl");
            let constant = format!("weight.kl={weight:?}");
            let beta = runner.run(&place("beta"), &with("beta", &[constant]))?;
            let bound = format!("setpoint.reconstruction={:?}", pid.last_number("reconstruction"));
            let geco = runner.run(&place("geco"), &with("geco", &[bound]))?;
            let pixels = pid.pixels.max(1) as f64;
            let nats = lbo.last_number("test_kl");
            for (method, run) in [("lbo", &lbo), ("beta", &beta), ("geco", &geco), ("pid", &pid)] {
                let error = run.last_number("test_mse");
                let extra = run.last_number("test_kl") - nats;
                entries.push(Entry {
                    variant: name,
                    method,
                    seed,
                    nats: run.last_number("test_kl"),
                    error,
                    similarity: run.last_number("test_ssim"),
                    // Along the trade-off the squared error of an image falls by the weight per nat.
                    corrected: error + weight * extra / pixels,
                });
            }
        }
    }
    Ok(tables::methods(&entries))
}
