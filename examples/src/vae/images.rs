//! Numbers of images: edges, structural similarity, mean intensity, histogram.
//!
//! Images are planes `[N, C, H, W]` with values in \[0, 1\]. Every linear map is separable, so that it is
//! two small matrix products.

use burn::prelude::*;

use crate::data::ImageShape;

/// Rows `[N, H·W·C]` of a data set as planes `[N, C, H, W]`.
pub fn to_planes<B: Backend>(rows: Tensor<B, 2>, shape: ImageShape) -> Tensor<B, 4> {
    let [count, _] = rows.dims();
    let ImageShape { height, width, channels } = shape;
    if channels == 1 {
        return rows.reshape([count, 1, height, width]);
    }
    rows.reshape([count, height, width, channels]).permute([0, 3, 1, 2])
}

/// Planes as rows of a data set.
pub fn to_rows<B: Backend>(planes: Tensor<B, 4>) -> Tensor<B, 2> {
    let [count, channels, height, width] = planes.dims();
    let last = if channels == 1 { planes } else { planes.permute([0, 2, 3, 1]) };
    last.reshape([count, height * width * channels])
}

/// `L · P · Rᵀ` for every plane P, given `Lᵀ` and `Rᵀ`.
fn sandwich<B: Backend>(
    planes: Tensor<B, 4>,
    left: &Tensor<B, 2>,
    right: &Tensor<B, 2>,
) -> Tensor<B, 4> {
    let [count, channels, height, width] = planes.dims();
    let ([_, new_height], [_, new_width]) = (left.dims(), right.dims());
    let rows = planes.reshape([count * channels * height, width]).matmul(right.clone());
    let turned = rows.reshape([count, channels, height, new_width]).swap_dims(2, 3);
    let columns = turned.reshape([count * channels * new_width, height]).matmul(left.clone());
    columns.reshape([count, channels, new_width, new_height]).swap_dims(2, 3)
}

fn matrix<B: Backend>(
    rows: usize,
    columns: usize,
    value: impl Fn(usize, usize) -> f64,
    device: &B::Device,
) -> Tensor<B, 2> {
    let values: Vec<f32> =
        (0..rows * columns).map(|at| value(at / columns, at % columns) as f32).collect();
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}

/// A transposed band matrix: `kernel` around every place, zeros outside.
fn band<B: Backend>(side: usize, kernel: &[f64], device: &B::Device) -> Tensor<B, 2> {
    let half = kernel.len() / 2;
    let at = |input: usize, output: usize| {
        (input + half).checked_sub(output).and_then(|tap| kernel.get(tap)).copied().unwrap_or(0.0)
    };
    matrix(side, side, at, device)
}

/// Added under the root of an edge map, so that its gradient is finite where an image is flat.
pub const EDGE_EPSILON: f64 = 1e-6;

/// Sobel edges of images of one size.
#[derive(Clone, Debug)]
pub struct Edges<B: Backend> {
    smooth: [Tensor<B, 2>; 2],
    differ: [Tensor<B, 2>; 2],
    epsilon: f64,
}

impl<B: Backend> Edges<B> {
    /// For images of this shape; `epsilon` is added under the root, see [`EDGE_EPSILON`].
    pub fn new(shape: ImageShape, epsilon: f64, device: &B::Device) -> Self {
        let bands = |kernel: &[f64]| {
            [band(shape.height, kernel, device), band(shape.width, kernel, device)]
        };
        Self { smooth: bands(&[1.0, 2.0, 1.0]), differ: bands(&[-1.0, 0.0, 1.0]), epsilon }
    }

    /// `√(gx² + gy² + ε)` of the mean over channels, with zeros outside the image, `[N, 1, H, W]`.
    pub fn of(&self, planes: Tensor<B, 4>) -> Tensor<B, 4> {
        let grey = if planes.dims()[1] == 1 { planes } else { planes.mean_dim(1) };
        let x = sandwich(grey.clone(), &self.smooth[0], &self.differ[1]);
        let y = sandwich(grey, &self.differ[0], &self.smooth[1]);
        (x.square() + y.square()).add_scalar(self.epsilon).sqrt()
    }
}

/// Over what a structural similarity is averaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SsimWindow {
    /// 11 × 11, Gaussian with σ = 1.5, zeros outside: the published one.
    Gaussian,
    /// 7 × 7, uniform, inside the image only, every second place: a tenth of the work.
    Uniform,
}

/// The Gaussian window along one direction.
pub fn gaussian_window() -> [f64; 11] {
    let raw: [f64; 11] = std::array::from_fn(|at| {
        let distance = at as f64 - 5.0;
        (-distance * distance / (2.0 * 1.5 * 1.5)).exp()
    });
    let sum: f64 = raw.iter().sum();
    raw.map(|value| value / sum)
}

