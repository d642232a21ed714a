//! The trainer of `vae` on small images: measures against independent numbers, verdicts, resume, methods.

mod bottleneck;
mod faults;
mod golden;
mod launch;
mod measures;
mod methods;
mod resume;
mod samples;
mod session;
mod steps;
mod tables;

use std::path::Path;

use burn::tensor::backend::AutodiffBackend;
use homeostat_examples::data::Split;
use homeostat_examples::document::Document;
use homeostat_examples::vae::session::{Outcome, Start, train};
use homeostat_examples::vae::settings::{DEFAULTS, Settings};
use homeostat_examples::vae::source;
use homeostat_examples::vae::step::Stepper;

/// Small enough for a debug build: eight batches of 16 images of 8 × 8 pixels per epoch. The squeeze is
/// short, so that five epochs see every phase.
const SMALL: &[&str] = &[
    "epochs=5",
    "batch_size=16",
    "save_every=1",
    "data.samples=128",
    "data.test_samples=40",
    "data.shapes.side=8",
    "model.hidden=24",
    "model.bottleneck=16",
    "model.channels=4",
    "model.core=4",
    "model.detail=4",
    "lbo.calibration.batches=2",
    "lbo.ceiling.target.absolute=3.0",
    "lbo.ceiling.squeeze={ relative = { shape = [0.4, 0.0] } }",
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

pub(crate) fn images(settings: &Settings) -> Split {
    source::images(&settings.data, settings.seed).expect("shapes are always there")
}

pub(crate) fn stepper<B: AutodiffBackend>(settings: &Settings) -> Stepper<B> {
    let shape = images(settings).train.image().expect("shapes are images");
    Stepper::new(settings, shape, 8, &B::Device::default())
        .unwrap_or_else(|error| panic!("{error}"))
}

/// One whole run into a folder.
pub(crate) fn run<B: AutodiffBackend>(folder: &Path, overrides: &[&str], start: Start) -> Outcome {
    let output = format!("output_dir={:?}", folder.display().to_string());
    let settings = settings(&[overrides, &[output.as_str()]].concat());
    let start = Start { silent: true, ..start };
    train::<B>(&settings, &images(&settings), start, &B::Device::default())
        .unwrap_or_else(|error| panic!("{error}"))
}
