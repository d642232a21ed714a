//! Tables from independent implementations.

use homeostat_core::{Law, TimeUnit};
use homeostat_pid::{Form, PidConfig, Start};
use homeostat_testkit::golden::{close, load};
use serde::Deserialize;

use crate::{decide, law, respond};

#[derive(Deserialize)]
struct Topoencoder {
    tolerance: f64,
    trace: Vec<Trace>,
    long: Long,
}

#[derive(Deserialize)]
struct Trace {
    name: String,
    errors: Vec<f64>,
    gains: [f64; 3],
    weights: Vec<f64>,
    integrals: Vec<f64>,
}

#[derive(Deserialize)]
struct Long {
    steps_per_epoch: u64,
    steps: u64,
    error: f64,
    weight: f64,
    integral: f64,
}

#[derive(Deserialize)]
struct DualOptimizer {
    tolerance: f64,
    errors: Vec<f64>,
    trace: Vec<DualTrace>,
}

#[derive(Deserialize)]
struct DualTrace {
    name: String,
    kp: f64,
    ki: f64,
    forms: Vec<Form>,
    start: Start,
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
fn the_parity_form_reproduces_every_trace_of_the_reference() {
    let golden = topoencoder();
    for trace in golden.trace {
        let [kp, ki, kd] = trace.gains;
        let law = law(&PidConfig { kp, ki, kd, ..PidConfig::parity(0.1) }, 1);
        let mut state = law.init();
        let (mut weights, mut integrals) = (Vec::new(), Vec::new());
        for error in trace.errors {
            weights.push(decide(&law, &mut state, error, 0.0));
            integrals.push(state.integral());
        }
        check(&trace.name, golden.tolerance, &weights, &trace.weights);
        check(&trace.name, golden.tolerance, &integrals, &trace.integrals);
    }
}

#[test]
fn the_parity_form_reproduces_three_epochs_of_the_reference() {
    let golden = topoencoder();
    let long = golden.long;
    let law = law(&PidConfig::parity(0.1), long.steps_per_epoch);
    let mut state = law.init();
    for _ in 0..long.steps {
        decide(&law, &mut state, long.error, 0.0);
    }
    let found = [state.output(), state.integral()];
    check("after 750 steps", golden.tolerance, &found, &[long.weight, long.integral]);
    // The default form means what the gains say: 0.05 · 0.2 at once and 0.01 · 0.2 per epoch.
    let mended = PidConfig {
        time_unit: TimeUnit::Epoch,
        start: Start::Bias,
        ..PidConfig::new(0.1, 0.05, 0.01)
    };
    let weights = respond(&mended, long.steps_per_epoch, &vec![long.error; 750]);
    check("mended", 1e-12, &weights[749..], &[0.116]);
}

#[test]
fn the_clean_forms_reproduce_the_traces_of_the_design_note() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/dual_optimizer.toml");
    let golden: DualOptimizer = load(path);
    for trace in golden.trace {
        for form in trace.forms {
            let config = PidConfig {
                form,
                start: trace.start,
                time_unit: TimeUnit::Step,
                ..PidConfig::new(0.0, trace.kp, trace.ki)
            };
            let found = respond(&config, 1, &golden.errors);
            check(&trace.name, golden.tolerance, &found, &trace.weights);
        }
    }
}
