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
    /// An accuracy is no small share.
    #[error("the accuracy of a gramian must lie in [0, 0.01], got {0}")]
    Accuracy(f64),
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

/// A state cannot be made, or a step was refused. State and output are as they were before.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SurgeryError {
    /// There is no row, or there are more than the methods are made for.
    #[error("the number of gradients must be 1 to 64, got {0}")]
    Rows(usize),
    /// A method needs more rows.
    #[error("{method} needs at least {minimum} gradients, got {found}")]
    TooFew {
        /// The method.
        method: &'static str,
        /// The smallest legal number.
        minimum: usize,
        /// What was found.
        found: usize,
    },
    /// The number of groups does not fit the granularity.
    #[error("the number of groups must be 1 with granularity 'model', else at least 1, got {0}")]
    Groups(usize),
    /// There is no such group.
    #[error("the group must be below {groups}, got {group}")]
    Group {
        /// What was asked for.
        group: usize,
        /// The number of groups.
        groups: usize,
    },
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
    #[error("the saved {what} must be {rule}, got {value}")]
    State {
        /// Which number.
        what: &'static str,
        /// What would be legal.
        rule: &'static str,
        /// What was found.
        value: f64,
    },
    /// The step needs a Gramian.
    #[error("this step of {0} needs a gramian, got none")]
    NoGramian(&'static str),
    /// The step needs the losses.
    #[error("{0} needs the losses of the step, got none")]
    NoLosses(&'static str),
    /// Losses measured again were given to a method that has no use for them.
    #[error("{0} learns nothing from losses measured again: only famo does")]
    NotRemeasured(&'static str),
    /// A loss is negative where it is divided by or its logarithm is taken.
    #[error("loss {row} must not be negative, got {value}")]
    Loss {
        /// The row.
        row: usize,
        /// What was found.
        value: f64,
    },
    /// A factor is no number.
    #[error("the factor of gradient {row} must be finite, got {value}")]
    Factor {
        /// The row.
        row: usize,
        /// What was found.
        value: f64,
    },
    /// Factors were given to a method that works against them.
    #[error("{0} works against multipliers: leave the factors out, or set force = true")]
    Multipliers(&'static str),
    /// A weight is beyond the range of f64.
    #[error("the weight of gradient {row} must be finite, got {value}")]
    NonFinite {
        /// The gradient.
        row: usize,
        /// What was found.
        value: f64,
    },
}
