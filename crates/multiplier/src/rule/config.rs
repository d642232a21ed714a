//! What stands in a file about the update rule.

use homeostat_core::ConfigError;
use serde::Serialize;

use super::UpdateRule;
use super::ascent::Ascent;
use super::augmented::{AugmentedConfig, PenaltyStep};
use super::multiplicative::MultiplicativeConfig;
use super::nu_pi::{NuPiConfig, NuPiStart};
use super::pid::PidRuleConfig;
use super::softplus::SoftplusConfig;

/// Which update rule moves the multiplier. In a file a name where every option has a default, else a
/// table.
///
/// ```toml
/// rule = "ascent"
/// rule = { nu-pi = { proportional = 1.0 } }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleConfig {
    /// Plain dual ascent. The default.
    #[default]
    Ascent,
    /// νPI; optimistic gradient ascent is a special case.
    NuPi(NuPiConfig),
    /// PID-Lagrangian.
    Pid(PidRuleConfig),
    /// Augmented Lagrangian.
    Augmented(AugmentedConfig),
    /// Multiplicative ascent.
    Multiplicative(MultiplicativeConfig),
    /// Ascent on a parameter whose softplus is λ.
    Softplus(SoftplusConfig),
}

impl RuleConfig {
    /// Optimistic gradient ascent, `λ ← λ + η·(2·e_t − e_{t−1})` (Daskalakis, Ilyas, Syrgkanis and Zeng
    /// 2018): νPI with κ_p = κ_i = 1 and ν = 0.
    pub fn optimistic() -> Self {
        Self::NuPi(NuPiConfig {
            proportional: 1.0,
            integral: 1.0,
            decay: 0.0,
            start: NuPiStart::Match,
        })
    }

    /// The rule for an inequality.
    pub fn init(&self) -> Result<Box<dyn UpdateRule>, ConfigError> {
        self.build(false)
    }

    /// The rule for an equality, whose multiplier may be negative.
    pub fn init_equality(&self) -> Result<Box<dyn UpdateRule>, ConfigError> {
        self.build(true)
    }

    /// How far λ moves per error where the constraint asks for this rate: the method of multipliers
    /// has a step size of its own.
    pub(crate) fn step_size(&self, rate: f64) -> f64 {
        match self {
            Self::Augmented(config) if config.step == PenaltyStep::Penalty => config.penalty,
            _ => rate,
        }
    }

    /// The gains that are negative: legal, and almost always a mistake.
    pub fn negative_gains(&self) -> Vec<&'static str> {
        match self {
            Self::NuPi(config) => [
                ("rule.nu-pi.proportional", config.proportional),
                ("rule.nu-pi.integral", config.integral),
            ]
            .into_iter()
            .filter(|(_, gain)| *gain < 0.0)
            .map(|(field, _)| field)
            .collect(),
            _ => Vec::new(),
        }
    }

    fn build(&self, equality: bool) -> Result<Box<dyn UpdateRule>, ConfigError> {
        let inequality_only = |name| {
            let rule = "must be a rule whose multiplier can be negative, for an equality";
            ConfigError::unless(!equality, "rule", rule, name)
        };
        Ok(match self {
            Self::Ascent => Box::new(Ascent),
            Self::NuPi(config) => Box::new(config.init()?),
            Self::Pid(config) => Box::new(config.init()?),
            Self::Augmented(config) => Box::new(config.init(equality)?),
            Self::Multiplicative(config) => {
                inequality_only("multiplicative")?;
                Box::new(config.init()?)
            }
            Self::Softplus(config) => {
                inequality_only("softplus")?;
                Box::new(config.init()?)
            }
        })
    }
}
