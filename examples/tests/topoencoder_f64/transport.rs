//! The Chebyshev series of the transport against a dense solve.

use burn::prelude::*;
use burn::tensor::Distribution;
use homeostat_examples::topoencoder::SpectralLinear;
use homeostat_examples::topoencoder::transport::Transport;
use nalgebra::{DMatrix, DVector};

use crate::{Real, check, device, number, values};

const HIDDEN: usize = 8;
const LATENT: usize = 3;
const EPSILON: f64 = 1e-3;

fn generator() -> Tensor<Real, 2> {
    let layer = SpectralLinear::<Real>::new(LATENT, HIDDEN * HIDDEN, false, 1.0, &device());
    layer.refresh(50).normalized_weight().detach()
}

/// Uᵀ q with U = (aI + ½S)⁻¹ (aI − ½S), solved densely.
fn dense(weight: &[f64], latent: &[f64], query: &[f64]) -> Vec<f64> {
    let mut matrix = DMatrix::zeros(HIDDEN, HIDDEN);
    for (d, value) in latent.iter().enumerate() {
        let own = &weight[d * HIDDEN * HIDDEN..(d + 1) * HIDDEN * HIDDEN];
        matrix += DMatrix::from_row_slice(HIDDEN, HIDDEN, own) * *value;
    }
    let skew = (&matrix - matrix.transpose()) * 0.25;
    let identity = DMatrix::identity(HIDDEN, HIDDEN) * (1.0 + EPSILON);
    let inverse = (&identity + &skew).try_inverse().expect("aI + ½S is never singular");
    let transport = inverse * (identity - skew);
    (transport.transpose() * DVector::from_row_slice(query)).as_slice().to_vec()
}

#[test]
fn the_series_is_the_dense_solve_within_its_bound() {
    let weight = generator();
    let numbers = values(weight.clone());
    for (radius, terms, bound) in
        [(2.0, 13, 1e-6), (1.0, 8, 1e-6), (5.0, 13, 5e-3), (0.0, 13, 1e-9)]
    {
        let normal = Distribution::Normal(0.0, 1.0);
        let latent = Tensor::<Real, 2>::random([16, LATENT], normal, &device());
        let length = latent.clone().powi_scalar(2).sum_dim(1).sqrt();
        let latent = latent / length * radius;
        let query = Tensor::<Real, 2>::random([16, HIDDEN], normal, &device());
        let series = Transport::new(latent.clone(), weight.clone(), EPSILON, terms);
        let ours = values(series.transposed(query.clone()));
        let (latent, query) = (values(latent), values(query));
        for b in 0..16 {
            let row = b * HIDDEN..(b + 1) * HIDDEN;
            let own = &query[row.clone()];
            let expected = dense(&numbers, &latent[b * LATENT..(b + 1) * LATENT], own);
            let size = own.iter().map(|value| value * value).sum::<f64>().sqrt();
            check("transport", &ours[row], &expected, 0.0, bound * size);
        }
    }
}

#[test]
fn the_gradient_of_the_series_is_its_finite_difference() {
    let weight = generator();
    let start: Vec<f64> = (0..LATENT).map(|d| 0.9 * (d as f64 + 0.4).sin()).collect();
    let query = Tensor::<Real, 2>::random([1, HIDDEN], Default::default(), &device());
    let loss = |latent: Tensor<Real, 2>| {
        let series = Transport::new(latent, weight.clone(), EPSILON, 20);
        series.transposed(query.clone()).powi_scalar(3).sum()
    };
    let tensor = |values: &[f64]| {
        Tensor::<Real, 2>::from_data(TensorData::new(values.to_vec(), [1, LATENT]), &device())
    };
    let latent = tensor(&start).require_grad();
    let gradients = loss(latent.clone()).backward();
    let gradient = values(latent.grad(&gradients).expect("the latent vector has a gradient"));
    for d in 0..LATENT {
        let moved = |by: f64| {
            let mut point = start.clone();
            point[d] += by;
            number(loss(tensor(&point)))
        };
        let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
        check("slope", &[gradient[d]], &[slope], 1e-6, 1e-8);
    }
}
