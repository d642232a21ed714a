//! Every optimizer with a momentum forgets it, and nothing else.

use burn::module::Param;
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::momentum::MomentumConfig;
use burn::optim::{
    AdamConfig, AdamWConfig, AdanConfig, GradientsParams, MuonConfig, Optimizer as _,
    RmsPropConfig, SgdConfig,
};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_burn::{Momentum, forget_momentum};

use crate::host;

const RATE: f64 = 0.1;

#[derive(Module, Debug)]
struct Matrix<B: Backend> {
    weight: Param<Tensor<B, 2>>,
}

fn matrix<B: AutodiffBackend>() -> Matrix<B> {
    let start = Tensor::from_floats([[1.0, -2.0], [0.5, 3.0]], &Default::default());
    Matrix { weight: Param::from_tensor(start) }
}

/// A step with the gradient `scale` times a fixed one.
fn step<B: AutodiffBackend, O: Momentum<B::InnerBackend>>(
    net: Matrix<B>,
    optimizer: &mut OptimizerAdaptor<O, Matrix<B>, B>,
    scale: f64,
) -> Matrix<B> {
    let direction = Tensor::from_floats([[1.0, 2.0], [-1.0, 0.5]], &Default::default());
    let loss = (net.weight.val() * direction).sum().mul_scalar(scale);
    let gradients = GradientsParams::from_grads(loss.backward(), &net);
    optimizer.step(RATE, net, gradients)
}

fn values<B: AutodiffBackend>(net: &Matrix<B>) -> Vec<f64> {
    host(net.weight.val())
}

/// After a step with a gradient, one with the gradient 0 moves the net by momentum alone.
#[track_caller]
fn stands_still<B: AutodiffBackend, O: Momentum<B::InnerBackend>>(
    mut optimizer: OptimizerAdaptor<O, Matrix<B>, B>,
) where
    OptimizerAdaptor<O, Matrix<B>, B>: Clone,
{
    let net = step(matrix::<B>(), &mut optimizer, 1.0);
    let moved = step(net.clone(), &mut optimizer.clone(), 0.0);
    let drift = |moved: &Matrix<B>| {
        let pairs = values(moved).into_iter().zip(values(&net));
        pairs.map(|(after, before)| (after - before).abs()).fold(0.0, f64::max)
    };
    assert!(drift(&moved) > 1e-3, "momentum goes on: {}", drift(&moved));
    let mut forgotten = forget_momentum(optimizer);
    let still = step(net.clone(), &mut forgotten, 0.0);
    assert!(drift(&still) < 1e-6, "nothing is left of it: {}", drift(&still));
    // And it goes on to train.
    assert!(drift(&step(still, &mut forgotten, 1.0)) > 1e-4);
}

fn every_optimizer_with_a_momentum_forgets_it<B: AutodiffBackend>() {
    let momentum = || MomentumConfig { momentum: 0.9, dampening: 0.1, nesterov: false };
    stands_still::<B, _>(AdamConfig::new().init());
    stands_still::<B, _>(AdamWConfig::new().with_weight_decay(0.0).init());
    stands_still::<B, _>(RmsPropConfig::new().with_centered(false).init());
    stands_still::<B, _>(SgdConfig::new().with_momentum(Some(momentum())).init());
    stands_still::<B, _>(MuonConfig::new().init());
}

/// The gradient of a second step after the velocity was forgotten is taken in full: 1 and not 1 − dampening.
fn a_forgotten_velocity_begins_like_the_first<B: AutodiffBackend>() {
    let momentum = MomentumConfig { momentum: 0.9, dampening: 0.5, nesterov: false };
    let mut optimizer = SgdConfig::new().with_momentum(Some(momentum)).init::<B, Matrix<B>>();
    let first = step(matrix::<B>(), &mut optimizer, 1.0);
    let second = step(first.clone(), &mut forget_momentum(optimizer), 1.0);
    let differences = |a: &Matrix<B>, b: &Matrix<B>| -> Vec<f64> {
        values(a).into_iter().zip(values(b)).map(|(a, b)| a - b).collect()
    };
    let pairs = differences(&first, &second).into_iter().zip(differences(&matrix(), &first));
    for (found, expected) in pairs {
        assert!((found - expected).abs() < 1e-6, "{found}, {expected}");
    }
}

/// What stays of AdamW is its second moment: the next step is that of a fresh first moment over it.
fn the_second_moment_and_the_count_stay<B: AutodiffBackend>() {
    let mut optimizer = AdamWConfig::new().with_weight_decay(0.0).with_epsilon(1e-12).init();
    let net = step(matrix::<B>(), &mut optimizer, 1.0);
    let after = step(net.clone(), &mut forget_momentum(optimizer), 1.0);
    // m = 0.1 g / (1 − 0.81), v = (0.000999 + 0.001) g² / (1 − 0.998001) = g².
    let expected = RATE * 0.1 / 0.19;
    for (after, before) in values(&after).into_iter().zip(values(&net)) {
        assert!(((after - before).abs() - expected).abs() < 1e-4, "{}", after - before);
    }
}

/// Adan remembers the last gradient, whose disappearance is a difference that moves the net. The same
/// gradient again makes none: what is left is a fresh first moment over the second.
fn adan_forgets_its_moments_and_keeps_the_last_gradient<B: AutodiffBackend>() {
    let config = AdanConfig::new().with_weight_decay(0.0).with_epsilon(1e-12);
    let mut optimizer = config.init();
    let net = step(matrix::<B>(), &mut optimizer, 1.0);
    // A second gradient, so that there are differences to forget.
    let net = step(net, &mut optimizer, 2.0);
    let after = step(net.clone(), &mut forget_momentum(optimizer), 2.0);
    // β = 0.98, 0.92, 0.99 and gradients g, 2g, 2g: the squares of g, 2g + 0.92 g and 2g are averaged.
    let square = (0.01 * 0.99_f64.powi(2) + 0.01 * 2.92_f64.powi(2) * 0.99 + 0.04)
        / (1.0 - 0.99_f64.powi(3));
    let expected = RATE * 0.04 / (1.0 - 0.98_f64.powi(3)) / square.sqrt();
    for (after, before) in values(&after).into_iter().zip(values(&net)) {
        let found = (after - before).abs();
        assert!((found - expected).abs() < 1e-4, "{found}, {expected}");
    }
}

mod both {
    crate::on_both_backends! {
        every_optimizer_with_a_momentum_forgets_it
        adan_forgets_its_moments_and_keeps_the_last_gradient
        a_forgotten_velocity_begins_like_the_first
        the_second_moment_and_the_count_stay
    }
}
