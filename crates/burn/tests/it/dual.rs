//! The dual engine in a training loop.

use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_burn::{ConstraintLoss, DualEngine, DualError};
use homeostat_multiplier::LoadPolicy;

fn engine(text: &str) -> DualEngine {
    DualEngine::new(&toml::from_str(text).unwrap_or_else(|error| panic!("{error}"))).expect("legal")
}

fn leaf<B: AutodiffBackend>(value: f64) -> Tensor<B, 1> {
    Tensor::from_floats([value as f32], &Default::default()).require_grad()
}

fn slope<B: AutodiffBackend>(leaf: &Tensor<B, 1>, total: Tensor<B, 1>) -> f64 {
    let gradient = leaf.grad(&total.backward()).expect("the leaf has a gradient");
    gradient.into_scalar().elem()
}

fn close(found: f64, expected: f64, relative: f64) -> bool {
    (found - expected).abs() <= relative * expected.abs()
}

fn number<B: Backend>(value: &Tensor<B, 1>) -> f64 {
    value.clone().into_scalar().elem()
}

const BOUND: &str = r#"
    [dual]
    leak = 0.0
    deadzone = 0.0
    smoothing = 1.0
    spike = "off"
    [constraints.bound]
    target = { raw = 1.0 }
    normalizer = "none"
    rate = 0.05
"#;

/// One step on minimise (x − 2)²/2 subject to x ≤ 1, with whatever calls the order asks for.
fn descend<B: AutodiffBackend>(engine: &mut DualEngine, order: &str, x: &mut f64) {
    let task = |point: &Tensor<B, 1>| (point.clone() - 2.0).square() * 0.5;
    let bound = |point: &Tensor<B, 1>| [ConstraintLoss::new("bound", point.clone())];
    let start = leaf::<B>(*x);
    let first = engine.lagrangian(task(&start), &bound(&start)).expect("legal");
    let mut gradient = slope(&start, first.total);
    if order == "extragradient" {
        let moved = leaf::<B>(*x - 0.1 * gradient);
        let trial = engine.trial(task(&moved), &bound(&moved)).expect("legal");
        gradient = slope(&moved, trial.total);
    }
    *x -= 0.1 * gradient;
    if order == "primal-first" {
        engine.remeasure(&bound(&leaf::<B>(*x))).expect("legal");
    }
    engine.step().expect("the step's turn");
}

fn every_order_reaches_the_optimum_and_its_multiplier<B: AutodiffBackend>() {
    for order in ["simultaneous", "dual-first", "primal-first", "extragradient"] {
        let text = BOUND.replace("[dual]", &format!("[dual]\norder = \"{order}\""));
        let (mut engine, mut x) = (engine(&text), 2.0);
        for _ in 0..1500 {
            descend::<B>(&mut engine, order, &mut x);
        }
        let multiplier = engine.constraint("bound").expect("known").multiplier();
        assert!(
            (x - 1.0).abs() < 1e-3 && (multiplier - 1.0).abs() < 1e-3,
            "{order} {x} {multiplier}"
        );
        let reads = if matches!(order, "simultaneous" | "dual-first") { 1 } else { 2 };
        assert_eq!(engine.reads(), 1500 * reads, "{order}");
    }
}

fn defect_1_and_2_the_constraint_has_a_gradient<B: AutodiffBackend>() {
    let mut engine = engine(&BOUND.replace("rate = 0.05", "rate = 0.0\ninitial = 0.5"));
    let point = leaf::<B>(3.0);
    let loss = point.clone().square();
    let task = point.clone() * 0.0;
    let lagrangian =
        engine.lagrangian(task, &[ConstraintLoss::new("bound", loss.clone())]).expect("legal");
    assert!(close(slope(&point, lagrangian.total), 0.5 * 6.0, 1e-6));
    assert!(close(lagrangian.value, 0.5 * (9.0 - 1.0), 1e-6));
    // The original's: the loss is detached before it enters the total.
    let detached = point.clone() * 0.0 + loss.detach() * 0.5;
    assert_eq!(slope(&point, detached), 0.0);
}

