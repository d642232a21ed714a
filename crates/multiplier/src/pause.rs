//! Pauses a multiplier whose rise makes the constraint easier instead of the model better.

use homeostat_core::ConfigError;
use homeostat_signal::PairRing;
use serde::{Deserialize, Serialize};

/// Anti-covariance gate: over the newest pairs of multiplier and *ease* — a number that grows when
/// the constraint becomes easier for another reason than a better model, such as the share of masked
/// items — pauses where Pearson's r exceeds `threshold` and goes on where it is at most `release`.
///
/// Only a positive association pauses. The gate opens by itself: while it is closed the multiplier
/// is constant, so that its variance in the window falls to 0 and r with it. Without an ease nothing
/// ever pauses. Defaults: chosen in the reference specification of the dual optimizer, section 6.4.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PauseConfig {
    /// Pauses above this r. Default 0.8.
    pub threshold: f64,
    /// Goes on at this r. Default 0.5.
    pub release: f64,
    /// How many pairs are looked at. Default 128.
    pub window: usize,
    /// So many must be there. Default 32.
    pub minimum: usize,
    /// Pauses above this covariance too. Default: none, because its unit is that of the ease.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covariance: Option<f64>,
}

impl Default for PauseConfig {
    fn default() -> Self {
        Self { threshold: 0.8, release: 0.5, window: 128, minimum: 32, covariance: None }
    }
}

impl PauseConfig {
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        let Self { threshold, release, window, minimum, covariance } = *self;
        let legal = threshold > 0.0 && threshold <= 1.0;
        ConfigError::unless(legal, "pause.threshold", "must be above 0 and at most 1", threshold)?;
        let legal = release > 0.0 && release <= threshold;
        let rule = "must be above 0 and at most pause.threshold";
        ConfigError::unless(legal, "pause.release", rule, release)?;
        ConfigError::unless(minimum >= 2, "pause.minimum", "must be at least 2", minimum)?;
        let found = format_args!("{minimum} with window {window}");
        let rule = "must be at most pause.window";
        ConfigError::unless(minimum <= window, "pause.minimum", rule, found)?;
        covariance.map_or(Ok(()), |limit| ConfigError::positive("pause.covariance", limit))
    }

    /// Empty memory.
    pub(crate) fn start(&self) -> PauseState {
        PauseState { pairs: PairRing::new(self.window), association: 0.0, paused: false }
    }

    /// Takes in a pair and says whether the multiplier is paused. An ease that is not finite is
    /// left out.
    pub(crate) fn observe(&self, state: &mut PauseState, multiplier: f64, ease: f64) -> bool {
        if state.pairs.push(multiplier, ease) && state.pairs.len() >= self.minimum {
            state.association = state.pairs.correlation();
            let limit = if state.paused { self.release } else { self.threshold };
            let covaries = self.covariance.is_some_and(|limit| state.pairs.covariance() > limit);
            state.paused = state.association > limit || covaries;
        }
        state.paused
    }
}

/// The memory of a [`PauseConfig`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PauseState {
    pairs: PairRing,
    association: f64,
    paused: bool,
}

impl PauseState {
    /// Pearson's r of the last pair, 0 before there are enough.
    pub(crate) fn association(&self) -> f64 {
        self.association
    }

    /// Whether the gate is closed.
    pub(crate) fn paused(&self) -> bool {
        self.paused
    }

    /// Whether a memory from a file belongs to these settings.
    pub(crate) fn fits(&self, config: &PauseConfig) -> bool {
        self.pairs.capacity() == config.window
    }
}
