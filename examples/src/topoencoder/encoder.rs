//! Encoder: trunk, routing, nearest codes and the split of the residual.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | v | bounded latent vector |
//! | c̄ = w c | blended chart centre |
//! | v_loc = v − c̄ | local coordinate |
//! | zq_n | nearest code of chart n |
//! | zn_n = filter(v_loc − sg zq_n), z_n = Σ w_n zn_n | structured residual |
//! | z_tex = v_loc − sg zq − z_n | texture |
//! | z_geo = c̄ + zq + z_n (value), v + z_n (gradient) | geometry |
//!
//! c̄ + zq + z_n + z_tex = v.

use burn::module::Param;
use burn::prelude::*;
use burn::tensor::{Distribution, activation::softmax};

use super::config::{AtlasConfig, LatentBound};
use super::constants::{blend, root, row_square, spread, tile};
use super::gate::NormGate;
use super::router::{CovariantRouter, RouterQueries};
use super::spectral::SpectralLinear;

/// Trunk, router, chart centres, codebooks and structure filter.
#[derive(Module, Debug)]
pub struct Encoder<B: Backend> {
    /// Chart centres c, `[N, D]`.
    pub chart_centers: Param<Tensor<B, 2>>,
    /// Codes Q relative to their chart centre, `[N, C, D]`.
    pub codebook: Param<Tensor<B, 3>>,
    /// First trunk layer, X → H.
    pub trunk_in: SpectralLinear<B>,
    /// Gate of the first trunk layer.
    pub trunk_in_gate: NormGate<B>,
    /// Second trunk layer, H → H.
    pub trunk_out: SpectralLinear<B>,
    /// Gate of the second trunk layer.
    pub trunk_out_gate: NormGate<B>,
    /// Covariant router; without it weights are softmax(v · c_n / √D).
    pub router: Option<CovariantRouter<B>>,
    /// Projection of the features to the latent space, H → D.
    pub value: SpectralLinear<B>,
    /// Isotropic block of the structure filter, D → D.
    pub filter_block: SpectralLinear<B>,
    /// Gate of the isotropic block, one bundle of size D.
    pub filter_gate: NormGate<B>,
    /// Linear layer of the structure filter, D → D.
    pub filter_out: SpectralLinear<B>,
    /// Radius of the latent ball, infinite when unbounded.
    pub radius: f64,
}

/// What the encoder knows about one batch.
#[derive(Clone, Debug)]
pub struct Encoding<B: Backend> {
    /// Latent vector v after the bound, `[B, D]`.
    pub latent: Tensor<B, 2>,
    /// Routing weights w, `[B, N]`.
    pub weights: Tensor<B, 2>,
    /// Blended chart centre c̄, `[B, D]`.
    pub c_bar: Tensor<B, 2>,
    /// Local coordinate v − c̄, `[B, D]`.
    pub local: Tensor<B, 2>,
    /// Nearest code of every chart, `[B, N]`.
    pub indices: Tensor<B, 2, Int>,
    /// ‖Q_nk‖² − 2 ⟨v_loc, Q_nk⟩, the squared code distance less ‖v_loc‖² (the same for all
    /// codes of a sample), `[B, N, C]`.
    pub code_distances: Tensor<B, 3>,
    /// Its minimum over codes, without gradient, `[B, N, 1]`.
    pub code_minimum: Tensor<B, 3>,
    /// Codebook loss: pull of the codes plus 0.25 × commitment, summed over charts, `[1]`.
    pub vq: Tensor<B, 1>,
    /// Blend of the nearest codes, without gradient, `[B, D]`.
    pub zq: Tensor<B, 2>,
    /// Filtered residual of every chart, `[B, N, D]`.
    pub zn_all: Tensor<B, 3>,
    /// Structured residual, `[B, D]`.
    pub z_n: Tensor<B, 2>,
    /// Texture, `[B, D]`.
    pub z_tex: Tensor<B, 2>,
    /// Geometry handed to the decoder, `[B, D]`.
    pub z_geo: Tensor<B, 2>,
}

impl<B: Backend> Encoding<B> {
    /// Chart of the largest weight, `[B]`.
    pub fn charts(&self) -> Tensor<B, 1, Int> {
        self.weights.clone().detach().argmax(1).flatten(0, 1)
    }

    /// Code of that chart, `[B]`.
    pub fn codes(&self) -> Tensor<B, 1, Int> {
        let charts = self.weights.clone().detach().argmax(1);
        self.indices.clone().gather(1, charts).flatten(0, 1)
    }
}

impl<B: Backend> Encoder<B> {
    /// An encoder with the initial values of the reference.
    pub fn new(config: &AtlasConfig, device: &B::Device) -> Self {
        let (hidden, latent) = (config.hidden, config.latent);
        let centers = Distribution::Normal(0.0, config.center_scale);
        let codes = Distribution::Normal(0.0, config.code_scale);
        let ceiling = config.spectral.encoder.value();
        let filter = config.spectral.filter.value();
        let gate = || NormGate::new(hidden, config.bundle(), config.gate_bias, device);
        let layer = |inputs, outputs| SpectralLinear::new(inputs, outputs, true, ceiling, device);
        let block = Distribution::Normal(0.0, 1.0 / (latent as f64).sqrt());
        Self {
            chart_centers: random([config.charts, latent], centers, device),
            codebook: random([config.charts, config.codes_per_chart, latent], codes, device),
            trunk_in: layer(config.input, hidden),
            trunk_in_gate: gate(),
            trunk_out: layer(hidden, hidden),
            trunk_out_gate: gate(),
            router: config
                .covariant_attention
                .then(|| CovariantRouter::new(config, RouterQueries::Centers, device)),
            value: layer(hidden, latent),
            filter_block: SpectralLinear::from_parts(
                Tensor::random([latent, latent], block, device),
                None,
                filter,
            ),
            filter_gate: NormGate::new(latent, latent, config.gate_bias, device),
            filter_out: SpectralLinear::new(latent, latent, true, filter, device),
            radius: match config.latent_bound {
                LatentBound::None => f64::INFINITY,
                LatentBound::Ball(radius) => radius,
            },
        }
    }

