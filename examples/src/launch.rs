//! What the trainers do between the command line and the first step: settings, resume, folder, Ctrl-C.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::ArgMatches;
use homeostat::Orchestrator;
use serde::de::DeserializeOwned;

use crate::checkpoint;
use crate::command_line::{self, Flag, hyphenate};
use crate::document::{Document, Origin};
use crate::files::fresh_folder;
use crate::trainer::TrainError;
use crate::trainer::settings::SettingsError;

/// What the header of every trainer's checkpoint holds.
pub trait RunHeader: DeserializeOwned {
    /// The settings, as TOML.
    fn settings(&self) -> &str;
    /// Epochs that are done.
    fn epoch(&self) -> u64;
}

/// What tells one trainer from another before the first step.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Its settings by default, as TOML.
    pub defaults: &'static str,
    /// Its flags.
    pub flags: &'static [Flag],
    /// Where its runs go unless they are told.
    pub outputs: &'static str,
    /// Settings that define what a checkpoint is; changing them on resume would train another model.
    pub frozen: &'static [&'static str],
}

/// A checkpoint from which a run goes on.
#[derive(Debug)]
pub struct Resume<H> {
    /// The file.
    pub file: PathBuf,
    /// Its header.
    pub header: H,
    /// Its tensors.
    pub record: Vec<u8>,
}

/// Settings, folder and checkpoint of a run that is about to begin.
#[derive(Debug)]
pub struct Launch<H> {
    /// The settings with the origin of every value.
    pub document: Document,
    /// The settings as the checkpoint, or the defaults, had them.
    pub stored: Document,
    /// What is resumed.
    pub resume: Option<Resume<H>>,
    /// Where the run's files go.
    pub folder: PathBuf,
}

fn settings(error: crate::document::DocumentError) -> TrainError {
    SettingsError::Document(error).into()
}

impl<H: RunHeader> Launch<H> {
    /// Lays defaults, checkpoint, file, flags and overrides over each other, and finds the folder.
    pub fn read(program: Program, matches: &ArgMatches) -> Result<Self, TrainError> {
        let mut document = Document::from_default(program.defaults).map_err(settings)?;
        let mut resume = None;
        if let Some(path) = matches.get_one::<String>("resume") {
            let (file, damaged) = checkpoint::find::<H>(Path::new(path))?;
            for error in damaged {
                complain_softly(&format!("passed over: {error}"));
            }
            let (header, record) = checkpoint::read::<H>(&file)?;
            document =
                Document::from_checkpoint(header.settings(), file.clone()).map_err(settings)?;
            resume = Some(Resume { file, header, record });
        }
        let stored = document.clone();
        if let Some(path) = matches.get_one::<String>("config") {
            document.merge_file(Path::new(path)).map_err(settings)?;
        }
        let changed = command_line::apply(program.flags, matches, &mut document)?;
        if resume.is_some()
            && let Some(path) = document.differences(&stored).into_iter().find(|path| {
                let root = path.split('.').next().unwrap_or_default();
                let switch = root == "controller" && path.ends_with(".enabled");
                (program.frozen.contains(&root) || switch) && path != "data.directory"
            })
        {
            let origin = document.origin(&path).map(ToString::to_string).unwrap_or_default();
            return Err(TrainError::Frozen { path, origin });
        }
        // A run goes on in its own folder unless it is given another.
        let asked = changed.iter().any(|path| path == "output_dir");
        let folder = match &resume {
            Some(resume) if !asked => folder_of(&resume.file),
            _ => match document.get("output_dir").and_then(toml::Value::as_str).unwrap_or("") {
                "" => fresh_folder(Path::new(program.outputs)),
                folder => PathBuf::from(folder),
            },
        };
        let origin = document.origin("output_dir").cloned().unwrap_or(Origin::Default);
        let text = toml::Value::String(folder.display().to_string());
        document.set("output_dir", text, origin).map_err(settings)?;
        Ok(Self { document, stored, resume, folder })
    }

    /// Makes sure that the folder may be written, and brings it to the state of the checkpoint.
    pub fn enter(&self) -> Result<(), TrainError> {
        let folder = &self.folder;
        let elsewhere =
            self.resume.as_ref().is_none_or(|resume| *folder != folder_of(&resume.file));
        if elsewhere && holds_a_run::<H>(folder) {
            return Err(TrainError::Occupied { path: folder.display().to_string() });
        }
        let Some(Resume { file, .. }) = &self.resume else { return Ok(()) };
        if elsewhere {
            carry_rows(&folder_of(file), folder)?;
        }
        // Checkpoints of a future that is being given up must not be found by the next resume.
        checkpoint::supersede_after(file)?;
        Ok(())
    }
}

/// Whether a folder holds a run with a checkpoint: what was killed before its first one is begun anew.
pub fn holds_a_run<H: RunHeader>(folder: &Path) -> bool {
    folder.is_dir() && checkpoint::find::<H>(folder).is_ok()
}

/// Sets the number of threads of tensor operations; 0 leaves the choice to the library.
pub fn use_threads(threads: usize) {
    if threads > 0 {
        // Fails only when a pool exists already, and then this is not the program's first call.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.min(1024));
        drop(pool.build_global());
    }
}

/// The first Ctrl-C ends the run after its epoch, with a checkpoint; the second at once.
pub fn interrupt() -> Arc<AtomicBool> {
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

/// Runs a program with these arguments, the first of which is its own name.
#[expect(clippy::print_stderr, reason = "the last word of a program that failed")]
pub fn main(
    command: clap::Command,
    arguments: impl Iterator<Item = String>,
    run: impl FnOnce(&ArgMatches) -> Result<(), TrainError>,
) -> ExitCode {
    match run(&command.get_matches_from(arguments.map(hyphenate))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the settings with the origin of every value, and the controllers.
#[expect(clippy::print_stdout, reason = "the printed configuration is what was asked for")]
pub fn print_config(document: &Document, control: &Orchestrator) {
    let text = document.to_toml();
    println!("{text}\n# The controllers, in the order in which they run:");
    for line in control.wiring().lines() {
        println!("# {line}");
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
