//! What a file says about a normalizer.

mod auto;
mod named;
mod rank;
mod winsor;

pub use auto::AutoConfig;
pub use rank::{RankConfig, RankSlope, Reference, Ties};
pub use winsor::{Centre, EmaConfig, Scale, WinsorConfig, WinsorSlope};

use homeostat_core::ConfigError;
use homeostat_signal::OrderWindow;
use serde::{Deserialize, Serialize};

use crate::normalizer::Normalizer;

/// Which normalizer, with its settings.
///
/// In a file a name, `"rank"`, or a table with the name as its only key,
/// `{ rank = { window = 1000 } }`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NormalizerConfig {
    /// N(x) = x, slope 1. Keeps the unit of the loss.
    None,
    /// The place of a loss among others, −1 … 1.
    Rank(RankConfig),
    /// The clipped z-score over a window.
    Winsor(WinsorConfig),
    /// The clipped z-score by exponential averages: three numbers instead of a window.
    Ema(EmaConfig),
    /// Rank or winsor, decided once by the shape of the first losses.
    Auto(AutoConfig),
}

/// What an infinite loss means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Infinity {
    /// No measurement: the status is `NonFinite`.
    #[default]
    Hold,
    /// +∞ reads as the largest value, +1 for a rank and +τ for a z-score. It is still not taken in.
    /// −∞ and NaN are held all the same: they must not look like a satisfied constraint.
    Saturate,
}

impl NormalizerConfig {
    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// The first field that is not legal, with its rule, as written in the normalizer's own table.
    pub fn init(&self) -> Result<Normalizer, ConfigError> {
        Normalizer::new(self)
    }
}

/// What rank and winsor have in common.
fn check_common(window: usize, min_count: usize, jitter: f64) -> Result<(), ConfigError> {
    let legal = (2..=OrderWindow::LARGEST).contains(&window);
    ConfigError::unless(legal, "window", "must be at least 2 and at most 16777216", window)?;
    ConfigError::unless(min_count >= 1, "min_count", "must be at least 1", min_count)?;
    ConfigError::unless(min_count <= window, "min_count", "must be at most window", min_count)?;
    let legal = (0.0..=0.5).contains(&jitter);
    ConfigError::unless(legal, "jitter", "must be at least 0 and at most 0.5", jitter)
}
