//! Smaller dual steps after a pause, after a fallback and after a jump of the target.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

/// `η · f(j)`, `f(j) = f₀ + (1 − f₀) · min(1, j / N)`, j the dual updates since the resume.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResumeConfig {
    /// f₀, the share of the rate in the first update. Default 0.1.
    pub factor: f64,
    /// N, the updates until the rate is whole again. Default 200.
    pub steps: u64,
}

impl Default for ResumeConfig {
    fn default() -> Self {
        Self { factor: 0.1, steps: 200 }
    }
}

impl ResumeConfig {
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let legal = self.factor > 0.0 && self.factor <= 1.0;
        ConfigError::unless(legal, "resume.factor", "must be above 0 and at most 1", self.factor)
    }

    /// The factor of the rate in update `j` since the resume, counted from 0.
    pub fn at(&self, updates: u64) -> f64 {
        if updates >= self.steps {
            1.0
        } else {
            self.factor + (1.0 - self.factor) * (updates as f64 / self.steps as f64)
        }
    }
}
