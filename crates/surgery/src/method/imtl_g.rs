//! IMTL-G.

use nalgebra::DVector;

use crate::solve::pseudo_solve;
use crate::unit::Unit;

/// A sum of weights below this, relative to their sizes, is rounding.
const NOTHING: f64 = 1e-12;

/// IMTL-G (Liu et al. 2021, "Towards impartial multi-task learning", section 3.1): equal projections of d
/// on all unit rows, `α ∝ G⁺·n` with `n_i = ‖g_i‖`, and `Σα = 1`. Weights may be negative.
///
/// The pseudo-inverse is taken of the cosine matrix: `G·α = n` is `C·y = 1` for the weights y on unit rows.
/// Where `Σα` vanishes there is no such direction, and the result is zero.
pub(crate) fn imtl_g(unit: &Unit) -> DVector<f64> {
    let ones = DVector::from_element(unit.rows(), 1.0);
    let weights = unit.weights(&pseudo_solve(&unit.cosines, &ones));
    let sum = weights.sum();
    if sum.abs() <= NOTHING * weights.lp_norm(1) {
        return DVector::zeros(unit.rows());
    }
    weights / sum
}
