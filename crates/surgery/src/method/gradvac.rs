//! GradVac.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::order::{Order, Orders, Reduce};
use crate::solve::dot;
use crate::unit::Unit;

/// The usual cosine that a gradient is turned to stays this far inside ±1, where the turn is infinite.
const EDGE: f64 = 1e-9;

/// GradVac (Wang, Tsvetkov, Firat and Cao 2021, "Gradient vaccine", algorithm 1): as PCGrad, but with
/// `φ = cos(v, g_j)`, where `φ < ρ̂_ij`,
///
/// `v ← v + g_j·‖v‖·(ρ̂·√(1−φ²) − φ·√(1−ρ̂²)) / (‖g_j‖·√(1−ρ̂²))`
///
/// which makes the cosine ρ̂; then `ρ̂_ij ← (1 − β)·ρ̂_ij + β·φ`. With ρ̂ = 0 it is PCGrad.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GradvacConfig {
    /// β, the weight of the newest cosine, in [0, 1]. Default 0.01.
    pub rate: f64,
    /// ρ̂ of every pair before the first step, in (−1, 1). Default 0.
    pub similarity: f64,
    /// In which order a gradient meets the others. Default: random.
    pub order: Order,
    /// Sum (default) or mean of the changed gradients.
    pub reduce: Reduce,
    /// Of the random orders. Default 0.
    pub seed: u64,
}

impl Default for GradvacConfig {
    fn default() -> Self {
        Self { rate: 0.01, similarity: 0.0, order: Order::Random, reduce: Reduce::Sum, seed: 0 }
    }
}

impl GradvacConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let share = (0.0..=1.0).contains(&self.rate);
        ConfigError::unless(share, "method.gradvac.rate", "must lie in [0, 1]", self.rate)?;
        ConfigError::unless(
            self.similarity > -1.0 && self.similarity < 1.0,
            "method.gradvac.similarity",
            "must lie between −1 and 1, without the ends",
            self.similarity,
        )
    }
}

/// The usual cosines of all pairs of gradients.
pub(crate) struct Usual<'a> {
    /// All × all of them, row by row.
    pub(crate) cosines: &'a mut [f64],
    /// The number of gradients, those included that do not take part.
    pub(crate) all: usize,
    /// β.
    pub(crate) rate: f64,
}

/// Weights on unit rows of each changed unit row; moves the usual cosines. `along` holds `C·y` of the row
/// that is being changed, so that a turn takes K additions and not K².
pub(crate) fn gradvac(
    unit: &Unit,
    mut orders: Orders,
    order: &mut Vec<usize>,
    usual: Usual<'_>,
    along: &mut [f64],
    changed: &mut [f64],
) {
    let rows = unit.rows();
    changed.fill(0.0);
    for (row, weights) in changed.chunks_exact_mut(rows).enumerate() {
        weights[row] = 1.0;
        along.copy_from_slice(unit.row(row));
        orders.next(rows, order);
        for other in order.iter().copied().filter(|other| *other != row) {
            let squared = dot(weights, along);
            if unit.rounding(squared, weights) {
                continue;
            }
            let cosine = (along[other] / squared.sqrt()).clamp(-1.0, 1.0);
            let place = unit.places[row] * usual.all + unit.places[other];
            let usual_cosine = &mut usual.cosines[place];
            let goal = usual_cosine.clamp(EDGE - 1.0, 1.0 - EDGE);
            if cosine < goal {
                // ‖v‖·√(1−φ²) is what v has beside g_j.
                let beside = (squared - along[other] * along[other]).max(0.0).sqrt();
                let turn = goal * beside / (1.0 - goal * goal).sqrt() - along[other];
                weights[other] += turn;
                let entries = along.iter_mut().zip(unit.row(other));
                entries.for_each(|(along, cosine)| *along += turn * cosine);
            }
            *usual_cosine =
                ((1.0 - usual.rate) * *usual_cosine + usual.rate * cosine).clamp(-1.0, 1.0);
        }
    }
}
