//! A target that follows what the model can do, by a rule.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::space::{Variable, VariableConfig};

/// What stands in a file about a target that is adjusted.
///
/// Every `every` errors, with their mean v: `v > upper` loosens the target by `step · S`, `v < lower`
/// tightens it by as much. The numbers that have a default are those of builderbrain's adaptive targets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdjustmentConfig {
    /// Bounds, start, and which way is tighter.
    pub target: VariableConfig,
    /// δ, in units of the constraint's scale S. builderbrain has a factor instead, which cannot leave 0.
    pub step: f64,
    /// P: how many errors the mean is taken of. Default 100.
    #[serde(default = "default_every")]
    pub every: u64,
    /// A mean error above this loosens the target. Default 0.1.
    #[serde(default = "default_upper")]
    pub upper: f64,
    /// A mean error below this tightens the target. Default −0.1.
    #[serde(default = "default_lower")]
    pub lower: f64,
}

fn default_every() -> u64 {
    100
}

fn default_upper() -> f64 {
    0.1
}

fn default_lower() -> f64 {
    -0.1
}

/// A checked rule.
#[derive(Clone, Debug)]
pub struct Adjustment {
    target: Variable,
    config: AdjustmentConfig,
}

/// The present target and the errors since the last decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdjustmentState {
    target: f64,
    mean: f64,
    count: u64,
}

/// A target that moved.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    /// Before.
    pub from: f64,
    /// Now.
    pub to: f64,
}

impl AdjustmentConfig {
    /// The defaults for a target and a step.
    pub fn new(target: VariableConfig, step: f64) -> Self {
        let (upper, lower) = (default_upper(), default_lower());
        Self { target, step, every: default_every(), upper, lower }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// The first field that is not legal; a field of the target is named without its table.
    pub fn init(&self) -> Result<Adjustment, ConfigError> {
        let target = self.target.init("target")?;
        ConfigError::positive("step", self.step)?;
        ConfigError::unless(self.every >= 1, "every", "must be at least 1", self.every)?;
        ConfigError::finite("upper", self.upper)?;
        ConfigError::finite("lower", self.lower)?;
        ConfigError::unless(
            self.lower < self.upper,
            "upper",
            "must be above lower",
            format_args!("{} with lower {}", self.upper, self.lower),
        )?;
        Ok(Adjustment { target, config: *self })
    }
}

impl Adjustment {
    /// The start value, and no errors.
    pub fn init_state(&self) -> AdjustmentState {
        AdjustmentState { target: self.target.start(), mean: 0.0, count: 0 }
    }

    /// Takes in the error of one measured step, positive where the constraint is violated, and the scale S
    /// of its normalizer, 1 over the slope. Says when the target moved. An error that is not finite is
    /// left out; so is a move by a scale that is negative or not finite.
    pub fn observe(&self, state: &mut AdjustmentState, error: f64, scale: f64) -> Option<Move> {
        if !error.is_finite() {
            return None;
        }
        state.count += 1;
        let part = 1.0 / state.count as f64;
        state.mean = state.mean * (1.0 - part) + error * part;
        if state.count < self.config.every {
            return None;
        }
        let mean = state.mean;
        (state.mean, state.count) = (0.0, 0);
        let distance = match mean {
            mean if mean > self.config.upper && !self.target.tighten_only() => self.config.step,
            mean if mean < self.config.lower => -self.config.step,
            _ => return None,
        } * scale;
        if !distance.is_finite() || scale < 0.0 {
            return None;
        }
        let from = state.target;
        state.target = self.target.loosened(from, distance);
        (state.target != from).then_some(Move { from, to: state.target })
    }
}

impl AdjustmentState {
    /// The present target.
    pub fn target(&self) -> f64 {
        self.target
    }
}
