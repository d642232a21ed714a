//! How good a model is on the test images.

use burn::prelude::*;

use super::images::{Ssim, SsimWindow, error_per_image, to_planes};
use super::latent::{Capacity, divergence};
use super::model::{Vae, halves};
use super::noise::Noise;
use crate::data::Dataset;
use crate::trainer::rows::Row;

/// Images per forward pass.
const BATCH: usize = 500;

/// The noise of the judgement: that of no training step.
const STEP: u64 = u64::MAX;

/// How many reconstructions are kept for the picture.
pub const SHOWN: usize = 20;

/// What a model makes of the test images.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Numbers for the log.
    pub row: Row,
    /// The first reconstructions, row-major.
    pub reconstructions: Vec<f32>,
    /// The variance of μ of every dimension.
    pub variances: Vec<f64>,
    /// μ of the first image.
    pub first_mean: Vec<f32>,
}

fn host<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

fn sum<B: Backend>(tensor: Tensor<B, 1>) -> f64 {
    host(tensor).into_iter().map(f64::from).sum()
}

/// Judges a model. Codes are sampled, as in training, with noise that is the same in every judgement of a
/// run; similarity has the published Gaussian window.
pub fn judge<B: Backend>(
    model: &Vae<B>,
    test: &Dataset,
    seed: u64,
    device: &B::Device,
) -> Judgement {
    let Some(shape) = test.image() else { return Judgement::default() };
    let features = test.features();
    let ssim = Ssim::<B>::new(shape, SsimWindow::Gaussian, device);
    let (mut errors, mut similarity, mut nats) = (0.0, 0.0, [0.0; 2]);
    let mut means: Vec<f32> = Vec::new();
    let mut judgement = Judgement::default();
    for (block, start) in (0..test.len()).step_by(BATCH).enumerate() {
        let rows = start..(start + BATCH).min(test.len());
        let values = test.inputs()[rows.start * features..rows.end * features].to_vec();
        let data = TensorData::new(values, [rows.len(), features]);
        let images = Tensor::<B, 2>::from_data(data, device);
        let posterior = model.encode(images.clone());
        let noise = Noise::draw(seed, STEP - block as u64, rows.len(), model.code(), device).sample;
        let recon = model.decode(posterior.sample(noise));
        if judgement.reconstructions.is_empty() {
            let few = SHOWN.min(rows.len());
            judgement.reconstructions = host(recon.clone().narrow(0, 0, few));
        }
        let (recon, images) = (to_planes(recon, shape), to_planes(images, shape));
        errors += sum(error_per_image(recon.clone(), images.clone()));
        similarity += sum(ssim.per_image(recon, images));
        let parts = halves(&posterior.mean, model.core);
        let spreads = halves(&posterior.log_variance, model.core);
        for (nats, (mean, spread)) in nats.iter_mut().zip(parts.into_iter().zip(spreads)) {
            *nats += sum(divergence(mean, spread));
        }
        means.extend(host(posterior.mean));
    }
    let code = model.code();
    judgement.first_mean = means.iter().take(code).copied().collect();
    judgement.variances = (0..code).map(|dimension| variance(&means, dimension, code)).collect();
    let count = test.len() as f64;
    let row = &mut judgement.row;
    let mut set = |name: &str, value: f64| {
        row.insert(name.to_owned(), Some(value));
    };
    set("test_mse", errors / count);
    set("test_ssim", similarity / count);
    set("test_kl", (nats[0] + nats[1]) / count);
    let (core, detail) = judgement.variances.split_at(model.core.min(code));
    for (name, nats, variances) in [("core", nats[0], core), ("detail", nats[1], detail)] {
        let capacity = Capacity::of(variances);
        set(&format!("test_kl_{name}"), nats / count);
        set(&format!("{name}/active"), capacity.active as f64);
        set(&format!("{name}/effective"), capacity.effective);
        set(&format!("{name}/variance_median"), capacity.median);
        set(&format!("{name}/variance_max"), capacity.largest);
    }
    judgement
}

/// The variance of one column of a row-major table, in double precision.
fn variance(values: &[f32], column: usize, width: usize) -> f64 {
    let column = || values.iter().skip(column).step_by(width).map(|value| f64::from(*value));
    let count = column().count() as f64;
    let mean = column().sum::<f64>() / count;
    column().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0)
}
