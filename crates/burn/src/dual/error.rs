//! What a training loop can do wrong with the engine.

use homeostat_core::StepError;
use homeostat_multiplier::UpdateOrder;

/// A step of the engine was refused. Its memory is as it was.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DualError {
    /// The task loss is NaN or infinite. Leave the step out: no gradient of it can be used.
    #[error("the task loss must be finite, got {value}")]
    TaskNotFinite {
        /// The task loss.
        value: f64,
    },
    /// No constraint has that name.
    #[error("there is no constraint '{name}'; constraints are {known}")]
    UnknownConstraint {
        /// The name.
        name: String,
        /// The names that there are.
        known: String,
    },
    /// The same constraint was handed in twice in one step.
    #[error("the constraint '{name}' was given two losses in one step")]
    Twice {
        /// The constraint.
        name: String,
    },
    /// A tensor has another shape than `[1]`.
    #[error("{what} must have the shape [1], got [{found}]")]
    Shape {
        /// The loss.
        what: String,
        /// Its number of elements.
        found: usize,
    },
    /// A call that the configured order of updates does not have, or not at this point.
    #[error("with order = \"{order}\" {wanted} comes next, not {called}")]
    OutOfTurn {
        /// The order of updates.
        order: UpdateOrder,
        /// The call that would be legal.
        wanted: &'static str,
        /// The call that was made.
        called: &'static str,
    },
    /// A measurement that does not fit the configuration of its constraint.
    #[error(transparent)]
    Step(#[from] StepError),
}
