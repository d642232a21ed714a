//! What can be wrong with the settings or the saved memory of an engine.

use homeostat_core::ConfigError;

/// The settings of an engine are not legal.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DualConfigError {
    /// A field of `[dual]`.
    #[error("[dual] {0}")]
    Dual(ConfigError),
    /// A field of a constraint, perhaps one that it takes from `[dual]`.
    #[error("[constraints.{name}] {source}")]
    Constraint {
        /// The constraint.
        name: String,
        /// The field, the rule and what was found.
        source: ConfigError,
    },
    /// A field of a family.
    #[error("[families.{name}] {source}")]
    Family {
        /// The family.
        name: String,
        /// The field, the rule and what was found.
        source: ConfigError,
    },
}

/// A saved memory does not belong to the engine.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DualLoadError {
    /// The memory was saved by another version.
    #[error("the memory of the engine is version {expected}, found version {found}")]
    OtherVersion {
        /// The version that the engine understands.
        expected: u32,
        /// The version that was found.
        found: u32,
    },
    /// The lists of the memory have different lengths.
    #[error("the saved memory names {names} constraints and holds {found}")]
    Shape {
        /// How many names there are.
        names: usize,
        /// How many memories there are.
        found: usize,
    },
    /// The memory holds a constraint that the engine does not have.
    #[error(
        "the saved memory holds the constraint '{name}', which is not configured; allow_drop leaves it out"
    )]
    Unknown {
        /// The constraint.
        name: String,
    },
    /// The memory lacks a constraint that the engine has.
    #[error("the saved memory lacks the constraint '{name}'; allow_new starts it anew")]
    Missing {
        /// The constraint.
        name: String,
    },
    /// The memory of a constraint belongs to other settings.
    #[error("constraint '{name}': the saved memory does not fit: {misfit}")]
    Misfit {
        /// The constraint.
        name: String,
        /// What does not fit.
        misfit: String,
    },
}
