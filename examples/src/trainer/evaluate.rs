//! How good the models are on the test rows.

use burn::prelude::*;

use super::TrainError;
use super::model::{Baselines, Readouts, Trainee};
use super::rows::Row;
use crate::data::Dataset;
use crate::evaluation::{
    KMeansConfig, accuracy, adjusted_mutual_information, counts, k_means, perplexity,
};

/// Rows per forward pass: large enough to be fast, small enough for any memory.
const BATCH: usize = 512;

/// What the atlas makes of the test rows.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Numbers for the log.
    pub row: Row,
    /// z_geo, row-major `[n, D]`.
    pub latent: Vec<f32>,
    /// The chart of the largest routing weight.
    pub charts: Vec<u32>,
    /// The first reconstructions, row-major.
    pub reconstructions: Vec<f32>,
}

/// How many reconstructions are kept for the picture.
pub const SHOWN: usize = 16;

/// Adds up squared errors, latents and predictions of one model.
#[derive(Default)]
struct Tally {
    squares: f64,
    latent: Vec<f32>,
    groups: Vec<u32>,
    predictions: Vec<u32>,
}

fn indices<B: Backend>(tensor: Tensor<B, 1, Int>) -> impl Iterator<Item = u32> {
    let values: Vec<u32> = tensor.into_data().iter::<u32>().collect();
    values.into_iter()
}

fn numbers<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// Per-row sums on the device, the rest on the host in f64: one long f32 sum would lose digits.
fn squares<B: Backend>(recon: Tensor<B, 2>, inputs: Tensor<B, 2>) -> f64 {
    let rows = (recon - inputs).square().sum_dim(1);
    numbers(rows).into_iter().map(f64::from).sum()
}

/// Judges the models.
pub fn judge<B: Backend>(
    trainee: &Trainee<B>,
    baselines: &Baselines<B>,
    readouts: &Readouts<B>,
    test: &Dataset,
    device: &B::Device,
) -> Result<Judgement, TrainError> {
    let features = test.features();
    let mut atlas = Tally::default();
    let (mut autoencoder, mut vq) = (Tally::default(), Tally::default());
    let mut supervised = Vec::new();
    let mut judgement = Judgement::default();
    for start in (0..test.len()).step_by(BATCH) {
        let rows = start..(start + BATCH).min(test.len());
        let values = test.inputs()[rows.start * features..rows.end * features].to_vec();
        let data = TensorData::new(values, [rows.len(), features]);
        let inputs = Tensor::<B, 2>::from_data(data, device);

        let output = trainee.atlas.forward(inputs.clone());
        let encoding = output.encoding;
        if judgement.reconstructions.len() < SHOWN * features {
            let missing = SHOWN * features - judgement.reconstructions.len();
            let recon = numbers(output.recon.clone());
            judgement.reconstructions.extend(recon.into_iter().take(missing));
        }
        atlas.squares += squares(output.recon, inputs.clone());
        atlas.groups.extend(indices(encoding.charts()));
        atlas.latent.extend(numbers(encoding.z_geo.clone()));
        if let Some(table) = &trainee.supervised {
            supervised.extend(indices(table.predict(encoding.weights.clone())));
        }
        if let Some(head) = &readouts.atlas {
            let logits = head.forward(encoding.weights, encoding.z_geo);
            atlas.predictions.extend(indices(logits.argmax(1).flatten(0, 1)));
        }
        if let Some(model) = &baselines.autoencoder {
            let (recon, latent) = model.forward(inputs.clone());
            autoencoder.squares += squares(recon, inputs.clone());
            if let Some(head) = &readouts.autoencoder {
                let classes = head.forward(latent.clone()).argmax(1).flatten(0, 1);
                autoencoder.predictions.extend(indices(classes));
            }
            autoencoder.latent.extend(numbers(latent));
        }
        if let Some(model) = &baselines.vq {
            let output = model.forward(inputs.clone());
            vq.squares += squares(output.recon, inputs);
            vq.groups.extend(indices(output.indices));
            if let Some(head) = &readouts.vq {
                let classes = head.forward(output.latent).argmax(1).flatten(0, 1);
                vq.predictions.extend(indices(classes));
            }
        }
    }

    let labels = test.labels();
    let pixels = (test.len() * features) as f64;
    let charts = trainee.atlas.encoder.chart_centers.dims()[0];
    let row = &mut judgement.row;
    let mut put = |name: &str, value: f64| {
        row.insert(name.to_owned(), Some(value));
    };
    put("test_mse", atlas.squares / pixels);
    put("ami", adjusted_mutual_information(labels, &atlas.groups)?);
    put("perplexity", perplexity(&counts(&atlas.groups, charts)?));
    if !atlas.predictions.is_empty() {
        put("readout_accuracy", accuracy(labels, &atlas.predictions)?);
    }
    if !supervised.is_empty() {
        put("supervised_accuracy", accuracy(labels, &supervised)?);
    }
    if baselines.autoencoder.is_some() {
        put("autoencoder/test_mse", autoencoder.squares / pixels);
        if !autoencoder.predictions.is_empty() {
            put("autoencoder/readout_accuracy", accuracy(labels, &autoencoder.predictions)?);
        }
        if autoencoder.latent.iter().all(|value| value.is_finite()) {
            let dimension = trainee.atlas.encoder.chart_centers.dims()[1];
            let clusters = KMeansConfig::new(charts.min(test.len()));
            let clusters = k_means(&autoencoder.latent, dimension, &clusters)?;
            put("autoencoder/ami", adjusted_mutual_information(labels, &clusters.assignments)?);
        }
    }
    if let Some(model) = &baselines.vq {
        put("vq/test_mse", vq.squares / pixels);
        let codes = model.codebook.dims()[0];
        put("vq/ami", adjusted_mutual_information(labels, &vq.groups)?);
        put("vq/perplexity", perplexity(&counts(&vq.groups, codes)?));
        if !vq.predictions.is_empty() {
            put("vq/readout_accuracy", accuracy(labels, &vq.predictions)?);
        }
    }
    judgement.latent = atlas.latent;
    judgement.charts = atlas.groups;
    Ok(judgement)
}
