//! What can be wrong with a search of targets.

use std::path::PathBuf;

use homeostat_core::ConfigError;
use homeostat_multiplier::DualConfigError;
use homeostat_search::MisfitError;

use super::config::Method;

/// The settings of a search are not legal.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TuningConfigError {
    /// A table of the engine.
    #[error(transparent)]
    Dual(#[from] DualConfigError),
    /// A name that is none of a constraint.
    #[error("[search.{table}] there is no constraint '{name}'; constraints are {}", known.join(", "))]
    Unknown {
        /// `variables` or `limits`.
        table: &'static str,
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A field of a variable.
    #[error("[search.variables.{name}] {source}")]
    Variable {
        /// The variable.
        name: String,
        /// The field, the rule and what was found.
        source: ConfigError,
    },
    /// A limit.
    #[error("[search.limits] {name} {rule}, got {found}")]
    Limit {
        /// Its constraint.
        name: String,
        /// The rule, in words.
        rule: &'static str,
        /// What was found.
        found: String,
    },
    /// A field of `[search]` itself or of a method.
    #[error("[search{}] {source}", table.map_or_else(String::new, |one| format!(".{}", one.name())))]
    Search {
        /// The method.
        table: Option<Method>,
        /// The field, the rule and what was found.
        source: ConfigError,
    },
}

/// A tuning cannot begin or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TuningError {
    /// The settings are not legal.
    #[error(transparent)]
    Config(#[from] TuningConfigError),
    /// Reading or writing.
    #[error("tuning file {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The folder holds a tuning, and a new one was to begin.
    #[error("{path} holds a tuning already; resume it, or choose another folder")]
    Occupied {
        /// The file of the tuning.
        path: PathBuf,
    },
    /// The folder holds no tuning, and one was to be resumed.
    #[error("there is no tuning to resume: {path} does not exist")]
    Nothing {
        /// The file that should be there.
        path: PathBuf,
    },
    /// The saved tuning cannot be read.
    #[error("tuning file {path} does not fit: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// The saved tuning had other settings.
    #[error("the saved tuning has {field} = {saved}, the settings say {found}")]
    OtherSettings {
        /// The first setting that differs, as a dotted path.
        field: String,
        /// What the tuning was begun with.
        saved: String,
        /// What it is now.
        found: String,
    },
    /// A checkpoint that must be there is not.
    #[error("{what} must be written to {path} before {before}")]
    NoCheckpoint {
        /// Whose checkpoint.
        what: &'static str,
        /// Where it should be.
        path: PathBuf,
        /// What needs it.
        before: &'static str,
    },
    /// The outcome of another run than the next one.
    #[error("run {expected} comes next, not run {found}")]
    OutOfTurn {
        /// The next run.
        expected: usize,
        /// The run that was told.
        found: usize,
    },
    /// A limit's constraint was not measured.
    #[error("the validation must measure '{name}', which has a limit; measured are {measured}")]
    Unmeasured {
        /// The constraint.
        name: String,
        /// What was measured.
        measured: String,
    },
    /// What was measured does not fit the search.
    #[error(transparent)]
    Misfit(#[from] MisfitError),
}

/// A tuning that drives a trainer stopped. All runs before are saved.
#[derive(Debug, thiserror::Error)]
pub enum DriveError<E> {
    /// On the side of the tuning.
    #[error(transparent)]
    Tuning(#[from] TuningError),
    /// The trainer said so.
    #[error("{0}")]
    Trainer(E),
}
