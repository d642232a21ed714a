//! The simplex: the point of least norm in the convex hull of rows, and projections.

use super::Nonnegative;

/// The point of least norm in the convex hull of rows.
#[derive(Clone, Debug, Default)]
pub(crate) struct MinimumNorm {
    solver: Nonnegative,
    matrix: Vec<f64>,
    inverse: Vec<f64>,
}

impl MinimumNorm {
    pub(crate) fn new(rows: usize) -> Self {
        let (matrix, inverse) = (vec![0.0; rows * rows], vec![0.0; rows]);
        Self { solver: Nonnegative::new(rows), matrix, inverse }
    }

    /// Weights on unit rows, up to a common factor, of the shortest point in the convex hull of rows with
    /// these cosines and lengths: `argmin αᵀ·G·α` over the simplex is `α_i ∝ y_i/n_i`.
    ///
    /// The condition `Σα = 1` becomes one more row of a non-negative least squares problem, whose solution
    /// has the same direction for every weight of that row (Lawson and Hanson 1974, chapter 23, "LDP").
    pub(crate) fn solve(&mut self, cosines: &[f64], lengths: &[f64]) -> &[f64] {
        let size = lengths.len();
        let shortest = lengths.iter().copied().fold(f64::INFINITY, f64::min);
        for (inverse, length) in self.inverse.iter_mut().zip(lengths) {
            *inverse = shortest / length;
        }
        let inverse = &self.inverse[..size];
        for row in 0..size {
            for column in 0..size {
                let at = row * size + column;
                self.matrix[at] = cosines[at] + inverse[row] * inverse[column];
            }
        }
        self.solver.solve(&self.matrix[..size * size], inverse)
    }
}

/// Moves a point to the nearest one of the simplex (Held, Wolfe and Crowder 1974). `sorted` is as long.
pub(crate) fn project_simplex(point: &mut [f64], sorted: &mut [f64]) {
    sorted.copy_from_slice(point);
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut sum, mut shift) = (0.0, 0.0);
    for (count, value) in sorted.iter().enumerate() {
        sum += value;
        let level = (sum - 1.0) / (count + 1) as f64;
        if *value > level {
            shift = level;
        }
    }
    point.iter_mut().for_each(|value| *value = (*value - shift).max(0.0));
}
