//! Norm-gated GELU: one gate per bundle of hidden units, so that bundles may be rotated.

use burn::module::Param;
use burn::prelude::*;

use super::constants::{gelu, spread};

/// out = x · GELU(e + bias), e = √(Σ_bundle x² + 1e-12).
#[derive(Module, Debug)]
pub struct NormGate<B: Backend> {
    /// One bias per bundle, `[1, bundles]`.
    pub bias: Param<Tensor<B, 2>>,
    /// Number of units in one bundle.
    pub size: usize,
}

impl<B: Backend> NormGate<B> {
    /// A gate over `width / size` bundles with bias 0.
    pub fn new(width: usize, size: usize, device: &B::Device) -> Self {
        Self { bias: Param::from_tensor(Tensor::zeros([1, width / size], device)), size }
    }

    /// Gates `[M, width]`.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let gate = self.gate(x.clone());
        x.mul(self.widen(gate))
    }

    /// GELU(e + bias), `[M, bundles]`.
    pub fn gate(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let square = x.clone().mul(x);
        let energy = if self.size == 1 {
            square
        } else {
            square.matmul(self.spread(&self.bias.device()).transpose())
        };
        gelu(energy.add_scalar(1e-12).sqrt().add(self.bias.val()))
    }

    /// Repeats the number of a bundle for each of its units, `[M, bundles]` to `[M, width]`.
    pub fn widen(&self, gate: Tensor<B, 2>) -> Tensor<B, 2> {
        if self.size == 1 {
            gate
        } else {
            let matrix = self.spread(&gate.device());
            gate.matmul(matrix)
        }
    }

    fn spread(&self, device: &B::Device) -> Tensor<B, 2> {
        spread(self.bias.dims()[1], self.size, device)
    }
}
