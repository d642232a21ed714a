//! Jump operator: affine maps between the coordinates of any two charts.
//!
//! J_{i→j}(z) = dec_j (enc_i z + c_i) + d_j with spectrally normalised enc (D → r), dec (r → D).
//! The reference documents rank 0 as "latent size" and passes 0 on, which leaves the constants
//! d_j only; here rank 0 means the latent size.

use burn::module::Param;
use burn::prelude::*;
use burn::tensor::Distribution;

use super::constants::{distinct, spread};
use super::spectral::SpectralStack;

/// The maps of all N charts.
#[derive(Module, Debug)]
pub struct JumpOperator<B: Backend> {
    /// c, `[N, r]`.
    pub code_bias: Param<Tensor<B, 2>>,
    /// d, `[N, D]`.
    pub chart_bias: Param<Tensor<B, 2>>,
    /// enc, `[N, D, r]`.
    pub encoders: SpectralStack<B>,
    /// dec, `[N, r, D]`.
    pub decoders: SpectralStack<B>,
}

impl<B: Backend> JumpOperator<B> {
    /// Identity-like maps with normal noise of deviation 0.01 and biases 0, under `ceiling`.
    pub fn new(
        charts: usize,
        latent: usize,
        rank: usize,
        ceiling: f64,
        device: &B::Device,
    ) -> Self {
        let rank = if rank == 0 { latent } else { rank };
        let near_identity = |inputs: usize, outputs: usize| {
            let noise = Distribution::Normal(0.0, 0.01);
            let size = inputs.max(outputs);
            let eye = Tensor::<B, 2>::eye(size, device).slice([0..inputs, 0..outputs]);
            let noise = Tensor::<B, 3>::random([charts, inputs, outputs], noise, device);
            SpectralStack::from_weight(noise.add(eye.unsqueeze()), ceiling)
        };
        Self {
            code_bias: Param::from_tensor(Tensor::zeros([charts, rank], device)),
            chart_bias: Param::from_tensor(Tensor::zeros([charts, latent], device)),
            encoders: near_identity(latent, rank),
            decoders: near_identity(rank, latent),
        }
    }

    /// Runs the power iterations of all maps.
    pub fn refresh_spectral(self, iterations: usize) -> Self {
        Self {
            encoders: self.encoders.refresh(iterations),
            decoders: self.decoders.refresh(iterations),
            ..self
        }
    }

    /// J_{i→j} of every chart's coordinates `[B, N, D]` at once, `[N, B, N·D]`; entry
    /// (i, b, j·D + d) is coordinate d of J_{i→j}(z_bi).
    ///
    /// Both linear maps are multiplied first: a pair costs D × D numbers, and the biases ride
    /// along as one more input that is always 1.
    pub fn all_pairs(&self, coordinates: Tensor<B, 3>) -> Tensor<B, 3> {
        let [batch, charts, size] = coordinates.dims();
        let rank = self.code_bias.dims()[1];
        let device = coordinates.device();
        let decoders = self.decoders.normalized_weight().swap_dims(0, 1);
        let decoders = decoders.reshape([rank, charts * size]);
        let encoders = self.encoders.normalized_weight().reshape([charts * size, rank]);
        let linear = encoders.matmul(decoders.clone()).reshape([charts, size, charts * size]);
        let constant = self.code_bias.val().matmul(decoders);
        let constant = constant.add(self.chart_bias.val().reshape([1, charts * size]));
        let maps = Tensor::cat(vec![linear, constant.reshape([charts, 1, charts * size])], 1);
        let ones = Tensor::ones([charts, batch, 1], &device);
        Tensor::cat(vec![coordinates.swap_dims(0, 1), ones], 2).matmul(maps)
    }

    /// Mean over the active ordered pairs i ≠ j, those with Σ_b w_i w_j ≥ 1e-4, of
    /// Σ_b w_i w_j ‖J_{i→j}(zn_i) − zn_j‖² / (Σ_b w_i w_j + 1e-6); 0 when no pair is active.
    pub fn loss(&self, zn_all: Tensor<B, 3>, weights: Tensor<B, 2>) -> Tensor<B, 1> {
        let [batch, charts, size] = zn_all.dims();
        let device = zn_all.device();
        let target = zn_all.clone().reshape([1, batch, charts * size]);
        let error = self.all_pairs(zn_all).sub(target).reshape([charts * batch, charts * size]);
        let square = error.clone().mul(error).matmul(spread(charts, size, &device).transpose());
        let square = square.reshape([charts, batch, charts]);
        let columns = weights.clone().transpose();
        let weighted = square.mul(weights.clone().reshape([1, batch, charts]));
        let numerator = columns.clone().reshape([charts, 1, batch]).matmul(weighted);
        let overlap = columns.matmul(weights);
        let active = overlap.clone().detach().greater_equal_elem(1e-4).float();
        let active = active.mul(distinct(charts, &device));
        let count = active.clone().sum().clamp_min(1.0);
        let ratio = numerator.reshape([charts, charts]).div(overlap.add_scalar(1e-6));
        ratio.mul(active).sum().div(count)
    }
}
