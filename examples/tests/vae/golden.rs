//! Section 7.8 of the reference: numbers that were computed independently in double precision.

use burn::backend::Autodiff;
use burn::prelude::*;
use burn_flex::Flex;
use homeostat_examples::data::ImageShape;
use homeostat_examples::vae::images::{
    EDGE_EPSILON, Edges, Ssim, SsimWindow, every_second_pixel, gaussian_window, soft_histogram,
    to_planes, to_rows,
};
use homeostat_examples::vae::latent::{
    Capacity, block_divergence, divergence, effective, mean_squared_correlation,
    off_diagonal_covariance, soft_active, variances,
};
use homeostat_examples::vae::measures::traversal;

type B = Flex;

fn device() -> <B as burn::tensor::backend::BackendTypes>::Device {
    Default::default()
}

fn rows(values: &[&[f32]]) -> Tensor<B, 2> {
    let shape = [values.len(), values[0].len()];
    Tensor::from_data(TensorData::new(values.concat(), shape), &device())
}

fn vector(values: &[f32]) -> Tensor<B, 1> {
    Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &device())
}

fn image(values: &[f32], height: usize, width: usize) -> Tensor<B, 4> {
    Tensor::from_data(TensorData::new(values.to_vec(), [1, 1, height, width]), &device())
}

fn host<const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

#[track_caller]
fn check(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (found, expected) in found.iter().zip(expected) {
        let allowed = tolerance * expected.abs().max(1.0);
        assert!((found - expected).abs() <= allowed, "{found} instead of {expected}");
    }
}

#[test]
fn divergences_are_those_of_the_reference() {
    let kl = |mean: &[f32], spread: &[f32]| host(divergence(rows(&[mean]), rows(&[spread])));
    check(&kl(&[0.5, -1.0, 2.0], &[0.0, -1.0, 0.5]), &[2.883_300], 1e-5);
    check(&kl(&[0.0; 4], &[-5.0; 4]), &[8.013_476], 1e-5);
    check(&kl(&[0.0; 64], &[-5.0; 64]), &[128.215_6], 1e-5);
    check(&kl(&[50.0; 64], &[0.0; 64]), &[80_000.0], 1e-5);
    // The limits of the logarithm keep it finite.
    assert!(kl(&[0.0], &[1000.0])[0].is_finite());
}

#[test]
fn the_correlated_prior_prefers_values_that_go_together() {
    let kl = |mean: &[f32]| host(block_divergence(rows(&[mean]), rows(&[&[0.0; 8]]), 8, 0.2));
    check(&kl(&[0.0; 8]), &[0.240_064], 1e-5);
    check(&kl(&[1.0; 8]), &[1.906_730], 1e-5);
    check(&kl(&[1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0]), &[5.240_058], 1e-5);
    // Two blocks are the sum of two, and without correlation it is the plain divergence.
    let two = block_divergence(rows(&[&[1.0; 16]]), rows(&[&[0.0; 16]]), 8, 0.2);
    check(&host(two), &[2.0 * 1.906_730], 1e-5);
    let (mean, spread) = (rows(&[&[0.5, -1.0, 2.0]]), rows(&[&[0.0, -1.0, 0.5]]));
    check(&host(block_divergence(mean, spread, 2, 0.0)), &[2.883_300], 1e-5);
}

#[test]
fn dimensions_are_counted_by_their_variances() {
    let v = [4.0, 1.0, 0.5, 0.05];
    check(&host(effective(vector(&v))), &[2.234_687], 1e-5);
    check(&host(soft_active(vector(&v))), &[3.268_606], 1e-5);
    check(&host(effective(vector(&[0.7; 4]))), &[4.0], 1e-5);
    let capacity = Capacity::of(&v.map(f64::from));
    assert_eq!(capacity.active, 3);
    check(&[capacity.effective, capacity.median, capacity.largest], &[2.234_687, 0.75, 4.0], 1e-5);
    assert_eq!(Capacity::of(&[0.0, 0.0]), Capacity::default());
}

#[test]
fn covariance_is_that_of_the_sample() {
    let z = rows(&[&[1.0, 2.0], &[3.0, 1.0], &[2.0, 3.0]]);
    check(&host(variances(z.clone())), &[1.0, 1.0], 1e-6);
    check(&host(off_diagonal_covariance(z.clone())), &[0.25], 1e-5);
    // Here the correlation is the covariance, −1/2.
    check(&host(mean_squared_correlation(z)), &[0.25], 1e-5);
}

