//! PCGrad.

use serde::{Deserialize, Serialize};

use super::order::{Order, Orders, Reduce};
use crate::solve::dot;
use crate::unit::Unit;

/// PCGrad (Yu, Kumar, Gupta, Levine, Hausman and Finn 2020, "Gradient surgery for multi-task learning",
/// algorithm 1): for each i, start with `v = g_i`, and for every other j in some order, where
/// `v·g_j < 0`, `v ← v − (v·g_j/‖g_j‖²)·g_j` with the original g_j; d is the sum of all v.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PcgradConfig {
    /// In which order a gradient meets the others. Default: random.
    pub order: Order,
    /// Sum (default) or mean of the changed gradients.
    pub reduce: Reduce,
    /// Of the random orders. Default 0.
    pub seed: u64,
}

/// Weights on unit rows of each changed unit row.
pub(crate) fn pcgrad(unit: &Unit, mut orders: Orders, order: &mut Vec<usize>, changed: &mut [f64]) {
    let rows = unit.rows();
    changed.fill(0.0);
    for (row, weights) in changed.chunks_exact_mut(rows).enumerate() {
        weights[row] = 1.0;
        orders.next(rows, order);
        for other in order.iter().copied().filter(|other| *other != row) {
            let along = dot(unit.row(other), weights);
            if along < 0.0 {
                weights[other] -= along;
            }
        }
    }
}
