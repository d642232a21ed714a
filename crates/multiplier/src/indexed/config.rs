//! What stands in a file about a set of multipliers.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::step::IndexedMultipliers;
use crate::arithmetic::{DeadzoneMode, LeakWhen};
use crate::rule::RuleConfig;
use crate::violation::Sense;

/// Configuration of [`IndexedMultipliers`]: every one of them follows it.
///
/// A sample is seen once per epoch, so there is no normalizer, no smoothing, no spike gate and no pause:
/// what needs the history of a constraint belongs to a constraint of its own. The error is
/// measured − target. Defaults are the engine's, but for the deadzone and the leak, which are off: most
/// multipliers rest in most steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexedConfig {
    /// How many multipliers there are.
    pub count: usize,
    /// The value that each measurement is compared with.
    pub target: f64,
    /// Which side of the target is legal. Default: at most the target. A range is two sets.
    #[serde(default)]
    pub sense: Sense,
    /// How a multiplier moves. Default: ascent.
    #[serde(default)]
    pub rule: RuleConfig,
    /// η. Default 5e-3.
    #[serde(default = "default_rate")]
    pub rate: f64,
    /// λ before the first update. Default 0.
    #[serde(default)]
    pub initial: f64,
    /// λ_min. Default 0, for an equality −λ_max.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// λ_max. Default 50.
    #[serde(default = "default_maximum")]
    pub maximum: f64,
    /// ε: an error below this in absolute value does not count. Default 0.
    #[serde(default)]
    pub deadzone: f64,
    /// What does not count means. Default: hold.
    #[serde(default)]
    pub deadzone_mode: DeadzoneMode,
    /// ρ. Default 0.
    #[serde(default)]
    pub leak: f64,
    /// When the leak acts. Default: satisfied.
    #[serde(default)]
    pub leak_when: LeakWhen,
}

fn default_rate() -> f64 {
    5e-3
}

fn default_maximum() -> f64 {
    50.0
}

impl IndexedConfig {
    /// Defaults around a number of multipliers and a target.
    pub fn new(count: usize, target: f64) -> Self {
        Self {
            count,
            target,
            sense: Sense::default(),
            rule: RuleConfig::default(),
            rate: default_rate(),
            initial: 0.0,
            minimum: None,
            maximum: default_maximum(),
            deadzone: 0.0,
            deadzone_mode: DeadzoneMode::default(),
            leak: 0.0,
            leak_when: LeakWhen::default(),
        }
    }

    /// Checks every field.
    pub fn init(&self) -> Result<IndexedMultipliers, ConfigError> {
        ConfigError::unless(self.count > 0, "count", "must be at least 1", self.count)?;
        ConfigError::finite("target", self.target)?;
        ConfigError::not_negative("rate", self.rate)?;
        let rule = "must not be \"range\": the two sides are two sets of multipliers";
        ConfigError::unless(self.sense != Sense::Range, "sense", rule, "\"range\"")?;
        ConfigError::positive("maximum", self.maximum)?;
        let equality = self.sense.signed();
        let minimum = self.minimum.unwrap_or(if equality { -self.maximum } else { 0.0 });
        match equality {
            true => ConfigError::finite("minimum", minimum)?,
            false => ConfigError::not_negative("minimum", minimum)?,
        }
        ConfigError::unless(
            minimum < self.maximum,
            "maximum",
            "must be above minimum",
            format_args!("{} with minimum {minimum}", self.maximum),
        )?;
        ConfigError::unless(
            (minimum..=self.maximum).contains(&self.initial),
            "initial",
            "must lie between minimum and maximum",
            format_args!("{} outside {minimum} … {}", self.initial, self.maximum),
        )?;
        ConfigError::not_negative("deadzone", self.deadzone)?;
        ConfigError::decay("leak", self.leak)?;
        let rule = if equality { self.rule.init_equality()? } else { self.rule.init()? };
        Ok(IndexedMultipliers::new(self.clone(), minimum, rule))
    }
}