/// The value of the engine's Lagrangian at a point, its normalizers as they were after the last step:
/// another point is only measured, by `remeasure`, which takes nothing in.
fn frozen_value(engine: &DualEngine, loss: f64) -> f64 {
    let mut state = engine.state().clone();
    let moved = [Some(homeostat_multiplier::Measurement::new(loss))];
    engine.dual().remeasure(&mut state, &moved).expect("the gate is open");
    engine.dual().penalty(&state)
}

fn finite_differences_of_the_value_equal_the_gradient<B: AutodiffBackend>() {
    // The losses repeat every nine steps, so that a window of nine holds the same values before and after
    // every push: its centre and scale, which the gradient takes for constants, are constants.
    let winsor = "{ winsor = { window = 9, min_count = 8, include_self = false } }";
    for normalizer in ["\"none\"", winsor] {
        let text = BOUND
            .replace("\"none\"", normalizer)
            .replace("rate = 0.05", "rate = 0.0\ninitial = 0.7\nerror_clip = 1e9");
        let mut engine = engine(&text);
        let loss = |point: &Tensor<B, 1>| point.clone().square() * 0.3;
        for step in 0..40 {
            let point = leaf::<B>(1.0 + 0.05 * f64::from(step % 9));
            let task = point.clone() * 0.0;
            engine.lagrangian(task, &[ConstraintLoss::new("bound", loss(&point))]).expect("legal");
            engine.step().expect("the step's turn");
        }
        let point = leaf::<B>(1.2);
        let lagrangian = engine
            .lagrangian(point.clone() * 0.0, &[ConstraintLoss::new("bound", loss(&point))])
            .expect("legal");
        let gradient = slope(&point, lagrangian.total);
        let value = |x: f64| frozen_value(&engine, 0.3 * x * x);
        let difference = (value(1.2 + 1e-3) - value(1.2 - 1e-3)) / 2e-3;
        assert!(close(gradient, difference, 1e-4), "{normalizer}: {gradient} {difference}");
        assert!(close(lagrangian.value, value(1.2), 1e-4), "{normalizer}: {}", lagrangian.value);
    }
}

fn defect_17_gradients_do_not_accumulate<B: AutodiffBackend>() {
    let device = Default::default();
    let mut engine = engine(&BOUND.replace("rate = 0.05", "rate = 0.0\ninitial = 0.5"));
    let net = crate::Net::<B>::new(&device);
    let mut norms = Vec::new();
    // The same parameters, tensor for tensor, in every step of the loop.
    for _ in 0..3 {
        let loss = net.forward(crate::input::<B>(&device));
        let losses = [ConstraintLoss::new("bound", loss.clone())];
        let lagrangian = engine.lagrangian(loss * 2.0, &losses).expect("legal");
        let gradients = GradientsParams::from_grads(lagrangian.total.backward(), &net);
        let flat = homeostat_burn::flatten_gradients::<B, _>(&net, &gradients).expect("some");
        norms.push(crate::host(flat.square().sum())[0].sqrt());
        engine.step().expect("the step's turn");
    }
    let alone = crate::host(
        homeostat_burn::flatten_gradients::<B, _>(&net, &crate::gradients(&net, &device))
            .expect("some")
            .square()
            .sum(),
    )[0]
    .sqrt();
    for norm in norms {
        assert!(close(norm, 2.5 * alone, 1e-5), "{norm} {alone}");
    }
}

fn defect_13_a_weighted_constraint_enters_the_total_once<B: AutodiffBackend>() {
    let text = BOUND.replace("rate = 0.05", "rate = 0.0\ninitial = 0.5\nweight = 3.0");
    let mut engine = engine(&text);
    let point = leaf::<B>(3.0);
    let losses = [ConstraintLoss::new("bound", point.clone().square())];
    let lagrangian = engine.lagrangian(point.clone() * 2.0, &losses).expect("legal");
    assert!(close(lagrangian.value, 6.0 + 3.0 * 0.5 * (9.0 - 1.0), 1e-6));
    assert_eq!(slope(&point, lagrangian.total), 2.0 + 3.0 * 0.5 * 6.0);
}

