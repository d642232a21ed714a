//! Whether a step stands: it is looked at, shortened, or taken back.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::goals::Unavailable;
use crate::rejections::Outcome;
use crate::rules::Rules;
use crate::verdict::{Look, Reason, Verdict};

/// What happens to the optimizer's first moments after a step was taken back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Momentum {
    /// They are set to 0: the momentum that led out of bounds would lead there again.
    #[default]
    Zero,
    /// They are restored to what they were before the step, as in the published code.
    Keep,
}

/// A smaller learning rate for some steps after a rollback.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowdownConfig {
    /// The factor of the rate.
    pub factor: f64,
    /// For how many steps.
    pub steps: u64,
}

/// How steps are judged. The defaults are those of section 6.1 of the specification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StepConfig {
    /// How often a refused displacement is halved before it is taken back. Default 4.
    pub halvings: u32,
    /// By how much a violation that was there before may grow, in shares of the bounds. Default 1e-3.
    pub tolerance: f64,
    /// A step that raises the loss by more than this is refused as an explosion. Off by default: no source
    /// gives a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_rise: Option<f64>,
    /// What happens to the first moments.
    pub momentum: Momentum,
    /// A smaller rate after a rollback. Off by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slowdown: Option<SlowdownConfig>,
    /// After so many rollbacks in a row training should stop. Off by default; the latest revision has 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// Whose rules hold. The published ones ask only for a loss that is finite.
    pub rules: Rules,
}

impl Default for StepConfig {
    fn default() -> Self {
        Self {
            halvings: 4,
            tolerance: 1e-3,
            maximum_rise: None,
            momentum: Momentum::Zero,
            slowdown: None,
            patience: None,
            rules: Rules::Mended,
        }
    }
}

impl StepConfig {
    /// The note's revision: no halving, moments restored; a step is refused where no loss is left.
    pub fn parity_note() -> Self {
        Self { halvings: 0, momentum: Momentum::Keep, rules: Rules::Note, ..Self::default() }
    }

    /// The latest revision: no look ahead, a batch without a loss is skipped, 100 in a row are too many.
    pub fn parity_late() -> Self {
        Self { patience: Some(100), rules: Rules::Late, ..Self::parity_note() }
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// The first field that is not legal.
    pub fn init(&self) -> Result<StepSearch, ConfigError> {
        let rule = "must be at most 30";
        ConfigError::unless(self.halvings <= 30, "halvings", rule, self.halvings)?;
        ConfigError::not_negative("tolerance", self.tolerance)?;
        if let Some(rise) = self.maximum_rise {
            ConfigError::positive("maximum_rise", rise)?;
        }
        if let Some(SlowdownConfig { factor, steps }) = self.slowdown {
            let legal = factor > 0.0 && factor < 1.0;
            let rule = "must be above 0 and below 1";
            ConfigError::unless(legal, "slowdown.factor", rule, factor)?;
            ConfigError::unless(steps > 0, "slowdown.steps", "must be at least 1", steps)?;
        }
        if let Some(patience) = self.patience {
            ConfigError::unless(patience > 0, "patience", "must be at least 1", patience)?;
        }
        Ok(StepSearch { config: self.clone() })
    }
}

/// What to do with a step that was tried.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// It stands.
    Accept {
        /// Whether the batch was outside the bounds before the step.
        restoration: bool,
    },
    /// Try again with this share of the whole displacement, from the parameters before the step.
    Retry {
        /// 1/2, 1/4, …
        scale: f64,
    },
    /// Put parameters and optimizer back as they were before the step.
    RollBack {
        /// Why the last attempt was refused.
        reason: Reason,
        /// Whether the first moments are then set to 0.
        zero_momentum: bool,
    },
}

impl Decision {
    /// What became of the step; `None` while it is still being shortened.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            Self::Accept { restoration: false } => Some(Outcome::Accepted),
            Self::Accept { restoration: true } => Some(Outcome::Restored),
            Self::RollBack { .. } => Some(Outcome::Rejected),
            Self::Retry { .. } => None,
        }
    }
}

