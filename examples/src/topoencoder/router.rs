//! Covariant attention over the charts.
//!
//! scores_n = ⟨U(v) k_n, q⟩ / τ(v), weights = softmax over charts, with
//! q = W_z v + b_z \[+ W_f f + b_f\] + Γ(v) and
//! τ(v) = max(√H · max(1 − ‖v‖², denominator_min) / 2, tau_min).

use burn::module::Param;
use burn::prelude::*;
use burn::tensor::{Distribution, activation::softmax};

use super::config::{AtlasConfig, Tensorization};
use super::constants::row_square;
use super::spectral::SpectralLinear;
use super::transport::Transport;

/// Where the keys of a router come from; a router has one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouterQueries {
    /// Encoder: keys are a linear map of the chart centres, and trunk features enter the query.
    Centers,
    /// Decoder: keys are learned, and there are no features.
    Learned,
}

/// Query, keys, transport and temperature of one router.
#[derive(Module, Debug)]
pub struct CovariantRouter<B: Backend> {
    /// U of the low-rank Γ, `[D, R]`.
    pub gamma_left: Option<Param<Tensor<B, 2>>>,
    /// V of the low-rank Γ, `[D, R]`.
    pub gamma_right: Option<Param<Tensor<B, 2>>>,
    /// O of the low-rank Γ `[R, H]`, or the whole Γ `[D·D, H]`.
    pub gamma_out: Param<Tensor<B, 2>>,
    /// Learned keys, `[N, H]`, in the decoder.
    pub chart_queries: Option<Param<Tensor<B, 2>>>,
    /// W_f, b_f, in the encoder.
    pub query_features: Option<SpectralLinear<B>>,
    /// W_z, b_z.
    pub query_latent: SpectralLinear<B>,
    /// Key projection of the chart centres, in the encoder.
    pub key: Option<SpectralLinear<B>>,
    /// Generator of the transport, D → H·H.
    pub transport: Option<SpectralLinear<B>>,
    /// Floor of the temperature.
    pub tau_min: f64,
    /// Floor of 1 − ‖v‖².
    pub denominator_min: f64,
    /// ε of the transport.
    pub transport_epsilon: f64,
    /// Number of Chebyshev terms of the transport.
    pub transport_terms: usize,
}

impl<B: Backend> CovariantRouter<B> {
    /// A router with the initial values of the reference.
    pub fn new(config: &AtlasConfig, queries: RouterQueries, device: &B::Device) -> Self {
        let (hidden, latent) = (config.hidden, config.latent);
        let ceiling = config.spectral.router.value();
        let small = |shape: [usize; 2]| {
            let normal = Distribution::Normal(0.0, 0.02);
            Param::from_tensor(Tensor::<B, 2>::random(shape, normal, device))
        };
        let (gamma_left, gamma_right, gamma_out) = match config.tensorization {
            Tensorization::Full => (None, None, small([latent * latent, hidden])),
            Tensorization::Sum => (
                Some(small([latent, config.rank])),
                Some(small([latent, config.rank])),
                small([config.rank, hidden]),
            ),
        };
        let linear = |inputs, bias| SpectralLinear::new(inputs, hidden, bias, ceiling, device);
        let encoder = queries == RouterQueries::Centers;
        Self {
            gamma_left,
            gamma_right,
            gamma_out,
            chart_queries: (!encoder).then(|| small([config.charts, hidden])),
            query_features: encoder.then(|| linear(hidden, true)),
            query_latent: linear(latent, true),
            key: encoder.then(|| linear(latent, false)),
            transport: config.transport.then(|| {
                let ceiling = config.spectral.transport.value();
                SpectralLinear::new(latent, hidden * hidden, false, ceiling, device)
            }),
            tau_min: config.tau_min,
            denominator_min: config.denominator_min,
            transport_epsilon: config.transport_epsilon,
            transport_terms: config.transport_terms,
        }
    }

    /// Routing weights `[B, N]` of `latent` `[B, D]`; `features` `[B, H]` and `centers` `[N, D]`
    /// are the encoder's.
    pub fn forward(
        &self,
        latent: Tensor<B, 2>,
        features: Option<Tensor<B, 2>>,
        centers: Option<Tensor<B, 2>>,
    ) -> Tensor<B, 2> {
        let mut query = self.query_latent.forward(latent.clone()).add(self.gamma(latent.clone()));
        if let (Some(layer), Some(features)) = (&self.query_features, features) {
            query = query.add(layer.forward(features));
        }
        let keys = match (&self.key, centers, &self.chart_queries) {
            (Some(layer), Some(centers), _) => layer.forward(centers),
            (_, _, Some(queries)) => queries.val(),
            _ => unreachable!("a router is built with a key projection or with learned keys"),
        };
        if let Some(layer) = &self.transport {
            let weight = layer.normalized_weight();
            let (epsilon, terms) = (self.transport_epsilon, self.transport_terms);
            query = Transport::new(latent.clone(), weight, epsilon, terms).transposed(query);
        }
        let scores = query.matmul(keys.transpose()).div(self.temperature(latent));
        softmax(scores, 1)
    }

    /// τ(v), `[B, 1]`.
    pub fn temperature(&self, latent: Tensor<B, 2>) -> Tensor<B, 2> {
        let [_, hidden] = self.gamma_out.dims();
        let room = row_square(latent).neg().add_scalar(1.0).clamp_min(self.denominator_min);
        room.mul_scalar((hidden as f64).sqrt() / 2.0).clamp_min(self.tau_min)
    }

    /// Runs the power iterations of all layers.
    pub fn refresh(self, iterations: usize) -> Self {
        Self {
            query_features: self.query_features.map(|layer| layer.refresh(iterations)),
            query_latent: self.query_latent.refresh(iterations),
            key: self.key.map(|layer| layer.refresh(iterations)),
            transport: self.transport.map(|layer| layer.refresh(iterations)),
            ..self
        }
    }

    /// Γ(v), `[B, H]`.
    fn gamma(&self, latent: Tensor<B, 2>) -> Tensor<B, 2> {
        let [batch, size] = latent.dims();
        let form = match (&self.gamma_left, &self.gamma_right) {
            (Some(left), Some(right)) => {
                latent.clone().matmul(left.val()).mul(latent.matmul(right.val()))
            }
            _ => latent
                .clone()
                .reshape([batch, size, 1])
                .matmul(latent.reshape([batch, 1, size]))
                .reshape([batch, size * size]),
        };
        form.matmul(self.gamma_out.val())
    }
}
