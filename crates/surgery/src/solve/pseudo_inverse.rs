//! The pseudo-inverse of a cosine matrix.

use nalgebra::{DMatrix, DVector};

/// An eigenvalue below this, relative to the largest, counts as zero.
const RANK: f64 = 1e-12;

/// `C⁺·b` for a symmetric positive semidefinite C.
pub(crate) fn pseudo_solve(matrix: &DMatrix<f64>, right: &DVector<f64>) -> DVector<f64> {
    let eigen = matrix.clone().symmetric_eigen();
    let limit = RANK * eigen.eigenvalues.amax();
    let coordinates = eigen.eigenvectors.tr_mul(right);
    let scaled = coordinates.zip_map(&eigen.eigenvalues, |coordinate, eigenvalue| {
        if eigenvalue > limit { coordinate / eigenvalue } else { 0.0 }
    });
    eigen.eigenvectors * scaled
}
