//! Settings of the winsor normalizers: clipped z-scores over a window or an exponential average.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::{Infinity, check_common};

/// Settings of the winsor normalizer: N = clip((x − centre)/scale, ±τ).
///
/// Defaults: τ = 3, mean and standard deviation from the design note; window 10,000 from its code;
/// straight-through slope from the reference specification's recommendation; `min_count` 32 chosen
/// there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WinsorConfig {
    /// How many losses are remembered, 2 … 2²⁴ = 16,777,216. Default 10,000.
    pub window: usize,
    /// Default `mean`.
    pub centre: Centre,
    /// Default `std`.
    pub scale: Scale,
    /// The limit of the z-score, above 0. Default 3.
    pub tau: f64,
    /// The slope outside the limits. Default `straight-through`.
    pub slope: WinsorSlope,
    /// Whether a loss is part of its own centre and scale (default) or not. If it is, |z| ≤ √(n − 1),
    /// so that nothing is clipped at τ = 3 before the eleventh loss.
    pub include_self: bool,
    /// The least number of values in the window; below, the status is `Warming`. Default 32.
    pub min_count: usize,
    /// What an infinite loss means. Default `hold`.
    pub infinity: Infinity,
    /// Fraction of the window that a commit may leave out at random, in `[0, 0.5]`. Default 0.
    pub jitter: f64,
    /// Seed of the jitter. Default 0.
    pub seed: u64,
}

/// Where z = 0 is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Centre {
    /// The arithmetic mean.
    #[default]
    Mean,
    /// The median.
    Median,
}

/// The unit of z. A scale of 0 falls back to `std`, and that to the floor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scale {
    /// The population standard deviation.
    #[default]
    Std,
    /// 1.4826 · the median absolute deviation from the median.
    Mad,
    /// The interquartile range / 1.349.
    Iqr,
}

/// The slope outside ±τ; inside it is 1/scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WinsorSlope {
    /// 1/scale everywhere: the worst violations still push.
    #[default]
    StraightThrough,
    /// 0, the exact derivative: dead exactly where the violation is largest.
    Zero,
    /// 1/scale above +τ and 0 below −τ.
    Hinge,
}

impl Default for WinsorConfig {
    fn default() -> Self {
        Self {
            window: 10_000,
            centre: Centre::Mean,
            scale: Scale::Std,
            tau: 3.0,
            slope: WinsorSlope::StraightThrough,
            include_self: true,
            min_count: 32,
            infinity: Infinity::Hold,
            jitter: 0.0,
            seed: 0,
        }
    }
}

impl WinsorConfig {
    /// Mean and standard deviation, as the design note's mathematics says: the default.
    pub fn spec() -> Self {
        Self::default()
    }

    /// Median and standard deviation from the second loss on, as the design note's code does.
    pub fn repo() -> Self {
        Self { centre: Centre::Median, min_count: 2, ..Self::default() }
    }

    /// Median and MAD: one outlier does not move the scale. For losses with spikes.
    pub fn robust() -> Self {
        Self { centre: Centre::Median, scale: Scale::Mad, ..Self::default() }
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        check_common(self.window, self.min_count, self.jitter)?;
        ConfigError::positive("tau", self.tau)
    }
}

/// Settings of the winsor normalizer without a window: exponential mean and variance.
///
/// Defaults: τ = 3 from the design note; β = 0.01 and `min_count` 32 chosen by the reference
/// specification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmaConfig {
    /// The weight of the newest loss, in `(0, 1)`. Default 0.01.
    pub beta: f64,
    /// The limit of the z-score, above 0. Default 3.
    pub tau: f64,
    /// The slope outside the limits. Default `straight-through`.
    pub slope: WinsorSlope,
    /// The least number of losses; below, the status is `Warming`. Default 32.
    pub min_count: usize,
    /// What an infinite loss means. Default `hold`.
    pub infinity: Infinity,
}

impl Default for EmaConfig {
    fn default() -> Self {
        Self {
            beta: 0.01,
            tau: 3.0,
            slope: WinsorSlope::StraightThrough,
            min_count: 32,
            infinity: Infinity::Hold,
        }
    }
}

impl EmaConfig {
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let legal = self.beta > 0.0 && self.beta < 1.0;
        ConfigError::unless(legal, "beta", "must be above 0 and below 1", self.beta)?;
        ConfigError::unless(self.min_count >= 1, "min_count", "must be at least 1", 0)?;
        ConfigError::positive("tau", self.tau)
    }
}
