//! Eigenvalues of a Gramian whose rows differ much in length.

use super::linear::dot;
use crate::unit::Unit;

/// A pivot of the cosine matrix below this, or below its accuracy, times the number of rows makes a row a
/// combination of the others.
const PIVOT: f64 = 1e-13;

const SWEEPS: usize = 60;

/// Factors `D·C·D = V·Λ·Vᵀ` with eigenvalues that are exact relative to themselves, not to the largest:
/// pivoted Cholesky of C, then one-sided Jacobi rotations of `D·L` (Demmel and Veselić 1992, "Jacobi's
/// method is more accurate than QR"). C may be singular: only eigenvalues above zero are kept.
#[derive(Clone, Debug, Default)]
pub(crate) struct Factor {
    size: usize,
    rank: usize,
    rest: Vec<f64>,
    left: Vec<usize>,
    /// The rows that the columns of L were made of, in their order.
    pivots: Vec<usize>,
    /// One eigenvector after the other.
    vectors: Vec<f64>,
    roots: Vec<f64>,
}

impl Factor {
    pub(crate) fn new(rows: usize) -> Self {
        Self {
            size: 0,
            rank: 0,
            rest: vec![0.0; rows * rows],
            left: Vec::with_capacity(rows),
            pivots: Vec::with_capacity(rows),
            vectors: vec![0.0; rows * rows],
            roots: vec![0.0; rows],
        }
    }

    /// `√λ` of the eigenvalues above zero, in no order.
    pub(crate) fn roots(&self) -> &[f64] {
        &self.roots[..self.rank]
    }

    /// The eigenvectors, in the order of the roots.
    pub(crate) fn vectors(&self) -> impl Iterator<Item = &[f64]> {
        self.vectors[..self.rank * self.size].chunks_exact(self.size)
    }

    /// Of rows with their lengths.
    pub(crate) fn factor(&mut self, unit: &Unit) {
        // The rank by unit rows: of rows that depend on each other the shorter ones are left out below, and
        // as a combination of long ones a short row is the less exact.
        self.unit_cholesky(unit);
        self.scaled_cholesky(&unit.cosines, &unit.lengths, unit.accuracy, self.rank);
        self.diagonalize();
    }

    /// Of unit rows.
    pub(crate) fn factor_cosines(&mut self, unit: &Unit) {
        self.unit_cholesky(unit);
        self.diagonalize();
    }

    fn unit_cholesky(&mut self, unit: &Unit) {
        self.size = unit.rows();
        let mut ones = std::mem::take(&mut self.roots);
        ones[..self.size].fill(1.0);
        self.scaled_cholesky(&unit.cosines, &ones[..self.size], unit.accuracy, self.size);
        self.roots = ones;
    }

    fn diagonalize(&mut self) {
        let (size, rank) = (self.size, self.rank);
        for _ in 0..SWEEPS {
            let mut turned = false;
            for one in 0..rank {
                let (head, tail) = self.vectors[..rank * size].split_at_mut((one + 1) * size);
                let first = &mut head[one * size..];
                for other in tail.chunks_exact_mut(size) {
                    turned |= rotate(first, other);
                }
            }
            if !turned {
                break;
            }
        }
        for (vector, root) in
            self.vectors[..rank * size].chunks_exact_mut(size).zip(&mut self.roots)
        {
            *root = dot(vector, vector).sqrt();
            vector.iter_mut().for_each(|entry| *entry /= *root);
        }
    }

    /// `C⁺·b`: by substitution where C has full rank, else along its eigenvectors.
    pub(crate) fn pseudo_solve(&mut self, unit: &Unit, right: &[f64], out: &mut [f64]) {
        self.unit_cholesky(unit);
        out.fill(0.0);
        if self.rank == self.size {
            self.roots[..right.len()].copy_from_slice(right);
            self.substitute(out);
            return;
        }
        self.diagonalize();
        for (vector, root) in self.vectors().zip(self.roots()) {
            let coordinate = dot(vector, right) / root / root;
            out.iter_mut().zip(vector).for_each(|(out, entry)| *out += coordinate * entry);
        }
    }

    /// `(L·Lᵀ)⁻¹·b` into zeros; b lies in the place of the roots. Column k of L is zero in the rows of the
    /// pivots before it, so that no row has to move.
    fn substitute(&mut self, out: &mut [f64]) {
        let right = &mut self.roots[..self.size];
        let columns = || self.vectors.chunks_exact(self.size).zip(&self.pivots);
        for (column, pivot) in columns() {
            let value = right[*pivot] / column[*pivot];
            right.iter_mut().zip(column).for_each(|(right, entry)| *right -= value * entry);
            right[*pivot] = value;
        }
        for (column, pivot) in columns().rev() {
            out[*pivot] = (right[*pivot] - dot(column, out)) / column[*pivot];
        }
    }

    /// `D·L` with `L·Lᵀ = C`, as many columns as C has rank, up to a limit; long rows come first.
    fn scaled_cholesky(&mut self, cosines: &[f64], lengths: &[f64], accuracy: f64, limit: usize) {
        let size = self.size;
        let nothing = PIVOT.max(accuracy) * size as f64;
        let rest = &mut self.rest[..size * size];
        rest.copy_from_slice(cosines);
        self.left.clear();
        self.left.extend(0..size);
        self.pivots.clear();
        self.rank = 0;
        while self.rank < limit {
            self.left.retain(|row| rest[row * size + row] > nothing);
            let weight = |row: usize| rest[row * size + row] * lengths[row] * lengths[row];
            let pivot = self.left.iter().copied().max_by(|a, b| weight(*a).total_cmp(&weight(*b)));
            let Some(pivot) = pivot else { return };
            let column = &mut self.vectors[self.rank * size..(self.rank + 1) * size];
            let root = rest[pivot * size + pivot].sqrt();
            for (entry, row) in column.iter_mut().zip(&rest[pivot * size..]) {
                *entry = row / root;
            }
            for row in 0..size {
                for other in 0..size {
                    rest[row * size + other] -= column[row] * column[other];
                }
            }
            self.left.retain(|row| *row != pivot);
            self.pivots.push(pivot);
            // What is left of a finished row is rounding.
            for row in 0..size {
                rest[row * size + pivot] = 0.0;
                rest[pivot * size + row] = 0.0;
            }
            column.iter_mut().zip(lengths).for_each(|(entry, length)| *entry *= length);
            self.rank += 1;
        }
    }
}

/// Makes two columns orthogonal; false where they are already.
fn rotate(one: &mut [f64], other: &mut [f64]) -> bool {
    let (a, b) = (dot(one, one).sqrt(), dot(other, other).sqrt());
    let cosine = dot(one, other) / a / b;
    if cosine.abs() <= 1e-15 * one.len() as f64 {
        return false;
    }
    let zeta = (b / a - a / b) / (2.0 * cosine);
    let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = cosine * tangent;
    for (x, y) in one.iter_mut().zip(other) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
    true
}