fn a_setpoint_and_a_recorded_baseline_reach_the_engine<B: AutodiffBackend>() {
    let mut first = engine(&BOUND.replace("target = { raw = 1.0 }", "target = \"setpoint\""));
    let losses = [ConstraintLoss::new("bound", leaf::<B>(3.0)).setpoint(2.0)];
    first.lagrangian(leaf::<B>(0.0), &losses).expect("legal");
    first.step().expect("the step's turn");
    assert!(close(first.constraint("bound").expect("known").multiplier(), 0.05, 1e-6));

    let percentile = "target = { raw = { percentile = { level = 0.5, until = 9.0, minimum_samples = 3, \
                      refresh_every = 1 } } }";
    let mut second = engine(&BOUND.replace("target = { raw = 1.0 }", percentile));
    for value in [1.0, 2.0, 3.0, 4.0] {
        second.observe_baseline("bound", value).expect("finite");
    }
    for _ in 0..2 {
        let losses = [ConstraintLoss::new("bound", leaf::<B>(3.0))];
        second.lagrangian(leaf::<B>(0.0), &losses).expect("legal");
        second.step().expect("the step's turn");
    }
    assert!(close(second.constraint("bound").expect("known").target(), 2.5, 1e-9));
    assert!(second.observe_baseline("bond", 1.0).is_err());
    assert!(second.observe_baseline("bound", f64::NAN).is_err());
}

fn a_loss_that_is_nan_has_no_row_and_holds_its_multiplier<B: AutodiffBackend>() {
    let mut engine = engine(&BOUND.replace("rate = 0.05", "rate = 0.05\ninitial = 0.5"));
    let point = leaf::<B>(3.0);
    let broken = (point.clone() * -1.0).log(); // NaN, and so is its gradient
    let losses = [ConstraintLoss::new("bound", broken)];
    let lagrangian = engine.lagrangian(point.clone().square(), &losses).expect("no error");
    assert_eq!(slope(&point, lagrangian.total), 6.0);
    engine.step().expect("the step's turn");
    assert_eq!(engine.constraint("bound").expect("known").multiplier(), 0.5);
    // Defect 8: nor does one NaN push it to its maximum later on.
    let losses = [ConstraintLoss::new("bound", leaf::<B>(1.0))];
    engine.lagrangian(leaf::<B>(1.0), &losses).expect("legal");
    engine.step().expect("the step's turn");
    assert_eq!(engine.constraint("bound").expect("known").multiplier(), 0.5);
}

fn the_proxy_moves_the_model_and_the_strict_value_the_multiplier<B: AutodiffBackend>() {
    let text = BOUND.replace("rate = 0.05", "rate = 0.5\nstrict = \"true-bound\"");
    let mut engine = engine(&text);
    for _ in 0..2 {
        let point = leaf::<B>(0.2);
        let strict = Tensor::from_floats([3.0], &Default::default());
        let losses = [ConstraintLoss::new("bound", point.clone() * 4.0).strict(strict)];
        let lagrangian = engine.lagrangian(point.clone() * 0.0, &losses).expect("legal");
        let multiplier = engine.constraint("bound").expect("known").multiplier();
        assert!(close(slope(&point, lagrangian.total), 4.0 * multiplier, 1e-6));
        engine.step().expect("the step's turn");
    }
    // Twice 0.5 · (3 − 1), although the proxy (0.8) is satisfied.
    assert!(close(engine.constraint("bound").expect("known").multiplier(), 2.0, 1e-9));
}

