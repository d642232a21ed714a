//! IMTL-G.

use crate::solve::Factor;
use crate::unit::Unit;

/// A sum of weights below this, relative to their sizes, is rounding.
const NOTHING: f64 = 1e-12;

/// IMTL-G (Liu et al. 2021, "Towards impartial multi-task learning", section 3.1): equal projections of d
/// on all unit rows, `α ∝ G⁺·n` with `n_i = ‖g_i‖`, and `Σα = 1`. Weights may be negative.
///
/// The pseudo-inverse is taken of the cosine matrix: `G·α = n` is `C·y = 1` for the weights y on unit rows.
/// Where `Σα` vanishes there is no such direction, and the result is zero.
pub(crate) fn imtl_g(unit: &Unit, factor: &mut Factor, ones: &mut [f64], out: &mut [f64]) {
    ones.fill(1.0);
    factor.pseudo_solve(unit, ones, out);
    unit.stretch(out);
    let sum: f64 = out.iter().sum();
    let size: f64 = out.iter().map(|weight| weight.abs()).sum();
    if sum.abs() <= NOTHING * size {
        out.fill(0.0);
        return;
    }
    out.iter_mut().for_each(|weight| *weight /= sum);
}
