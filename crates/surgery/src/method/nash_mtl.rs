//! Nash-MTL.

use homeostat_core::ConfigError;
use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use crate::unit::{Unit, squared_length};

/// A weight on a unit row above this says that the rows nearly cancel, and that the minimum may not exist.
const LARGEST: f64 = 1e5;

/// What is added to the diagonal of the cosine matrix then: weights reach about 1e4.
const REGULARIZATION: f64 = 1e-8;

const ITERATIONS: usize = 200;

/// Nash-MTL (Navon et al. 2022, "Multi-task learning as a bargaining game", claim 3.1): `G·α = 1/α` with
/// `α > 0`, the only minimum of `½·αᵀ·G·α − Σ ln α_i`, by damped Newton steps. `‖d‖ = √m`.
///
/// Where a combination of the rows with weights that are not negative is (nearly) zero there is no such
/// α; then 1e-8 is added to the diagonal of the cosine matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NashMtlConfig {
    /// `‖d‖` is scaled down to this, above 0. Default: not scaled, so that `‖d‖ = √m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_norm: Option<f64>,
}

impl NashMtlConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        match self.maximum_norm {
            Some(norm) => ConfigError::positive("method.nash-mtl.maximum_norm", norm),
            None => Ok(()),
        }
    }
}

pub(crate) fn nash_mtl(unit: &Unit, config: &NashMtlConfig) -> DVector<f64> {
    let mut weights = bargain(&unit.cosines).unwrap_or_else(|| {
        let rows = unit.rows();
        let regular = &unit.cosines + DMatrix::identity(rows, rows) * REGULARIZATION;
        bargain(&regular).unwrap_or_else(|| DVector::from_element(rows, 1.0))
    });
    if let Some(maximum) = config.maximum_norm {
        let norm = squared_length(&unit.cosines, &weights).sqrt();
        if norm > maximum {
            weights *= maximum / norm;
        }
    }
    unit.weights(&weights) / unit.scale
}

/// `C·y = 1/y`, or nothing where y runs away.
fn bargain(cosines: &DMatrix<f64>) -> Option<DVector<f64>> {
    let rows = cosines.nrows();
    let mut weights = DVector::from_element(rows, 1.0);
    for _ in 0..ITERATIONS {
        let slope = cosines * &weights - weights.map(f64::recip);
        let mut curvature = cosines.clone();
        for row in 0..rows {
            curvature[(row, row)] += weights[row].powi(-2);
        }
        let step = curvature.cholesky()?.solve(&slope);
        let decrement = slope.dot(&step).max(0.0).sqrt();
        // The objective is self-concordant: the damped step stays inside, and so does a full one here.
        weights -= step * if decrement < 0.25 { 1.0 } else { 1.0 / (1.0 + decrement) };
        if weights.amax() > LARGEST {
            return None;
        }
        if decrement < 1e-9 {
            return Some(weights);
        }
    }
    None
}
