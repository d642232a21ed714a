//! Errors of assembling and running a set of controllers.

use homeostat_core::{ConfigError, RangeError, StepError, WiringError};
use homeostat_multiplier::DualConfigError;

/// The controllers cannot be assembled as they are declared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A port is unknown or declared twice.
    #[error("{owner}: {source}")]
    Wiring {
        /// Who asked for the port.
        owner: String,
        /// What is wrong with it.
        source: WiringError,
    },
    /// A field of a law's configuration.
    #[error("controller '{controller}': {source}")]
    Config {
        /// The controller.
        controller: String,
        /// The field, the rule and what was found.
        source: ConfigError,
    },
    /// A table of the engine.
    #[error(transparent)]
    Dual(#[from] DualConfigError),
    /// A start value is out of range.
    #[error("{owner}: {source}")]
    Range {
        /// Which entry.
        owner: String,
        /// The quantity, the rule and what was found.
        source: RangeError,
    },
    /// Two writers of one port.
    #[error("{port} is written by {first} and by {second}; disable one of them")]
    TwoWriters {
        /// The port.
        port: String,
        /// One writer.
        first: String,
        /// The other.
        second: String,
    },
    /// A port that a controller reads and nobody fills.
    #[error("controller '{controller}' reads {port}, which has no start value and no writer")]
    Unprovided {
        /// The controller.
        controller: String,
        /// The port.
        port: String,
    },
    /// A name under which several quantities are measured.
    #[error("{owner}: '{name}' is measured as {quantities}; give them different names")]
    Ambiguous {
        /// Who asked.
        owner: String,
        /// The name.
        name: String,
        /// The quantities.
        quantities: String,
    },
    /// Controllers wait for each other within one step.
    #[error("the controllers wait for each other: {path}")]
    Cycle {
        /// Every controller of the circle with the port it waits for.
        path: String,
    },
    /// A role that the law does not have.
    #[error(
        "controller '{controller}' has no role '{role}' under '{side}'; the law '{law}' has {legal}"
    )]
    UnknownRole {
        /// The controller.
        controller: String,
        /// Its law.
        law: &'static str,
        /// "reads" or "writes".
        side: &'static str,
        /// The role.
        role: String,
        /// The roles that there are.
        legal: String,
    },
    /// A role that must be wired and is not.
    #[error("controller '{controller}' needs '{side}.{role}' for the law '{law}'")]
    MissingRole {
        /// The controller.
        controller: String,
        /// Its law.
        law: &'static str,
        /// "reads" or "writes".
        side: &'static str,
        /// The role.
        role: String,
    },
    /// A name under `reads` that no sensor and no controller provides.
    #[error("{owner}: nothing measures '{name}'; measured are {known}")]
    UnknownSignal {
        /// Who asked.
        owner: String,
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
}

/// A controller refused a step, and its configuration says to stop then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("controller '{controller}' refused the step: {detail}")]
pub struct Stopped {
    /// The controller.
    pub controller: String,
    /// Why.
    pub detail: String,
    /// The error itself.
    #[source]
    pub source: StepError,
}
