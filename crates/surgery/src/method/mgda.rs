//! MGDA.

use crate::solve::MinimumNorm;
use crate::unit::Unit;

/// MGDA (Désidéri 2012; Sener and Koltun 2018, equation 3): `α = argmin αᵀ·G·α` over the simplex, the
/// shortest vector in the convex hull, by active set, hence exact. The larger a gradient, the smaller
/// its weight, so that a multiplier on a row works backwards.
pub(crate) fn mgda(unit: &Unit, solver: &mut MinimumNorm, out: &mut [f64]) {
    out.copy_from_slice(solver.solve(&unit.cosines, &unit.lengths));
    unit.stretch(out);
    let sum: f64 = out.iter().sum();
    out.iter_mut().for_each(|weight| *weight /= sum);
}
