//! Scales of goals, found from the first batches.

use homeostat_core::ConfigError;
use homeostat_signal::OrderWindow;
use serde::{Deserialize, Serialize};

/// Which statistic of the samples becomes the scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScaleStatistic {
    /// The median, and the maximum where the median is below `degenerate`.
    #[default]
    Median,
    /// The 95th percentile or the mean, whichever is larger.
    UpperQuantile,
    /// The maximum.
    Maximum,
}

/// How scales are found. The defaults are those of the revision the note describes, but for `batches`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CalibrationConfig {
    /// How many batches are looked at. Default 10, that of the small model; the note's run has 200.
    pub batches: u64,
    /// Which statistic of a goal's values becomes its scale.
    pub statistic: ScaleStatistic,
    /// Below this a median does not count. Default 1e-4.
    pub degenerate: f64,
    /// The smallest scale. Default 1e-3.
    pub floor: f64,
    /// Factor of every calibrated scale until the end of the first epoch. Default 1.10.
    pub margin: f64,
    /// The scale of a goal without a single finite value. Default 1.
    pub fallback: f64,
}

impl Default for CalibrationConfig {
    fn default() -> Self {
        Self {
            batches: 10,
            statistic: ScaleStatistic::Median,
            degenerate: 1e-4,
            floor: 1e-3,
            margin: 1.1,
            fallback: 1.0,
        }
    }
}

impl CalibrationConfig {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let legal = (1..=OrderWindow::LARGEST as u64).contains(&self.batches);
        let rule = "must be at least 1 and at most 2^24";
        ConfigError::unless(legal, "calibration.batches", rule, self.batches)?;
        ConfigError::not_negative("calibration.degenerate", self.degenerate)?;
        ConfigError::positive("calibration.floor", self.floor)?;
        let legal = self.margin.is_finite() && self.margin >= 1.0;
        let rule = "must be finite and at least 1";
        ConfigError::unless(legal, "calibration.margin", rule, self.margin)?;
        ConfigError::positive("calibration.fallback", self.fallback)
    }

    /// The scale that these values give, without the margin of the first epoch.
    pub fn scale(&self, samples: &OrderWindow) -> f64 {
        let count = samples.len();
        let (Some(median), Some(largest)) = (samples.median(), last(samples)) else {
            return self.fallback;
        };
        let found = match self.statistic {
            ScaleStatistic::Median if median < self.degenerate => largest,
            ScaleStatistic::Median => median,
            ScaleStatistic::UpperQuantile => {
                let mean = samples.iter().map(|value| value / count as f64).sum();
                samples.quantile(0.95).unwrap_or(largest).max(mean)
            }
            ScaleStatistic::Maximum => largest,
        };
        found.max(self.floor)
    }
}

/// The largest value.
pub(crate) fn last(samples: &OrderWindow) -> Option<f64> {
    samples.select(samples.len().checked_sub(1)?)
}
