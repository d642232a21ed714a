//! Steps computed by hand.

use homeostat_core::Law;
use homeostat_precision::PrecisionConfig;
use homeostat_testkit::golden::{close, load};
use serde::Deserialize;

use crate::{closed, decide, gradient, law};

#[derive(Deserialize)]
struct Golden {
    tolerance: f64,
    losses: Vec<f64>,
    gradient: Vec<Gradient>,
    closed: Vec<Closed>,
}

#[derive(Deserialize)]
struct Gradient {
    rate: f64,
    initial: f64,
    log_variances: Vec<f64>,
    weights: Vec<f64>,
}

#[derive(Deserialize)]
struct Closed {
    averaging_time: f64,
    log_variances: Vec<f64>,
}

#[track_caller]
fn check(golden: &Golden, config: &PrecisionConfig, log_variances: &[f64], weights: &[f64]) {
    let law = law(config);
    let mut state = law.init();
    assert_eq!(golden.losses.len(), log_variances.len());
    for (step, loss) in golden.losses.iter().enumerate() {
        let (weight, log_variance) = decide(&law, &mut state, *loss);
        let tolerance = golden.tolerance;
        let what = format!("{:?}, step {step}", config.mode);
        close(&what, log_variance, log_variances[step], tolerance, tolerance);
        close(&what, weight, weights[step], tolerance, tolerance);
    }
}

fn golden() -> Golden {
    load(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/kendall.toml"))
}

#[test]
fn the_gradient_mode_follows_the_hand_computed_steps() {
    let golden = golden();
    for case in &golden.gradient {
        let config = PrecisionConfig { initial: case.initial, ..gradient(case.rate) };
        check(&golden, &config, &case.log_variances, &case.weights);
    }
}

#[test]
fn the_closed_form_follows_the_hand_computed_steps() {
    let golden = golden();
    for case in &golden.closed {
        let weights: Vec<f64> = case.log_variances.iter().map(|s| (-s).exp()).collect();
        check(&golden, &closed(case.averaging_time), &case.log_variances, &weights);
    }
}
