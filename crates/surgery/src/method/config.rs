//! ConFIG and momentum ConFIG.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::preference::check;
use crate::solve::{Factor, multiply};
use crate::unit::Unit;

/// A squared length below this, relative to the weights it is made of, is rounding.
const NOTHING: f64 = 1e-14;

/// ConFIG (Liu, Chu and Thuerey 2024, "ConFIG: towards conflict-free training of physics informed neural
/// networks", equation 2): the unit vector `d̂ ∝ Uᵀ·β` with `β = C⁺·u`, whose cosines with the rows are as u, times
/// `ℓ = Σ g_i·d̂`. Weights may be negative.
///
/// From G alone: `α_i = ℓ·β_i/(√(βᵀ·C·β)·‖g_i‖)`. Zero where the unit rows cancel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConfigConfig {
    /// u, one number for each gradient, finite and not negative, one of them above 0. Default 1 each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preference: Option<Vec<f64>>,
}

impl ConfigConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        check("method.config.preference", self.preference.as_deref())
    }
}

/// Momentum ConFIG (the same paper, algorithm 2): ConFIG on averages of the gradients, of which one is
/// measured anew in each step, so that a step costs one backward pass whatever K.
///
/// The caller keeps one vector m_i for each row, as large as the parameters, zero at first. In each step
/// [`Surgery::request`](crate::Surgery::request) names a row; the caller does `m ← β·m + (1 − β)·g` for it,
/// and makes the Gramian of all the m_i. The weights that come back are for the m_i and hold the correction
/// `1/(1 − βᵗ)`. Rows that were never measured take no part (the published code waits for all of them).
///
/// d is a first moment already: an optimizer after it must not average gradients again. The paper's second
/// moment is one more average, of the squares of `(d·(1 − βᵗ) − β·d₋₁·(1 − βᵗ⁻¹))/(1 − β)`; that is the
/// optimizer's part, and no row needs one of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MomentumConfigConfig {
    /// β, in [0, 1). Default 0.9.
    pub decay: f64,
    /// As that of ConFIG. Default 1 each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preference: Option<Vec<f64>>,
}

impl Default for MomentumConfigConfig {
    fn default() -> Self {
        Self { decay: 0.9, preference: None }
    }
}

impl MomentumConfigConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        ConfigError::decay("method.momentum-config.decay", self.decay)?;
        check("method.momentum-config.preference", self.preference.as_deref())
    }
}

pub(crate) fn config(
    unit: &Unit,
    preference: &[f64],
    factor: &mut Factor,
    along: &mut [f64],
    out: &mut [f64],
) {
    factor.pseudo_solve(unit, preference, out);
    multiply(&unit.cosines, out, along);
    let (mut squared, mut size, mut projections) = (0.0, 0.0, 0.0);
    for ((weight, along), length) in out.iter().zip(along.iter()).zip(&unit.lengths) {
        squared += weight * along;
        size += weight * weight;
        projections += length * along;
    }
    if squared <= NOTHING * size {
        out.fill(0.0);
        return;
    }
    unit.stretch(out);
    out.iter_mut().for_each(|weight| *weight *= projections / squared);
}