    /// Encodes `[B, X]`.
    pub fn forward(&self, x: Tensor<B, 2>) -> Encoding<B> {
        let features = self.features(x);
        let latent = bounded(self.value.forward(features.clone()), self.radius);
        let centers = self.chart_centers.val();
        let weights = match &self.router {
            Some(router) => router.forward(latent.clone(), Some(features), Some(centers.clone())),
            None => {
                let scale = (latent.dims()[1] as f64).sqrt();
                softmax(latent.clone().matmul(centers.clone().transpose()).div_scalar(scale), 1)
            }
        };
        let c_bar = weights.clone().matmul(centers);
        let local = latent.clone().sub(c_bar.clone());
        self.split(latent, weights, c_bar, local)
    }

    /// Runs the power iterations of all layers.
    pub fn refresh(self, iterations: usize) -> Self {
        Self {
            trunk_in: self.trunk_in.refresh(iterations),
            trunk_out: self.trunk_out.refresh(iterations),
            router: self.router.map(|router| router.refresh(iterations)),
            value: self.value.refresh(iterations),
            filter_block: self.filter_block.refresh(iterations),
            filter_out: self.filter_out.refresh(iterations),
            ..self
        }
    }

    fn features(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let hidden = self.trunk_in_gate.forward(self.trunk_in.forward(x));
        self.trunk_out_gate.forward(self.trunk_out.forward(hidden))
    }

    /// Structure filter of `[M, D]`.
    fn filter(&self, residual: Tensor<B, 2>) -> Tensor<B, 2> {
        self.filter_out.forward(self.filter_gate.forward(self.filter_block.forward(residual)))
    }

    /// Nearest codes, codebook loss and residuals.
    fn split(
        &self,
        latent: Tensor<B, 2>,
        weights: Tensor<B, 2>,
        c_bar: Tensor<B, 2>,
        local: Tensor<B, 2>,
    ) -> Encoding<B> {
        let [batch, size] = latent.dims();
        let [charts, codes, _] = self.codebook.dims();
        let device = latent.device();
        let flat = self.codebook.val().reshape([charts * codes, size]);

        let norms = row_square(flat.clone()).transpose();
        let cross = local.clone().matmul(flat.clone().transpose().mul_scalar(-2.0));
        let code_distances = cross.add(norms).reshape([batch, charts, codes]);
        let (code_minimum, indices) = code_distances.clone().detach().min_dim_with_indices(2);
        let indices = indices.reshape([batch, charts]);

        let first = Tensor::<B, 1, Int>::arange(0..charts as i64, &device).mul_scalar(codes as i64);
        let rows = indices.clone().add(first.reshape([1, charts])).reshape([batch * charts]);
        let zq_all = flat.select(0, rows).reshape([batch, charts * size]);
        let fixed = zq_all.clone().detach();

        // Both halves of the codebook loss have the same value; they differ in who is pulled.
        let local_all = local.clone().matmul(tile(size, charts, &device));
        let residual = local_all.clone().sub(fixed.clone());
        let pull = zq_all.sub(local_all.detach());
        let share = weights.clone().detach().matmul(spread(charts, size, &device));
        let square =
            pull.clone().mul(pull).add(residual.clone().mul(residual.clone()).mul_scalar(0.25));
        let vq = square.mul(share).sum().div_scalar((batch * size) as f64);

        let zn_all = self.filter(residual.reshape([batch * charts, size]));
        let zn_all = zn_all.reshape([batch, charts, size]);
        let z_n = blend(weights.clone(), zn_all.clone());
        let zq = blend(weights.clone().detach(), fixed.reshape([batch, charts, size]));
        let z_tex = local.clone().sub(zq.clone()).sub(z_n.clone());
        let jump = zq.clone().sub(local.clone().detach());
        let z_geo = latent.clone().add(jump).add(z_n.clone());
        Encoding {
            latent,
            weights,
            c_bar,
            local,
            indices,
            code_distances,
            code_minimum,
            vq,
            zq,
            zn_all,
            z_n,
            z_tex,
            z_geo,
        }
    }
}

fn random<B: Backend, const K: usize>(
    shape: [usize; K],
    distribution: Distribution,
    device: &B::Device,
) -> Param<Tensor<B, K>> {
    Param::from_tensor(Tensor::random(shape, distribution, device))
}

/// v ← r · tanh(‖v‖) · v / ‖v‖, which tends to r·v at 0.
fn bounded<B: Backend>(latent: Tensor<B, 2>, radius: f64) -> Tensor<B, 2> {
    if radius.is_infinite() {
        return latent;
    }
    let norm = root(row_square(latent.clone()).add_scalar(1e-12));
    latent.mul(norm.clone().tanh().div(norm).mul_scalar(radius))
}
