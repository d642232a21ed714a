//! From the command line to the exit code.

use std::process::ExitCode;

use burn::tensor::backend::AutodiffBackend;

use super::flags;
use super::panel;
use super::session::{Start, train};
use super::settings::{DEFAULTS, Method, Settings};
use super::source;
use super::state::Header;
use super::sweep::{self, Sweep};
use crate::data::Split;
use crate::launch::{self, Launch, Program};
use crate::trainer::TrainError;
use crate::trainer::backend::{BackendChoice, OnBackend, probe_cuda};

/// What makes this trainer a program.
pub const PROGRAM: Program = Program {
    defaults: DEFAULTS,
    flags: flags::FLAGS,
    outputs: "outputs/vae",
    frozen: &["method", "model", "data", "seed", "batch_size"],
};

/// Runs the program with these arguments, the first of which is its own name.
pub fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    launch::main(flags::command(), arguments, run)
}

#[expect(clippy::print_stdout, reason = "a program for a console")]
fn run(matches: &clap::ArgMatches) -> Result<(), TrainError> {
    let mut launch = Launch::<Header>::read(PROGRAM, matches)?;
    let bare = launch.document.clone();
    let (settings, notices) = Settings::resolve(&mut launch.document)?;
    let backend: BackendChoice = settings.backend.parse()?;
    if let BackendChoice::Cuda(index) = backend {
        probe_cuda(index)?;
    }
    if matches.get_flag("print-config") {
        let (_, control) = panel::build(&settings, homeostat::Clock::new(1)?)?;
        launch::print_config(&launch.document, &control);
        return Ok(());
    }
    launch.enter()?;
    launch::use_threads(settings.threads);
    let quiet = matches.get_flag("quiet");
    if !quiet {
        for notice in notices {
            println!("{notice}");
        }
    }
    if let Some(name) = matches.get_one::<String>("sweep") {
        let seeds = matches.get_one::<u64>("seeds").copied().unwrap_or(3);
        let sweep = Sweep { document: &bare, name, seeds, quiet };
        return backend.run(sweep)?;
    }
    let Launch { document, resume, .. } = launch;
    if !quiet && let Some(resume) = &resume {
        let position = &resume.header.position;
        let batch = match position.batch {
            0 => String::new(),
            batch => format!(" and {batch} batches"),
        };
        println!("resuming after epoch {}{batch} from {}", position.epoch, resume.file.display());
    }
    let split = source::images(&settings.data, settings.seed)?;
    if !quiet {
        let target = match settings.method {
            Method::Lbo => "ceilings discovered".to_owned(),
            Method::Beta => format!("weight of the divergence {}", settings.weight["kl"]),
            Method::Geco => "a bound on the reconstruction".to_owned(),
            Method::Pid => "a setpoint of the divergence".to_owned(),
        };
        println!(
            "{}: {} images to train on, {} to test on, {} pixels; {}, {target}; backend {}",
            settings.data.dataset,
            split.train.len(),
            split.test.len(),
            split.train.features(),
            settings.method.name(),
            settings.backend,
        );
    }
    let start = Start {
        resume: resume.map(|resume| (resume.header, resume.record)),
        config: document.to_toml(),
        quiet,
        interrupt: launch::interrupt(),
        ..Start::default()
    };
    backend.run(Training { settings: &settings, split: &split, start })?
}

struct Training<'a> {
    settings: &'a Settings,
    split: &'a Split,
    start: Start,
}

impl OnBackend for Training<'_> {
    type Output = Result<(), TrainError>;

    fn run<B: AutodiffBackend>(self, device: &B::Device) -> Self::Output {
        train::<B>(self.settings, self.split, self.start, device).map(drop)
    }
}

impl OnBackend for Sweep<'_> {
    type Output = Result<(), TrainError>;

    fn run<B: AutodiffBackend>(self, device: &B::Device) -> Self::Output {
        sweep::run::<B>(&self, device)
    }
}
