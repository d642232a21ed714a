//! Which values of a [`DoctorConfig`] and a [`RunProfile`] are legal.

use homeostat_core::ConfigError;

use super::config::DoctorConfig;
use super::profile::{ConstraintProfile, RunProfile};
use super::{Doctor, ring};

impl DoctorConfig {
    /// Checks every field and makes the doctor of a run.
    pub fn init(&self, profile: RunProfile) -> Result<Doctor, ConfigError> {
        self.check_window()?;
        self.check_numbers()?;
        self.check_shares()?;
        check_profile(&profile)?;
        Ok(Doctor::new(self.clone(), profile))
    }

    fn check_window(&self) -> Result<(), ConfigError> {
        let count =
            |legal, field, rule, found: usize| ConfigError::unless(legal, field, rule, found);
        let legal = (64..=ring::LONGEST).contains(&self.window);
        count(legal, "window", "must be 64 to 1048576", self.window)?;
        let within = |found: usize| (1..=self.window).contains(&found);
        let rule = "must be at least 32 and at most the window";
        count(within(self.minimum) && self.minimum >= 32, "minimum", rule, self.minimum)?;
        let rule = "must be at least 1 and at most the window";
        for (field, found) in [
            ("oscillation.crossings", self.oscillation.crossings),
            ("satisfaction.count", self.satisfaction.count),
            ("conflict.count", self.conflict.count),
            ("over_constraint.count", self.over_constraint.count),
        ] {
            count(within(found), field, rule, found)?;
        }
        for (field, found) in [
            ("every", self.every),
            ("repeat", self.repeat),
            ("calm", u64::from(self.calm)),
            ("starvation.steps", self.starvation.steps),
            ("wireheading.freeze", self.wireheading.freeze),
            ("pinned.updates", self.pinned.updates),
            ("faults.streak", self.faults.streak),
            ("faults.stop", self.faults.stop),
        ] {
            ConfigError::unless(found > 0, field, "must be at least 1", found)?;
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<(), ConfigError> {
        for (field, found) in [
            ("oscillation.spread", self.oscillation.spread),
            ("satisfaction.trend", self.satisfaction.trend),
            ("starvation.ratio", self.starvation.ratio),
            ("starvation.trend", self.starvation.trend),
            ("starvation.rise", self.starvation.rise),
            ("wireheading.trend", self.wireheading.trend),
            ("wireheading.denominator", self.wireheading.denominator),
            ("level_blind.trend", self.level_blind.trend),
            ("level_blind.mean", self.level_blind.mean),
        ] {
            ConfigError::positive(field, found)?;
        }
        for (field, found) in
            [("budget.raise", self.budget.raise), ("faults.raise", self.faults.raise)]
        {
            let legal = found.is_finite() && found > 1.0;
            ConfigError::unless(legal, field, "must be finite and above 1", found)?;
        }
        let jitter = self.wireheading.jitter;
        let legal = jitter > 0.0 && jitter <= 0.5;
        ConfigError::unless(legal, "wireheading.jitter", "must be above 0 and at most 0.5", jitter)
    }

    fn check_shares(&self) -> Result<(), ConfigError> {
        for (field, found) in [
            ("oscillation.autocorrelation", self.oscillation.autocorrelation),
            ("oscillation.trough", self.oscillation.trough),
            ("satisfaction.never", self.satisfaction.never),
            ("satisfaction.decoupled", self.satisfaction.decoupled),
            ("satisfaction.alert", self.satisfaction.alert),
            ("satisfaction.clear", self.satisfaction.clear),
            ("starvation.satisfaction", self.starvation.satisfaction),
            ("conflict.cosine", self.conflict.cosine),
            ("conflict.share", self.conflict.share),
            ("pinned.share", self.pinned.share),
            ("pinned.clear", self.pinned.clear),
            ("idle.share", self.idle.share),
            ("idle.satisfaction", self.idle.satisfaction),
            ("idle.level", self.idle.level),
            ("budget.share", self.budget.share),
            ("faults.nonfinite", self.faults.nonfinite),
            ("faults.frozen", self.faults.frozen),
            ("over_constraint.rate", self.over_constraint.rate),
        ] {
            let legal = (0.0..=1.0).contains(&found);
            ConfigError::unless(legal, field, "must be at least 0 and at most 1", found)?;
        }
        let (alert, clear) = (self.satisfaction.alert, self.satisfaction.clear);
        let rule = "must not be below satisfaction.alert";
        ConfigError::unless(clear >= alert, "satisfaction.clear", rule, clear)?;
        let (share, clear) = (self.pinned.share, self.pinned.clear);
        let rule = "must not be above pinned.share";
        ConfigError::unless(clear <= share, "pinned.clear", rule, clear)
    }
}

fn check_profile(profile: &RunProfile) -> Result<(), ConfigError> {
    for (index, constraint) in profile.constraints.iter().enumerate() {
        check_constraint(constraint, profile)?;
        let before = &profile.constraints[..index];
        let new = before.iter().all(|other| other.name != constraint.name);
        ConfigError::unless(new, "constraints.name", "must be used once", &constraint.name)?;
    }
    for (index, family) in profile.families.iter().enumerate() {
        ConfigError::positive("families.budget", family.budget)?;
        let new = profile.families[..index].iter().all(|other| other.name != family.name);
        ConfigError::unless(new, "families.name", "must be used once", &family.name)?;
    }
    Ok(())
}

fn check_constraint(
    constraint: &ConstraintProfile,
    profile: &RunProfile,
) -> Result<(), ConfigError> {
    let ConstraintProfile { weight, smoothing, jitter, spike_threshold, .. } = *constraint;
    ConfigError::positive("constraints.weight", weight)?;
    ConfigError::not_negative("constraints.rate", constraint.rate.unwrap_or_default())?;
    let legal = smoothing > 0.0 && smoothing <= 1.0;
    let rule = "must be above 0 and at most 1";
    ConfigError::unless(legal, "constraints.smoothing", rule, smoothing)?;
    ConfigError::not_negative("constraints.jitter", jitter)?;
    ConfigError::positive("constraints.spike.threshold", spike_threshold)?;
    let longest = constraint.maximum_freeze;
    ConfigError::unless(
        longest > 0,
        "constraints.spike.maximum_freeze",
        "must be at least 1",
        longest,
    )?;
    let window = constraint.window;
    let rule = "must be at least 2";
    ConfigError::unless(
        window.is_none_or(|window| window >= 2),
        "constraints.window",
        rule,
        window.unwrap_or_default(),
    )?;
    let family = constraint.family;
    ConfigError::unless(
        family.is_none_or(|family| family < profile.families.len()),
        "constraints.family",
        "must be the index of a family",
        family.unwrap_or_default(),
    )
}
