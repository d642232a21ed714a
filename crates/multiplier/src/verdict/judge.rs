//! How a verdict is found, one update at a time.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::trend::TrendWindow;
use super::{Evidence, Verdict};

/// When a constraint counts as one that cannot be satisfied. All numbers are chosen, after the
/// diagnosis rules "pinned" and "never satisfied".
///
/// The verdict is given when λ has been at its cap for `updates` updates in a row (where it has no cap:
/// has risen in as many; where a family shares a budget: has been lowered by it), hardly any of these was satisfied, and the violation since then does not fall.
/// It is taken back when the smoothed violation is within the tolerance, when λ has been clearly below
/// its cap for `updates` updates in a row, or when the violation falls twice as surely.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JudgeConfig {
    /// λ counts as being at its cap from this share of it on. Default 0.99.
    pub cap_share: f64,
    /// λ counts as clearly below its cap under this share of it. Default 0.9.
    pub release_share: f64,
    /// For how many updates in a row. Default 50.
    pub updates: u64,
    /// How many of the newest updates at the cap the regression looks at. Default 512.
    pub window: usize,
    /// The violation counts as falling at this t value or below. Default −2.
    pub falling: f64,
    /// The greatest share of satisfied updates at the cap. Default 0.05.
    pub satisfied_share: f64,
    /// Weight of the new violation in the smoothed one. Default 0.1.
    pub smoothing: f64,
}

impl Default for JudgeConfig {
    fn default() -> Self {
        Self {
            cap_share: 0.99,
            release_share: 0.9,
            updates: 50,
            window: 512,
            falling: -2.0,
            satisfied_share: 0.05,
            smoothing: 0.1,
        }
    }
}

impl JudgeConfig {
    /// Checks every field.
    pub fn init(&self) -> Result<Judge, ConfigError> {
        let share = |field, value: f64| {
            let rule = "must be above 0 and at most 1";
            ConfigError::unless(value > 0.0 && value <= 1.0, field, rule, value)
        };
        share("verdict.cap_share", self.cap_share)?;
        share("verdict.release_share", self.release_share)?;
        ConfigError::unless(
            self.release_share <= self.cap_share,
            "verdict.release_share",
            "must not be above cap_share",
            self.release_share,
        )?;
        let least = "must be at least 3, because a trend needs as many";
        ConfigError::unless(self.updates >= 3, "verdict.updates", least, self.updates)?;
        ConfigError::unless(self.window >= 3, "verdict.window", least, self.window)?;
        let negative = self.falling.is_finite() && self.falling < 0.0;
        let rule = "must be finite and below 0";
        ConfigError::unless(negative, "verdict.falling", rule, self.falling)?;
        ConfigError::unless(
            (0.0..1.0).contains(&self.satisfied_share),
            "verdict.satisfied_share",
            "must be at least 0 and below 1",
            self.satisfied_share,
        )?;
        share("verdict.smoothing", self.smoothing)?;
        Ok(Judge { config: *self })
    }
}

/// A checked [`JudgeConfig`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judge {
    config: JudgeConfig,
}

/// What the judge is told about one update.
#[derive(Clone, Copy, Debug)]
pub struct JudgeReading {
    /// λ after the update; of an equality its absolute value.
    pub multiplier: f64,
    /// λ_max, infinite where there is none.
    pub maximum: f64,
    /// Whether something keeps λ from rising below that cap, as the budget of its family does.
    pub held: bool,
    /// The violation, positive where the constraint is violated; of an equality its absolute value.
    /// Finite.
    pub violation: f64,
    /// Up to which violation the constraint counts as satisfied.
    pub tolerance: f64,
}

/// The memory of a [`Judge`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeState {
    updates: u64,
    multiplier: f64,
    violation: f64,
    tolerance: f64,
    /// For how many updates in a row λ has been at its cap, held or rising.
    pinned: u64,
    /// How many of those in the window were satisfied.
    satisfied: u64,
    /// For how many updates in a row λ has been clearly below its cap.
    released: u64,
    since: Option<u64>,
    window: TrendWindow,
}

