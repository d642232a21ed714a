//! Multiplicative ascent: a fast search for the scale of λ.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::{DualStep, RuleMemory, UpdateRule};

/// `λ ← max((1 − ρ)·λ·exp(η·e), floor)`: exponentiated gradient ascent (Kivinen and Warmuth 1997).
///
/// λ is never 0, so a constraint that is inactive keeps a trace of weight; it is for inequalities only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MultiplicativeConfig {
    /// λ is at least this, because 0 could never be left. Default 1e-6.
    pub floor: f64,
}

impl Default for MultiplicativeConfig {
    fn default() -> Self {
        Self { floor: 1e-6 }
    }
}

impl MultiplicativeConfig {
    pub(super) fn init(&self) -> Result<Multiplicative, ConfigError> {
        ConfigError::positive("rule.multiplicative.floor", self.floor)?;
        Ok(Multiplicative { floor: self.floor })
    }
}

/// See [`MultiplicativeConfig`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Multiplicative {
    floor: f64,
}

impl UpdateRule for Multiplicative {
    fn name(&self) -> &'static str {
        "multiplicative"
    }

    fn memory_used(&self) -> usize {
        0
    }

    fn propose(&self, _memory: &mut RuleMemory, step: DualStep) -> f64 {
        let multiplier = step.multiplier.max(self.floor);
        ((1.0 - step.leak) * multiplier * (step.rate * step.error).exp()).max(self.floor)
    }
}
