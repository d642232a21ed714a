//! UPGrad.

use nalgebra::DVector;

use crate::solve::nonnegative;
use crate::unit::Unit;

/// UPGrad (Quinton and Rey 2024, "Jacobian descent for multi-objective optimization", section 3): for each
/// i, `v_i = argmin vᵀ·G·v` over `v ≥ u_i·e_i`, the projection of `u_i·g_i` on the cone of directions that
/// conflict with no row; `α = Σ v_i`. Exact: G is not regularized.
///
/// On unit rows each of the problems is `u_i·n_i` times the problem of `e_i`, so that lengths drop out.
pub(crate) fn upgrad(unit: &Unit, preference: &DVector<f64>) -> DVector<f64> {
    let rows = unit.rows();
    let mut sum = DVector::zeros(rows);
    for row in 0..rows {
        let mut projected = nonnegative(&unit.cosines, &-unit.cosines.column(row));
        projected[row] += 1.0;
        for other in 0..rows {
            // The ratio is exactly 1 on the diagonal.
            let ratio = unit.lengths[row] / unit.lengths[other];
            sum[other] += projected[other] * preference[row] * ratio;
        }
    }
    sum
}
