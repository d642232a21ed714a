//! Settings of the rank normalizer.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::{Infinity, check_common};

/// Settings of the rank normalizer.
///
/// Defaults: window 50,000 from the design note and its code; mid ties, secant slope from the
/// reference specification's recommendation; `min_count` 32 chosen there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RankConfig {
    /// How many losses are remembered, 2 … 2²⁴ = 16,777,216. Default 50,000.
    pub window: usize,
    /// What a tie counts. Default `mid`.
    pub ties: Ties,
    /// Whether a loss is ranked among itself and the past (default) or among the past alone.
    pub include_self: bool,
    /// The least number of values in the reference; below, the status is `Warming`. Default 32.
    pub min_count: usize,
    /// The values that a loss is compared with. Default `rolling`.
    pub reference: Reference,
    /// The slope that stands for the derivative of a step function. Default `secant`.
    pub slope: RankSlope,
    /// What an infinite loss means. Default `hold`.
    pub infinity: Infinity,
    /// Fraction of the window that a commit may leave out at random, in `[0, 0.5]`. Default 0.
    pub jitter: f64,
    /// Seed of the jitter. Default 0.
    pub seed: u64,
}

/// What a tie counts: with `L` values below, `E` equal and `n` in all, N = 2F − 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ties {
    /// F = (L + E)/n, the inclusive distribution function: a constant loss ranks +1.
    Upper,
    /// F = (L + E/2)/n: a constant loss ranks 0, and x → −x turns the sign.
    #[default]
    Mid,
    /// F = L/n: a constant loss ranks −1.
    Lower,
}

/// The values that a loss is compared with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reference {
    /// The newest losses of this run. Blind to the level of the loss.
    #[default]
    Rolling,
    /// The window as it is after `step` commits, from then on for ever; rolling before that.
    Frozen {
        /// After how many commits the window is kept.
        step: u64,
    },
    /// Losses of another run.
    Baseline {
        /// The losses, in any order.
        values: Vec<f64>,
    },
}

/// The slope that stands for the derivative of the rank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RankSlope {
    /// 1.6 / (Q₀.₉ − Q₀.₁): the chord over the central 80 %. Never 0; cheap.
    #[default]
    Secant,
    /// 2·f̂(x) with a Gaussian kernel: the slope of the smoothed rank, 0 in the tails. O(n) per step.
    Density,
    /// The larger of `density` and a quarter of `secant`. O(n) per step.
    DensityFloored,
    /// 1. The wrong unit; for parity only.
    Identity,
    /// The rank itself is smoothed by a logistic function, and this is its slope. O(n) per step.
    SoftRank,
}

impl Default for RankConfig {
    fn default() -> Self {
        Self {
            window: 50_000,
            ties: Ties::Mid,
            include_self: true,
            min_count: 32,
            reference: Reference::Rolling,
            slope: RankSlope::Secant,
            infinity: Infinity::Hold,
            jitter: 0.0,
            seed: 0,
        }
    }
}

impl RankConfig {
    /// The choices of the design note's code: upper ties, ranked from the second loss on. Its slope is
    /// that of `identity`.
    pub fn parity() -> Self {
        Self { ties: Ties::Upper, min_count: 2, slope: RankSlope::Identity, ..Self::default() }
    }

    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        check_common(self.window, self.min_count, self.jitter)?;
        let rolling = self.reference == Reference::Rolling;
        let rule = "must be 0 unless the reference is rolling";
        ConfigError::unless(rolling || self.jitter == 0.0, "jitter", rule, self.jitter)?;
        match &self.reference {
            Reference::Rolling => Ok(()),
            Reference::Frozen { step } => {
                let rule = "must be at least min_count";
                let legal = *step >= self.min_count as u64;
                ConfigError::unless(legal, "reference.frozen.step", rule, step)
            }
            Reference::Baseline { values } => {
                let field = "reference.baseline.values";
                for value in values {
                    let legal = value.abs() <= crate::LARGEST;
                    ConfigError::unless(legal, field, "must be finite, at most 1e140", value)?;
                }
                let (rule, count) = ("must be at least min_count values", values.len());
                ConfigError::unless(count >= self.min_count, field, rule, count)
            }
        }
    }
}