/// Judges steps; made by [`StepConfig::init`].
///
/// A trainer keeps parameters and optimizer of before, steps, looks at the same batch with the same noise,
/// and asks [`decide`](Self::decide) with `attempt = 0`; where it says so, again with 1, 2, ….
#[derive(Clone, Debug)]
pub struct StepSearch {
    config: StepConfig,
}

/// The memory of a [`StepSearch`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepState {
    /// Rollbacks in a row.
    streak: u64,
    /// For how many more steps the rate is reduced.
    slow: u64,
    /// Shortened steps that stand, since the beginning.
    shortened: u64,
}

impl StepState {
    /// Rollbacks in a row.
    pub fn streak(&self) -> u64 {
        self.streak
    }

    /// How many steps were accepted only after they had been shortened.
    pub fn shortened(&self) -> u64 {
        self.shortened
    }
}

impl StepSearch {
    /// The memory before the first step.
    pub fn init_state(&self) -> StepState {
        StepState::default()
    }

    /// Whether a step from `before` to `after` may stand; both looks at the same batch with the same noise.
    ///
    /// Mended: everything finite, no violation where there was none, and where there was one none that is
    /// larger by more than the tolerance.
    pub fn verdict(&self, before: Look, after: Look) -> Verdict {
        let reject = |reason| Verdict::Reject { reason };
        let lost = |lost| match lost {
            Unavailable::Dead { group } => Reason::Dead { group },
            Unavailable::NonFinite { goal } => Reason::NonFinite { goal: Some(goal) },
            _ => Reason::NonFinite { goal: None },
        };
        // The latest revision looks at the loss before the step alone.
        let decisive = if self.config.rules == Rules::Late { before } else { after };
        let loss = match decisive.loss {
            Ok(loss) if loss.is_finite() => loss,
            Ok(_) => return reject(Reason::NonFinite { goal: None }),
            Err(error) => return reject(lost(error)),
        };
        if self.config.rules != Rules::Mended {
            return Verdict::Accept { restoration: false };
        }
        let finite = before.violation.is_finite() && after.violation.is_finite();
        if !finite {
            return reject(Reason::NonFinite { goal: None });
        }
        let restoration = before.violation > 0.0;
        if !restoration && after.violation > 0.0 {
            return reject(Reason::BoxViolated { violation: after.violation });
        }
        if restoration && after.violation > before.violation + self.config.tolerance {
            let (before, after) = (before.violation, after.violation);
            return reject(Reason::ViolationGrew { before, after });
        }
        if let (Some(limit), Ok(first)) = (self.config.maximum_rise, before.loss)
            && loss - first > limit
        {
            return reject(Reason::Exploded { rise: loss - first, limit });
        }
        Verdict::Accept { restoration }
    }

    /// What to do with attempt `attempt`, counted from 0, of a step. A loss that was not there before the
    /// step has no gradient to shorten: that step is taken back at once.
    pub fn decide(
        &self,
        state: &mut StepState,
        attempt: u32,
        before: Look,
        after: Look,
    ) -> Decision {
        let reason = match self.verdict(before, after) {
            Verdict::Accept { restoration } => {
                state.streak = 0;
                state.slow = state.slow.saturating_sub(1);
                state.shortened += u64::from(attempt > 0);
                return Decision::Accept { restoration };
            }
            Verdict::Reject { reason } => reason,
        };
        let sound = before.loss.is_ok_and(f64::is_finite);
        if sound && attempt < self.config.halvings {
            return Decision::Retry { scale: 0.5_f64.powi(attempt as i32 + 1) };
        }
        state.streak = state.streak.saturating_add(1);
        state.slow = self.config.slowdown.map_or(0, |slowdown| slowdown.steps);
        Decision::RollBack { reason, zero_momentum: self.config.momentum == Momentum::Zero }
    }

    /// The factor of the learning rate for the coming step.
    pub fn rate_factor(&self, state: &StepState) -> f64 {
        match self.config.slowdown {
            Some(slowdown) if state.slow > 0 => slowdown.factor,
            _ => 1.0,
        }
    }

    /// Whether so many steps in a row were taken back that training should stop.
    pub fn stops(&self, state: &StepState) -> bool {
        self.config.patience.is_some_and(|patience| state.streak >= patience)
    }
}
