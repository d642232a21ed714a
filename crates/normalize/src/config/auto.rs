//! Settings of the normalizer that chooses for itself.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::{RankConfig, WinsorConfig};

/// Settings of the normalizer that chooses between rank and winsor, once.
///
/// Rank is chosen for losses with heavy tails (excess kurtosis above 1.5) or few distinct values
/// (fewer than 20 %), as the reference specification says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AutoConfig {
    /// After how many losses the choice is made, at least 8. Default 256, ours: the standard error of
    /// the excess kurtosis of a normal distribution, √(24/n), is then 0.3, a fifth of the limit.
    pub warmup: u64,
    /// Settings of the rank.
    pub rank: RankConfig,
    /// Settings of the z-score.
    pub winsor: WinsorConfig,
}

impl Default for AutoConfig {
    fn default() -> Self {
        Self { warmup: 256, rank: RankConfig::default(), winsor: WinsorConfig::default() }
    }
}

/// A field of a child, as it is written in the table of the choice.
const FIELDS: [(&str, &str, &str); 6] = [
    ("window", "rank.window", "winsor.window"),
    ("min_count", "rank.min_count", "winsor.min_count"),
    ("jitter", "rank.jitter", "winsor.jitter"),
    ("tau", "rank.tau", "winsor.tau"),
    ("reference.frozen.step", "rank.reference.frozen.step", "winsor.reference.frozen.step"),
    ("reference.baseline.values", "rank.reference.baseline.values", "winsor.reference.baseline"),
];

impl AutoConfig {
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let name = |mut error: ConfigError, rank: bool| {
            if let Some((_, first, second)) = FIELDS.iter().find(|names| names.0 == error.field) {
                error.field = if rank { first } else { second };
            }
            error
        };
        self.rank.validate().map_err(|error| name(error, true))?;
        self.winsor.validate().map_err(|error| name(error, false))?;
        ConfigError::unless(self.warmup >= 8, "warmup", "must be at least 8", self.warmup)
    }
}
