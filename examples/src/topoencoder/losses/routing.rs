//! Losses of the routing weights w `[B, N]`.

use burn::prelude::*;
use burn::tensor::activation::relu;

use super::super::constants::row_norm;
use super::Information;

/// Smallest probability inside a logarithm.
const FLOOR: f64 = 1e-6;

/// Routing weights with what several losses share.
pub(super) struct Routing<B: Backend> {
    /// w, `[B, N]`.
    weights: Tensor<B, 2>,
    /// ln(w + 1e-6), `[B, N]`.
    logs: Tensor<B, 2>,
    /// p = mean_b w, `[1, N]`.
    usage: Tensor<B, 2>,
    /// H(K|X), `[1]`.
    conditional: Tensor<B, 1>,
    /// H(K), `[1]`.
    marginal: Tensor<B, 1>,
}

impl<B: Backend> Routing<B> {
    pub(super) fn new(weights: Tensor<B, 2>) -> Self {
        let [batch, _] = weights.dims();
        let logs = weights.clone().add_scalar(FLOOR).log();
        let usage = weights.clone().mean_dim(0);
        let conditional = weights.clone().mul(logs.clone()).sum().div_scalar(-(batch as f64));
        let marginal = usage.clone().mul(usage.clone().add_scalar(FLOOR).log()).sum().neg();
        Self { weights, logs, usage, conditional, marginal }
    }

    pub(super) fn information(&self) -> Information<B> {
        Information {
            charts: self.marginal.clone().detach(),
            charts_given_input: self.conditional.clone().detach(),
            mutual: self.mutual().detach(),
        }
    }

    pub(super) fn conditional_entropy(&self) -> Tensor<B, 1> {
        self.conditional.clone()
    }

    /// KL(w ‖ r).
    pub(super) fn divergence(&self, other: Tensor<B, 2>) -> Tensor<B, 1> {
        let [batch, _] = other.dims();
        let ratio = self.logs.clone().sub(other.add_scalar(FLOOR).log());
        self.weights.clone().mul(ratio).sum().div_scalar(batch as f64)
    }

    pub(super) fn diversity(&self) -> Tensor<B, 1> {
        self.marginal.clone().neg().add_scalar(self.log_charts())
    }

    pub(super) fn window(&self, floor: f64) -> Tensor<B, 1> {
        let shortfall = relu(self.mutual().neg().add_scalar(floor));
        shortfall.clone().mul(shortfall)
    }

    /// m_n = Σ_b w_bn t_b / (Σ_b w_bn + 1e-6), `[N, D]`.
    pub(super) fn chart_means(&self, points: Tensor<B, 2>) -> Tensor<B, 2> {
        let [batch, _] = points.dims();
        let mass = self.usage.clone().mul_scalar(batch as f64).add_scalar(FLOOR);
        self.weights.clone().transpose().matmul(points).div(mass.transpose())
    }

    /// Σ_n cov(w_n, ‖t‖)², deviations cut at ±1 and ±100; 0 for a single sample.
    pub(super) fn disentangle(&self, points: Tensor<B, 2>) -> Tensor<B, 1> {
        let [batch, _] = points.dims();
        if batch < 2 {
            return Tensor::zeros([1], &points.device());
        }
        let radius = row_norm(points);
        let radius = radius.clone().sub(radius.mean_dim(0)).clamp(-100.0, 100.0);
        let weights = self.weights.clone().sub(self.usage.clone()).clamp(-1.0, 1.0);
        let covariance = weights.transpose().matmul(radius).div_scalar((batch - 1) as f64);
        covariance.clone().mul(covariance).sum()
    }

    /// mean_b ½ Σ_n (w − w′)(ln(w + 1e-6) − ln(w′ + 1e-6)).
    pub(super) fn orbit(&self, other: Tensor<B, 2>) -> Tensor<B, 1> {
        let [batch, _] = other.dims();
        let ratio = self.logs.clone().sub(other.clone().add_scalar(FLOOR).log());
        self.weights.clone().sub(other).mul(ratio).sum().div_scalar(2.0 * batch as f64)
    }

    /// mean_b −ln((w P)_{b, y_b} + 1e-8).
    pub(super) fn route(&self, classes: Tensor<B, 2>, labels: Tensor<B, 1, Int>) -> Tensor<B, 1> {
        let [batch] = labels.dims();
        let chosen = self.weights.clone().matmul(classes).gather(1, labels.reshape([batch, 1]));
        chosen.add_scalar(1e-8).log().mean().neg()
    }

    /// Σ_n p_n · H(P_n).
    pub(super) fn purity(&self, classes: Tensor<B, 2>) -> Tensor<B, 1> {
        let entropy = classes.clone().add_scalar(1e-8).log().mul(classes).sum_dim(1).neg();
        self.usage.clone().matmul(entropy).reshape([1])
    }

    /// KL(p ‖ uniform).
    pub(super) fn balance(&self) -> Tensor<B, 1> {
        let logs = self.usage.clone().add_scalar(1e-8).log().add_scalar(self.log_charts());
        self.usage.clone().mul(logs).sum()
    }

    /// Σ D O relu(margin − (1 − O))² / (Σ D + 1e-8), O = w wᵀ, D = 1 where labels differ.
    pub(super) fn metric(&self, labels: Tensor<B, 1, Int>, margin: f64) -> Tensor<B, 1> {
        let [batch] = labels.dims();
        let device = labels.device();
        if batch < 2 {
            return Tensor::zeros([1], &device);
        }
        // |y_b − y_c| cut at 1; a product of [y, 1] and [1, −y], because comparing integers over
        // a broadcast is slow. Differences of class numbers are exact.
        let column = labels.float().reshape([batch, 1]);
        let ones = Tensor::ones([batch, 1], &device);
        let left = Tensor::cat(vec![column.clone(), ones.clone()], 1);
        let right = Tensor::cat(vec![ones, column.neg()], 1);
        let different = left.matmul(right.transpose()).abs().clamp_max(1.0);
        let overlap = self.weights.clone().matmul(self.weights.clone().transpose());
        let close = relu(overlap.clone().add_scalar(margin - 1.0));
        let pairs = different.clone().sum().add_scalar(1e-8);
        overlap.mul(close.clone()).mul(close).mul(different).sum_dim(1).sum().div(pairs)
    }

    fn mutual(&self) -> Tensor<B, 1> {
        self.marginal.clone().sub(self.conditional.clone())
    }

    fn log_charts(&self) -> f64 {
        (self.usage.dims()[1] as f64).ln()
    }
}
