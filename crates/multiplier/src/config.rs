//! What stands in a file about a multiplier.

use homeostat_core::{Clock, ConfigError, Scalar, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::law::Multiplier;
use crate::target::{Baseline, Target};
use crate::violation::{ErrorMode, Sense};

/// The part of the initial weight below which the weight does not fall by default.
const MINIMUM_SHARE: f64 = 0.01;

/// Configuration of a [`Multiplier`].
///
/// ```toml
/// law.multiplier = { initial = 0.1, rate = 0.05, time_unit = "epoch" }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiplierConfig {
    /// The weight before the first step. Without it the orchestrator takes the start value of the
    /// weight that the controller writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<f64>,
    /// The dual step size η, per time unit.
    pub rate: f64,
    /// The unit of `rate` and of the warm-up. Default: step.
    #[serde(default)]
    pub time_unit: TimeUnit,
    /// Where the target comes from. Default: the setpoint on the board.
    #[serde(default)]
    pub target: Target,
    /// Which side of the target is legal. Default: at most the target.
    #[serde(default)]
    pub sense: Sense,
    /// The unit of the violation. Default: absolute for a setpoint, because that is dual ascent;
    /// log-ratio for a baseline, because a baseline has no unit that one could know beforehand and
    /// the reference's relative error switches off whatever improves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorMode>,
    /// The violation is clipped to ± this. Default: not at all, as in the formula of the design
    /// report; the right number depends on the unit of the violation (the reference has 2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_clip: Option<f64>,
    /// λ_min. Default: 1 % of `initial`. Ours: at 0 (the reference) a term is often no longer
    /// computed, and then its weight never returns.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// λ_max. Default 10, the reference's.
    #[serde(default = "default_maximum")]
    pub maximum: f64,
}

fn default_maximum() -> f64 {
    10.0
}

impl MultiplierConfig {
    /// Defaults around an initial weight and a dual step size per step.
    pub fn new(initial: f64, rate: f64) -> Self {
        Self {
            initial: Some(initial),
            rate,
            time_unit: TimeUnit::default(),
            target: Target::default(),
            sense: Sense::default(),
            error: None,
            error_clip: None,
            minimum: None,
            maximum: default_maximum(),
        }
    }

    /// The reference with its defects: η = 0.05 per epoch, clip at 2, λ in `[0, 10]`, and for a
    /// baseline the relative error.
    pub fn parity(initial: f64, target: Target) -> Self {
        let error = match target {
            Target::Setpoint => ErrorMode::Absolute,
            Target::Baseline(_) => ErrorMode::Relative,
        };
        Self {
            time_unit: TimeUnit::Epoch,
            target,
            error: Some(error),
            error_clip: Some(2.0),
            minimum: Some(0.0),
            ..Self::new(initial, 0.05)
        }
    }

    /// The reference's baseline target: see [`Baseline`].
    pub fn parity_baseline(initial: f64) -> Self {
        Self::parity(initial, Target::Baseline(Baseline::default()))
    }

    /// Whether the law needs a setpoint on the board.
    pub fn reads_setpoint(&self) -> bool {
        self.target == Target::Setpoint
    }

    /// For whoever wires the law: a setpoint must be wired exactly where the target is one.
    pub fn check_setpoint(&self, wired: bool) -> Result<(), ConfigError> {
        let rule = match self.reads_setpoint() {
            true => "\"setpoint\" needs a wired setpoint",
            false => "\"baseline\" leaves no use for a wired setpoint",
        };
        let found = if wired { "a wired setpoint" } else { "none" };
        ConfigError::unless(wired == self.reads_setpoint(), "target", rule, found)
    }

    /// λ_min as it is used.
    pub(crate) fn resolved_minimum(&self) -> f64 {
        self.minimum.unwrap_or(MINIMUM_SHARE * self.initial.unwrap_or(0.0))
    }

    /// The unit of the violation as it is used.
    pub(crate) fn resolved_error(&self) -> ErrorMode {
        self.error.unwrap_or(match self.target {
            Target::Setpoint => ErrorMode::Absolute,
            Target::Baseline(_) => ErrorMode::LogRatio,
        })
    }

    /// Checks every field and makes the law.
    pub fn init<Q: Scalar>(&self, clock: Clock) -> Result<Multiplier<Q>, ConfigError> {
        let initial = ConfigError::given("initial", self.initial)?;
        ConfigError::not_negative("initial", initial)?;
        ConfigError::positive("rate", self.rate)?;
        if let Some(clip) = self.error_clip {
            ConfigError::positive("error_clip", clip)?;
        }
        let minimum = self.resolved_minimum();
        ConfigError::not_negative("minimum", minimum)?;
        ConfigError::finite("maximum", self.maximum)?;
        ConfigError::unless(
            minimum < self.maximum,
            "maximum",
            "must be above minimum",
            format_args!("{} with minimum {minimum}", self.maximum),
        )?;
        ConfigError::unless(
            (minimum..=self.maximum).contains(&initial),
            "initial",
            "must lie between minimum and maximum",
            format_args!("{initial} outside {minimum} … {}", self.maximum),
        )?;
        if let Target::Baseline(baseline) = self.target {
            baseline.validate()?;
        }
        Ok(Multiplier::new(self, initial, clock))
    }
}
