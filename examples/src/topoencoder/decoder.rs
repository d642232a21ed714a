//! Decoder: own routing, chart projectors, renderer, skip and texture.
//!
//! z = tanh(z_geo), h = Σ_n r_n NG(z P_n),
//! x̂ = R5(NG(R3(NG(R1 h)))) + S h + s · T tanh(z_tex).

use burn::module::Param;
use burn::prelude::*;
use burn::tensor::activation::softmax;

use super::config::AtlasConfig;
use super::constants::blend;
use super::gate::NormGate;
use super::router::{CovariantRouter, RouterQueries};
use super::spectral::{SpectralLinear, SpectralStack};

/// Router and renderer. It routes by itself from z_geo and is not given the encoder's weights.
#[derive(Module, Debug)]
pub struct Decoder<B: Backend> {
    /// Scale s of the texture, `[1, 1]`.
    pub texture_scale: Param<Tensor<B, 2>>,
    /// Chart projectors P_n, D → H.
    pub projectors: SpectralStack<B>,
    /// Gate shared by all charts.
    pub chart_gate: NormGate<B>,
    /// Covariant router with learned keys.
    pub router: Option<CovariantRouter<B>>,
    /// Fallback router D → N, present exactly when `router` is not.
    pub latent_router: Option<SpectralLinear<B>>,
    /// Texture T, D → X.
    pub texture: SpectralLinear<B>,
    /// First renderer layer R1, H → H.
    pub render_in: SpectralLinear<B>,
    /// Its gate.
    pub render_in_gate: NormGate<B>,
    /// Second renderer layer R3, H → H.
    pub render_mid: SpectralLinear<B>,
    /// Its gate.
    pub render_mid_gate: NormGate<B>,
    /// Last renderer layer R5, H → X.
    pub render_out: SpectralLinear<B>,
    /// Skip S, H → X.
    pub render_skip: SpectralLinear<B>,
}

/// What the decoder returns.
#[derive(Clone, Debug)]
pub struct Decoding<B: Backend> {
    /// Reconstruction, `[B, X]`.
    pub recon: Tensor<B, 2>,
    /// Routing weights r, `[B, N]`.
    pub weights: Tensor<B, 2>,
}

impl<B: Backend> Decoder<B> {
    /// A decoder with the initial values of the reference.
    pub fn new(config: &AtlasConfig, device: &B::Device) -> Self {
        let (hidden, latent, input) = (config.hidden, config.latent, config.input);
        let spectral = &config.spectral;
        let renderer = spectral.renderer.value();
        let gate = || NormGate::new(hidden, config.bundle(), config.gate_bias, device);
        let layer =
            |inputs, outputs, ceiling| SpectralLinear::new(inputs, outputs, true, ceiling, device);
        let covariant = config.covariant_attention;
        Self {
            texture_scale: Param::from_tensor(Tensor::full([1, 1], 0.1, device)),
            projectors: SpectralStack::new(
                config.charts,
                latent,
                hidden,
                spectral.projectors.value(),
                device,
            ),
            chart_gate: gate(),
            router: covariant.then(|| CovariantRouter::new(config, RouterQueries::Learned, device)),
            latent_router: (!covariant)
                .then(|| layer(latent, config.charts, spectral.router.value())),
            texture: layer(latent, input, spectral.texture.value()),
            render_in: layer(hidden, hidden, renderer),
            render_in_gate: gate(),
            render_mid: layer(hidden, hidden, renderer),
            render_mid_gate: gate(),
            render_out: layer(hidden, input, renderer),
            render_skip: layer(hidden, input, spectral.skip.value()),
        }
    }

    /// Decodes geometry and texture, both `[B, D]`.
    pub fn forward(&self, z_geo: Tensor<B, 2>, z_tex: Tensor<B, 2>) -> Decoding<B> {
        let latent = z_geo.tanh();
        let weights = self.route(latent.clone());
        let hidden = self.charts(latent, weights.clone());
        Decoding { recon: self.render(hidden, z_tex.tanh()), weights }
    }

    /// Routing weights `[B, N]` of z = tanh(z_geo).
    pub fn route(&self, latent: Tensor<B, 2>) -> Tensor<B, 2> {
        match (&self.router, &self.latent_router) {
            (Some(router), _) => router.forward(latent, None, None),
            (None, Some(layer)) => softmax(layer.forward(latent), 1),
            (None, None) => unreachable!("a decoder is built with one of two routers"),
        }
    }

    /// Runs the power iterations of all layers.
    pub fn refresh(self, iterations: usize) -> Self {
        Self {
            projectors: self.projectors.refresh(iterations),
            router: self.router.map(|router| router.refresh(iterations)),
            latent_router: self.latent_router.map(|layer| layer.refresh(iterations)),
            texture: self.texture.refresh(iterations),
            render_in: self.render_in.refresh(iterations),
            render_mid: self.render_mid.refresh(iterations),
            render_out: self.render_out.refresh(iterations),
            render_skip: self.render_skip.refresh(iterations),
            ..self
        }
    }

    /// h = Σ_n r_n NG(z P_n), one product with `[D, N·H]` for all charts.
    fn charts(&self, latent: Tensor<B, 2>, weights: Tensor<B, 2>) -> Tensor<B, 2> {
        let [batch, size] = latent.dims();
        let [charts, _, hidden] = self.projectors.weight.dims();
        let matrix = self.projectors.normalized_weight().swap_dims(0, 1);
        let all = latent.matmul(matrix.reshape([size, charts * hidden]));
        let gated = self.chart_gate.forward(all.reshape([batch * charts, hidden]));
        blend(weights, gated.reshape([batch, charts, hidden]))
    }

    /// The three paths to the output as one product: their inputs side by side, their weights on
    /// top of each other, so that `[B, X]` is written once.
    fn render(&self, hidden: Tensor<B, 2>, texture: Tensor<B, 2>) -> Tensor<B, 2> {
        let scale = self.texture_scale.val();
        let deep = self.render_in_gate.forward(self.render_in.forward(hidden.clone()));
        let deep = self.render_mid_gate.forward(self.render_mid.forward(deep));
        let paths = [
            (deep, &self.render_out),
            (hidden, &self.render_skip),
            (texture.mul(scale.clone()), &self.texture),
        ];
        let mut inputs = Vec::with_capacity(paths.len());
        let mut weights = Vec::with_capacity(paths.len());
        for (input, layer) in paths {
            inputs.push(match layer.gain() {
                Some(gain) => input.mul(gain),
                None => input,
            });
            weights.push(layer.weight.val());
        }
        let mut bias = bias(&self.render_out).add(bias(&self.render_skip));
        bias = bias.add(self::bias(&self.texture).mul(scale));
        Tensor::cat(inputs, 1).matmul(Tensor::cat(weights, 0)).add(bias)
    }
}

fn bias<B: Backend>(layer: &SpectralLinear<B>) -> Tensor<B, 2> {
    match &layer.bias {
        Some(bias) => bias.val(),
        None => unreachable!("output layers are built with a bias"),
    }
}
