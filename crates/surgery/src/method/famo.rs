//! FAMO.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::RowSet;

/// FAMO (Liu, Feng, Stone and Liu 2023, "FAMO: fast adaptive multitask optimization", algorithm 1): with
/// `z = softmax(ξ)` the weights are `α_i = c·z_i/ℓ_i`, `c = 1/Σ(z_j/ℓ_j)`, the gradient of the log-losses
/// weighed by z. After the step `ξ ← ξ − β·(Jᵀ·δ + γ·ξ)` with the Jacobian J of the softmax and the decrease δ
/// of the log-losses: a loss that fell less gets more. It needs no Gramian, so one backward pass is enough.
///
/// δ is that between two steps; where the losses of the old batch were measured again after its update, as
/// in the paper, they may be given too, and take the noise of the batches out. A loss that was not measured
/// is NaN and takes no part; a loss of 0 has nothing to gain and weight 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FamoConfig {
    /// β, finite and above 0. Default 0.025. The paper's code lets Adam take the step; here it is plain.
    pub rate: f64,
    /// γ, finite and not negative: pulls ξ to 0. Default 0.01.
    pub decay: f64,
}

impl Default for FamoConfig {
    fn default() -> Self {
        Self { rate: 0.025, decay: 0.01 }
    }
}

impl FamoConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        ConfigError::positive("method.famo.rate", self.rate)?;
        ConfigError::not_negative("method.famo.decay", self.decay)
    }
}

/// What FAMO keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FamoMemory {
    /// ξ.
    pub(crate) logits: Vec<f64>,
    /// The logarithms of the last losses.
    pub(crate) logs: Vec<f64>,
    /// Whose last loss is known.
    pub(crate) known: RowSet,
}

/// Moves ξ by what became of the losses of the step before, and gives the weights of `rows`, 0 for others.
/// `after` holds the losses that the step before led to.
pub(crate) fn famo(
    config: &FamoConfig,
    rows: RowSet,
    losses: &[f64],
    after: &[f64],
    memory: &mut FamoMemory,
    shares: &mut [f64],
    out: &mut [f64],
) {
    let seen = |row: &usize| after[*row].is_finite() && after[*row] > 0.0;
    let moved: RowSet = memory.known.iter().filter(seen).collect();
    softmax(&memory.logits, moved, shares);
    let decrease = |row: usize| memory.logs[row] - after[row].ln();
    let mean: f64 = moved.iter().map(|row| shares[row] * decrease(row)).sum();
    for row in moved.iter() {
        let slope = shares[row] * (decrease(row) - mean) + config.decay * memory.logits[row];
        memory.logits[row] -= config.rate * slope;
    }
    softmax(&memory.logits, rows, shares);
    out.fill(0.0);
    // In logarithms, so that tiny losses do not leave the range.
    let largest = rows.iter().map(|row| -losses[row].ln()).fold(f64::NEG_INFINITY, f64::max);
    for row in rows.iter() {
        out[row] = shares[row] * (-losses[row].ln() - largest).exp();
    }
    let sum: f64 = out.iter().sum();
    if sum > 0.0 {
        out.iter_mut().for_each(|weight| *weight /= sum);
    }
    for row in rows.iter() {
        memory.logs[row] = losses[row].ln();
    }
    memory.known = rows;
}

fn softmax(logits: &[f64], rows: RowSet, out: &mut [f64]) {
    out.fill(0.0);
    let largest = rows.iter().map(|row| logits[row]).fold(f64::NEG_INFINITY, f64::max);
    rows.iter().for_each(|row| out[row] = (logits[row] - largest).exp());
    let sum: f64 = out.iter().sum();
    if sum > 0.0 {
        out.iter_mut().for_each(|share| *share /= sum);
    }
}
