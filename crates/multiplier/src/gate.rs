//! What became of a constraint in a step.

use serde::{Deserialize, Serialize};

/// What became of a constraint in a step: the first gate that closed, or the update.
///
/// Every gate but [`Update`](Self::Update) holds the multiplier to the bit; the deadzone of mode
/// `leak-inside` lets the leak alone run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gate {
    /// Nothing was measured: no memory changes.
    #[default]
    Missing,
    /// The measurement is NaN or infinite, or has no error: no memory changes.
    NonFinite,
    /// The measurement jumped: it enters neither the spike window nor the normalizer.
    Spike,
    /// A spike happened a short while ago: the measurement is taken in, the error is not.
    Frozen,
    /// The normalizer, or the baseline of the target, has not seen enough.
    Warmup,
    /// Measured; the errors are collected until the constraint's turn.
    Waiting,
    /// The multiplier rises with what makes the constraint easy: see [`crate::PauseConfig`].
    Paused,
    /// The smoothed error is smaller than the deadzone.
    Deadzone,
    /// The multiplier was updated.
    Update,
}

impl Gate {
    /// Whether this step's measurement has an error.
    pub(crate) fn measured(self) -> bool {
        !matches!(self, Self::Missing | Self::NonFinite | Self::Spike)
    }

    /// Whether the dual side goes on after the gates of the measurement.
    pub(crate) fn open(self) -> bool {
        matches!(self, Self::Waiting | Self::Paused | Self::Deadzone | Self::Update)
    }

    /// The number under which logs record the gate: 0 update, then in the order of the gates.
    pub fn code(self) -> f64 {
        match self {
            Self::Update => 0.0,
            Self::Missing => 1.0,
            Self::NonFinite => 2.0,
            Self::Spike => 3.0,
            Self::Frozen => 4.0,
            Self::Warmup => 5.0,
            Self::Waiting => 6.0,
            Self::Paused => 7.0,
            Self::Deadzone => 8.0,
        }
    }
}

/// How often something happened since the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counters {
    /// Measurements that were not finite, or had no error.
    pub non_finite: u64,
    /// Measurements that were not finite, one after the other, up to now.
    pub non_finite_streak: u64,
    /// Steps behind the spike gate.
    pub spikes: u64,
    /// Jumps to the good side, which may be wireheading and freeze nothing.
    pub drops: u64,
    /// Jumps that lasted and were accepted as the new level.
    pub regimes: u64,
    /// Steps behind the anti-covariance gate.
    pub pauses: u64,
    /// Updates that ended at the maximum.
    pub cap_hits: u64,
    /// Updates that a family's budget lowered.
    pub budget_hits: u64,
    /// Dual restarts.
    pub restarts: u64,
}
