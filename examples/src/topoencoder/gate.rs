//! Norm-gated GELU: one gate per bundle of hidden units, so that bundles may be rotated.

use burn::module::Param;
use burn::prelude::*;

use super::constants::{gelu, root, spread};

/// out = x · GELU(e + bias), e = √(Σ_bundle x² + 1e-12).
#[derive(Module, Debug)]
pub struct NormGate<B: Backend> {
    /// One bias per bundle, `[1, bundles]`.
    pub bias: Param<Tensor<B, 2>>,
    /// Number of units in one bundle.
    pub size: usize,
}

impl<B: Backend> NormGate<B> {
    /// A gate over `width / size` bundles. With `bias` 0, the reference, small inputs pass as their
    /// square and a deep stack starts almost silent; with 1 they pass nearly unchanged.
    pub fn new(width: usize, size: usize, bias: f64, device: &B::Device) -> Self {
        Self { bias: Param::from_tensor(Tensor::full([1, width / size], bias, device)), size }
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
        gelu(root(energy.add_scalar(1e-12)).add(self.bias.val()))
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
