//! ConFIG.

use homeostat_core::ConfigError;
use nalgebra::DVector;
use serde::{Deserialize, Serialize};

use super::preference::check;
use crate::solve::pseudo_solve;
use crate::unit::{Unit, squared_length};

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

pub(crate) fn config(unit: &Unit, preference: &DVector<f64>) -> DVector<f64> {
    let solved = pseudo_solve(&unit.cosines, preference);
    let squared = squared_length(&unit.cosines, &solved);
    if squared <= NOTHING * solved.norm_squared() {
        return DVector::zeros(unit.rows());
    }
    let projections = unit.lengths.dot(&(&unit.cosines * &solved));
    unit.weights(&solved) * (projections / squared)
}
