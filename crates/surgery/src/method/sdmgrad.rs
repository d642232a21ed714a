//! SDMGrad.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::preference::check;
use crate::solve::{dot, project_simplex};
use crate::unit::Unit;

/// SDMGrad (Xiao, Ban and Ji 2023, "Direction-oriented multi-objective learning: simple and provable
/// stochastic algorithms", equations 8 and 9): w of the simplex that makes `‖g_w + r·g_0‖` least, where
/// `g_0 = Σ u_i·g_i`, and `d = (g_w + r·g_0)/(1 + r)`.
///
/// w is memory: each step moves it by some projected gradient steps
/// `w ← Π(w − η/L·(G·w + r·G·u))`, where L is the largest row sum of |G|, so that `η ≤ 1` never goes uphill
/// and lengths drop out. Few steps with a small η average over the noise of batches; on a Gramian that
/// stays the same w reaches the minimum. The paper takes the two factors of G from two batches, which
/// removes a bias; a caller that has both may give that Gramian, made symmetric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SdmgradConfig {
    /// r, finite and not negative. Default 0.3. With 0 and enough steps it is MGDA; a large one gives g_0.
    pub regularization: f64,
    /// η, in (0, 1]. Default 1.
    pub rate: f64,
    /// Projected gradient steps in each step, at least 1. Default 20, that of the authors' code.
    pub iterations: u32,
    /// u, one number for each gradient, finite and not negative, one of them above 0. Default 1/m each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preference: Option<Vec<f64>>,
}

impl Default for SdmgradConfig {
    fn default() -> Self {
        Self { regularization: 0.3, rate: 1.0, iterations: 20, preference: None }
    }
}

impl SdmgradConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        ConfigError::not_negative("method.sdmgrad.regularization", self.regularization)?;
        let legal = self.rate > 0.0 && self.rate <= 1.0;
        ConfigError::unless(legal, "method.sdmgrad.rate", "must lie in (0, 1]", self.rate)?;
        let legal = self.iterations >= 1;
        let field = "method.sdmgrad.iterations";
        ConfigError::unless(legal, field, "must be at least 1", self.iterations)?;
        check("method.sdmgrad.preference", self.preference.as_deref())
    }
}

/// Moves the simplex weights of all rows and gives α of the kept ones.
pub(crate) fn sdmgrad(
    unit: &Unit,
    config: &SdmgradConfig,
    preference: &[f64],
    memory: &mut [f64],
    [weights, parts, slope]: [&mut [f64]; 3],
    out: &mut [f64],
) {
    let rows = unit.rows();
    // Absent rows give their share to the others.
    for (weight, place) in weights.iter_mut().zip(&unit.places) {
        *weight = memory[*place];
    }
    project_simplex(weights, slope);
    let bound = (0..rows)
        .map(|row| {
            let entries = unit.row(row).iter().zip(&unit.lengths);
            unit.lengths[row] * entries.map(|(cosine, length)| cosine.abs() * length).sum::<f64>()
        })
        .fold(0.0, f64::max);
    for _ in 0..config.iterations {
        for row in 0..rows {
            parts[row] =
                (weights[row] + config.regularization * preference[row]) * unit.lengths[row];
        }
        for (row, slope) in slope.iter_mut().enumerate() {
            *slope = unit.lengths[row] * dot(unit.row(row), parts);
        }
        for (weight, slope) in weights.iter_mut().zip(slope.iter()) {
            *weight -= config.rate / bound * slope;
        }
        project_simplex(weights, slope);
    }
    for (weight, place) in weights.iter().zip(&unit.places) {
        memory[*place] = *weight;
    }
    for ((out, weight), preference) in out.iter_mut().zip(weights.iter()).zip(preference) {
        *out = (weight + config.regularization * preference) / (1.0 + config.regularization);
    }
}
