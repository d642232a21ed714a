//! Usage of the codes: soft, with a gradient, and hard, as a diagnostic.
//!
//! The reference counts nearest codes, which has no gradient: its controllers raise a weight that
//! cannot act. Here sample b uses code k of chart n with probability
//! s_bnk = softmax_k(−‖v_loc,b − Q_nk‖² / T_n), where T_n = temperature × the mean excess of the
//! distances of chart n over the nearest one. The scale is relative, so the loss does not change
//! when all coordinates are scaled, and the minimum, not the mean distance, is the reference
//! point: a sample far from all codes still prefers one of them.

use burn::prelude::*;

use super::super::constants::{spread, tile};
use super::super::encoder::Encoding;

/// Soft usage of the codes of every chart.
pub(super) struct SoftCodes<B: Backend> {
    /// mean over samples of s, `[N, C]`.
    plain: Tensor<B, 2>,
    /// Mean of s weighted by the (constant) routing weights, `[N, C]`.
    routed: Tensor<B, 2>,
    /// Mean routing weight of the charts, constant, `[N, 1]`.
    usage: Tensor<B, 2>,
}

impl<B: Backend> SoftCodes<B> {
    pub(super) fn new(encoding: &Encoding<B>, temperature: f64) -> Self {
        let [batch, charts, codes] = encoding.code_distances.dims();
        let device = encoding.weights.device();
        let minimum = encoding.code_minimum.clone();
        let excess = encoding.code_distances.clone().sub(minimum);
        let excess = excess.reshape([batch, charts * codes]);

        // −1 / T_n for every column, `[1, N·C]`; a chart whose codes coincide keeps T_n > 0.
        let groups = spread::<B>(charts, codes, &device);
        let mean = excess.clone().detach().mean_dim(0).matmul(groups.clone().transpose());
        let scale = mean.mul_scalar(temperature / codes as f64).add_scalar(1e-12);
        let scale = scale.recip().neg().matmul(groups.clone());
        let powers = excess.mul(scale).exp();
        let total = powers.clone().matmul(groups.clone().transpose()).recip();

        // Σ_b of s and of w·s for all charts in one product with 2N rows: of each chart's row only
        // its own C columns are kept.
        let weights = encoding.weights.clone().detach();
        let left = Tensor::cat(vec![total.clone(), total.mul(weights.clone())], 1);
        let sums = left.transpose().matmul(powers);
        let own = groups.clone().repeat_dim(0, 2);
        let fold = tile::<B>(codes, charts, &device).transpose();
        let sums = sums.mul(own).matmul(fold);
        let mass = weights.sum_dim(0).transpose();
        Self {
            plain: sums.clone().narrow(0, 0, charts).div_scalar(batch as f64),
            routed: sums.narrow(0, charts, charts).div(mass.clone().add_scalar(1e-6)),
            usage: mass.div_scalar(batch as f64),
        }
    }

    /// ln C − H(code), codes of all charts pooled by their number.
    pub(super) fn entropy_gap(&self) -> Tensor<B, 1> {
        let [_, codes] = self.plain.dims();
        let pooled = self.plain.clone().mean_dim(0);
        negative_entropy(pooled).sum().add_scalar((codes as f64).ln())
    }

    /// Σ_n p_n (ln C − H_n).
    pub(super) fn per_chart_entropy_gap(&self) -> Tensor<B, 1> {
        let [_, codes] = self.routed.dims();
        let gaps = negative_entropy(self.routed.clone()).sum_dim(1).add_scalar((codes as f64).ln());
        gaps.mul(self.usage.clone()).sum()
    }
}

/// ln C − entropy of the nearest codes of all samples in all charts, `[1]`, without gradient.
pub fn hard_code_entropy<B: Backend>(encoding: &Encoding<B>) -> Tensor<B, 1> {
    let chosen = one_hot(encoding);
    let [batch, charts, codes] = chosen.dims();
    let counts = chosen.reshape([batch * charts, codes]).sum_dim(0);
    let shares = counts.div_scalar((batch * charts) as f64 + 1e-6);
    negative_entropy(shares).sum().add_scalar((codes as f64).ln())
}

/// Mean over charts with at least two samples of ln C − entropy of the codes of the samples whose
/// largest weight is that chart; 0 when there is none. `[1]`, without gradient.
pub fn hard_per_chart_code_entropy<B: Backend>(encoding: &Encoding<B>) -> Tensor<B, 1> {
    let chosen = one_hot(encoding);
    let [batch, charts, codes] = chosen.dims();
    let owner: Tensor<B, 2> = encoding.charts().one_hot::<2>(charts).float();
    let counts = owner
        .transpose()
        .reshape([charts, 1, batch])
        .matmul(chosen.swap_dims(0, 1))
        .reshape([charts, codes]);
    let totals = counts.clone().sum_dim(1);
    let shares = counts.div(totals.clone().add_scalar(1e-6));
    let gaps = negative_entropy(shares).sum_dim(1).add_scalar((codes as f64).ln());
    let valid = totals.greater_equal_elem(2.0).float();
    gaps.mul(valid.clone()).sum().div(valid.sum().clamp_min(1.0))
}

/// Nearest codes as `[B, N, C]` of 0 and 1.
fn one_hot<B: Backend>(encoding: &Encoding<B>) -> Tensor<B, 3> {
    let [_, _, codes] = encoding.code_distances.dims();
    encoding.indices.clone().one_hot::<3>(codes).float()
}

/// p ln(p + 1e-6).
fn negative_entropy<B: Backend>(shares: Tensor<B, 2>) -> Tensor<B, 2> {
    shares.clone().add_scalar(1e-6).log().mul(shares)
}
