//! Baselines of matched size: a vector-quantised and a plain autoencoder, and their readout.

use burn::module::Param;
use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use burn::tensor::Distribution;

use super::constants::{gelu, row_square};

/// Which baseline a size is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaselineKind {
    /// [`VanillaAutoencoder`].
    Autoencoder,
    /// [`StandardVq`] with this many codes.
    Vq {
        /// Size of its codebook.
        codes: usize,
    },
}

/// Three linear layers with GELU between them.
#[derive(Module, Debug)]
pub struct Mlp<B: Backend> {
    first: Linear<B>,
    second: Linear<B>,
    third: Linear<B>,
}

impl<B: Backend> Mlp<B> {
    fn new(inputs: usize, hidden: usize, outputs: usize, device: &B::Device) -> Self {
        let layer = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        Self {
            first: layer(inputs, hidden),
            second: layer(hidden, hidden),
            third: layer(hidden, outputs),
        }
    }

    fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let hidden = gelu(self.first.forward(x));
        self.third.forward(gelu(self.second.forward(hidden)))
    }
}

/// Autoencoder X → D → X; its loss is the mean squared error.
#[derive(Module, Debug)]
pub struct VanillaAutoencoder<B: Backend> {
    encoder: Mlp<B>,
    decoder: Mlp<B>,
}

impl<B: Backend> VanillaAutoencoder<B> {
    /// Plain linear layers, uniform in ±1/√in. The parameters exist when this returns.
    pub fn new(input: usize, hidden: usize, latent: usize, device: &B::Device) -> Self {
        let encoder = Mlp::new(input, hidden, latent, device);
        let decoder = Mlp::new(latent, hidden, input, device);
        Self { encoder, decoder }.fork(device)
    }

    /// Latent vectors `[B, D]`.
    pub fn encode(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.encoder.forward(x)
    }

    /// Reconstruction `[B, X]` and latent vectors `[B, D]`.
    pub fn forward(&self, x: Tensor<B, 2>) -> (Tensor<B, 2>, Tensor<B, 2>) {
        let z = self.encode(x);
        (self.decoder.forward(z.clone()), z)
    }
}

/// Autoencoder with one codebook; its loss is the mean squared error plus `vq`.
#[derive(Module, Debug)]
pub struct StandardVq<B: Backend> {
    encoder: Mlp<B>,
    decoder: Mlp<B>,
    /// Codes, `[codes, D]`.
    pub codebook: Param<Tensor<B, 2>>,
}

/// What [`StandardVq::forward`] returns.
#[derive(Clone, Debug)]
pub struct StandardVqOutput<B: Backend> {
    /// Reconstruction, `[B, X]`.
    pub recon: Tensor<B, 2>,
    /// Continuous latent vectors, `[B, D]`.
    pub latent: Tensor<B, 2>,
    /// Nearest code, `[B]`.
    pub indices: Tensor<B, 1, Int>,
    /// mse(zq, sg z) + 0.25 mse(z, sg zq), `[1]`.
    pub vq: Tensor<B, 1>,
}

impl<B: Backend> StandardVq<B> {
    /// Plain linear layers; codes uniform in ±1/codes. The parameters exist when this returns.
    pub fn new(
        input: usize,
        hidden: usize,
        latent: usize,
        codes: usize,
        device: &B::Device,
    ) -> Self {
        let bound = 1.0 / codes as f64;
        let uniform = Distribution::Uniform(-bound, bound);
        let encoder = Mlp::new(input, hidden, latent, device);
        let decoder = Mlp::new(latent, hidden, input, device);
        let codebook = Param::from_tensor(Tensor::random([codes, latent], uniform, device));
        Self { encoder, decoder, codebook }.fork(device)
    }

    /// Continuous latent vectors `[B, D]`.
    pub fn encode(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        self.encoder.forward(x)
    }

    /// Encodes, quantises with a straight-through gradient, decodes.
    pub fn forward(&self, x: Tensor<B, 2>) -> StandardVqOutput<B> {
        let latent = self.encode(x);
        let codebook = self.codebook.val();
        let fixed = codebook.clone().detach();
        let z = latent.clone().detach();
        let norms = row_square(fixed.clone()).transpose();
        let distances = z.clone().matmul(fixed.transpose().mul_scalar(-2.0)).add(norms);
        let indices: Tensor<B, 1, Int> = distances.argmin(1).flatten(0, 1);
        let nearest = codebook.select(0, indices.clone());
        let pull = nearest.clone().sub(z.clone());
        let nearest = nearest.detach();
        let commit = latent.clone().sub(nearest.clone());
        let vq = pull.clone().mul(pull).mean() + commit.clone().mul(commit).mean() * 0.25;
        let recon = self.decoder.forward(latent.clone().add(nearest.sub(z)));
        StandardVqOutput { recon, latent, indices, vq }
    }
}

/// Class readout D → hidden → Y on detached latent vectors.
#[derive(Module, Debug)]
pub struct Readout<B: Backend> {
    first: Linear<B>,
    second: Linear<B>,
}

impl<B: Backend> Readout<B> {
    /// Plain linear layers. The parameters exist when this returns.
    pub fn new(latent: usize, hidden: usize, classes: usize, device: &B::Device) -> Self {
        let first = LinearConfig::new(latent, hidden).init(device);
        let second = LinearConfig::new(hidden, classes).init(device);
        Self { first, second }.fork(device)
    }

    /// Class logits `[B, Y]`; no gradient reaches `latent` `[B, D]`.
    pub fn forward(&self, latent: Tensor<B, 2>) -> Tensor<B, 2> {
        self.second.forward(gelu(self.first.forward(latent.detach())))
    }
}

/// Number of trainable numbers of a baseline, 2h² + (2X + 2D + 4)h + X + D \[+ codes · D\].
pub fn baseline_parameter_count(
    kind: BaselineKind,
    input: usize,
    hidden: usize,
    latent: usize,
) -> usize {
    let codes = match kind {
        BaselineKind::Autoencoder => 0,
        BaselineKind::Vq { codes } => codes,
    };
    2 * hidden * hidden + (2 * input + 2 * latent + 4) * hidden + input + latent + codes * latent
}

/// Hidden size, at least 16, whose true parameter count is nearest to `target`.
///
/// The reference solves a quadratic with constants that hold for three inputs only.
pub fn matched_hidden_size(
    target: usize,
    kind: BaselineKind,
    input: usize,
    latent: usize,
) -> usize {
    let count = |hidden| baseline_parameter_count(kind, input, hidden, latent);
    let mut hidden = 16;
    while count(hidden + 1) <= target {
        hidden += 1;
    }
    if count(hidden + 1).abs_diff(target) < count(hidden).abs_diff(target) {
        hidden + 1
    } else {
        hidden
    }
}
