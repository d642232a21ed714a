//! What can end a run.

use std::path::PathBuf;

use crate::checkpoint::CheckpointError;
use crate::data::DataError;
use crate::evaluation::EvaluationError;
use crate::plots::PlotError;
use crate::topoencoder::{AtlasConfigError, LossError};

/// What can end a run. The message says all; sources add nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the messages say what the variants mean")]
pub enum TrainError {
    #[error(transparent)]
    Flag(#[from] crate::command_line::FlagError),
    #[error(transparent)]
    SettingsRange(#[from] super::settings::SettingsError),
    #[error(transparent)]
    Backend(#[from] super::backend::BackendError),
    #[error("cannot assemble the controllers: {0}")]
    Build(#[from] homeostat::BuildError),
    #[error(transparent)]
    Config(#[from] homeostat::ConfigError),
    #[error(transparent)]
    Model(#[from] AtlasConfigError),
    #[error("cannot load the data: {}", whole(.0))]
    Data(#[from] DataError),
    #[error("cannot judge the model: {0}")]
    Evaluation(#[from] EvaluationError),
    #[error("cannot draw: {}", whole(.0))]
    Plot(#[from] PlotError),
    #[error(transparent)]
    Loss(#[from] LossError),
    #[error(transparent)]
    Stopped(#[from] homeostat::Stopped),
    #[error("a number that the step needs is not on the board: {0}")]
    Board(#[from] homeostat::StepError),
    #[error("gradient surgery: {0}")]
    Surgery(#[from] homeostat::burn::surgery::SurgeonError),
    #[error("the slopes of the goals do not fit: {0}")]
    Slopes(#[from] homeostat::burn::SurrogateError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("the controllers of the checkpoint do not fit: {0}")]
    Load(#[from] homeostat::LoadError),
    #[error("the tensors of the checkpoint do not fit: {0}")]
    Record(#[from] burn::record::RecorderError),
    #[error("cannot write {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("cannot write the settings: {0}")]
    Settings(toml::ser::Error),
    #[error("cannot write the summary: {0}")]
    Summary(serde_json::Error),
    #[error(transparent)]
    Goals(#[from] homeostat::ceiling::GoalsConfigError),
    #[error("the goals do not fit: {0}")]
    GoalsMisfit(#[from] homeostat::ceiling::GoalsMisfit),
    #[error("the ceilings do not fit: {reason}")]
    Ceiling { reason: String },
    #[error("lbo.groups must be of {legal}, got '{found}'")]
    Group { found: String, legal: String },
    #[error("the data set {name} has no images, which an autoencoder of images needs")]
    NoImages { name: String },
    #[error("{count} of the checks do not hold; see {path}")]
    Checks { count: usize, path: PathBuf },
    #[error("every loss has weight 0, so there is nothing to train; raise one under [weight]")]
    NoLoss,
    #[error(
        "training diverged: {steps} steps in a row were not finite after {} rollbacks, at learning \
         rate {rate}; lower --lr or --lr-max",
        5
    )]
    Diverged { steps: u64, rate: f64 },
    #[error("step {step}: no parameter received a gradient")]
    NoGradient { step: u64 },
    #[error("the checkpoint was trained on other rows (hash {expected:016x}, found {found:016x})")]
    OtherData { expected: u64, found: u64 },
    #[error("the checkpoint has format {found}, this program reads format {expected}")]
    Format { expected: u32, found: u32 },
    #[error("{path} cannot change on --resume ({origin}); start a new run instead")]
    Frozen { path: String, origin: String },
    #[error(
        "{path} already holds a run; choose another --output-dir, or go on with --resume {path}"
    )]
    Occupied { path: String },
}

/// An error with all its sources.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        source = inner.source();
    }
    text
}