/// Structural similarity (Wang, Bovik, Sheikh and Simoncelli 2004) with C1 = 10⁻⁴ and C2 = 9·10⁻⁴.
#[derive(Clone, Debug)]
pub struct Ssim<B: Backend> {
    pool: [Tensor<B, 2>; 2],
}

impl<B: Backend> Ssim<B> {
    /// For images of this shape.
    pub fn new(shape: ImageShape, window: SsimWindow, device: &B::Device) -> Self {
        let pool = |side: usize| match window {
            SsimWindow::Gaussian => band(side, &gaussian_window(), device),
            SsimWindow::Uniform => {
                let size = side.min(7);
                let places = (side - size) / 2 + 1;
                let share = |input: usize, output: usize| {
                    let inside = (2 * output..2 * output + size).contains(&input);
                    if inside { 1.0 / size as f64 } else { 0.0 }
                };
                matrix(side, places, share, device)
            }
        };
        Self { pool: [pool(shape.height), pool(shape.width)] }
    }

    /// The similarity of two stacks of images at every place, in \[−1, 1\].
    pub fn map(&self, a: Tensor<B, 4>, b: Tensor<B, 4>) -> Tensor<B, 4> {
        let mean = |planes| sandwich(planes, &self.pool[0], &self.pool[1]);
        let (mean_a, mean_b) = (mean(a.clone()), mean(b.clone()));
        let products = mean_a.clone() * mean_b.clone();
        let (square_a, square_b) = (mean_a.square(), mean_b.square());
        let variance =
            mean(a.clone().square() + b.clone().square()) - (square_a.clone() + square_b.clone());
        let covariance = mean(a * b) - products.clone();
        let (c1, c2) = (1e-4, 9e-4);
        let above = (products * 2.0 + c1) * (covariance * 2.0 + c2);
        let below = (square_a + square_b + c1) * (variance + c2) + 1e-8;
        (above / below).clamp(-1.0, 1.0)
    }

    /// Its mean per image, `[N]`.
    pub fn per_image(&self, a: Tensor<B, 4>, b: Tensor<B, 4>) -> Tensor<B, 1> {
        per_row(self.map(a, b))
    }
}

/// The mean of every image, `[N]`: sums of single precision stay short.
pub fn per_row<B: Backend>(planes: Tensor<B, 4>) -> Tensor<B, 1> {
    planes.flatten::<2>(1, 3).mean_dim(1).flatten(0, 1)
}

/// The mean squared error of every image, `[N]`.
pub fn error_per_image<B: Backend>(a: Tensor<B, 4>, b: Tensor<B, 4>) -> Tensor<B, 1> {
    per_row((a - b).square())
}

/// The mean squared difference of two stacks of images, `[1]`.
pub fn squared_error<B: Backend>(a: Tensor<B, 4>, b: Tensor<B, 4>) -> Tensor<B, 1> {
    error_per_image(a, b).mean()
}

/// The mean of every channel, `[N, C]`.
pub fn mean_intensity<B: Backend>(planes: Tensor<B, 4>) -> Tensor<B, 2> {
    planes.flatten::<3>(2, 3).mean_dim(2).flatten(1, 2)
}

/// A histogram with soft bins: centres i/(bins − 1), weight `exp(−d²/spread)` of a pixel at distance d,
/// summed over the pixels of a channel and divided by the sum of all bins, `[N, C·bins]`.
pub fn soft_histogram<B: Backend>(planes: Tensor<B, 4>, bins: usize, spread: f64) -> Tensor<B, 2> {
    let [count, channels, height, width] = planes.dims();
    let pixels = planes.reshape([count * channels, height * width]);
    let sums = (0..bins).map(|bin| {
        let center = bin as f64 / (bins - 1).max(1) as f64;
        let distance = pixels.clone().sub_scalar(center).square();
        distance.mul_scalar(-1.0 / spread).exp().sum_dim(1)
    });
    let sums = Tensor::cat(sums.collect(), 1);
    let whole = sums.clone().sum_dim(1) + 1e-8;
    (sums / whole).reshape([count, channels * bins])
}

/// Every second pixel of every second line.
pub fn every_second_pixel<B: Backend>(planes: Tensor<B, 4>) -> Tensor<B, 4> {
    let [count, channels, height, width] = planes.dims();
    let (half_height, half_width) = (height / 2, width / 2);
    let whole = planes.slice([0..count, 0..channels, 0..2 * half_height, 0..2 * half_width]);
    let pairs = whole.reshape([count * channels * half_height, 2, half_width, 2]);
    let first = pairs.slice([0..count * channels * half_height, 0..1, 0..half_width, 0..1]);
    first.reshape([count, channels, half_height, half_width])
}
