//! Eigenvalues of a Gramian whose rows differ much in length.

use nalgebra::{DMatrix, DVector};

/// A pivot of the cosine matrix below this makes a row a combination of the others.
const PIVOT: f64 = 1e-13;

const SWEEPS: usize = 60;

/// The eigenvectors and the square roots of the eigenvalues of `D·C·D`, of full rank.
pub(crate) struct Factor {
    /// One eigenvector in each column.
    pub(crate) vectors: DMatrix<f64>,
    /// `√λ`, one for each column, all above zero.
    pub(crate) roots: DVector<f64>,
}

/// Factors `D·C·D = V·Λ·Vᵀ` with eigenvalues that are exact relative to themselves, not to the largest:
/// pivoted Cholesky of C, then one-sided Jacobi rotations of `D·L` (Demmel and Veselić 1992, "Jacobi's
/// method is more accurate than QR").
pub(crate) fn factor(cosines: &DMatrix<f64>, lengths: &DVector<f64>) -> Factor {
    let mut columns = scaled_cholesky(cosines, lengths);
    let rank = columns.ncols();
    for _ in 0..SWEEPS {
        let mut turned = false;
        for one in 0..rank {
            for other in one + 1..rank {
                turned |= rotate(&mut columns, one, other);
            }
        }
        if !turned {
            break;
        }
    }
    let roots = DVector::from_fn(rank, |column, _| columns.column(column).norm());
    for (mut column, root) in columns.column_iter_mut().zip(roots.iter()) {
        column /= *root;
    }
    Factor { vectors: columns, roots }
}

/// `D·L` with `L·Lᵀ = C`, as many columns as C has rank; long rows come first.
fn scaled_cholesky(cosines: &DMatrix<f64>, lengths: &DVector<f64>) -> DMatrix<f64> {
    let size = lengths.len();
    let mut rest = cosines.clone();
    let mut left: Vec<usize> = (0..size).collect();
    let mut columns: Vec<DVector<f64>> = Vec::with_capacity(size);
    loop {
        let weight = |row: usize| rest[(row, row)] * lengths[row] * lengths[row];
        left.retain(|row| rest[(*row, *row)] > PIVOT * size as f64);
        let pivot = left.iter().copied().max_by(|a, b| weight(*a).total_cmp(&weight(*b)));
        let Some(pivot) = pivot else { break };
        let column: DVector<f64> = rest.column(pivot) / rest[(pivot, pivot)].sqrt();
        rest -= &column * column.transpose();
        left.retain(|row| *row != pivot);
        // What is left of a finished row is rounding.
        rest.row_mut(pivot).fill(0.0);
        rest.column_mut(pivot).fill(0.0);
        columns.push(column.component_mul(lengths));
    }
    DMatrix::from_columns(&columns)
}

/// Makes two columns orthogonal; false where they are already.
fn rotate(columns: &mut DMatrix<f64>, one: usize, other: usize) -> bool {
    let (a, b) = (columns.column(one).norm(), columns.column(other).norm());
    let cosine = columns.column(one).dot(&columns.column(other)) / a / b;
    if cosine.abs() <= 1e-15 * columns.nrows() as f64 {
        return false;
    }
    let zeta = (b / a - a / b) / (2.0 * cosine);
    let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = cosine * tangent;
    for row in 0..columns.nrows() {
        let (x, y) = (columns[(row, one)], columns[(row, other)]);
        columns[(row, one)] = cosine * x - sine * y;
        columns[(row, other)] = sine * x + cosine * y;
    }
    true
}
