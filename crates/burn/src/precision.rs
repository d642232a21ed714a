//! Learned precisions inside the graph.

use burn::module::Param;
use burn::prelude::*;

/// One log-variance sᵢ per loss, trained with the model: Lᵢ → exp(−sᵢ)·Lᵢ + sᵢ (Kendall, Gal and
/// Cipolla 2018, equation 7, with their factor ½ left to the learning rate). At the optimum
/// sᵢ = ln Lᵢ, so that every term weighs 1.
///
/// The closed-form law without a graph is `homeostat_precision`.
#[derive(Module, Debug)]
pub struct Precisions<B: Backend> {
    log_variances: Param<Tensor<B, 1>>,
}

impl<B: Backend> Precisions<B> {
    /// `count` log-variances of 0: every loss starts with weight 1.
    pub fn new(count: usize, device: &B::Device) -> Self {
        Self { log_variances: Param::from_tensor(Tensor::zeros([count], device)) }
    }

    /// exp(−s)·L + s for the loss of this index, of shape `[1]`.
    ///
    /// # Panics
    /// Where the index is not below the count given to [`Precisions::new`].
    pub fn apply(&self, index: usize, loss: Tensor<B, 1>) -> Tensor<B, 1> {
        let log_variance = self.log_variance(index);
        log_variance.clone().neg().exp() * loss + log_variance
    }

    /// The log-variance sᵢ, of shape `[1]`.
    pub fn log_variance(&self, index: usize) -> Tensor<B, 1> {
        self.log_variances.val().narrow(0, index, 1)
    }
}
