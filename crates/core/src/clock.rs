//! The unit in which a law counts time.

use serde::{Deserialize, Serialize};

use crate::error::ConfigError;

/// In which unit the gains, rates and durations of a configuration are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeUnit {
    /// One call of the law.
    #[default]
    Step,
    /// One pass over the training data, of as many steps as the [`Clock`] says.
    Epoch,
}

/// How long an epoch is. A configuration is turned into a law with a clock, so that a gain written
/// per epoch means the same for every batch size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    steps_per_epoch: u64,
}

impl Clock {
    /// A clock whose epoch has this many steps.
    pub fn new(steps_per_epoch: u64) -> Result<Self, ConfigError> {
        ConfigError::unless(
            steps_per_epoch > 0,
            "steps_per_epoch",
            "must be at least 1",
            steps_per_epoch,
        )?;
        Ok(Self { steps_per_epoch })
    }

    /// How many steps an epoch has.
    pub fn steps_per_epoch(self) -> u64 {
        self.steps_per_epoch
    }

    /// How many steps the unit has.
    pub fn steps(self, unit: TimeUnit) -> u64 {
        match unit {
            TimeUnit::Step => 1,
            TimeUnit::Epoch => self.steps_per_epoch,
        }
    }

    /// A gain per unit, as a gain per step.
    pub fn rate(self, unit: TimeUnit, rate: f64) -> f64 {
        rate / self.steps(unit) as f64
    }
}

impl Default for Clock {
    /// One step per epoch: both units mean the same.
    fn default() -> Self {
        Self { steps_per_epoch: 1 }
    }
}
