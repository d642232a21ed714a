//! UPGrad and DualProj: projections on the cone of directions that conflict with no row.

use crate::solve::{Nonnegative, dot, multiply};
use crate::unit::Unit;

/// UPGrad (Quinton and Rey 2024, "Jacobian descent for multi-objective optimization", section 3): for each
/// i, `v_i = argmin vᵀ·G·v` over `v ≥ u_i·e_i`, the projection of `u_i·g_i` on the cone of directions that
/// conflict with no row; `α = Σ v_i`. Exact: G is not regularized.
///
/// On unit rows each of the problems is `u_i·n_i` times the problem of `e_i`, so that lengths drop out. A
/// row whose projection is rounding adds nothing, however long it is.
pub(crate) fn upgrad(
    unit: &Unit,
    preference: &[f64],
    solver: &mut Nonnegative,
    right: &mut [f64],
    along: &mut [f64],
    out: &mut [f64],
) {
    let rows = unit.rows();
    out.fill(0.0);
    for row in 0..rows {
        if preference[row] == 0.0 {
            continue;
        }
        right.iter_mut().zip(unit.row(row)).for_each(|(right, cosine)| *right = -cosine);
        let added = solver.solve(&unit.cosines, right);
        right.copy_from_slice(added);
        right[row] += 1.0;
        multiply(&unit.cosines, right, along);
        if unit.rounding(dot(right, along), right) {
            continue;
        }
        for other in 0..rows {
            // The ratio is exactly 1 on the diagonal.
            let ratio = unit.lengths[row] / unit.lengths[other];
            out[other] += right[other] * preference[row] * ratio;
        }
    }
}

/// DualProj (the projection of gradient episodic memory, Lopez-Paz and Ranzato 2017, equations 11 to 13):
/// `α = argmin vᵀ·G·v` over `v ≥ u`, the projection of `Jᵀ·u` on the cone of directions that conflict with
/// no row. Exact: G is not regularized.
pub(crate) fn dualproj(
    unit: &Unit,
    preference: &[f64],
    solver: &mut Nonnegative,
    lower: &mut [f64],
    right: &mut [f64],
    out: &mut [f64],
) {
    for ((lower, preference), length) in lower.iter_mut().zip(preference).zip(&unit.lengths) {
        *lower = preference * length;
    }
    let largest = lower.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        out.fill(0.0);
        return;
    }
    multiply(&unit.cosines, lower, right);
    right.iter_mut().for_each(|right| *right /= -largest);
    out.copy_from_slice(solver.solve(&unit.cosines, right));
    unit.stretch(out);
    for (out, preference) in out.iter_mut().zip(preference) {
        *out = preference + *out * largest;
    }
}
