//! Other targets for the same engine, as an outer loop wants them.

use homeostat_core::ConfigError;

use super::{DualConfig, DualConfigError};
use crate::config::MultiplierConfig;
use crate::schedule::Schedule;
use crate::target::Target;
use crate::violation::Sense;

impl DualConfig {
    /// The target of a constraint, where it is one fixed number in whichever space; another one can
    /// take its place.
    ///
    /// # Errors
    ///
    /// No such constraint, or a target that comes from somewhere else: a range, a curriculum, a
    /// percentile, a setpoint, a warm-up.
    pub fn fixed_target(&self, name: &str) -> Result<f64, DualConfigError> {
        let constraint = self.constraints.get(name).ok_or_else(|| {
            let known: Vec<_> = self.constraints.keys().map(|name| format!("'{name}'")).collect();
            let found = format_args!("'{name}'; constraints are {}", known.join(", "));
            let rule = "must hold the constraint whose target is asked for";
            DualConfigError::Dual(ConfigError::new("constraints", rule, found))
        })?;
        fixed(constraint)
            .map_err(|source| DualConfigError::Constraint { name: name.to_owned(), source })
    }

    /// The same settings with other targets, each in the space of the target that it takes the place
    /// of: what an outer loop makes of a proposal.
    ///
    /// Make an engine of them and let it [`load`](super::Dual::load) the memory of the run that goes
    /// on: multipliers, windows and averages stay, the averages move by the difference between the
    /// targets, and at the first measurement a jump larger than five deadzones begins the resume
    /// warm-up. A hard constraint keeps the tightest target of its memory in any case.
    ///
    /// ```
    /// # use homeostat_multiplier::{DualConfig, LoadPolicy};
    /// let config: DualConfig =
    ///     toml::from_str("[constraints.kl]\ntarget = { raw = 0.05 }\nnormalizer = \"none\"")?;
    /// let (dual, mut state) = (config.init()?, config.init()?.init_state());
    /// dual.observe(&mut state, &[Some(0.06.into())])?;
    /// dual.update(&mut state);
    ///
    /// let dual = config.retargeted([("kl", 0.02)])?.init()?;
    /// let mut state = dual.load(state, LoadPolicy::default())?;
    /// dual.observe(&mut state, &[Some(0.06.into())])?;
    /// assert_eq!(state.constraint(0).error(), 0.06 - 0.02);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As for [`fixed_target`](Self::fixed_target); a target that is not finite; a looser one for a
    /// hard constraint, and any other for a hard equality, which has no tight side.
    pub fn retargeted<'a>(
        &self,
        targets: impl IntoIterator<Item = (&'a str, f64)>,
    ) -> Result<Self, DualConfigError> {
        let mut config = self.clone();
        for (name, target) in targets {
            let before = config.fixed_target(name)?;
            let Some(constraint) = config.constraints.get_mut(name) else { continue };
            admit(constraint, before, target)
                .map_err(|source| DualConfigError::Constraint { name: name.to_owned(), source })?;
            if let Some(Target::Raw(schedule) | Target::Normalized(schedule)) =
                &mut constraint.target
            {
                *schedule = Schedule::Fixed(target);
            }
        }
        Ok(config)
    }
}

fn fixed(constraint: &MultiplierConfig) -> Result<f64, ConfigError> {
    let found = match &constraint.target {
        Some(
            Target::Raw(Schedule::Fixed(target)) | Target::Normalized(Schedule::Fixed(target)),
        ) => {
            return Ok(*target);
        }
        Some(Target::Raw(schedule) | Target::Normalized(schedule)) => schedule.to_string(),
        Some(Target::Setpoint) => "setpoint".to_owned(),
        Some(Target::Baseline(_)) => "baseline".to_owned(),
        None => "nothing".to_owned(),
    };
    Err(ConfigError::new("target", "must be one fixed number where it is searched", found))
}

/// Whether a constraint may aim at another number.
fn admit(constraint: &MultiplierConfig, before: f64, target: f64) -> Result<(), ConfigError> {
    ConfigError::finite("target", target)?;
    let tightens = match constraint.sense {
        Sense::Le => target <= before,
        Sense::Ge => target >= before,
        Sense::Eq | Sense::Range => target == before,
    };
    let rule = "must not loosen, because the constraint is hard";
    let found = format_args!("{before} → {target}");
    ConfigError::unless(tightens || !constraint.hard, "target", rule, found)
}
