//! GradNorm.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::unit::Unit;

/// GradNorm (Chen, Badrinarayanan, Lee and Rabinovich 2018, "GradNorm: gradient normalization for adaptive
/// loss balancing in deep multitask networks", section 3): weights ω of the losses with `Σω = m` that make
/// `Σ |ω_i·‖g_i‖ − Ḡ·r_i^a|` least, where Ḡ is the mean of `ω_i·‖g_i‖` and r_i the loss relative to its
/// first value, divided by the mean of these: losses that lag behind get longer gradients.
///
/// The minimum is known, `ω_i ∝ r_i^a/‖g_i‖`, and ω goes a share η of the way to it in each step. The paper
/// takes gradient steps of fixed length towards the same point, which never come to rest. It weighs losses
/// and resolves no conflict; it works against multipliers, so it is used instead of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GradnormConfig {
    /// a, finite and not negative. Default 1.5. With 0 all weighted gradients become equally long.
    pub asymmetry: f64,
    /// η, in (0, 1]. Default 0.025, the learning rate of the weights in the paper.
    pub rate: f64,
}

impl Default for GradnormConfig {
    fn default() -> Self {
        Self { asymmetry: 1.5, rate: 0.025 }
    }
}

impl GradnormConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        ConfigError::not_negative("method.gradnorm.asymmetry", self.asymmetry)?;
        let legal = self.rate > 0.0 && self.rate <= 1.0;
        ConfigError::unless(legal, "method.gradnorm.rate", "must lie in (0, 1]", self.rate)
    }
}

/// Moves the weights of all rows and gives those of the kept ones, with sum m. `first` holds the first
/// losses, 0 before there was one.
pub(crate) fn gradnorm(
    unit: &Unit,
    config: &GradnormConfig,
    losses: &[f64],
    memory: &mut [f64],
    first: &mut [f64],
    goal: &mut [f64],
    out: &mut [f64],
) {
    let count = unit.rows() as f64;
    for ((goal, place), length) in goal.iter_mut().zip(&unit.places).zip(&unit.lengths) {
        if first[*place] == 0.0 {
            first[*place] = losses[*place];
        }
        // The mean of the ratios drops out when the sum is made m.
        *goal = config.asymmetry * (losses[*place] / first[*place]).ln() - length.ln();
    }
    // In logarithms, so that no power leaves the range.
    let largest = goal.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    goal.iter_mut().for_each(|goal| *goal = (*goal - largest).exp());
    let total: f64 = goal.iter().sum();
    for ((out, goal), place) in out.iter_mut().zip(goal.iter()).zip(&unit.places) {
        let wanted = count * goal / total;
        *out = memory[*place] + config.rate * (wanted - memory[*place]);
    }
    let sum: f64 = out.iter().sum();
    for (out, place) in out.iter_mut().zip(&unit.places) {
        *out *= count / sum;
        memory[*place] = *out;
    }
}
