//! The settings of a constraint as they act, for whoever watches it.

use super::Constraint;
use crate::arithmetic::LeakWhen;

/// What the settings of a constraint come to, once `[dual]`, the time unit and `hard` have had
/// their say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EffectiveSettings {
    /// η per step.
    pub rate: f64,
    /// ρ; 0 for a hard constraint.
    pub leak: f64,
    /// Whether the leak acts in every update, and not only where the constraint is satisfied.
    pub leak_always: bool,
    /// ε; 0 for a hard constraint.
    pub deadzone: f64,
    /// λ_max; for a hard constraint its own.
    pub maximum: f64,
    /// α, the weight of the newest error in the average.
    pub smoothing: f64,
    /// Whether the constraint is hard.
    pub hard: bool,
}

impl Constraint {
    pub(crate) fn settings(&self) -> EffectiveSettings {
        EffectiveSettings {
            rate: self.rate,
            leak: self.leak,
            leak_always: self.leak_when == LeakWhen::Always,
            deadzone: self.deadzone,
            maximum: self.maximum,
            smoothing: self.smoothing_weight,
            hard: self.hard,
        }
    }
}
