//! What learns beside the atlas in the same step: baselines and readouts.

use burn::module::AutodiffModule;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat::burn::{gradient_norm, guard_gradients};

use super::TrainError;
use super::model::{Baselines, Readouts};
use crate::topoencoder::AtlasOutput;

/// Losses of the baselines and readouts in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sideline {
    /// Cross-entropy of the atlas's readout.
    pub readout: Option<f64>,
    /// Loss of the plain autoencoder.
    pub autoencoder: Option<f64>,
    /// Loss of the standard VQ model.
    pub vq: Option<f64>,
}

impl Sideline {
    /// Whether every loss that was measured is finite.
    pub fn is_finite(&self) -> bool {
        [self.readout, self.autoencoder, self.vq].into_iter().flatten().all(f64::is_finite)
    }
}

/// Zeroes gradients that are not finite, on the device.
pub(super) fn guard<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    gradients: &mut GradientsParams,
) -> Result<(), TrainError> {
    if let Some(norm) = gradient_norm::<B, M>(module, gradients) {
        guard_gradients::<B, M>(module, gradients, norm, 0.0)?;
    }
    Ok(())
}

/// Cross-entropy of the atlas's readout, and the losses of the baselines together with their readouts'.
pub(super) fn side_losses<B: AutodiffBackend>(
    baselines: &Baselines<B>,
    readouts: &Readouts<B>,
    inputs: &Tensor<B, 2>,
    labels: &Tensor<B, 1, Int>,
    output: &AtlasOutput<B>,
) -> [Option<Tensor<B, 1>>; 3] {
    let cross_entropy = CrossEntropyLossConfig::new().init(&inputs.device());
    let entropy = |logits| cross_entropy.forward(logits, labels.clone());
    let error = |recon: Tensor<B, 2>| (recon - inputs.clone()).square().mean();
    let encoding = &output.encoding;
    let atlas = readouts
        .atlas
        .as_ref()
        .map(|head| entropy(head.forward(encoding.weights.clone(), encoding.z_geo.clone())));
    let plus = |loss: Tensor<B, 1>, head: Option<Tensor<B, 1>>| match head {
        Some(head) => loss + head,
        None => loss,
    };
    let autoencoder = baselines.autoencoder.as_ref().map(|model| {
        let (recon, latent) = model.forward(inputs.clone());
        let head = readouts.autoencoder.as_ref().map(|head| entropy(head.forward(latent)));
        plus(error(recon), head)
    });
    let vq = baselines.vq.as_ref().map(|model| {
        let output = model.forward(inputs.clone());
        let head = readouts.vq.as_ref().map(|head| entropy(head.forward(output.latent)));
        plus(error(output.recon) + output.vq, head)
    });
    [atlas, autoencoder, vq]
}
