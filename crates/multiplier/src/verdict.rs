//! Whether a constraint can be satisfied at all: an explicit verdict in the place of a number that grows.

mod judge;
mod trend;

pub use judge::{Judge, JudgeConfig, JudgeReading, JudgeState};

use serde::{Deserialize, Serialize};

/// What is known about one constraint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Verdict {
    /// No update yet.
    #[default]
    Unmeasured,
    /// The smoothed violation is within the tolerance.
    Satisfied,
    /// Violated, and the multiplier can still answer or the violation still falls.
    Converging,
    /// Violated although the multiplier does all that it may, and the violation does not fall: the
    /// target is out of reach, or the cap is too low.
    Unsatisfiable(Evidence),
}

/// What speaks for [`Verdict::Unsatisfiable`]. The numbers are of the newest window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// λ.
    pub multiplier: f64,
    /// For how many updates in a row λ has been at its cap, has been held down by a budget, or has
    /// risen where it has no cap.
    pub updates: u64,
    /// Mean of the violation.
    pub mean_violation: f64,
    /// Slope of the violation by ordinary least squares, per update.
    pub slope: f64,
    /// The slope over its standard error. Updates that are not independent make it too large.
    pub t_value: f64,
    /// The update at which the verdict was given; the first update is 1.
    pub since: u64,
}
