//! Layers against topoencoder.md §7.6, and the host loss against finite differences.

use burn::module::Param;
use burn::prelude::*;
use homeostat_examples::topoencoder::{
    AtlasConfig, CovariantRouter, HostMatrix, NormGate, RouterQueries, SpectralLinear,
    spectral_spread, spread_surrogate,
};

use crate::model::{golden, numbers};
use crate::{Real, check, device, number, values};

fn matrix(value: &toml::Value, shape: [usize; 2]) -> Tensor<Real, 2> {
    Tensor::from_data(TensorData::new(numbers(value), shape), &device())
}

#[test]
fn a_spectral_layer_is_scaled_as_in_the_reference() {
    let table = &golden()["spectral_linear"];
    for scale in [1.0, 0.3] {
        let weight = matrix(&table["weight"], [3, 2]).transpose() * scale;
        let mut layer = SpectralLinear::from_parts(weight.clone(), None, 1.0);
        let start = Tensor::full([1, 3], 1.0 / 3f64.sqrt(), &device());
        layer.left = Param::from_tensor(start).set_require_grad(false);
        let normalized = layer.refresh(3).normalized_weight().transpose();
        let expected = match scale {
            1.0 => numbers(&table["normalized"]),
            // Its largest singular value is below the ceiling.
            _ => values(weight.transpose()),
        };
        check("weight", &values(normalized), &expected, 2e-9, 0.0);
    }
}

#[test]
fn all_three_orders_of_applying_the_gain_agree() {
    for (rows, inputs, outputs) in [(64, 3, 4), (2, 5, 9), (2, 9, 5)] {
        let layer = SpectralLinear::<Real>::new(inputs, outputs, true, 0.1, &device());
        let x = Tensor::random([rows, inputs], Default::default(), &device());
        let bias = layer.bias.as_ref().expect("a bias was asked for").val();
        let direct = x.clone().matmul(layer.normalized_weight()) + bias;
        check("y", &values(layer.forward(x)), &values(direct), 1e-12, 1e-14);
    }
}

#[test]
fn a_norm_gate_agrees_with_the_reference() {
    let table = &golden()["norm_gate"];
    let mut gate = NormGate::<Real>::new(4, 2, 0.0, &device());
    gate.bias = Param::from_tensor(matrix(&table["bias"], [1, 2]));
    let out = gate.forward(matrix(&table["input"], [1, 4]));
    check("gate", &values(out), &numbers(&table["output"]), 5e-9, 0.0);
    let zero = gate.forward(Tensor::zeros([1, 4], &device()));
    check("gate at 0", &values(zero), &[0.0; 4], 0.0, 0.0);
}

#[test]
fn the_temperature_agrees_with_the_reference() {
    let table = &golden()["temperature"];
    let router =
        CovariantRouter::<Real>::new(&AtlasConfig::default(), RouterQueries::Learned, &device());
    let tau = router.temperature(matrix(&table["latent"], [5, 2]));
    check("tau", &values(tau), &numbers(&table["tau"]), 5e-9, 0.0);
}

#[test]
fn the_gradient_of_the_spread_is_its_finite_difference() {
    let wave = |rows: usize, columns: usize| HostMatrix {
        rows,
        columns,
        values: (0..rows * columns).map(|k| (1.7 * k as f64 + 0.3).sin()).collect(),
    };
    let matrices = vec![wave(3, 4), wave(4, 2), wave(1, 5)];
    let spread = spectral_spread(&matrices);
    let step = 1e-6;
    for (index, matrix) in matrices.iter().enumerate() {
        for entry in 0..matrix.values.len() {
            let moved = |by: f64| {
                let mut moved = matrices.clone();
                moved[index].values[entry] += by;
                spectral_spread(&moved).value
            };
            let slope = (moved(step) - moved(-step)) / (2.0 * step);
            let gradient = spread.gradients[index].values[entry];
            check("slope", &[gradient], &[slope], 1e-6, 1e-8);
        }
    }

    let parameters: Vec<Tensor<Real, 2>> = matrices
        .iter()
        .map(|matrix| {
            let data = TensorData::new(matrix.values.clone(), [matrix.rows, matrix.columns]);
            Tensor::from_data(data, &device()).require_grad()
        })
        .collect();
    let loss = spread_surrogate(parameters.clone(), &spread).expect("there are matrices");
    check("value", &[number(loss.clone())], &[spread.value], 1e-14, 0.0);
    let gradients = loss.backward();
    for (parameter, expected) in parameters.iter().zip(&spread.gradients) {
        let gradient = parameter.grad(&gradients).expect("every matrix has a gradient");
        check("gradient", &values(gradient), &expected.values, 1e-14, 1e-16);
    }
}
