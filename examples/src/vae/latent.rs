//! Numbers of a latent code: divergences from a prior, and what its dimensions carry.

use burn::prelude::*;
use burn::tensor::activation::sigmoid;

/// A dimension counts as active from this variance of μ on.
pub const ACTIVE_VARIANCE: f64 = 0.1;

/// Width of the soft count of active dimensions, in units of variance.
const SOFT_WIDTH: f64 = 0.05;

/// `KL(N(μ, σ²) ‖ N(0, 1)) = ½ Σ (μ² + e^ℓ − ℓ − 1)` per row in nats, with ℓ = ln σ² limited to
/// \[−30, 20\]; `[N, D]` twice, `[N]`.
pub fn divergence<B: Backend>(mean: Tensor<B, 2>, log_variance: Tensor<B, 2>) -> Tensor<B, 1> {
    let log_variance = log_variance.clamp(-30.0, 20.0);
    let terms = mean.square() + log_variance.clone().exp() - log_variance - 1.0;
    terms.sum_dim(1).flatten::<1>(0, 1).mul_scalar(0.5)
}

/// The divergence from a prior whose dimensions are correlated by ρ inside blocks of b, per row in nats:
///
/// `½ Σ_blocks [(a + c)Σσ² + aΣμ² + c(Σμ)² − b + (b − 1) ln(1 − ρ) + ln(1 − ρ + ρb) − Σℓ]` with
/// `a = 1/(1 − ρ)`, `c = −ρ/((1 − ρ)(1 − ρ + ρb))`. The last block may be shorter.
pub fn block_divergence<B: Backend>(
    mean: Tensor<B, 2>,
    log_variance: Tensor<B, 2>,
    block: usize,
    correlation: f64,
) -> Tensor<B, 1> {
    let [count, width] = mean.dims();
    let block = block.clamp(1, width.max(1));
    let mut sum = Tensor::zeros([count, 1], &mean.device());
    for start in (0..width).step_by(block) {
        let size = block.min(width - start);
        let part = |all: &Tensor<B, 2>| all.clone().narrow(1, start, size);
        let (b, rest) = (size as f64, 1.0 - correlation);
        let (a, tail) = (1.0 / rest, rest + correlation * b);
        let c = -correlation / (rest * tail);
        let constant = -b + (b - 1.0) * rest.ln() + tail.ln();
        let (mean, log_variance) = (part(&mean), part(&log_variance));
        let variance = log_variance.clone().exp().sum_dim(1).mul_scalar(a + c);
        let squares = mean.clone().square().sum_dim(1).mul_scalar(a);
        let common = mean.sum_dim(1).square().mul_scalar(c);
        sum = sum + variance + squares + common + constant - log_variance.sum_dim(1);
    }
    sum.flatten::<1>(0, 1).mul_scalar(0.5)
}

/// The variance of every dimension over the rows, with divisor N − 1, `[D]`.
pub fn variances<B: Backend>(values: Tensor<B, 2>) -> Tensor<B, 1> {
    let [count, _] = values.dims();
    let centred = values.clone() - values.mean_dim(0);
    let sum = centred.square().sum_dim(0).flatten::<1>(0, 1);
    sum.div_scalar((count.max(2) - 1) as f64)
}

/// How many dimensions are active, softly: `Σ sigmoid((v − 0.1)/0.05)`, `[1]`.
pub fn soft_active<B: Backend>(variances: Tensor<B, 1>) -> Tensor<B, 1> {
    sigmoid(variances.sub_scalar(ACTIVE_VARIANCE).div_scalar(SOFT_WIDTH)).sum()
}

/// How many dimensions carry the variance: `exp(−Σ p ln p)` with `p = v/Σv`, `[1]`.
pub fn effective<B: Backend>(variances: Tensor<B, 1>) -> Tensor<B, 1> {
    // A dimension without variance adds 0·ln 0 = 0; the bound keeps its gradient finite.
    let variances = variances.clamp_min(1e-12);
    let shares = variances.clone() / variances.sum();
    (shares.clone() * shares.log()).sum().neg().exp()
}

/// `Σ_{i≠j} C_ij² / Σ_i C_ii²` of the covariance C of the columns, `[1]`.
pub fn off_diagonal_covariance<B: Backend>(values: Tensor<B, 2>) -> Tensor<B, 1> {
    let (covariance, diagonal) = covariance(values);
    let diagonal = diagonal.square().sum();
    let whole = covariance.square().sum_dim(1).sum();
    (whole - diagonal.clone()) / diagonal.clamp_min(1e-12)
}

/// The mean squared correlation of two different columns, in \[0, 1\], `[1]`.
pub fn mean_squared_correlation<B: Backend>(values: Tensor<B, 2>) -> Tensor<B, 1> {
    let [_, width] = values.dims();
    let (covariance, diagonal) = covariance(values);
    let diagonal = diagonal.clamp_min(1e-9);
    let scale = diagonal.clone().unsqueeze_dim::<2>(0) * diagonal.clone().unsqueeze_dim::<2>(1);
    let whole = (covariance.square() / scale).sum_dim(1).sum();
    let pairs = (width * width.saturating_sub(1)).max(1) as f64;
    // What stands on the diagonal is 1 each.
    whole.sub_scalar(width as f64).clamp_min(0.0).div_scalar(pairs)
}

/// The covariance of the columns with divisor N − 1, and its diagonal.
fn covariance<B: Backend>(values: Tensor<B, 2>) -> (Tensor<B, 2>, Tensor<B, 1>) {
    let [count, _] = values.dims();
    let centred = values.clone() - values.clone().mean_dim(0);
    let divisor = (count.max(2) - 1) as f64;
    (centred.clone().transpose().matmul(centred).div_scalar(divisor), variances(values))
}

/// What the dimensions of half a latent code carry, measured on the host.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Capacity {
    /// Dimensions whose μ has more variance than [`ACTIVE_VARIANCE`].
    pub active: usize,
    /// `exp(−Σ p ln p)`.
    pub effective: f64,
    /// The median of the variances.
    pub median: f64,
    /// The largest of the variances.
    pub largest: f64,
}

impl Capacity {
    /// Of these variances.
    pub fn of(variances: &[f64]) -> Self {
        let mut sorted = variances.to_vec();
        sorted.sort_by(f64::total_cmp);
        let sum: f64 = sorted.iter().sum();
        let entropy: f64 = sorted
            .iter()
            .map(|value| value / sum)
            .filter(|share| *share > 0.0)
            .map(|share| -share * share.ln())
            .sum();
        let middle = sorted.len() / 2;
        let median = match sorted.len() {
            0 => 0.0,
            even if even.is_multiple_of(2) => (sorted[middle - 1] + sorted[middle]) / 2.0,
            _ => sorted[middle],
        };
        Self {
            active: sorted.iter().filter(|value| **value > ACTIVE_VARIANCE).count(),
            effective: if sum > 0.0 { entropy.exp() } else { 0.0 },
            median,
            largest: sorted.last().copied().unwrap_or(0.0),
        }
    }
}
