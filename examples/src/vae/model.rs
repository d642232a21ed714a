//! The variational autoencoder: a code of two halves, core and detail.

use burn::module::Param;
use burn::nn::conv::{Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig};
use burn::nn::{Initializer, Linear, LinearConfig, PaddingConfig2d};
use burn::prelude::*;
use burn::tensor::activation::{sigmoid, silu};
use serde::{Deserialize, Serialize};

use super::images::{to_planes, to_rows};
use crate::data::ImageShape;

/// What encoder and decoder are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// Two hidden layers on all pixels, and one back.
    Mlp,
    /// Two strided convolutions and a hidden layer, and the same way back.
    Convolutional,
}

/// `[model]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Encoder and decoder.
    pub architecture: Architecture,
    /// Width of the layers next to the pixels.
    pub hidden: usize,
    /// Width of the layer next to the code; of the encoder only in an MLP.
    pub bottleneck: usize,
    /// Channels of the outer convolution; the inner one has twice as many.
    pub channels: usize,
    /// Dimensions of the core.
    pub core: usize,
    /// Dimensions of the detail.
    pub detail: usize,
    /// The logarithm of σ² at the start.
    pub start_log_variance: f64,
    /// The least and greatest logarithm of σ².
    pub log_variance_limits: [f64; 2],
}

/// Standard deviation of the weights that make μ.
const MEAN_SPREAD: f64 = 0.02;

/// `x → hidden → bottleneck`.
#[derive(Module, Debug)]
pub struct MlpEncoder<B: Backend> {
    first: Linear<B>,
    second: Linear<B>,
}

/// Two convolutions of stride 2, and a hidden layer.
#[derive(Module, Debug)]
pub struct ConvolutionalEncoder<B: Backend> {
    first: Conv2d<B>,
    second: Conv2d<B>,
    last: Linear<B>,
    height: usize,
    width: usize,
    planes: usize,
}

/// From images to features.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "a run has one of them")]
pub enum Encoder<B: Backend> {
    /// See [`Architecture::Mlp`].
    Mlp(MlpEncoder<B>),
    /// See [`Architecture::Convolutional`].
    Convolutional(ConvolutionalEncoder<B>),
}

/// `z → hidden → x`.
#[derive(Module, Debug)]
pub struct MlpDecoder<B: Backend> {
    first: Linear<B>,
    last: Linear<B>,
}

/// A hidden layer, and two transposed convolutions of stride 2.
#[derive(Module, Debug)]
pub struct ConvolutionalDecoder<B: Backend> {
    first: Linear<B>,
    wide: Linear<B>,
    second: ConvTranspose2d<B>,
    last: ConvTranspose2d<B>,
    height: usize,
    width: usize,
}

/// From codes to images.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "a run has one of them")]
pub enum Decoder<B: Backend> {
    /// See [`Architecture::Mlp`].
    Mlp(MlpDecoder<B>),
    /// See [`Architecture::Convolutional`].
    Convolutional(ConvolutionalDecoder<B>),
}

/// A variational autoencoder for images of one size.
#[derive(Module, Debug)]
pub struct Vae<B: Backend> {
    encoder: Encoder<B>,
    mean: Linear<B>,
    log_variance: Linear<B>,
    decoder: Decoder<B>,
    /// Dimensions of the core; the detail has the rest.
    pub core: usize,
    lowest: f64,
    highest: f64,
}

/// What the encoder says about images.
#[derive(Clone, Debug)]
pub struct Posterior<B: Backend> {
    /// μ, `[N, D]`.
    pub mean: Tensor<B, 2>,
    /// ln σ², `[N, D]`.
    pub log_variance: Tensor<B, 2>,
}

impl<B: Backend> Posterior<B> {
    /// `z = μ + σ·ε`.
    pub fn sample(&self, noise: Tensor<B, 2>) -> Tensor<B, 2> {
        self.mean.clone() + self.log_variance.clone().mul_scalar(0.5).exp() * noise
    }
}

/// The halves of a code, `[N, core]` and `[N, detail]`.
pub fn halves<B: Backend>(code: &Tensor<B, 2>, core: usize) -> [Tensor<B, 2>; 2] {
    let [_, width] = code.dims();
    [code.clone().narrow(1, 0, core), code.clone().narrow(1, core, width - core)]
}

fn convolution<B: Backend>(channels: [usize; 2], device: &B::Device) -> Conv2d<B> {
    Conv2dConfig::new(channels, [3, 3])
        .with_stride([2, 2])
        .with_padding(PaddingConfig2d::Explicit(1, 1, 1, 1))
        .init(device)
}

