//! Ascent on a parameter whose softplus is λ.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::{DualStep, RuleMemory, UpdateRule, bounded};

/// `λ = ln(1 + exp κ)`, `κ ← κ + η·e·σ(κ)`: ascent on an unconstrained parameter, with the slope
/// σ(κ) = 1 − exp(−λ) of the softplus in the step.
///
/// Far from 0 it is plain ascent. Near 0 the step falls with λ², so that a multiplier hardly leaves the
/// floor: start it at the size that it may reach. Its memory is λ itself. The leak acts on λ. It is for
/// inequalities only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SoftplusConfig {
    /// λ is at least this, because κ is −∞ at 0. Default 1e-6, as for the multiplicative rule.
    pub floor: f64,
}

impl Default for SoftplusConfig {
    fn default() -> Self {
        Self { floor: 1e-6 }
    }
}

impl SoftplusConfig {
    pub(super) fn init(&self) -> Result<Softplus, ConfigError> {
        ConfigError::positive("rule.softplus.floor", self.floor)?;
        Ok(Softplus { floor: self.floor })
    }
}

/// See [`SoftplusConfig`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Softplus {
    floor: f64,
}

impl UpdateRule for Softplus {
    fn name(&self) -> &'static str {
        "softplus"
    }

    fn memory_used(&self) -> usize {
        0
    }

    fn propose(&self, _memory: &mut RuleMemory, step: DualStep) -> f64 {
        let multiplier = ((1.0 - step.leak) * step.multiplier).max(self.floor);
        let slope = -(-multiplier).exp_m1();
        // ln(exp λ − 1), written so that neither a small nor a large λ loses digits.
        let parameter = multiplier + slope.ln() + bounded(step.rate * step.error * slope);
        (parameter.max(0.0) + (-parameter.abs()).exp().ln_1p()).max(self.floor)
    }
}
