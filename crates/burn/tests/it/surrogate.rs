//! The gradient of a score, through the graph of a backend.

use std::collections::BTreeMap;

use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_burn::{SurrogateError, surrogate};
use homeostat_ceiling::{Constraint, Goals, GoalsConfig, Rules};

use crate::host;

/// One divergence under a ceiling of 8.
fn goals() -> Goals {
    let kl = Constraint::BoxAsymmetric { lower: 1.0, upper: Some(8.0), healthy: 6.4 };
    let goals = BTreeMap::from([("kl".to_owned(), kl)]);
    let groups = BTreeMap::from([("kl".to_owned(), vec!["kl".to_owned()])]);
    GoalsConfig::new(goals, groups).init().expect("legal")
}

/// d(−ln s)/dx by the formula of the barrier, δ = 0.05.
fn expected(x: f64) -> f64 {
    let (slack, slope) =
        if x <= 6.4 { ((x - 1.0) / 5.4, 1.0 / 5.4) } else { ((8.0 - x) / 1.6, -1.0 / 1.6) };
    -slope / slack.max(0.05)
}

/// KL = ½ Σ μ² over four dimensions: the gradient in μ is the slope times μ, from a collapsed code to a
/// million nats.
fn a_divergence_is_pushed_back_with_a_finite_gradient_however_large_it_is<B: AutodiffBackend>() {
    let goals = goals();
    let (state, mut evaluation) = (goals.init_state(), goals.evaluation());
    let device = Default::default();
    for kl in [0.0, 1e-6, 0.5, 1.0, 3.0, 6.0, 7.0, 7.99, 8.01, 12.0, 89.0, 12_966.0, 63_163.0, 1e6]
    {
        let mean = (kl / 2.0_f64).sqrt() as f32;
        let code = Tensor::<B, 1>::full([4], mean, &device).require_grad();
        let measured = code.clone().square().sum().mul_scalar(0.5);
        let value = host(measured.clone())[0];
        goals.evaluate(&state, &[value], &mut evaluation).expect("a loss");
        let loss = surrogate(&[measured], evaluation.slopes()).expect("fits").expect("a slope");
        let gradient = host(code.grad(&loss.backward()).expect("in the graph"));
        for found in gradient {
            let wanted = expected(value) * f64::from(mean);
            assert!(found.is_finite());
            assert!((found - wanted).abs() <= 1e-5 * wanted.abs(), "{found}, {wanted} at {kl}");
            assert!(kl < 8.0 || found > 0.0, "down again");
        }
    }
    // The published score overflows in its unselected branch; its slope is refused instead of trained on.
    let published = Constraint::BoxAsymmetric { lower: 100.0, upper: Some(1e9), healthy: 3000.0 };
    let found = homeostat_ceiling::Score::of(&published, Rules::Note, 0.05, 20_000.0);
    let measured = Tensor::<B, 1>::full([1], 20_000.0, &device).require_grad();
    let error = surrogate(&[measured], &[found.log_slope]).expect_err("NaN");
    assert!(matches!(error, SurrogateError::NotFinite { index: 0, .. }));
}

fn single_and_shared_values_have_the_gradients_of_their_rows<B: AutodiffBackend>() {
    let device = Default::default();
    let each = Tensor::<B, 1>::from_floats([1.0, 2.0, 3.0], &device).require_grad();
    let shared = Tensor::<B, 1>::from_floats([4.0], &device).require_grad();
    let unused = Tensor::<B, 1>::from_floats([5.0], &device).require_grad();
    // A row per sample: the slopes of each, shared and unused.
    let slopes = [1.0, 0.5, 0.0, 0.0, 0.25, 0.0, -2.0, 0.0, 0.0];
    let values = [each.clone(), shared.clone(), unused.clone()];
    let loss = surrogate(&values, &slopes).expect("fits").expect("a slope");
    assert_eq!(loss.dims(), [1]);
    let gradients = loss.backward();
    assert_eq!(host(each.grad(&gradients).expect("in the graph")), [1.0, 0.0, -2.0]);
    assert_eq!(host(shared.grad(&gradients).expect("in the graph")), [0.75]);
    assert!(unused.grad(&gradients).is_none(), "a slope of 0 costs no backward pass");
    assert!(surrogate(&values, &[0.0; 9]).expect("fits").is_none());
    assert!(surrogate::<B>(&[], &[]).expect("fits").is_none());
}

fn what_does_not_belong_together_is_refused<B: AutodiffBackend>() {
    let device = Default::default();
    let values = |count: usize| Tensor::<B, 1>::ones([count], &device);
    let refuse = |values: &[Tensor<B, 1>], slopes: &[f64]| {
        surrogate(values, slopes).expect_err("does not fit").to_string()
    };
    assert_eq!(
        refuse(&[values(1), values(1)], &[1.0; 3]),
        "number of slopes must be a multiple of the values, 2, got 3"
    );
    assert!(refuse(&[], &[1.0]).starts_with("number of slopes must be"));
    assert_eq!(
        refuse(&[values(1), values(3)], &[1.0; 4]),
        "value 1 must have 1 element or as many as rows of slopes, 2, got 3"
    );
    for slope in [f64::NAN, f64::INFINITY, 1e300] {
        let error = refuse(&[values(1), values(1)], &[1.0, slope]);
        assert!(error.starts_with("slope 1 must be finite in the backend's numbers"), "{error}");
    }
    let error = refuse(&[values(1)], &[3e38, 3e38]);
    assert!(error.starts_with("slope 0 must be finite"), "their sum is not: {error}");
}

mod both {
    crate::on_both_backends! {
        a_divergence_is_pushed_back_with_a_finite_gradient_however_large_it_is
        single_and_shared_values_have_the_gradients_of_their_rows
        what_does_not_belong_together_is_refused
    }
}
