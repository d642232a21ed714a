//! Where the target of a constraint comes from.

use homeostat_core::{Clock, ConfigError, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::schedule::Schedule;

/// Where the target of a constraint comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Target {
    /// From the setpoint on the board, which a file or another controller puts there.
    #[default]
    Setpoint,
    /// From the measurements of a warm-up, during which the weight is held.
    Baseline(Baseline),
    /// In the unit of the measurement: the constraint means something absolute.
    Raw(Schedule),
    /// In the unit of the normalizer. A normalizer that looks back on the run's own history is blind to
    /// the level of the loss, and so is the constraint.
    Normalized(Schedule),
}

impl Target {
    /// The target in numbers, where the configuration holds one.
    pub fn schedule(&self) -> Option<&Schedule> {
        match self {
            Self::Raw(schedule) | Self::Normalized(schedule) => Some(schedule),
            Self::Setpoint | Self::Baseline(_) => None,
        }
    }
}

/// A target learned from a warm-up: `max(minimum, ratio · baseline)`.
///
/// All defaults are those of `fragile`'s topoencoder (`adaptive_target_*`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Baseline {
    /// Target over baseline. Default 1.
    pub ratio: f64,
    /// Decay of the average **per reading**, whatever the time unit: it filters the noise of the
    /// readings and is no dynamics of the loop. Default 0.98.
    pub ema_decay: f64,
    /// The least target. Default 1e-3.
    pub minimum: f64,
    /// How long the warm-up lasts, in time units. Default 10.
    pub warmup: f64,
}

impl Default for Baseline {
    fn default() -> Self {
        Self { ratio: 1.0, ema_decay: 0.98, minimum: 1e-3, warmup: 10.0 }
    }
}

impl Baseline {
    /// Checks every field.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::positive("target.baseline.ratio", self.ratio)?;
        ConfigError::decay("target.baseline.ema_decay", self.ema_decay)?;
        ConfigError::positive("target.baseline.minimum", self.minimum)?;
        ConfigError::not_negative("target.baseline.warmup", self.warmup)
    }

    /// How many readings the warm-up takes.
    pub(crate) fn warmup_steps(&self, clock: Clock, unit: TimeUnit) -> u64 {
        (self.warmup * clock.steps(unit) as f64).round() as u64
    }

    /// The baseline after one more reading of the warm-up. A baseline that is not positive is no
    /// baseline yet (0 before the first reading) and is replaced.
    pub(crate) fn learn(&self, baseline: f64, measured: f64) -> f64 {
        if baseline <= 0.0 {
            measured
        } else {
            self.ema_decay * baseline + (1.0 - self.ema_decay) * measured
        }
    }

    /// The baseline after the warm-up, where a missing one is still taken from the reading.
    pub(crate) fn settle(&self, baseline: f64, measured: f64) -> f64 {
        if baseline <= 0.0 { measured } else { baseline }
    }

    /// The target that belongs to a baseline.
    pub(crate) fn target(&self, baseline: f64) -> f64 {
        (self.ratio * baseline).max(self.minimum)
    }
}
