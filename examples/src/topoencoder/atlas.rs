//! The whole model.

use burn::module::{ModuleVisitor, Param};
use burn::prelude::*;

use super::config::{AtlasConfig, AtlasConfigError};
use super::decoder::{Decoder, Decoding};
use super::encoder::{Encoder, Encoding};

/// Encoder and decoder of an atlas of charts.
#[derive(Module, Debug)]
pub struct Atlas<B: Backend> {
    /// Input to routing, codes and residuals.
    pub encoder: Encoder<B>,
    /// Geometry and texture to input.
    pub decoder: Decoder<B>,
    /// Power iterations per refresh.
    pub power_iterations: usize,
}

/// What a forward pass returns.
#[derive(Clone, Debug)]
pub struct AtlasOutput<B: Backend> {
    /// Everything the encoder knows; routing weights, codes, residuals, z_geo.
    pub encoding: Encoding<B>,
    /// Reconstruction, `[B, X]`.
    pub recon: Tensor<B, 2>,
    /// Routing weights of the decoder, `[B, N]`.
    pub decoder_weights: Tensor<B, 2>,
}

impl<B: Backend> Atlas<B> {
    /// A model with the initial values of the reference. All parameters exist when this returns:
    /// burn's lazy parameters would draw other weights in every clone.
    pub fn new(config: &AtlasConfig, device: &B::Device) -> Result<Self, AtlasConfigError> {
        config.validate()?;
        Ok(Self {
            encoder: Encoder::new(config, device),
            decoder: Decoder::new(config, device),
            power_iterations: config.power_iterations,
        })
    }

    /// Encodes and decodes `[B, X]`.
    pub fn forward(&self, x: Tensor<B, 2>) -> AtlasOutput<B> {
        let encoding = self.encode(x);
        let decoding = self.decode(encoding.z_geo.clone(), encoding.z_tex.clone());
        AtlasOutput { encoding, recon: decoding.recon, decoder_weights: decoding.weights }
    }

    /// Encodes `[B, X]`.
    pub fn encode(&self, x: Tensor<B, 2>) -> Encoding<B> {
        self.encoder.forward(x)
    }

    /// Decodes geometry and texture, both `[B, D]`.
    pub fn decode(&self, z_geo: Tensor<B, 2>, z_tex: Tensor<B, 2>) -> Decoding<B> {
        self.decoder.forward(z_geo, z_tex)
    }

    /// Updates the stored singular vectors of all layers. Call it once per training step, before
    /// the forward pass; evaluation uses what is stored.
    pub fn refresh_spectral(self) -> Self {
        let iterations = self.power_iterations;
        Self {
            encoder: self.encoder.refresh(iterations),
            decoder: self.decoder.refresh(iterations),
            power_iterations: iterations,
        }
    }
}

/// Number of trainable numbers of a module; buffers do not count. On a model without autodiff
/// every parameter looks frozen, so ask the training model.
pub fn parameter_count<B: Backend, M: Module<B>>(module: &M) -> usize {
    struct Count(usize);
    impl<B: Backend> ModuleVisitor<B> for Count {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
            if parameter.is_require_grad() {
                self.0 += parameter.shape().num_elements();
            }
        }
    }
    let mut count = Count(0);
    module.visit(&mut count);
    count.0
}
