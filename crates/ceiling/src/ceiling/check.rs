//! Which settings of a ceiling are legal.

use homeostat_core::{Clock, ConfigError};
use homeostat_signal::OrderWindow;

use super::config::{CeilingConfig, CeilingTarget};
use super::squeeze::Squeeze;
use super::{Ceiling, GUARD_MARGIN};
use crate::rules::Rules;

impl CeilingConfig {
    /// Checks every field and makes the controller. The clock says how many batches an epoch has.
    ///
    /// # Errors
    ///
    /// The first field that is not legal.
    pub fn init(&self, clock: Clock) -> Result<Ceiling, ConfigError> {
        ConfigError::unless(!self.goals.is_empty(), "goals", "must name at least one", "none")?;
        for (index, name) in self.goals.iter().enumerate() {
            let legal = !name.is_empty() && !self.goals[..index].contains(name);
            ConfigError::unless(legal, "goals", "must have different names", name)?;
        }
        ConfigError::positive("lower", self.lower)?;
        let legal = self.healthy > 0.0 && self.healthy < 1.0;
        ConfigError::unless(legal, "healthy", "must be above 0 and below 1", self.healthy)?;
        self.check_discovery(clock)?;
        self.squeeze.check()?;
        let target = self.check_target()?;
        self.check_backoff()?;
        self.check_tightening()?;
        if let Some(limit) = self.explosion {
            ConfigError::positive("explosion", limit)?;
        }
        self.check_rules()?;
        let total = self.discovery.epochs * clock.steps_per_epoch();
        let first = ((self.discovery.from * total as f64).round() as u64).min(total - 1);
        Ok(Ceiling {
            config: self.clone(),
            target,
            first_sample: first,
            samples: total - first,
            clock,
        })
    }

    fn check_discovery(&self, clock: Clock) -> Result<(), ConfigError> {
        let discovery = &self.discovery;
        let batches = discovery.epochs.checked_mul(clock.steps_per_epoch());
        let legal = batches.is_some_and(|all| (1..=OrderWindow::LARGEST as u64).contains(&all));
        let rule = "must be at least 1 and at most 2^24 batches";
        ConfigError::unless(legal, "discovery.epochs", rule, discovery.epochs)?;
        let share = |field, value: f64| {
            let rule = "must be at least 0 and below 1";
            ConfigError::unless((0.0..1.0).contains(&value), field, rule, value)
        };
        share("discovery.from", discovery.from)?;
        let legal = discovery.quantile > 0.0 && discovery.quantile <= 1.0;
        let rule = "must be above 0 and at most 1";
        ConfigError::unless(legal, "discovery.quantile", rule, discovery.quantile)?;
        ConfigError::positive("discovery.outlier", discovery.outlier)?;
        let legal = discovery.headroom.is_finite() && discovery.headroom >= 1.0;
        let rule = "must be finite and at least 1";
        ConfigError::unless(legal, "discovery.headroom", rule, discovery.headroom)
    }

    fn check_target(&self) -> Result<CeilingTarget, ConfigError> {
        let target = match (&self.squeeze, self.target) {
            (Squeeze::Absolute { ceilings }, None) => {
                CeilingTarget::Absolute(ceilings.last().copied().unwrap_or(f64::NAN))
            }
            (Squeeze::Absolute { .. }, Some(_)) => {
                let rule = "must be left out where the squeeze is absolute: its last ceiling is the \
                            target";
                return Err(ConfigError::new("target", rule, "a target"));
            }
            (_, Some(target)) => target,
            (_, None) => {
                let rule = "must be given: { absolute = … } or { relative = … }";
                return Err(ConfigError::new("target", rule, "nothing"));
            }
        };
        match target {
            CeilingTarget::Absolute(value) => {
                let legal = value.is_finite() && value >= self.floor();
                let rule = "must be finite and at least 1.5 lower / healthy, so that the best value \
                            lies between guard and ceiling";
                let field = match self.squeeze {
                    Squeeze::Absolute { .. } => "squeeze.absolute.ceilings",
                    _ => "target.absolute",
                };
                ConfigError::unless(legal, field, rule, value)?;
            }
            CeilingTarget::Relative(share) => {
                let legal = share > 0.0 && share <= 1.0;
                let rule = "must be above 0 and at most 1";
                ConfigError::unless(legal, "target.relative", rule, share)?;
            }
        }
        Ok(target)
    }

