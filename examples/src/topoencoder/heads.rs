//! Small supervised modules that read the atlas.

use burn::module::Param;
use burn::prelude::*;
use burn::tensor::{Distribution, activation::softmax};

/// Learnable table from charts to classes, P = softmax(Φ / temperature).
#[derive(Module, Debug)]
pub struct SupervisedTopology<B: Backend> {
    /// Φ, `[N, Y]`.
    pub logits: Param<Tensor<B, 2>>,
    /// Temperature of the softmax.
    pub temperature: f64,
}

impl<B: Backend> SupervisedTopology<B> {
    /// Φ normal with deviation 0.01.
    pub fn new(charts: usize, classes: usize, temperature: f64, device: &B::Device) -> Self {
        let normal = Distribution::Normal(0.0, 0.01);
        Self {
            logits: Param::from_tensor(Tensor::random([charts, classes], normal, device)),
            temperature,
        }
    }

    /// P, `[N, Y]`.
    pub fn classes(&self) -> Tensor<B, 2> {
        softmax(self.logits.val().div_scalar(self.temperature), 1)
    }

    /// Most likely class of each sample by its routing weights `[B, N]`, `[B]`.
    pub fn predict(&self, weights: Tensor<B, 2>) -> Tensor<B, 1, Int> {
        weights.matmul(self.classes()).detach().argmax(1).flatten(0, 1)
    }
}

/// Readout of classes from routing weights and the radius of z_geo. Its inputs are detached: it
/// measures the atlas and does not train it.
///
/// logits = w A + Σ_k w_k Σ_m ρ_m R_km + w b, ρ_m = √(‖z_geo in bundle m‖² + 1e-12).
#[derive(Module, Debug)]
pub struct ChartClassifier<B: Backend> {
    /// A, `[N, Y]`.
    pub chart_logits: Param<Tensor<B, 2>>,
    /// R, `[N, m, Y]`.
    pub radial_weight: Param<Tensor<B, 3>>,
    /// b, `[N, Y]`.
    pub radial_bias: Param<Tensor<B, 2>>,
}

impl<B: Backend> ChartClassifier<B> {
    /// A and b are 0, R is normal with deviation 0.01. `bundle` latent coordinates share one
    /// radius; 0 means all of them.
    pub fn new(
        charts: usize,
        latent: usize,
        classes: usize,
        bundle: usize,
        device: &B::Device,
    ) -> Self {
        let bundles = latent.checked_div(bundle).unwrap_or(1);
        let normal = Distribution::Normal(0.0, 0.01);
        let radial = Tensor::random([charts, bundles, classes], normal, device);
        Self {
            chart_logits: Param::from_tensor(Tensor::zeros([charts, classes], device)),
            radial_weight: Param::from_tensor(radial),
            radial_bias: Param::from_tensor(Tensor::zeros([charts, classes], device)),
        }
    }

    /// Class logits `[B, Y]` from routing weights `[B, N]` and z_geo `[B, D]`.
    pub fn forward(&self, weights: Tensor<B, 2>, z_geo: Tensor<B, 2>) -> Tensor<B, 2> {
        let (weights, z_geo) = (weights.detach(), z_geo.detach());
        let [batch, size] = z_geo.dims();
        let [charts, bundles, classes] = self.radial_weight.dims();
        let rows = z_geo.reshape([batch * bundles, size / bundles]);
        let radius = rows.clone().mul(rows).sum_dim(1).add_scalar(1e-12).sqrt();
        let pairs = weights
            .clone()
            .reshape([batch, charts, 1])
            .matmul(radius.reshape([batch, 1, bundles]))
            .reshape([batch, charts * bundles]);
        let radial = self.radial_weight.val().reshape([charts * bundles, classes]);
        let table = self.chart_logits.val().add(self.radial_bias.val());
        weights.matmul(table).add(pairs.matmul(radial))
    }
}
