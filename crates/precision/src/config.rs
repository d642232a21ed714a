//! What stands in a file about a learned precision.

use homeostat_core::{Clock, ConfigError, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::law::Precision;
use crate::mode::Mode;

/// Configuration of a [`Precision`].
///
/// ```toml
/// law.precision = { mode = { closed-form = { averaging_time = 50.0 } } }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrecisionConfig {
    /// How the minimum is followed.
    pub mode: Mode,
    /// The unit of the mode's numbers. Default: step.
    #[serde(default)]
    pub time_unit: TimeUnit,
    /// The log-variance before the first step. Default 0, the reference's: the weight is 1.
    #[serde(default)]
    pub initial: f64,
    /// The least log-variance; the weight never exceeds `exp(−minimum)`, whatever becomes of the
    /// loss. Default −10, where LBO-VAE (like most code) limits log-variances; the design report
    /// has no limits.
    #[serde(default = "default_minimum")]
    pub minimum: f64,
    /// The greatest log-variance. Default 10, as above.
    #[serde(default = "default_maximum")]
    pub maximum: f64,
}

fn default_minimum() -> f64 {
    -10.0
}

fn default_maximum() -> f64 {
    10.0
}

impl PrecisionConfig {
    /// Defaults around a mode.
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            time_unit: TimeUnit::default(),
            initial: 0.0,
            minimum: default_minimum(),
            maximum: default_maximum(),
        }
    }

    /// Checks every field and makes the law.
    pub fn init(&self, clock: Clock) -> Result<Precision, ConfigError> {
        self.mode.validate(clock, self.time_unit)?;
        // exp(±700) is the last that is finite and above zero.
        let representable = |value: f64| value.abs() <= 700.0;
        ConfigError::unless(
            representable(self.minimum),
            "minimum",
            "must be finite and at most 700 in size",
            self.minimum,
        )?;
        ConfigError::unless(
            representable(self.maximum),
            "maximum",
            "must be finite and at most 700 in size",
            self.maximum,
        )?;
        ConfigError::unless(
            self.minimum < self.maximum,
            "maximum",
            "must be above minimum",
            format_args!("{} with minimum {}", self.maximum, self.minimum),
        )?;
        ConfigError::unless(
            (self.minimum..=self.maximum).contains(&self.initial),
            "initial",
            "must lie between minimum and maximum",
            format_args!("{} outside {} … {}", self.initial, self.minimum, self.maximum),
        )?;
        Ok(Precision::new(self, clock))
    }
}
