//! PID-Lagrangian: the multiplier as the output of a positional PID controller.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::{DualStep, RULE_MEMORY, RuleMemory, UpdateRule, bounded};

/// The longest delay of the derivative, in updates: the length of its memory.
pub const MAXIMUM_DERIVATIVE_DELAY: usize = 10;

/// PID-Lagrangian (Stooke, Achiam and Abbeel 2020, "Responsive safety in reinforcement learning by PID
/// Lagrangian methods", algorithm 2):
///
/// `I ← max(I + η·e, λ_min)`, `λ = K_P·p + I + K_D·max(0, d − d_delay)`
///
/// where `p` and `d` are the error, each filtered where a decay is given. The integral gain K_I is the
/// rate η of the constraint, and I is kept in units of λ: with K_P = K_D = 0 the rule is plain ascent.
/// Only a rising error counts in the derivative, except for an equality.
///
/// The public variant for reinforcement learning has rate 0.01, `proportional = 0.1`,
/// `derivative = 0.01`, both decays 0.95, `derivative_delay = 10` and λ_max = 100. Its filters start at 0,
/// ours at the first error, so that the start is no jump.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PidRuleConfig {
    /// K_P, λ per unit of error.
    pub proportional: f64,
    /// K_D, λ per unit of change of the error. Default 0.
    #[serde(default)]
    pub derivative: f64,
    /// Weight of the old value in the filter of the proportional part, in [0, 1). Default 0, the
    /// paper's: no filter.
    #[serde(default)]
    pub proportional_decay: f64,
    /// Weight of the old value in the filter of the derivative, in [0, 1). Default 0, the paper's.
    #[serde(default)]
    pub derivative_decay: f64,
    /// Against the error of how many updates ago the change is taken, 1 to
    /// [`MAXIMUM_DERIVATIVE_DELAY`]. Default 1, the paper's.
    #[serde(default = "one")]
    pub derivative_delay: usize,
    /// The integral part is at most this. Default: λ_max. Ours: the paper has no cap, and with a cap an
    /// integral beyond it would only have to be undone before λ could fall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub integral_maximum: Option<f64>,
}

fn one() -> usize {
    1
}

impl PidRuleConfig {
    /// The form of the paper.
    pub fn new(proportional: f64, derivative: f64) -> Self {
        Self {
            proportional,
            derivative,
            proportional_decay: 0.0,
            derivative_decay: 0.0,
            derivative_delay: 1,
            integral_maximum: None,
        }
    }

    pub(super) fn init(&self) -> Result<PidRule, ConfigError> {
        ConfigError::not_negative("rule.pid.proportional", self.proportional)?;
        ConfigError::not_negative("rule.pid.derivative", self.derivative)?;
        ConfigError::decay("rule.pid.proportional_decay", self.proportional_decay)?;
        ConfigError::decay("rule.pid.derivative_decay", self.derivative_decay)?;
        ConfigError::unless(
            (1..=MAXIMUM_DERIVATIVE_DELAY).contains(&self.derivative_delay),
            "rule.pid.derivative_delay",
            "must be at least 1 and at most 10",
            self.derivative_delay,
        )?;
        if let Some(maximum) = self.integral_maximum {
            ConfigError::positive("rule.pid.integral_maximum", maximum)?;
        }
        Ok(PidRule { config: *self })
    }
}

/// See [`PidRuleConfig`].
#[derive(Clone, Copy, Debug)]
pub(super) struct PidRule {
    config: PidRuleConfig,
}

impl PidRule {
    /// The end of the filtered errors in the memory.
    fn end(&self) -> usize {
        HISTORY + self.config.derivative_delay
    }
}

/// Places in the memory; the filtered errors follow from `HISTORY` on, the newest first.
const STARTED: usize = 0;
const INTEGRAL: usize = 1;
const PROPORTIONAL: usize = 2;
const DECIDED: usize = 3;
const HISTORY: usize = 4;
const _: () = assert!(HISTORY + MAXIMUM_DERIVATIVE_DELAY <= RULE_MEMORY);

impl UpdateRule for PidRule {
    fn name(&self) -> &'static str {
        "pid"
    }

    fn memory_used(&self) -> usize {
        self.end()
    }

    fn propose(&self, memory: &mut RuleMemory, step: DualStep) -> f64 {
        let config = &self.config;
        let error = bounded(step.error);
        if step.first || memory[STARTED] == 0.0 {
            memory[STARTED] = 1.0;
            memory[INTEGRAL] = step.multiplier;
            memory[DECIDED] = step.multiplier;
            memory[PROPORTIONAL] = error;
            memory[HISTORY..self.end()].fill(error);
        }
        let blend = |decay: f64, old: f64| decay * old + (1.0 - decay) * error;

        // What a budget took off λ flows out of the integral, as plain ascent has it; else the integral
        // would go on growing under the budget.
        let taken = (memory[DECIDED] - step.multiplier).max(0.0);
        let before = memory[INTEGRAL] - taken;

        let ceiling = config.integral_maximum.unwrap_or(step.maximum).max(step.minimum);
        let integral =
            ((1.0 - step.leak) * before + bounded(step.rate * error)).clamp(step.minimum, ceiling);
        let proportional = blend(config.proportional_decay, memory[PROPORTIONAL]);
        let filtered = blend(config.derivative_decay, memory[HISTORY]);
        let change = filtered - memory[HISTORY + config.derivative_delay - 1];
        let change = if step.minimum < 0.0 { change } else { change.max(0.0) };

        memory[INTEGRAL] = integral;
        memory[PROPORTIONAL] = proportional;
        memory.copy_within(HISTORY..self.end() - 1, HISTORY + 1);
        memory[HISTORY] = filtered;
        let proposed = integral
            + bounded(config.proportional * proportional)
            + bounded(config.derivative * change);
        memory[DECIDED] = proposed.clamp(step.minimum, step.maximum);
        proposed
    }
}
