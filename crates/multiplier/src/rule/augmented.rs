//! Augmented Lagrangian: a quadratic penalty beside the multiplier.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::{DualStep, RuleMemory, UpdateRule, bounded};

/// How the penalty grows while the constraint stays violated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PenaltyGrowth {
    /// Not at all. The default.
    #[default]
    None,
    /// `c ← factor·c`; the usual factor is 1.01 per update.
    Factor(f64),
    /// `c ← c + step`; the usual step is 1 per update.
    Step(f64),
}

/// How far λ moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PenaltyStep {
    /// By `c·e`, the method of multipliers; the rate of the constraint is not used, but the factor of a
    /// resume is. The default.
    #[default]
    Penalty,
    /// By `η·e`, as plain ascent does.
    Rate,
}

/// Augmented Lagrangian (Hestenes 1969, Powell 1969, Rockafellar 1973; Nocedal and Wright, "Numerical
/// Optimization", 2nd edition, section 17.3).
///
/// The primal pays `max(0, λ + c·e)` for an inequality and `λ + c·e` for an equality, the slopes of
/// `((max(0, λ + c·e))² − λ²) / 2c` and `λ·e + c·e²/2`. The penalty adds the curvature `c·∇e∇eᵀ`, which
/// plain ascent lacks where the objective is not convex. It is the proportional part of a PI controller
/// with K_P = c.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugmentedConfig {
    /// c, λ per unit of error.
    pub penalty: f64,
    /// How far λ moves. Default: penalty.
    #[serde(default)]
    pub step: PenaltyStep,
    /// How c grows in an update whose strict violation exceeds `tolerance`. Default: none.
    #[serde(default)]
    pub growth: PenaltyGrowth,
    /// The strict violation up to which the constraint counts as feasible. Default 1e-4.
    #[serde(default = "default_tolerance")]
    pub tolerance: f64,
    /// Whether c falls back to `penalty` when the constraint is feasible. Default: yes.
    #[serde(default = "yes")]
    pub reset: bool,
    /// c is at most this. Needed where c grows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_penalty: Option<f64>,
}

fn default_tolerance() -> f64 {
    1e-4
}

fn yes() -> bool {
    true
}

impl AugmentedConfig {
    /// A penalty that stays as it is.
    pub fn new(penalty: f64) -> Self {
        Self {
            penalty,
            step: PenaltyStep::default(),
            growth: PenaltyGrowth::None,
            tolerance: default_tolerance(),
            reset: true,
            maximum_penalty: None,
        }
    }

    pub(super) fn init(&self, equality: bool) -> Result<Augmented, ConfigError> {
        ConfigError::positive("rule.augmented.penalty", self.penalty)?;
        ConfigError::not_negative("rule.augmented.tolerance", self.tolerance)?;
        match self.growth {
            PenaltyGrowth::None => {}
            PenaltyGrowth::Factor(factor) => ConfigError::unless(
                factor.is_finite() && factor > 1.0,
                "rule.augmented.growth.factor",
                "must be finite and above 1",
                factor,
            )?,
            PenaltyGrowth::Step(step) => {
                ConfigError::positive("rule.augmented.growth.step", step)?;
            }
        }
        const FIELD: &str = "rule.augmented.maximum_penalty";
        match (self.growth, self.maximum_penalty) {
            (PenaltyGrowth::None, None) => {}
            (PenaltyGrowth::None, Some(maximum)) => {
                let rule = "belongs to a penalty that grows; leave it out";
                return Err(ConfigError::new(FIELD, rule, maximum));
            }
            (_, None) => {
                return Err(ConfigError::new(
                    FIELD,
                    "must be given where the penalty grows",
                    "nothing",
                ));
            }
            (_, Some(maximum)) => ConfigError::unless(
                maximum.is_finite() && maximum >= self.penalty,
                FIELD,
                "must be finite and at least the penalty",
                maximum,
            )?,
        }
        Ok(Augmented { config: *self, equality })
    }
}

/// See [`AugmentedConfig`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Augmented {
    config: AugmentedConfig,
    equality: bool,
}

/// Place in the memory: the penalty of this moment.
const PENALTY: usize = 0;

impl UpdateRule for Augmented {
    fn name(&self) -> &'static str {
        "augmented"
    }

    fn start(&self) -> RuleMemory {
        let mut memory = [0.0; super::RULE_MEMORY];
        memory[PENALTY] = self.config.penalty;
        memory
    }

    fn memory_used(&self) -> usize {
        1
    }

    fn propose(&self, memory: &mut RuleMemory, step: DualStep) -> f64 {
        let rate = match self.config.step {
            PenaltyStep::Penalty => step.factor * memory[PENALTY],
            PenaltyStep::Rate => step.rate,
        };
        (1.0 - step.leak) * step.multiplier + bounded(rate * step.error)
    }

    fn price(&self, memory: &RuleMemory, multiplier: f64, error: f64) -> f64 {
        let price = multiplier + bounded(memory[PENALTY] * error);
        if self.equality { price } else { price.max(0.0) }
    }

    fn settle(&self, memory: &mut RuleMemory, strict_error: f64, _multiplier: f64) {
        let config = &self.config;
        let violation = if self.equality { strict_error.abs() } else { strict_error };
        if violation > config.tolerance {
            let grown = match config.growth {
                PenaltyGrowth::None => memory[PENALTY],
                PenaltyGrowth::Factor(factor) => factor * memory[PENALTY],
                PenaltyGrowth::Step(step) => memory[PENALTY] + step,
            };
            memory[PENALTY] = grown.min(config.maximum_penalty.unwrap_or(f64::MAX));
        } else if config.reset {
            memory[PENALTY] = config.penalty;
        }
    }
}