fn transposed<B: Backend>(channels: [usize; 2], device: &B::Device) -> ConvTranspose2d<B> {
    ConvTranspose2dConfig::new(channels, [4, 4])
        .with_stride([2, 2])
        .with_padding([1, 1])
        .init(device)
}

/// A layer whose weights are normal with this spread and whose biases are constant.
fn head<B: Backend>(sizes: [usize; 2], spread: f64, bias: f64, device: &B::Device) -> Linear<B> {
    let weight = Initializer::Normal { mean: 0.0, std: spread };
    let mut layer = LinearConfig::new(sizes[0], sizes[1]).with_initializer(weight).init(device);
    layer.bias = Some(Param::from_tensor(Tensor::full([sizes[1]], bias, device)));
    layer
}

impl<B: Backend> Vae<B> {
    /// The parameters exist when this returns, in an order that depends on the configuration alone.
    pub fn new(config: &ModelConfig, shape: ImageShape, device: &B::Device) -> Self {
        let layer = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        let (code, hidden) = (config.core + config.detail, config.hidden);
        let (pixels, bottleneck) = (shape.features(), config.bottleneck);
        let (encoder, decoder) = match config.architecture {
            Architecture::Mlp => (
                Encoder::Mlp(MlpEncoder {
                    first: layer(pixels, hidden),
                    second: layer(hidden, bottleneck),
                }),
                Decoder::Mlp(MlpDecoder {
                    first: layer(code, hidden),
                    last: layer(hidden, pixels),
                }),
            ),
            Architecture::Convolutional => {
                let (height, width) = (shape.height / 4, shape.width / 4);
                let (outer, inner) = (config.channels, 2 * config.channels);
                let flat = inner * height * width;
                (
                    Encoder::Convolutional(ConvolutionalEncoder {
                        first: convolution([shape.channels, outer], device),
                        second: convolution([outer, inner], device),
                        last: layer(flat, bottleneck),
                        height: shape.height,
                        width: shape.width,
                        planes: shape.channels,
                    }),
                    Decoder::Convolutional(ConvolutionalDecoder {
                        first: layer(code, bottleneck),
                        wide: layer(bottleneck, flat),
                        second: transposed([inner, outer], device),
                        last: transposed([outer, shape.channels], device),
                        height,
                        width,
                    }),
                )
            }
        };
        let [lowest, highest] = config.log_variance_limits;
        Self {
            encoder,
            mean: head([bottleneck, code], MEAN_SPREAD, 0.0, device),
            log_variance: head([bottleneck, code], 0.0, config.start_log_variance, device),
            decoder,
            core: config.core,
            lowest,
            highest,
        }
        .fork(device)
    }

    /// The posterior of images `[N, X]`.
    pub fn encode(&self, images: Tensor<B, 2>) -> Posterior<B> {
        let features = match &self.encoder {
            Encoder::Mlp(encoder) => {
                silu(encoder.second.forward(silu(encoder.first.forward(images))))
            }
            Encoder::Convolutional(encoder) => {
                let (height, width) = (encoder.height, encoder.width);
                let shape = ImageShape { height, width, channels: encoder.planes };
                let planes = silu(encoder.first.forward(to_planes(images, shape)));
                let planes = silu(encoder.second.forward(planes));
                silu(encoder.last.forward(planes.flatten(1, 3)))
            }
        };
        Posterior {
            mean: self.mean.forward(features.clone()),
            log_variance: self.log_variance.forward(features).clamp(self.lowest, self.highest),
        }
    }

    /// The images of codes `[N, D]`, `[N, X]` in \[0, 1\].
    pub fn decode(&self, codes: Tensor<B, 2>) -> Tensor<B, 2> {
        sigmoid(match &self.decoder {
            Decoder::Mlp(decoder) => decoder.last.forward(silu(decoder.first.forward(codes))),
            Decoder::Convolutional(decoder) => {
                let features = silu(decoder.wide.forward(silu(decoder.first.forward(codes))));
                let [count, flat] = features.dims();
                let (height, width) = (decoder.height, decoder.width);
                let planes = features.reshape([count, flat / (height * width), height, width]);
                to_rows(decoder.last.forward(silu(decoder.second.forward(planes))))
            }
        })
    }

    /// Dimensions of the code.
    pub fn code(&self) -> usize {
        self.mean.weight.dims()[1]
    }
}
