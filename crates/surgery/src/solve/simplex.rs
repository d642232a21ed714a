//! The point of least norm in the convex hull of rows.

use nalgebra::{DMatrix, DVector};

use super::nonnegative;

/// Weights on unit rows, up to a common factor, of the shortest point in the convex hull of rows with
/// these cosines and lengths: `argmin αᵀ·G·α` over the simplex is `α_i ∝ y_i/n_i`.
///
/// The condition `Σα = 1` becomes one more row of a non-negative least squares problem, whose solution
/// has the same direction for every weight of that row (Lawson and Hanson 1974, chapter 23, "LDP").
pub(crate) fn minimum_norm(cosines: &DMatrix<f64>, lengths: &DVector<f64>) -> DVector<f64> {
    let shortest = lengths.min();
    let inverse = lengths.map(|length| shortest / length);
    let matrix = cosines + &inverse * inverse.transpose();
    nonnegative(&matrix, &inverse)
}
