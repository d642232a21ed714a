//! Tables from independent implementations.

use homeostat_core::{Clock, Metric};
use homeostat_multiplier::{Baseline, MultiplierConfig, Target};
use homeostat_testkit::golden::{close, load};
use serde::Deserialize;

use crate::{decide, law};

#[derive(Deserialize)]
struct Topoencoder {
    tolerance: f64,
    step: Vec<Step>,
    average: Average,
    error: Vec<Error>,
}

#[derive(Deserialize)]
struct Step {
    initial: f64,
    violation: f64,
    rate: f64,
    weight: Option<f64>,
    #[serde(default)]
    refused: bool,
}

#[derive(Deserialize)]
struct Average {
    values: Vec<f64>,
    baselines: Vec<f64>,
}

#[derive(Deserialize)]
struct Error {
    baseline: f64,
    value: f64,
    ratio: f64,
    error: f64,
    clipped: f64,
    after: f64,
}

#[derive(Deserialize)]
struct DualOptimizer {
    tolerance: f64,
    errors: Vec<f64>,
    trace: Vec<Trace>,
}

#[derive(Deserialize)]
struct Trace {
    name: String,
    rate: f64,
    maximum: f64,
    weights: Vec<f64>,
}

#[track_caller]
fn check(what: &str, tolerance: f64, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}: another number of values");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        close(&format!("{what}, value {index}"), *found, *expected, tolerance, tolerance);
    }
}

fn topoencoder() -> Topoencoder {
    load(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/topoencoder.toml"))
}

#[test]
fn the_parity_settings_reproduce_every_step_of_the_reference() {
    let golden = topoencoder();
    for case in golden.step {
        let config = MultiplierConfig {
            rate: Some(case.rate),
            ..MultiplierConfig::parity(case.initial, Target::Setpoint)
        };
        assert_eq!(Metric::new(case.violation).is_err(), case.refused);
        if let Some(weight) = case.weight {
            let law = law(&config);
            let mut state = homeostat_core::Law::init(&law);
            let found = decide(&law, &mut state, case.violation, Some(0.0));
            check("weight", golden.tolerance, &[found], &[weight]);
        }
    }
}

#[test]
fn the_warm_up_follows_the_recursion_of_the_reference() {
    let golden = topoencoder();
    let law = law(&MultiplierConfig::parity_baseline(0.1));
    let mut state = homeostat_core::Law::init(&law);
    let mut found = Vec::new();
    for value in golden.average.values {
        assert_eq!(decide(&law, &mut state, value, None), 0.1, "the weight is held");
        found.push(state.baseline());
    }
    check("baseline", golden.tolerance, &found, &golden.average.baselines);
}

#[test]
fn the_error_of_the_reference_follows_from_the_baseline() {
    let golden = topoencoder();
    for case in golden.error {
        let baseline = Baseline { ratio: case.ratio, warmup: 1.0, ..Baseline::default() };
        // The weight starts mid-way with rate 1, so that its change is the clipped error.
        let config = MultiplierConfig {
            rate: Some(1.0),
            ..MultiplierConfig::parity(5.0, Target::Baseline(baseline))
        };
        let law = law(&config);
        let mut state = homeostat_core::Law::init(&law);
        decide(&law, &mut state, case.baseline, None);
        let weight = decide(&law, &mut state, case.value, None);
        check(
            "error, clipped error, baseline",
            golden.tolerance,
            &[state.error(), weight - 5.0, state.baseline()],
            &[case.error, case.clipped, case.after],
        );
    }
}

#[test]
fn dual_ascent_reproduces_the_traces_of_the_design_note() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/dual_optimizer.toml");
    let golden: DualOptimizer = load(path);
    for trace in golden.trace {
        let config = MultiplierConfig {
            maximum: Some(trace.maximum),
            ..MultiplierConfig::new(0.0, trace.rate)
        };
        let law = law(&config);
        let mut state = homeostat_core::Law::init(&law);
        let found: Vec<_> = golden
            .errors
            .iter()
            .map(|error| decide(&law, &mut state, 1.0 + error, Some(1.0)))
            .collect();
        check(&trace.name, golden.tolerance, &found, &trace.weights);
    }
}

#[test]
fn the_parity_settings_of_an_epoch_are_those_of_its_batches_together() {
    let config = MultiplierConfig::parity(0.1, Target::Setpoint);
    let law = config.init::<Metric>(Clock::new(250).expect("an epoch")).expect("legal");
    let mut state = homeostat_core::Law::init(&law);
    for _ in 0..250 {
        decide(&law, &mut state, 1.5, Some(1.0));
    }
    check("weight after an epoch", 1e-12, &[state.weight()], &[0.1 + 0.05 * 0.5]);
}