fn wrong_calls_are_refused_in_words_and_change_nothing<B: AutodiffBackend>() {
    let mut engine = engine(BOUND);
    let one = || leaf::<B>(1.0);
    let before = serde_json::to_string(engine.state()).expect("finite");
    let cases = [
        (
            engine.lagrangian(one(), &[ConstraintLoss::new("bond", one())]).err(),
            "there is no constraint 'bond'; constraints are bound",
        ),
        (
            engine
                .lagrangian(one(), &["bound", "bound"].map(|name| ConstraintLoss::new(name, one())))
                .err(),
            "the constraint 'bound' was given two losses in one step",
        ),
        (
            engine.lagrangian::<B>(leaf(f64::NAN), &[]).err(),
            "the task loss must be finite, got NaN",
        ),
        (
            engine
                .lagrangian(
                    one(),
                    &[ConstraintLoss::new("bound", Tensor::zeros([2], &one().device()))],
                )
                .err(),
            "the loss of 'bound' must have the shape [1], got [2]",
        ),
        (engine.step().err(), "with order = \"simultaneous\" lagrangian comes next, not step"),
        (
            engine.remeasure::<B>(&[]).err(),
            "with order = \"simultaneous\" lagrangian comes next, not remeasure",
        ),
    ];
    for (error, expected) in cases {
        let error: DualError = error.expect("refused");
        assert_eq!(error.to_string(), expected);
    }
    let given = [ConstraintLoss::new("bound", one()).strict(one())];
    let error = engine.lagrangian(one(), &given).expect_err("no strict value is configured");
    assert!(error.to_string().contains("strict"), "{error}");
    assert_eq!(serde_json::to_string(engine.state()).expect("finite"), before);
}

fn a_saved_engine_goes_on_to_the_bit<B: AutodiffBackend>() {
    let (mut whole, mut x) = (engine(BOUND), 2.0);
    for _ in 0..60 {
        descend::<B>(&mut whole, "simultaneous", &mut x);
    }
    let text = serde_json::to_string(whole.state()).expect("finite");
    let (mut second, mut y) = (engine(BOUND), x);
    // Into a used one.
    descend::<B>(&mut second, "simultaneous", &mut 5.0);
    let saved = serde_json::from_str(&text).expect("what was saved");
    second.load(saved, LoadPolicy::default()).expect("the same settings");
    for _ in 0..60 {
        descend::<B>(&mut whole, "simultaneous", &mut x);
        descend::<B>(&mut second, "simultaneous", &mut y);
        let multiplier =
            |engine: &DualEngine| engine.constraint("bound").expect("known").multiplier();
        assert_eq!(multiplier(&whole).to_bits(), multiplier(&second).to_bits());
        assert_eq!(x.to_bits(), y.to_bits());
    }
}

fn the_status_names_every_constraint<B: AutodiffBackend>() {
    let mut engine = engine(BOUND);
    let losses = [ConstraintLoss::new("bound", leaf::<B>(1.5))];
    let lagrangian = engine.lagrangian(leaf::<B>(0.0), &losses).expect("legal");
    assert_eq!(number(&lagrangian.total), 0.0);
    engine.step().expect("the step's turn");
    let text = engine.status().to_string();
    let line = text.lines().nth(1).expect("one constraint");
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words, ["bound", "1.5000", "1.0000", "+0.5000", "0.0250", "0", "%"]);
}

mod tests {
    crate::on_both_backends! {
        every_order_reaches_the_optimum_and_its_multiplier
        defect_1_and_2_the_constraint_has_a_gradient
        finite_differences_of_the_value_equal_the_gradient
        defect_17_gradients_do_not_accumulate
        defect_13_a_weighted_constraint_enters_the_total_once
        a_setpoint_and_a_recorded_baseline_reach_the_engine
        a_loss_that_is_nan_has_no_row_and_holds_its_multiplier
        the_proxy_moves_the_model_and_the_strict_value_the_multiplier
        wrong_calls_are_refused_in_words_and_change_nothing
        a_saved_engine_goes_on_to_the_bit
        the_status_names_every_constraint
    }
}