    fn check_backoff(&self) -> Result<(), ConfigError> {
        let backoff = &self.backoff;
        let legal = backoff.maximum_rate > 0.0 && backoff.maximum_rate < 1.0;
        let rule = "must be above 0 and below 1";
        ConfigError::unless(legal, "backoff.maximum_rate", rule, backoff.maximum_rate)?;
        let legal = backoff.target_rate > 0.0 && backoff.target_rate <= backoff.maximum_rate;
        let rule = "must be above 0 and at most maximum_rate";
        ConfigError::unless(legal, "backoff.target_rate", rule, backoff.target_rate)?;
        let legal = backoff.slower > 0.0 && backoff.slower < 1.0;
        let rule = "must be above 0 and below 1";
        ConfigError::unless(legal, "backoff.slower", rule, backoff.slower)?;
        let legal = backoff.faster.is_finite() && backoff.faster >= 1.0;
        let rule = "must be finite and at least 1";
        ConfigError::unless(legal, "backoff.faster", rule, backoff.faster)?;
        let legal = backoff.least > 0.0 && backoff.least <= 1.0;
        let rule = "must be above 0 and at most 1";
        ConfigError::unless(legal, "backoff.least", rule, backoff.least)?;
        ConfigError::not_negative("backoff.retreat", backoff.retreat)?;
        let legal = (0.0..=1.0).contains(&backoff.restorations);
        let rule = "must be at least 0 and at most 1";
        ConfigError::unless(legal, "backoff.restorations", rule, backoff.restorations)?;
        let legal = backoff.give_up.is_none_or(|tries| tries > 0);
        let found = backoff.give_up.unwrap_or(0);
        ConfigError::unless(legal, "backoff.give_up", "must be at least 1", found)
    }

    fn check_tightening(&self) -> Result<(), ConfigError> {
        let tightening = &self.tightening;
        let legal = tightening.factor > 0.0 && tightening.factor <= 1.0;
        let rule = "must be above 0 and at most 1";
        ConfigError::unless(legal, "tightening.factor", rule, tightening.factor)?;
        let legal = (1..=1000).contains(&tightening.window);
        let rule = "must be at least 1 and at most 1000";
        ConfigError::unless(legal, "tightening.window", rule, tightening.window)?;
        let legal = (0.0..=1.0).contains(&tightening.threshold);
        let rule = "must be at least 0 and at most 1";
        ConfigError::unless(legal, "tightening.threshold", rule, tightening.threshold)
    }

    /// The published rules know one kind of squeeze each.
    fn check_rules(&self) -> Result<(), ConfigError> {
        let (legal, rule) = match self.rules {
            Rules::Mended => (true, ""),
            Rules::Note => (
                matches!(self.squeeze, Squeeze::Absolute { .. }),
                "must be \"mended\", or the squeeze absolute",
            ),
            Rules::Late => (
                matches!(self.squeeze, Squeeze::Geometric { .. })
                    && matches!(self.target, Some(CeilingTarget::Absolute(_))),
                "must be \"mended\", or the squeeze geometric and the target absolute",
            ),
        };
        let found = if self.rules == Rules::Note { "note" } else { "late" };
        ConfigError::unless(legal, "rules", rule, found)
    }

    /// The lowest ceiling that leaves room for guard and best value.
    pub(crate) fn floor(&self) -> f64 {
        GUARD_MARGIN * self.lower / self.healthy
    }
}
