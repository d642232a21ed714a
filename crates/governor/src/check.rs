//! Which values of a [`GovernorConfig`] are legal.

use homeostat_core::{Clock, ConfigError};

use crate::config::{GovernorConfig, OnViolation, Rules, UpdateRatioMeasure};
use crate::law::Governor;

impl GovernorConfig {
    /// Checks every field and makes the law.
    pub fn init(&self, clock: Clock) -> Result<Governor, ConfigError> {
        self.check_rates()?;
        self.check_decisions()?;
        self.check_limits()?;
        if self.rules == Rules::Reference {
            self.check_reference()?;
        }
        // A quarter of an epoch is a fine window; it has at least one step.
        let steps = (self.window * clock.steps(self.time_unit) as f64).round();
        let legal = self.window > 0.0 && steps < 2_f64.powi(53);
        ConfigError::unless(
            legal,
            "window",
            "must be above 0 and less than 2^53 steps",
            self.window,
        )?;
        Ok(Governor::new(self.clone(), (steps as u64).max(1)))
    }

    /// For whoever wires the law: a limit or a rule without its readings would never act.
    pub fn check_wiring(
        &self,
        loss: bool,
        gradient_norm: bool,
        parameter_norm: bool,
        update_norm: bool,
    ) -> Result<(), ConfigError> {
        if self.rules == Rules::Reference {
            let rule = "\"reference\" needs a wired loss and a wired gradient norm";
            ConfigError::unless(loss && gradient_norm, "rules", rule, "not both")?;
        }
        if self.maximum_update_ratio.is_some() {
            let (wired, rule) = match self.update_ratio_measure {
                UpdateRatioMeasure::Measured => {
                    (update_norm, "needs a wired parameter norm and a wired update norm")
                }
                UpdateRatioMeasure::Gradient => {
                    (gradient_norm, "needs a wired parameter norm and a wired gradient norm")
                }
            };
            let wired = wired && parameter_norm;
            ConfigError::unless(wired, "maximum_update_ratio", rule, "not both")?;
        }
        let wired = gradient_norm || self.maximum_velocity.is_none();
        ConfigError::unless(wired, "maximum_velocity", "needs a wired gradient norm", "none")
    }

    /// The initial rate of a checked configuration.
    pub(crate) fn first_rate(&self) -> f64 {
        self.initial.unwrap_or(self.minimum)
    }

    fn check_rates(&self) -> Result<(), ConfigError> {
        let legal = self.maximum > 0.0 && self.maximum <= 1e100;
        ConfigError::unless(legal, "maximum", "must be above 0 and at most 1e100", self.maximum)?;
        ConfigError::positive("minimum", self.minimum)?;
        let initial = ConfigError::given("initial", self.initial)?;
        ConfigError::positive("initial", initial)?;
        let legal = self.minimum <= initial && initial <= self.maximum;
        ConfigError::unless(legal, "initial", "must lie between minimum and maximum", initial)
    }

    fn check_decisions(&self) -> Result<(), ConfigError> {
        for (field, factor) in
            [("increase_factor", self.increase_factor), ("recovery_factor", self.recovery_factor)]
        {
            let legal = factor.is_finite() && factor >= 1.0;
            ConfigError::unless(legal, field, "must be finite and at least 1", factor)?;
        }
        let shrinks = self.decrease_factor > 0.0 && self.decrease_factor < 1.0;
        let rule = "must be above 0 and below 1";
        ConfigError::unless(shrinks, "decrease_factor", rule, self.decrease_factor)?;
        for (field, count) in [
            ("stable_patience", self.stable_patience),
            ("unstable_patience", self.unstable_patience),
            ("fault_cooldown", self.fault_cooldown),
        ] {
            ConfigError::unless(count > 0, field, "must be at least 1", count)?;
        }
        for (field, value) in [
            ("loss_increase_tolerance", self.loss_increase_tolerance),
            ("loss_scale_floor", self.loss_scale_floor),
            ("plateau_tolerance", self.plateau_tolerance),
            ("window_epsilon", self.window_epsilon),
        ] {
            ConfigError::not_negative(field, value)?;
        }
        for (field, part) in [
            ("recovery_threshold", self.recovery_threshold),
            ("violation_floor", self.violation_floor),
        ] {
            let legal = (0.0..=1.0).contains(&part);
            ConfigError::unless(legal, field, "must lie between 0 and 1", part)?;
        }
        ConfigError::decay("loss_decay", self.loss_decay)?;
        ConfigError::decay("information_decay", self.information_decay)
    }

    fn check_limits(&self) -> Result<(), ConfigError> {
        for (field, limit) in [
            ("maximum_update_ratio", self.maximum_update_ratio),
            ("maximum_velocity", self.maximum_velocity),
        ] {
            limit.map_or(Ok(()), |limit| ConfigError::positive(field, limit))?;
        }
        ConfigError::decay("update_ratio_decay", self.update_ratio_decay)
    }

    /// The reference has no choice in these, so another choice would be ignored silently.
    fn check_reference(&self) -> Result<(), ConfigError> {
        let raises = self.on_violation == OnViolation::Raise;
        let found = format!("{:?}", self.on_violation).to_lowercase();
        ConfigError::unless(raises, "on_violation", "must be raise under reference rules", found)?;
        let gradient = self.update_ratio_measure == UpdateRatioMeasure::Gradient;
        let found = format!("{:?}", self.update_ratio_measure).to_lowercase();
        let rule = "must be gradient under reference rules";
        ConfigError::unless(gradient, "update_ratio_measure", rule, found)?;
        let rule = "must be absent under reference rules";
        let velocity = self.maximum_velocity;
        let found = velocity.unwrap_or_default();
        ConfigError::unless(velocity.is_none(), "maximum_velocity", rule, found)?;
        let floor = self.loss_scale_floor;
        ConfigError::unless(
            floor == 0.0,
            "loss_scale_floor",
            "must be 0 under reference rules",
            floor,
        )
    }
}
