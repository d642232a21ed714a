//! Losses of points, centres and codes.

use burn::prelude::*;
use burn::tensor::activation::relu;

use super::super::constants::distinct;
use super::EnergyPrior;

/// relu(D − mean_b ‖t − t̄‖² + 1e-6).
pub(super) fn variance<B: Backend>(points: Tensor<B, 2>) -> Tensor<B, 1> {
    let [_, size] = points.dims();
    relu(spread(points).neg().add_scalar(size as f64 + 1e-6))
}

/// Mean over unordered pairs of relu(margin − ‖x_i − x_j‖) for `[N, D]`.
///
/// The squared distance is cut at 1e-12 before the root: coincident points (and the diagonal)
/// then have a finite gradient, namely none.
pub(super) fn repulsion<B: Backend>(points: Tensor<B, 2>, margin: f64) -> Tensor<B, 1> {
    let [count, size] = points.dims();
    let device = points.device();
    let rows = points.clone().reshape([count, 1, size]).repeat_dim(1, count);
    let columns = points.reshape([1, count, size]).repeat_dim(0, count);
    let difference = rows.sub(columns).reshape([count * count, size]);
    let square = difference.clone().mul(difference).sum_dim(1);
    let distance = square.clamp_min(1e-12).sqrt().reshape([count, count]);
    let pairs = (count * (count - 1)) as f64;
    relu(distance.neg().add_scalar(margin)).mul(distinct(count, &device)).sum().div_scalar(pairs)
}

/// mean_n ‖mean_k Q_nk‖² for `[N, C, D]`.
pub(super) fn codebook_center<B: Backend>(codebook: Tensor<B, 3>) -> Tensor<B, 1> {
    let [charts, codes, _] = codebook.dims();
    // The mean over codes as a product: the gradient of a sum along a middle dimension is slow.
    let mean = Tensor::full([charts, 1, codes], 1.0 / codes as f64, &codebook.device());
    let centers = mean.matmul(codebook);
    centers.clone().mul(centers).sum().div_scalar(charts as f64)
}

/// mean_b ‖z‖².
pub(super) fn mean_square<B: Backend>(points: Tensor<B, 2>) -> Tensor<B, 1> {
    let [batch, _] = points.dims();
    points.clone().mul(points).sum().div_scalar(batch as f64)
}

/// Distance of the energy E = mean_b ‖z − z̄‖² from D, in the form that `prior` says.
pub(super) fn radial_energy<B: Backend>(points: Tensor<B, 2>, prior: EnergyPrior) -> Tensor<B, 1> {
    let [_, size] = points.dims();
    let energy = spread(points);
    let error = match prior {
        EnergyPrior::Square => energy.sub_scalar(size as f64),
        EnergyPrior::LogSquare => {
            // The floor keeps a collapsed latent at a finite distance with a finite gradient.
            let floor = 1e-2 * size as f64;
            energy.add_scalar(floor).log().sub_scalar((size as f64 + floor).ln())
        }
    };
    error.clone().mul(error)
}

/// Mean over B² of (G − G′)², G = (t − t̄)(t − t̄)ᵀ / D.
pub(super) fn gram_change<B: Backend>(
    points: Tensor<B, 2>,
    disturbed: Tensor<B, 2>,
) -> Tensor<B, 1> {
    let [batch, _] = points.dims();
    let change = gram(points).sub(gram(disturbed));
    change.clone().mul(change).sum().div_scalar((batch * batch) as f64)
}

fn gram<B: Backend>(points: Tensor<B, 2>) -> Tensor<B, 2> {
    let [_, size] = points.dims();
    let centered = points.clone().sub(points.mean_dim(0));
    centered.clone().matmul(centered.transpose()).div_scalar(size as f64)
}

/// mean_b ‖z − z̄‖².
fn spread<B: Backend>(points: Tensor<B, 2>) -> Tensor<B, 1> {
    mean_square(points.clone().sub(points.mean_dim(0)))
}
