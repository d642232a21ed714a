//! DualProj.

use nalgebra::DVector;

use crate::solve::nonnegative;
use crate::unit::Unit;

/// DualProj (the projection of gradient episodic memory, Lopez-Paz and Ranzato 2017, equations 11 to 13):
/// `α = argmin vᵀ·G·v` over `v ≥ u`, the projection of `Jᵀ·u` on the cone of directions that conflict with
/// no row. Exact: G is not regularized.
pub(crate) fn dualproj(unit: &Unit, preference: &DVector<f64>) -> DVector<f64> {
    let lower = preference.component_mul(&unit.lengths);
    let largest = lower.amax();
    if largest == 0.0 {
        return DVector::zeros(unit.rows());
    }
    let right = -(&unit.cosines * &lower) / largest;
    let added = nonnegative(&unit.cosines, &right) * largest;
    preference + unit.weights(&added)
}
