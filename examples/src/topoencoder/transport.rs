//! Cayley transport of one vector per sample, without solving a linear system.
//!
//! The reference carries every key k_n of sample b along U = (aI + ½S)⁻¹(aI − ½S), where
//! a = 1 + ε and S = S(v_b) = Σ_d v_d S_d is skew. Scores only need
//! ⟨U k_n, q⟩ = ⟨k_n, Uᵀ q⟩, so one vector per sample is enough:
//!
//! Uᵀ q = (aI + ½S)(aI − ½S)⁻¹ q.
//!
//! The eigenvalues of S are imaginary, ± iμx with |x| ≤ 1 for every μ ≥ ‖S‖. On that segment the
//! rational function has the closed Chebyshev series (β = μ / 2a, ρ = β / (1 + √(1 + β²)))
//!
//! Uᵀ q = −q + 2 / √(1 + β²) · (q + 2 Σ_{j ≥ 1} y_j),
//! y_0 = q, y_1 = ½ S(w) q, y_{j+1} = S(w) y_j + ρ² y_{j−1}, w = v / (a (1 + √(1 + β²))).
//!
//! Cut after m terms the error is at most 4 ρ^{m+1} / ((1 − ρ) √(1 + β²)) · ‖q‖. The bound used
//! for ‖S‖ is μ² = ‖S(v)‖_F² / 2 = vᵀ G v / 2 (eigenvalues of a skew matrix come in pairs). Under
//! the spectral ceiling 1 the generator gives ‖S(v)‖_F ≤ ‖v‖, so that ‖v‖ ≤ 2 means ρ ≤ 0.318:
//! m = 13 leaves an error below 1e-6, m = 8 does so for ‖v‖ ≤ 1. Vectors far outside are
//! transported less exactly: with m = 13 the bound is 5e-3 at ‖v‖ = 5.
//!
//! The bound is a constant of the graph: the sum does not depend on it, only the remainder does.

use burn::prelude::*;

use super::constants::spread;

/// Smallest μ² used, the bound at ‖v‖ = 1.
///
/// Any upper bound of ‖S‖² is correct. Without a floor the terms of a short vector fall like
/// ‖v‖^j, and products of the last ones are subnormal numbers, which made the backward pass up to
/// ten times slower.
const SMALLEST_BOUND: f64 = 0.5;

/// The transport of one batch: the skew generators and the per-sample series.
///
/// A step is (y repeated D times ⊙ w spread H times) · (all S_d on top of each other): one product
/// and a few contiguous passes.
#[derive(Clone, Debug)]
pub struct Transport<B: Backend> {
    /// Row (d, j), column i is S_d\[i, j\], `[D·H, H]`.
    generator: Tensor<B, 2>,
    /// Column (d, j) is w_d, `[B, D·H]`.
    direction: Tensor<B, 2>,
    /// ρ², `[B, 1]`.
    decay: Tensor<B, 2>,
    /// 2 / √(1 + β²), `[B, 1]`.
    amplitude: Tensor<B, 2>,
    /// D.
    size: usize,
    /// Number m of terms.
    terms: usize,
}

impl<B: Backend> Transport<B> {
    /// Prepares the transport along `latent` `[B, D]` for the generator weight `[D, H·H]`, whose
    /// row d holds the matrix A_d with S_d = ½ (A_d − A_dᵀ).
    pub fn new(latent: Tensor<B, 2>, weight: Tensor<B, 2>, epsilon: f64, terms: usize) -> Self {
        let [_, size] = latent.dims();
        let hidden = weight.dims()[1].isqrt();
        let device = latent.device();
        let matrices = weight.reshape([size, hidden, hidden]);
        // S_dᵀ, so that rows are multiplied from the left.
        let skew = matrices.clone().swap_dims(1, 2).sub(matrices).mul_scalar(0.5);

        let a = 1.0 + epsilon;
        let rows = skew.clone().detach().reshape([size, hidden * hidden]);
        let gram = rows.clone().matmul(rows.transpose());
        let fixed = latent.clone().detach();
        let bound = fixed.clone().matmul(gram).mul(fixed).sum_dim(1).mul_scalar(0.5);
        let beta_square = bound.clamp_min(SMALLEST_BOUND).div_scalar(4.0 * a * a);
        let root = beta_square.clone().add_scalar(1.0).sqrt();
        let shift = root.clone().add_scalar(1.0);
        let decay = beta_square.div(shift.clone().mul(shift.clone()));
        let direction = latent.div(shift.mul_scalar(a)).matmul(spread(size, hidden, &device));
        let amplitude = root.recip().mul_scalar(2.0);
        let generator = skew.reshape([size * hidden, hidden]);
        Self { generator, direction, decay, amplitude, size, terms }
    }

    /// Uᵀ q for every row of `queries` `[B, H]`.
    pub fn transposed(&self, queries: Tensor<B, 2>) -> Tensor<B, 2> {
        let mut before = queries.clone();
        let mut current = self.apply(queries.clone()).mul_scalar(0.5);
        let mut sum = current.clone();
        for _ in 1..self.terms {
            let next = self.apply(current.clone()).add(before.mul(self.decay.clone()));
            before = current;
            current = next;
            sum = sum.add(current.clone());
        }
        let series = queries.clone().add(sum.mul_scalar(2.0));
        series.mul(self.amplitude.clone()).sub(queries)
    }

    /// S(w) y for every row, `[B, H]`.
    fn apply(&self, vectors: Tensor<B, 2>) -> Tensor<B, 2> {
        let repeated = Tensor::cat(vec![vectors; self.size], 1);
        repeated.mul(self.direction.clone()).matmul(self.generator.clone())
    }
}
