//! Nash-MTL and FairGrad.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::solve::{Bargain, squared_length};
use crate::unit::Unit;

/// Nash-MTL (Navon et al. 2022, "Multi-task learning as a bargaining game", claim 3.1): `G·α = 1/α` with
/// `α > 0`, the only minimum of `½·αᵀ·G·α − Σ ln α_i`, by Newton steps. `‖d‖ = √m`.
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

/// FairGrad (Ban and Ji 2024, "Fair resource allocation in multi-task learning", equation 7):
/// `G·α = α^(−1/a)` with `α > 0`, which maximizes the a-fair utility of the descents of the losses. `a = 1`
/// is Nash-MTL; towards 0 the sum is maximized, towards infinity the least descent.
///
/// Where the rows (nearly) cancel there is no such α; then 1e-8 is added to the diagonal of the cosine
/// matrix. With a near 10, dozens of rows, and lengths that differ by 1e6 and more, the powers of the lengths
/// are more than f64 can solve with; a step without a solution is counted
/// ([`Counts::unsolved`](crate::Counts::unsolved)).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FairgradConfig {
    /// a, in [0.1, 10]. Default 1, that of the authors' code.
    pub fairness: f64,
}

impl Default for FairgradConfig {
    fn default() -> Self {
        Self { fairness: 1.0 }
    }
}

impl FairgradConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let legal = (0.1..=10.0).contains(&self.fairness);
        let field = "method.fairgrad.fairness";
        ConfigError::unless(legal, field, "must lie in [0.1, 10]", self.fairness)
    }
}

/// False where the equation was not solved.
pub(crate) fn nash_mtl(
    unit: &Unit,
    config: &NashMtlConfig,
    solver: &mut Bargain,
    ones: &mut [f64],
    out: &mut [f64],
) -> bool {
    ones.fill(1.0);
    let solved = solver.solve(&unit.cosines, ones, 1.0, out);
    if let Some(maximum) = config.maximum_norm {
        let norm = squared_length(&unit.cosines, out).sqrt();
        if norm > maximum {
            out.iter_mut().for_each(|weight| *weight *= maximum / norm);
        }
    }
    unit.stretch(out);
    out.iter_mut().for_each(|weight| *weight /= unit.scale);
    solved
}

/// On unit rows `C·y = n^(1/a − 1)·y^(−1/a)`; a common length s of the rows is α times `s^(−2a/(a+1))`.
/// False where the equation was not solved.
pub(crate) fn fairgrad(
    unit: &Unit,
    fairness: f64,
    solver: &mut Bargain,
    shares: &mut [f64],
    out: &mut [f64],
) -> bool {
    let exponent = 1.0 / fairness;
    for (share, length) in shares.iter_mut().zip(&unit.lengths) {
        *share = length.powf(exponent - 1.0);
    }
    let solved = solver.solve(&unit.cosines, shares, exponent, out);
    unit.stretch(out);
    let factor = unit.scale.powf(-2.0 / (1.0 + exponent));
    out.iter_mut().for_each(|weight| *weight *= factor);
    solved
}
