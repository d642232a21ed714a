//! νPI: dual ascent with a proportional part on a filtered error.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::{DualStep, RuleMemory, UpdateRule, bounded};

/// What the filtered error is before the first update. The texts and the public code differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NuPiStart {
    /// ξ starts at the first error: the first update is one of plain ascent, and no kick of the
    /// proportional part comes later. The default.
    #[default]
    Match,
    /// The first update is one of plain ascent and leaves ξ at 0, so that the kick comes with the second
    /// update.
    Paper,
    /// ξ is 0 before the first update, so that the kick comes with the first update.
    Zeros,
}

/// νPI (Sohrabi, Ramirez, Zhang, Lacoste-Julien and Gallego-Posada 2024, "On PI controllers for updating
/// Lagrange multipliers in constrained optimization", algorithm 1):
///
/// `ξ_t = ν·ξ_{t−1} + (1 − ν)·e_t`, `λ ← (1 − ρ)·λ + η·(κ_i·e_t + κ_p·(ξ_t − ξ_{t−1}))`
///
/// With κ_p = 0 it is plain ascent; with κ_p = κ_i = 1 and ν = 0 optimistic gradient ascent; a negative
/// ν resembles momentum.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NuPiConfig {
    /// κ_p. It has no default: raise it until the overshoot is gone.
    pub proportional: f64,
    /// κ_i. Default 1.
    #[serde(default = "one")]
    pub integral: f64,
    /// ν, the weight of the old filtered error, in (−1, 1). Default 0: no filter.
    #[serde(default)]
    pub decay: f64,
    /// What ξ is before the first update. Default: match.
    #[serde(default)]
    pub start: NuPiStart,
}

fn one() -> f64 {
    1.0
}

impl NuPiConfig {
    /// A proportional part beside plain ascent, unfiltered.
    pub fn new(proportional: f64) -> Self {
        Self { proportional, integral: 1.0, decay: 0.0, start: NuPiStart::default() }
    }

    pub(super) fn init(&self) -> Result<NuPi, ConfigError> {
        ConfigError::finite("rule.nu-pi.proportional", self.proportional)?;
        ConfigError::finite("rule.nu-pi.integral", self.integral)?;
        ConfigError::unless(
            self.decay > -1.0 && self.decay < 1.0,
            "rule.nu-pi.decay",
            "must lie between −1 and 1, without the ends",
            self.decay,
        )?;
        Ok(NuPi { config: *self })
    }
}

/// See [`NuPiConfig`].
#[derive(Clone, Copy, Debug)]
pub(super) struct NuPi {
    config: NuPiConfig,
}

/// Places in the memory.
const STARTED: usize = 0;
const FILTERED: usize = 1;

impl UpdateRule for NuPi {
    fn name(&self) -> &'static str {
        "nu-pi"
    }

    fn memory_used(&self) -> usize {
        2
    }

    fn propose(&self, memory: &mut RuleMemory, step: DualStep) -> f64 {
        let NuPiConfig { proportional, integral, decay, start } = self.config;
        let error = bounded(step.error);
        let fresh = step.first || memory[STARTED] == 0.0;
        let (before, after) = match (fresh, start) {
            (true, NuPiStart::Match) => (error, error),
            (true, NuPiStart::Paper) => (0.0, 0.0),
            (true, NuPiStart::Zeros) => (0.0, (1.0 - decay) * error),
            (false, _) => {
                let before = memory[FILTERED];
                (before, bounded(decay * before + (1.0 - decay) * error))
            }
        };
        memory[STARTED] = 1.0;
        memory[FILTERED] = bounded(after);
        let change = bounded(integral * error) + bounded(proportional * (after - before));
        (1.0 - step.leak) * step.multiplier + bounded(step.rate * change)
    }
}
