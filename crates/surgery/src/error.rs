//! What can be wrong with the numbers of a step.

/// A matrix is not the Gramian of gradients.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GramianError {
    /// There is no row, or there are more than the methods are made for.
    #[error("the number of gradients must be 1 to 64, got {0}")]
    Rows(usize),
    /// The number of entries is not the square of the number of rows.
    #[error("a gramian of {rows} gradients must have {expected} entries, got {found}")]
    Entries {
        /// The number of gradients.
        rows: usize,
        /// Its square.
        expected: usize,
        /// What was found.
        found: usize,
    },
    /// A diagonal entry is no squared length.
    #[error("the squared length of gradient {row} must be finite and not negative, got {value}")]
    Diagonal {
        /// The gradient.
        row: usize,
        /// What was found.
        value: f64,
    },
    /// A dot product is not finite.
    #[error("the dot product of gradients {row} and {column} must be finite, got {value}")]
    NonFinite {
        /// One gradient.
        row: usize,
        /// The other gradient.
        column: usize,
        /// What was found.
        value: f64,
    },
    /// The matrix is not symmetric.
    #[error("the dot products of gradients {row} and {column} must be equal both ways")]
    Asymmetric {
        /// One gradient.
        row: usize,
        /// The other gradient.
        column: usize,
    },
    /// A dot product is larger than the product of the lengths.
    #[error(
        "the dot product of gradients {row} and {column} must not be larger than the product of \
         their lengths"
    )]
    TooLarge {
        /// One gradient.
        row: usize,
        /// The other gradient.
        column: usize,
    },
}

/// A step was refused. State and output are as they were before.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SurgeryError {
    /// Two things that count gradients do not agree.
    #[error("{what} must have one entry for each of the {expected} gradients, got {found}")]
    Length {
        /// What was counted.
        what: &'static str,
        /// The number of gradients.
        expected: usize,
        /// What was found.
        found: usize,
    },
    /// The state holds a number that no step can have written.
    #[error("the saved similarity must lie between −1 and 1, got {0}")]
    State(f64),
    /// A weight is beyond the range of f64.
    #[error("the weight of gradient {row} must be finite, got {value}")]
    NonFinite {
        /// The gradient.
        row: usize,
        /// What was found.
        value: f64,
    },
}
