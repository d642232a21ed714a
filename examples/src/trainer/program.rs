//! From the command line to the exit code.

use std::process::ExitCode;

use burn::tensor::backend::AutodiffBackend;

use super::TrainError;
use super::backend::{BackendChoice, OnBackend, probe_cuda};
use super::session::{Outcome, Start, train};
use super::settings::{DEFAULTS, Settings};
use super::state::Header;
use super::{flags, panel, source};
use crate::data::Split;
use crate::launch::{self, Launch, Program};

/// What makes this trainer a program.
pub const PROGRAM: Program = Program {
    defaults: DEFAULTS,
    flags: flags::FLAGS,
    outputs: "outputs/topoencoder_2d",
    frozen: &[
        "model",
        "data",
        "seed",
        "batch_size",
        "supervision",
        "jump",
        "precisions",
        "baseline",
        "readout",
    ],
};

/// Runs the program with these arguments, the first of which is its own name.
pub fn main(arguments: impl Iterator<Item = String>) -> ExitCode {
    launch::main(flags::command(), arguments, run)
}

#[expect(clippy::print_stdout, reason = "a program for a console")]
fn run(matches: &clap::ArgMatches) -> Result<(), TrainError> {
    let mut launch = Launch::<Header>::read(PROGRAM, matches)?;
    let (settings, notices) = Settings::resolve(&mut launch.document)?;
    let backend: BackendChoice = settings.backend.parse()?;
    if let BackendChoice::Cuda(index) = backend {
        probe_cuda(index)?;
    }

    if matches.get_flag("print-config") {
        let (_, control) = panel::build(&settings, 1)?;
        launch::print_config(&launch.document, &control);
        return Ok(());
    }
    launch.enter()?;
    launch::use_threads(settings.threads);
    let Launch { document, stored, resume, .. } = launch;
    let quiet = matches.get_flag("quiet");
    if !quiet {
        for notice in notices {
            println!("{notice}");
        }
        if let Some(resume) = &resume {
            println!("resuming after epoch {} from {}", resume.header.epoch, resume.file.display());
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
        resume: resume.map(|resume| (resume.header, resume.record)),
        config: document.to_toml(),
        quiet,
        interrupt: launch::interrupt(),
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
