//! Errors. Each names the place, the rule in words and the value that was found; messages are lower
//! case without a full stop, fit to follow "failed to …: ".

use crate::board::SlotIndex;

/// A number is outside the legal range of its quantity.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{quantity} {rule}, got {value}")]
pub struct RangeError {
    /// The quantity, in words.
    pub quantity: &'static str,
    /// The rule, in words: "must be finite".
    pub rule: &'static str,
    /// What was found.
    pub value: f64,
}

/// A field of a configuration is not legal.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{field} {rule}, got {found}")]
#[non_exhaustive]
pub struct ConfigError {
    /// The field, as it is written in a file.
    pub field: &'static str,
    /// The rule, in words.
    pub rule: &'static str,
    /// What was found.
    pub found: String,
}

impl RangeError {
    /// Refuses a number that a computation made infinite or NaN.
    pub fn finite(quantity: &'static str, value: f64) -> Result<f64, Self> {
        if value.is_finite() {
            Ok(value)
        } else {
            Err(Self { quantity, rule: "must be finite", value })
        }
    }
}

impl ConfigError {
    /// Names a field, its rule in words and the value that was found.
    pub fn new(field: &'static str, rule: &'static str, found: impl std::fmt::Display) -> Self {
        Self { field, rule, found: found.to_string() }
    }

    /// `Ok` where `legal`, else the error.
    pub fn unless(
        legal: bool,
        field: &'static str,
        rule: &'static str,
        found: impl std::fmt::Display,
    ) -> Result<(), Self> {
        if legal { Ok(()) } else { Err(Self::new(field, rule, found)) }
    }

    /// The start value of a law: from its own configuration, where an orchestrator may have put the
    /// start value of what the law writes.
    pub fn given(field: &'static str, value: Option<f64>) -> Result<f64, Self> {
        let rule = "must be given, here or as the start value of what the controller writes";
        value.ok_or_else(|| Self::new(field, rule, "nothing"))
    }

    /// The field must be a finite number.
    pub fn finite(field: &'static str, value: f64) -> Result<(), Self> {
        Self::unless(value.is_finite(), field, "must be finite", value)
    }

    /// The field must be a finite number that is not negative.
    pub fn not_negative(field: &'static str, value: f64) -> Result<(), Self> {
        let legal = value.is_finite() && value >= 0.0;
        Self::unless(legal, field, "must be finite and not negative", value)
    }

    /// The field must be a finite number above zero.
    pub fn positive(field: &'static str, value: f64) -> Result<(), Self> {
        let legal = value.is_finite() && value > 0.0;
        Self::unless(legal, field, "must be finite and above 0", value)
    }

    /// The field must lie in `[0, 1)`: the decay of an exponential average.
    pub fn decay(field: &'static str, value: f64) -> Result<(), Self> {
        Self::unless((0.0..1.0).contains(&value), field, "must be at least 0 and below 1", value)
    }
}

/// A controller cannot be wired to the board.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WiringError {
    /// Nobody declared the port.
    #[error("no {quantity} named '{name}' is on the board; there is {known}")]
    UnknownPort {
        /// The quantity of the port.
        quantity: &'static str,
        /// The name of the port.
        name: String,
        /// The names of that quantity which exist, or "none".
        known: String,
    },
    /// The same port was declared twice.
    #[error("{quantity} '{name}' is declared twice")]
    DeclaredTwice {
        /// The quantity of the port.
        quantity: &'static str,
        /// The name of the port.
        name: String,
    },
}

/// A step was refused. The state of the law is as it was before.
///
/// The error is made without allocation, because a hot loop may meet it at every step; whoever prints
/// it asks the board for the name behind a [`SlotIndex`].
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// A reading that the law needs was not taken in this step.
    #[error("a reading is absent at board slot {0}")]
    Absent(SlotIndex),
    /// A number is out of range.
    #[error(transparent)]
    Range(#[from] RangeError),
    /// An input that the law's configuration asks for is not wired, or has no reading.
    #[error("{0} is needed by this configuration and is not on the board")]
    Missing(&'static str),
    /// The controller was stepped before it was bound to a board.
    #[error("the controller is not bound to a board")]
    Unbound,
}

/// A snapshot does not fit the controller. The state is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The snapshot was taken from another law.
    #[error("controller '{controller}' follows the law '{expected}', the snapshot holds '{found}'")]
    OtherLaw {
        /// The controller that refused.
        controller: String,
        /// Its law.
        expected: &'static str,
        /// The law in the snapshot.
        found: String,
    },
    /// The snapshot was taken from another version of the law.
    #[error(
        "controller '{controller}': the state of '{law}' is version {expected}, the snapshot holds \
         version {found}"
    )]
    OtherVersion {
        /// The controller that refused.
        controller: String,
        /// The law.
        law: &'static str,
        /// The version that the law understands.
        expected: u32,
        /// The version in the snapshot.
        found: u32,
    },
    /// The state in the snapshot has another shape.
    #[error("controller '{controller}': the saved state does not fit: {source}")]
    Shape {
        /// The controller that refused.
        controller: String,
        /// What the reader of the state says.
        source: serde_json::Error,
    },
    /// A saved number is not legal where it belongs.
    #[error("{port}: {source}")]
    Range {
        /// The port.
        port: String,
        /// The rule and what was found.
        source: RangeError,
    },
    /// The snapshot of a set of controllers names other controllers than there are.
    #[error("the snapshot holds the controllers {found}, wanted are {expected}")]
    OtherControllers {
        /// The names of the controllers that there are.
        expected: String,
        /// The names in the snapshot.
        found: String,
    },
}