impl Judge {
    /// The memory at the start.
    pub fn init_state(&self) -> JudgeState {
        JudgeState {
            updates: 0,
            multiplier: 0.0,
            violation: 0.0,
            tolerance: 0.0,
            pinned: 0,
            satisfied: 0,
            released: 0,
            since: None,
            window: TrendWindow::new(self.config.window),
        }
    }

    /// Takes one update in; constant cost on average, no allocation.
    pub fn observe(&self, state: &mut JudgeState, reading: JudgeReading) {
        let config = &self.config;
        let first = state.updates == 0;
        let violation = bounded(reading.violation);
        let capped = reading.maximum.is_finite();
        let pinned = if reading.held {
            true
        } else if capped {
            reading.multiplier >= config.cap_share * reading.maximum
        } else {
            !first && reading.multiplier > state.multiplier
        };
        let released = if capped && !reading.held {
            reading.multiplier < config.release_share * reading.maximum
        } else {
            !pinned
        };

        state.updates = state.updates.saturating_add(1);
        state.multiplier = reading.multiplier;
        state.tolerance = reading.tolerance;
        state.violation = if first {
            violation
        } else {
            (1.0 - config.smoothing) * state.violation + config.smoothing * violation
        };
        state.released = if released { state.released.saturating_add(1) } else { 0 };
        if pinned {
            if state.pinned == 0 {
                state.window.clear();
                state.satisfied = 0;
            }
            state.pinned = state.pinned.saturating_add(1);
            let is_satisfied = |violation: f64| u64::from(violation <= reading.tolerance);
            let evicted = state.window.push(violation, config.window).map_or(0, is_satisfied);
            // The tolerance may have moved since the evicted update was counted.
            state.satisfied = (state.satisfied + is_satisfied(violation)).saturating_sub(evicted);
        } else {
            state.pinned = 0;
        }
        self.decide(state);
    }

    fn decide(&self, state: &mut JudgeState) {
        let config = &self.config;
        let trend = state.window.trend();
        if state.since.is_some() {
            let over = state.violation <= state.tolerance
                || state.released >= config.updates
                || (state.pinned >= config.updates && trend.t_value <= 2.0 * config.falling);
            if over {
                state.since = None;
            }
        } else {
            let violated = state.violation > state.tolerance && trend.mean > state.tolerance;
            let share = state.satisfied as f64 / state.window.len().max(1) as f64;
            let stuck = state.pinned >= config.updates
                && share <= config.satisfied_share
                && trend.t_value > config.falling;
            if violated && stuck {
                state.since = Some(state.updates);
            }
        }
    }

    /// What is known now.
    pub fn verdict(&self, state: &JudgeState) -> Verdict {
        match state.since {
            _ if state.updates == 0 => Verdict::Unmeasured,
            Some(since) => {
                let trend = state.window.trend();
                Verdict::Unsatisfiable(Evidence {
                    multiplier: state.multiplier,
                    updates: state.pinned,
                    mean_violation: trend.mean,
                    slope: trend.slope,
                    t_value: trend.t_value,
                    since,
                })
            }
            None if state.violation <= state.tolerance => Verdict::Satisfied,
            None => Verdict::Converging,
        }
    }

    /// Makes room in a loaded memory, so that [`observe`](Self::observe) allocates nothing.
    pub fn reserve(&self, state: &mut JudgeState) {
        state.window.reserve(self.config.window);
    }

    /// Whether a loaded memory belongs to this configuration.
    pub fn check(&self, state: &JudgeState) -> Result<(), ConfigError> {
        let found = format_args!("{} updates", state.window.len());
        let rule = "must fit the window of the verdict";
        ConfigError::unless(state.window.fits(self.config.window), "saved verdict", rule, found)
    }
}

/// The squares of the regression stay finite.
fn bounded(violation: f64) -> f64 {
    violation.clamp(-1e150, 1e150)
}
