//! MGDA.

use nalgebra::DVector;

use crate::solve::minimum_norm;
use crate::unit::Unit;

/// MGDA (Désidéri 2012; Sener and Koltun 2018, equation 3): `α = argmin αᵀ·G·α` over the simplex, the
/// shortest vector in the convex hull, by active set, hence exact. The larger a gradient, the smaller
/// its weight, so that a multiplier on a row works backwards.
pub(crate) fn mgda(unit: &Unit) -> DVector<f64> {
    let mut weights = unit.weights(&minimum_norm(&unit.cosines, &unit.lengths));
    let sum = weights.sum();
    weights /= sum;
    weights
}
