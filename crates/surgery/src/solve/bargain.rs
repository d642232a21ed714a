//! Fixed points of bargaining.

use super::linear::{cholesky, dot, multiply, substitute};

/// A weight above this, relative to the largest without any conflict, says that the rows nearly cancel, and
/// that the fixed point may not exist.
const LARGEST: f64 = 1e5;

/// What is added to the diagonal of the cosine matrix then: weights reach about 1e4.
const REGULARIZATION: f64 = 1e-8;

const ITERATIONS: usize = 300;

/// A squared relative step below this is rounding, where it does not become smaller.
const STILL: f64 = 1e-26;

/// A squared relative step below this is small enough after all iterations.
const CONVERGED: f64 = 1e-16;

/// `C·y = b·y^(−q)` over `y > 0`: the only minimum of the convex `½·yᵀ·C·y − Σ b_i·φ(y_i)` with
/// `φ′(y) = y^(−q)`, by Newton steps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bargain {
    matrix: Vec<f64>,
    slope: Vec<f64>,
    step: Vec<f64>,
    tried: Vec<f64>,
    product: Vec<f64>,
}

impl Bargain {
    pub(crate) fn new(rows: usize) -> Self {
        let vector = || vec![0.0; rows];
        Self {
            matrix: vec![0.0; rows * rows],
            slope: vector(),
            step: vector(),
            tried: vector(),
            product: vector(),
        }
    }

    /// Solves with `b = shares` and `q = exponent`, above zero, into `out`. Where the rows nearly cancel, or
    /// no solution is found, 1e-8 is added to the diagonal of C. False where that did not help.
    pub(crate) fn solve(
        &mut self,
        cosines: &[f64],
        shares: &[f64],
        exponent: f64,
        out: &mut [f64],
    ) -> bool {
        for ridge in [0.0, REGULARIZATION] {
            // The solution of orthogonal rows.
            for (out, share) in out.iter_mut().zip(shares) {
                *out = share.powf((1.0 + exponent).recip());
            }
            if self.newton(cosines, shares, exponent, ridge, out) {
                return true;
            }
        }
        false
    }

    fn newton(
        &mut self,
        cosines: &[f64],
        shares: &[f64],
        exponent: f64,
        ridge: f64,
        weights: &mut [f64],
    ) -> bool {
        let size = weights.len();
        let limit = LARGEST * largest(weights);
        let mut last = f64::INFINITY;
        for _ in 0..ITERATIONS {
            self.gradient(cosines, shares, exponent, ridge, weights);
            // Scaled by the weights, the curvature is Y·C·Y and a diagonal of the same size.
            for row in 0..size {
                for column in 0..=row {
                    let at = row * size + column;
                    self.matrix[at] = cosines[at] * weights[row] * weights[column];
                }
                let own = shares[row] * weights[row].powf(1.0 - exponent);
                self.matrix[row * size + row] +=
                    ridge * weights[row] * weights[row] + exponent * own;
                self.step[row] = -self.slope[row] * weights[row];
            }
            if !cholesky(&mut self.matrix[..size * size], size) {
                return false;
            }
            substitute(&self.matrix, size, &mut self.step[..size]);
            for (step, weight) in self.step.iter_mut().zip(weights.iter()) {
                *step *= weight;
            }
            let total = dot(weights, &self.product[..size]);
            let decrement = self.advance(cosines, shares, exponent, ridge, weights);
            if largest(weights) > limit && ridge == 0.0 {
                return false;
            }
            // The squared length of the step, relative; it stands still where it is rounding.
            let relative = decrement / total;
            let still = relative < STILL && relative >= 0.25 * last;
            if relative <= f64::EPSILON * f64::EPSILON || still {
                return true;
            }
            last = relative;
        }
        last < CONVERGED
    }

    /// A step that stays inside and does not overshoot. Answers with how steep it was.
    fn advance(
        &mut self,
        cosines: &[f64],
        shares: &[f64],
        exponent: f64,
        ridge: f64,
        weights: &mut [f64],
    ) -> f64 {
        let size = weights.len();
        let mut length = 1.0_f64;
        for (step, weight) in self.step.iter().zip(weights.iter()) {
            if *step < 0.0 {
                length = length.min(-0.9 * weight / step);
            }
        }
        let before = dot(&self.slope[..size], &self.step[..size]);
        for _ in 0..40 {
            for ((tried, weight), step) in self.tried.iter_mut().zip(weights.iter()).zip(&self.step)
            {
                *tried = weight + length * step;
            }
            let tried = std::mem::take(&mut self.tried);
            self.gradient(cosines, shares, exponent, ridge, &tried[..size]);
            self.tried = tried;
            let after = dot(&self.slope[..size], &self.step[..size]);
            if after <= 0.5 * before.abs() {
                break;
            }
            length *= 0.5;
        }
        weights.copy_from_slice(&self.tried[..size]);
        -before
    }

    fn gradient(
        &mut self,
        cosines: &[f64],
        shares: &[f64],
        exponent: f64,
        ridge: f64,
        weights: &[f64],
    ) {
        multiply(cosines, weights, &mut self.product);
        for (row, weight) in weights.iter().enumerate() {
            self.slope[row] =
                self.product[row] + ridge * weight - shares[row] * weight.powf(-exponent);
        }
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}
