//! From the command line to the exit code.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use burn::tensor::backend::AutodiffBackend;

use super::TrainError;
use super::backend::{BackendChoice, OnBackend, probe_cuda};
use super::session::{Outcome, Start, holds_a_run, train};
use super::settings::{DEFAULTS, Settings};
use super::state::Header;
use super::{flags, panel, source};
use crate::checkpoint;
use crate::data::Split;
use crate::document::{Document, Origin};
use crate::files::fresh_folder;

/// Settings that define what a checkpoint is; changing them on resume would train another model.
const FROZEN: &[&str] = &[
    "model",
    "data",
    "seed",
    "batch_size",
    "supervision",
    "jump",
    "precisions",
    "baseline",
    "readout",
];

/// Runs the program with these arguments, the first of which is its own name.
pub fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    let matches = flags::command().get_matches_from(arguments.map(flags::hyphenate));
    match run(&matches) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last word of a program that failed")]
fn complain(error: &TrainError) {
    eprintln!("error: {error}");
}

#[expect(clippy::print_stdout, reason = "the printed configuration is what was asked for")]
fn run(matches: &clap::ArgMatches) -> Result<(), TrainError> {
    let mut document =
        Document::from_default(DEFAULTS).map_err(super::settings::SettingsError::Document)?;
    let mut resume = None;
    if let Some(path) = matches.get_one::<String>("resume") {
        let (file, damaged) = checkpoint::find::<Header>(Path::new(path))?;
        for error in damaged {
            complain_softly(&format!("passed over: {error}"));
        }
        let (header, record) = checkpoint::read::<Header>(&file)?;
        document
            .merge_text(&header.settings, Origin::Checkpoint(file.clone()))
            .map_err(super::settings::SettingsError::Document)?;
        resume = Some((file, header, record));
    }
    let stored = document.clone();
    if let Some(path) = matches.get_one::<String>("config") {
        document.merge_file(Path::new(path)).map_err(super::settings::SettingsError::Document)?;
    }
    let changed = flags::apply(matches, &mut document)?;
    if resume.is_some()
        && let Some(path) = document.differences(&stored).into_iter().find(|path| {
            let root = path.split('.').next().unwrap_or_default();
            let switch = root == "controller" && path.ends_with(".enabled");
            (FROZEN.contains(&root) || switch) && path != "data.directory"
        })
    {
        let origin = document.origin(&path).map(ToString::to_string).unwrap_or_default();
        return Err(TrainError::Frozen { path, origin });
    }
    // A run goes on in its own folder unless it is given another.
    let asked = changed.iter().any(|path| path == "output_dir");
    let folder = match &resume {
        Some((file, _, _)) if !asked => folder_of(file),
        _ => match document.get("output_dir").and_then(toml::Value::as_str).unwrap_or("") {
            "" => fresh_folder(Path::new("outputs/topoencoder_2d")),
            folder => PathBuf::from(folder),
        },
    };
    let origin = document.origin("output_dir").cloned().unwrap_or(Origin::Default);
    let text = toml::Value::String(folder.display().to_string());
    document.set("output_dir", text, origin).map_err(super::settings::SettingsError::Document)?;
    let (settings, notices) = Settings::resolve(&mut document)?;
    let backend: BackendChoice = settings.backend.parse()?;
    if let BackendChoice::Cuda(index) = backend {
        probe_cuda(index)?;
    }

    if matches.get_flag("print-config") {
        let (_, control) = panel::build(&settings, 1)?;
        println!("{}\n# The controllers, in the order in which they run:", document.to_toml());
        for line in control.wiring().lines() {
            println!("# {line}");
        }
        return Ok(());
    }
    let elsewhere = resume.as_ref().is_none_or(|(file, _, _)| folder != folder_of(file));
    if elsewhere && holds_a_run(&folder) {
        return Err(TrainError::Occupied { path: folder.display().to_string() });
    }
    if let Some((file, _, _)) = &resume
        && folder != folder_of(file)
    {
        carry_rows(&folder_of(file), &folder)?;
    }
    if let Some((file, header, _)) = &resume {
        // Checkpoints of a future that is being given up must not be found by the next resume.
        checkpoint::supersede(&folder_of(file), header.epoch)?;
    }
    if settings.threads > 0 {
        // Fails only when a pool exists already, and then this is not the program's first call.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(settings.threads.min(1024));
        drop(pool.build_global());
    }
    let quiet = matches.get_flag("quiet");
    if !quiet {
        for notice in notices {
            println!("{notice}");
        }
        if let Some((file, header, _)) = &resume {
            println!("resuming after epoch {} from {}", header.epoch, file.display());
        }
    }
    let split = source::rows(&settings.data, settings.seed)?;
    if !quiet && settings.data.test_fraction == 0.0 {
        println!("data.test_fraction is 0: the test rows are the training rows");
    }
    if !quiet && resume.is_some() {
        for path in document.differences(&stored) {
            if path.starts_with("weight.") || path == "optimizer.learning_rate" {
                println!(
                    "{path}: where a controller moves it, its memory goes on from where it was"
                );
            }
        }
    }
    if !quiet {
        println!(
            "{}: {} rows to train on, {} to test on, {} features, {} classes; backend {}",
            settings.data.dataset,
            split.train.len(),
            split.test.len(),
            split.train.features(),
            split.train.classes(),
            settings.backend,
        );
    }
    let start = Start {
        resume: resume.map(|(_, header, record)| (header, record)),
        config: document.to_toml(),
        quiet,
        interrupt: interrupt(),
    };
    backend.run(Training { settings: &settings, split: &split, start })??;
    Ok(())
}

struct Training<'a> {
    settings: &'a Settings,
    split: &'a Split,
    start: Start,
}

impl OnBackend for Training<'_> {
    type Output = Result<Outcome, TrainError>;

    fn run<B: AutodiffBackend>(self, device: &B::Device) -> Self::Output {
        train::<B>(self.settings, self.split, self.start, device)
    }
}

#[expect(clippy::print_stderr, reason = "a warning before the run has a console")]
fn complain_softly(text: &str) {
    eprintln!("warning: {text}");
}

/// The run's folder of a checkpoint: the one that holds `checkpoints`.
fn folder_of(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new(""));
    match folder.file_name() {
        Some(name) if name == "checkpoints" => folder.parent().unwrap_or(Path::new("")).to_owned(),
        _ => folder.to_owned(),
    }
}

/// A run that goes on in another folder takes its rows along.
fn carry_rows(from: &Path, to: &Path) -> Result<(), TrainError> {
    let (source, target) = (from.join("metrics.jsonl"), to.join("metrics.jsonl"));
    if !source.exists() || target.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(to)
        .and_then(|()| std::fs::copy(&source, &target))
        .map(drop)
        .map_err(|source| TrainError::Write { path: target, source })
}

/// The first Ctrl-C ends the run after its epoch, with a checkpoint; the second at once.
fn interrupt() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    let result = ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        complain_softly("stopping after this epoch; press again to stop at once");
    });
    // Without a handler Ctrl-C ends the program at once, and the last checkpoint stays.
    drop(result);
    flag
}
