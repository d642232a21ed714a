//! The law on problems whose answer is known.

use homeostat_core::Law;
use homeostat_multiplier::{Baseline, MultiplierConfig, Target};
use homeostat_testkit::golden::close;
use homeostat_testkit::{ConvexProblem, Plant};

use crate::{decide, law};

#[track_caller]
fn check(mut problem: ConvexProblem, config: &MultiplierConfig) {
    let law = law(config);
    let mut state = law.init();
    for _ in 0..20_000 {
        let multiplier = decide(&law, &mut state, problem.x, Some(problem.bound));
        problem.descend(multiplier, 0.05);
    }
    close("x", problem.x, problem.optimum(), 1e-3, 1e-3);
    close("λ", state.weight(), problem.multiplier(), 1e-3, 1e-3);
    assert_eq!(state.saturated_steps(), 0);
}

#[test]
fn dual_ascent_finds_the_optimum_and_its_multiplier() {
    let problem = |curvature, centre, bound| ConvexProblem { curvature, centre, bound, x: 5.0 };
    let config = |initial, rate| MultiplierConfig {
        maximum: Some(50.0),
        ..MultiplierConfig::new(initial, rate)
    };
    check(problem(1.0, 2.0, 1.0), &config(0.0, 0.05));
    check(problem(1.0, 2.0, 1.0), &config(3.0, 0.05));
    check(problem(4.0, -1.0, -3.0), &config(0.1, 0.1));
    check(problem(0.5, 10.0, 0.0), &config(0.0, 0.01));
    // An inactive constraint: the multiplier falls to its minimum, here 0.
    check(problem(2.0, 1.0, 4.0), &config(0.0, 0.05));
}

#[test]
fn an_unreachable_bound_is_seen_in_the_saturated_steps() {
    let law = law(&MultiplierConfig { maximum: Some(2.0), ..MultiplierConfig::new(0.1, 0.1) });
    let mut state = law.init();
    let mut plant = Plant::new(-1.0, 10.0, 5.0, 0, 0.0);
    for _ in 0..300 {
        let weight = decide(&law, &mut state, plant.output(), Some(1.0));
        plant.step(weight);
    }
    assert_eq!(state.weight(), 2.0);
    assert!(state.saturated_steps() > 200, "{state:?}");
    let weight = decide(&law, &mut state, 1.0, Some(1.0));
    assert_eq!((weight, state.saturated_steps()), (2.0, 0), "a satisfied constraint at the cap");
}

/// Steps until a weight is back at its initial value after a long calm and a following rise.
fn return_after_calm(config: &MultiplierConfig) -> (f64, usize) {
    let law = law(config);
    let mut state = law.init();
    for _ in 0..500 {
        decide(&law, &mut state, 1.0, None);
    }
    for _ in 0..500 {
        decide(&law, &mut state, 0.2, None);
    }
    let floor = state.weight();
    let initial = config.initial.expect("given");
    let steps = (0..10_000).take_while(|_| decide(&law, &mut state, 3.0, None) < initial).count();
    (floor, steps)
}

#[test]
fn a_weight_that_fell_for_long_is_above_zero_and_comes_back() {
    let baseline = Target::Baseline(Baseline { warmup: 100.0, ..Baseline::default() });
    let default =
        MultiplierConfig { target: Some(baseline.clone()), ..MultiplierConfig::new(0.1, 1e-3) };
    let (floor, steps) = return_after_calm(&default);
    assert!(floor > 0.0 && steps < 200, "floor {floor}, {steps} steps");
    // The reference: the weight is exactly 0, where its trainer no longer computes the term.
    let parity = MultiplierConfig { rate: Some(1e-3), ..MultiplierConfig::parity(0.1, baseline) };
    assert_eq!(return_after_calm(&parity).0, 0.0);
}
