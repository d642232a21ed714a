//! The trainer of `topoencoder_2d` on small synthetic data: reads, faults, resume, backends, flags,
//! gradient surgery.

mod backends;
mod command_line;
mod faults;
mod launch;
mod reads;
mod resume;
mod surgery;

use std::path::Path;

use burn::tensor::backend::AutodiffBackend;
use homeostat_examples::data::Split;
use homeostat_examples::document::Document;
use homeostat_examples::trainer::model::Models;
use homeostat_examples::trainer::session::{Outcome, Start, train};
use homeostat_examples::trainer::settings::{DEFAULTS, Settings};
use homeostat_examples::trainer::step::Stepper;
use homeostat_examples::trainer::{panel, source};

/// Small enough for a debug build: 160 rows of 12 features, a model of width 8.
const SMALL: &[&str] = &[
    "epochs=4",
    "batch_size=32",
    "save_every=1",
    "data.samples=200",
    "data.synthetic.features=12",
    "data.synthetic.classes=4",
    "model.hidden=8",
    "model.charts=4",
    "model.codes_per_chart=5",
    "baseline.vq_codes=8",
    "loss.orthogonality_every=3",
    "controller.jump-ramp.law.ramp.start=1",
    "controller.jump-ramp.law.ramp.end=3",
    // Baselines are learned in the first epoch, so that the multipliers move in the second.
    "controller.*.law.multiplier.target.baseline.warmup=1.0",
];

pub(crate) fn document(overrides: &[&str]) -> Document {
    let mut document = Document::from_default(DEFAULTS).expect("the defaults are legal");
    for text in SMALL.iter().chain(overrides) {
        document.set_override(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    document
}

pub(crate) fn settings(overrides: &[&str]) -> Settings {
    Settings::resolve(&mut document(overrides)).unwrap_or_else(|error| panic!("{error}")).0
}

pub(crate) fn rows(settings: &Settings) -> Split {
    source::rows(&settings.data, settings.seed).expect("synthetic rows are always there")
}

pub(crate) fn stepper<B: AutodiffBackend>(settings: &Settings) -> Stepper<B> {
    let (panel, control) = panel::build(settings, 5).unwrap_or_else(|error| panic!("{error}"));
    let reader = panel::reader(settings, &control).expect("a legal delay");
    let features = settings.data.synthetic.features;
    let classes = settings.data.synthetic.classes;
    let models = Models::<B>::new(settings, features, classes, &B::Device::default())
        .expect("a legal model");
    Stepper::new(settings, models, panel, control, reader).expect("parts that fit")
}

/// One whole run into a folder.
pub(crate) fn run<B: AutodiffBackend>(folder: &Path, overrides: &[&str]) -> Outcome {
    let output = format!("output_dir={}", folder.display());
    let settings = settings(&[overrides, &[output.as_str()]].concat());
    let start = Start { quiet: true, ..Start::default() };
    train::<B>(&settings, &rows(&settings), start, &B::Device::default())
        .unwrap_or_else(|error| panic!("{error}"))
}
