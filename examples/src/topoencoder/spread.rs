//! Orthogonality loss: spread of the singular values of the small weight matrices.
//!
//! value = mean over matrices of the unbiased variance of ln max(s, 1e-6), s the singular values
//! of the raw weight. burn has no singular value decomposition, so value and gradient are found
//! on the host, once in a while, and put back into the graph by a linear surrogate.

use burn::prelude::*;
use nalgebra::DMatrix;

use super::atlas::Atlas;

/// Largest side of a matrix that takes part.
pub const LARGEST_SIDE: usize = 64;

/// A matrix read back from the device, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct HostMatrix {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// Row-major values.
    pub values: Vec<f64>,
}

/// Value and gradient of the loss.
#[derive(Clone, Debug, PartialEq)]
pub struct SpectralSpread {
    /// The loss.
    pub value: f64,
    /// Its gradient, one matrix per input matrix.
    pub gradients: Vec<HostMatrix>,
}

/// The raw weights that take part: all matrices of the layers with both sides at most
/// [`LARGEST_SIDE`], each chart projector by itself, in the order of the reference.
///
/// Γ, chart centres, codes and learned queries are not layer weights. The reference counts one
/// more matrix, a key projection it never uses.
pub fn spectral_spread_matrices<B: Backend>(atlas: &Atlas<B>) -> Vec<Tensor<B, 2>> {
    let (encoder, decoder) = (&atlas.encoder, &atlas.decoder);
    let mut layers = vec![&encoder.trunk_in, &encoder.trunk_out];
    if let Some(router) = &encoder.router {
        layers.extend(&router.query_features);
        layers.push(&router.query_latent);
        layers.extend(&router.key);
        layers.extend(&router.transport);
    }
    layers.extend([&encoder.value, &encoder.filter_block, &encoder.filter_out]);
    let mut matrices: Vec<_> = layers.iter().map(|layer| layer.weight.val()).collect();
    let projectors = decoder.projectors.weight.val();
    let [charts, latent, hidden] = projectors.dims();
    if latent.max(hidden) <= LARGEST_SIDE {
        matrices.extend(
            (0..charts)
                .map(|chart| projectors.clone().narrow(0, chart, 1).reshape([latent, hidden])),
        );
    }
    let mut layers = Vec::new();
    if let Some(router) = &decoder.router {
        layers.push(&router.query_latent);
        layers.extend(&router.transport);
    }
    layers.extend(&decoder.latent_router);
    layers.extend([&decoder.texture, &decoder.render_in, &decoder.render_mid]);
    layers.extend([&decoder.render_out, &decoder.render_skip]);
    matrices.extend(layers.iter().map(|layer| layer.weight.val()));
    matrices.retain(|matrix| matrix.dims().iter().all(|side| *side <= LARGEST_SIDE));
    matrices
}

/// Value and gradient on the host. Matrices with fewer than two singular values have no variance
/// and are left out of the mean; a non-finite matrix makes value and gradient `NaN`.
pub fn spectral_spread(matrices: &[HostMatrix]) -> SpectralSpread {
    let counted = matrices.iter().filter(|matrix| matrix.rows.min(matrix.columns) > 1).count();
    let share = 1.0 / counted.max(1) as f64;
    let mut value = 0.0;
    let gradients = matrices
        .iter()
        .map(|matrix| {
            let (own, gradient) = log_variance(matrix);
            value += own * share;
            let values = gradient.iter().map(|entry| entry * share).collect();
            HostMatrix { values, ..*matrix }
        })
        .collect();
    SpectralSpread { value, gradients }
}

/// A scalar with the given value and the given gradient: ⟨W, G⟩ − sg⟨W, G⟩ + value, summed over
/// the matrices.
pub fn spread_surrogate<B: Backend>(
    matrices: Vec<Tensor<B, 2>>,
    spread: &SpectralSpread,
) -> Option<Tensor<B, 1>> {
    let mut sum: Option<Tensor<B, 1>> = None;
    for (matrix, gradient) in matrices.into_iter().zip(&spread.gradients) {
        let shape = [gradient.rows, gradient.columns];
        let data = TensorData::new(gradient.values.clone(), shape);
        let data = data.convert_dtype(matrix.dtype());
        let fixed = Tensor::<B, 2>::from_data(data, (&matrix.device(), matrix.dtype()));
        let product = matrix.mul(fixed).sum();
        sum = Some(match sum {
            Some(sum) => sum.add(product),
            None => product,
        });
    }
    sum.map(|sum| sum.clone().sub(sum.detach()).add_scalar(spread.value))
}

/// Unbiased variance of ln max(s, 1e-6), and its gradient Σ_i 2 (l_i − l̄) / ((n − 1) s_i) u_i v_iᵀ
/// in row-major order; singular values on the floor do not move.
fn log_variance(matrix: &HostMatrix) -> (f64, Vec<f64>) {
    let count = matrix.rows.min(matrix.columns);
    let zero = vec![0.0; matrix.values.len()];
    if count < 2 {
        return (0.0, zero);
    }
    if matrix.values.iter().any(|value| !value.is_finite()) {
        return (f64::NAN, vec![f64::NAN; zero.len()]);
    }
    let weight = DMatrix::from_row_slice(matrix.rows, matrix.columns, &matrix.values);
    let svd = weight.svd(true, true);
    let (Some(left), Some(right)) = (svd.u, svd.v_t) else {
        unreachable!("both factors were asked for");
    };
    let logs: Vec<f64> = svd.singular_values.iter().map(|value| value.max(1e-6).ln()).collect();
    let mean = logs.iter().sum::<f64>() / count as f64;
    let degrees = (count - 1) as f64;
    let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / degrees;
    let slopes = svd.singular_values.iter().zip(&logs).map(|(value, log)| {
        if *value > 1e-6 { 2.0 * (log - mean) / (degrees * value) } else { 0.0 }
    });
    let diagonal = DMatrix::from_diagonal(&nalgebra::DVector::from_iterator(count, slopes));
    let gradient = left * diagonal * right;
    (variance, gradient.transpose().as_slice().to_vec())
}