#[test]
fn traversals_reward_halves_that_change_what_they_should() {
    let at = |epsilon| host(traversal(vector(&[0.04]), vector(&[0.001]), epsilon));
    check(&at(1e-4), &[467.014_283], 1e-5);
    check(&at(1e-2), &[55.454_545], 1e-5);
}

#[test]
fn edges_are_sobels() {
    let shape = ImageShape { height: 4, width: 4, channels: 1 };
    let edges = Edges::<B>::new(shape, 0.0, &device());
    let line = [0.0, 0.0, 1.0, 1.0];
    let found = host(edges.of(image(&line.repeat(4), 4, 4)));
    let outer = [0.0, 3.162_278, 4.242_641, 4.242_641];
    let inner = [0.0, 4.0, 4.0, 4.0];
    check(&found, &[outer, inner, inner, outer].concat(), 1e-5);
    // Turned by a quarter the edges turn.
    let upright: Vec<f32> = line.iter().flat_map(|value| [*value; 4]).collect();
    let turned = host(edges.of(image(&upright, 4, 4)));
    for y in 0..4 {
        for x in 0..4 {
            assert!((turned[4 * y + x] - found[4 * x + y]).abs() < 1e-6);
        }
    }
}

#[test]
fn a_flat_image_has_edges_with_a_finite_gradient() {
    type A = Autodiff<Flex>;
    let shape = ImageShape { height: 6, width: 5, channels: 1 };
    let edges = Edges::<A>::new(shape, EDGE_EPSILON, &Default::default());
    let flat = Tensor::<A, 4>::zeros([1, 1, 6, 5], &Default::default()).require_grad();
    let gradients = edges.of(flat.clone()).sum().backward();
    let gradient = flat.grad(&gradients).expect("has one");
    assert!(gradient.into_data().iter::<f32>().all(f32::is_finite));
}

#[test]
fn histograms_are_soft() {
    let half = host(soft_histogram(image(&[0.5], 1, 1), 16, 0.01));
    let right = [0.336_573, 0.138_369, 0.023_386, 0.001_625];
    check(&half[8..12], &right, 2e-6);
    let mirrored: Vec<f64> = half[4..8].iter().rev().copied().collect();
    check(&mirrored, &right, 2e-6);
    check(&[half.iter().sum()], &[1.0], 1e-5);
}

#[test]
fn similarity_is_that_of_the_reference() {
    let window = gaussian_window();
    check(&window[..6], &[0.001_028, 0.007_599, 0.036_001, 0.109_361, 0.213_006, 0.266_012], 1e-6);
    let shape = ImageShape { height: 13, width: 13, channels: 1 };
    let ssim = Ssim::<B>::new(shape, SsimWindow::Gaussian, &device());
    let constant = |value: f32| image(&[value; 169], 13, 13);
    let map = host(ssim.map(constant(0.5), constant(0.6)));
    // The 3 × 3 places in the middle do not see the border.
    for (y, x) in [(5, 5), (6, 6), (7, 7), (5, 7)] {
        // In single precision a covariance of 0 is 1e-7, next to C2 = 9e-4.
        check(&[map[13 * y + x]], &[0.983_609], 2e-4);
    }
    let uniform = Ssim::<B>::new(shape, SsimWindow::Uniform, &device());
    let map = host(uniform.map(constant(0.5), constant(0.6)));
    assert_eq!(map.len(), 16, "(13 − 7)/2 + 1 = 4 places along each side");
    check(&map, &[0.983_609; 16], 2e-4);
    check(&host(uniform.per_image(constant(0.3), constant(0.3))), &[1.0], 2e-4);
}

#[test]
fn rows_become_planes_and_back() {
    let shape = ImageShape { height: 2, width: 2, channels: 3 };
    let row: Vec<f32> = (0..12).map(|value| value as f32).collect();
    let planes = to_planes(rows(&[&row]), shape);
    assert_eq!(host(planes.clone()), [0., 3., 6., 9., 1., 4., 7., 10., 2., 5., 8., 11.]);
    assert_eq!(
        host(to_rows(planes)),
        row.iter().map(|value| f64::from(*value)).collect::<Vec<_>>()
    );
    let counted: Vec<f32> = (0..16).map(|value| value as f32).collect();
    assert_eq!(host(every_second_pixel(image(&counted, 4, 4))), [0., 2., 8., 10.]);
}
