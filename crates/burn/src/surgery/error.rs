//! What a training loop can do wrong with gradient surgery.

use homeostat_surgery::{GramianError, SurgeryError};

/// A step was refused. The memory of the surgery is as it was.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SurgeonError {
    /// The number of losses is not what it was, or there is none, or there are more than 64.
    #[error("the number of losses must be {expected}, got {found}")]
    Count {
        /// What would be legal.
        expected: String,
        /// The number of factors.
        found: usize,
    },
    /// A factor is NaN or infinite.
    #[error("the factor of loss {loss} must be finite, got {value}")]
    Factor {
        /// The loss.
        loss: usize,
        /// Its factor.
        value: f64,
    },
    /// The closure gave another number of losses than was wanted.
    #[error(
        "the objective must give one loss for each that is wanted, {expected} here, got {found}"
    )]
    Losses {
        /// The number of losses wanted.
        expected: usize,
        /// What was found.
        found: usize,
    },
    /// A loss has another shape than `[1]`.
    #[error("loss {loss} must have the shape [1], got [{found}]")]
    Shape {
        /// The loss.
        loss: usize,
        /// Its number of elements.
        found: usize,
    },
    /// A backward pass reached no parameter.
    #[error(
        "the gradient of loss {loss} must reach a parameter of the module, got none: a module that was \
         never used is lazy, end its constructor with `fork(device)`"
    )]
    NoGradient {
        /// The loss.
        loss: usize,
    },
    /// A saved average of a gradient is not one of this model.
    #[error("{what} of the average of row {row} must be {expected}, got {found}")]
    Average {
        /// The row.
        row: usize,
        /// What was counted.
        what: &'static str,
        /// What the model has.
        expected: usize,
        /// What was found.
        found: usize,
    },
    /// The row mode needs a cut, and the objective has none.
    #[error(
        "rows = \"representation\" must have an objective with a cut, got one without: use `Cut`"
    )]
    NoCut,
    /// Numbers that are no Gramian: a backend that computed wrongly.
    #[error(transparent)]
    Gramian(#[from] GramianError),
    /// The surgery refused the numbers.
    #[error(transparent)]
    Surgery(#[from] SurgeryError),
}
