//! 0/1 matrices and small functions shared by the layers.
//!
//! On the CPU backends of burn 0.21 a broadcast along a middle dimension, and the gradient of a
//! sum along one, take about twelve nanoseconds per element; a product with a 0/1 matrix does the
//! same work a hundred times faster. All layers therefore keep their activations two-dimensional.

use burn::prelude::*;

/// Spreads each of `groups` columns over `size` neighbours, `[groups, groups · size]`.
///
/// Its transpose sums neighbours.
pub(crate) fn spread<B: Backend>(groups: usize, size: usize, device: &B::Device) -> Tensor<B, 2> {
    indicator([groups, groups * size], device, |row, column| column / size == row)
}

/// Copies a row of `size` columns `times` times side by side, `[size, times · size]`.
pub(crate) fn tile<B: Backend>(size: usize, times: usize, device: &B::Device) -> Tensor<B, 2> {
    indicator([size, times * size], device, |row, column| column % size == row)
}

/// 1 off the diagonal and 0 on it, `[size, size]`.
pub(crate) fn distinct<B: Backend>(size: usize, device: &B::Device) -> Tensor<B, 2> {
    indicator([size, size], device, |row, column| row != column)
}

/// A 0/1 matrix written on the host; a few operations on the device would take longer.
fn indicator<B: Backend>(
    [rows, columns]: [usize; 2],
    device: &B::Device,
    is_one: impl Fn(usize, usize) -> bool,
) -> Tensor<B, 2> {
    let mut data = Vec::with_capacity(rows * columns);
    for row in 0..rows {
        data.extend((0..columns).map(|column| f32::from(u8::from(is_one(row, column)))));
    }
    Tensor::from_data(TensorData::new(data, [rows, columns]), device)
}

/// Weighted sum over charts, `[B, N]` and `[B, N, K]` to `[B, K]`.
pub(crate) fn blend<B: Backend>(weights: Tensor<B, 2>, values: Tensor<B, 3>) -> Tensor<B, 2> {
    let [batch, charts, width] = values.dims();
    weights.reshape([batch, 1, charts]).matmul(values).reshape([batch, width])
}

/// The exact GELU, ½ x (1 + erf(x / √2)).
///
/// Written out because the default backward pass of burn differentiates the tanh approximation.
pub(crate) fn gelu<const D: usize, B: Backend>(x: Tensor<B, D>) -> Tensor<B, D> {
    let half = x.clone().mul_scalar(0.5);
    x.mul_scalar(std::f64::consts::FRAC_1_SQRT_2).erf().add_scalar(1.0).mul(half)
}

/// √x for x > 0.
///
/// burn's own backward pass calls `powf`, which costs more than the whole gate it stands in. Here
/// √x is written as x · k + k′ with the constants k = 1 / (2√x) and k′ = √x / 2, which has the
/// same value and gradient.
pub(crate) fn root<const D: usize, B: Backend>(x: Tensor<B, D>) -> Tensor<B, D> {
    let value = x.clone().detach().sqrt();
    let slope = value.clone().recip().mul_scalar(0.5);
    x.mul(slope).add(value.mul_scalar(0.5))
}

/// Euclidean norm of each row, `[B, D]` to `[B, 1]`; its gradient at 0 is 0.
pub(crate) fn row_norm<B: Backend>(x: Tensor<B, 2>) -> Tensor<B, 2> {
    root(row_square(x).clamp_min(1e-24))
}

/// Squared Euclidean norm of each row, `[B, D]` to `[B, 1]`.
pub(crate) fn row_square<B: Backend>(x: Tensor<B, 2>) -> Tensor<B, 2> {
    x.clone().mul(x).sum_dim(1)
}
