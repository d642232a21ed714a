//! Three constraints with every gate and a budget: all columns of the published table.

use homeostat_multiplier::{DualConfig, MultiplierConfig};
use homeostat_testkit::golden::{close, load};
use serde::Deserialize;

use crate::engine::{letter, losses};

#[derive(Deserialize)]
struct Composition {
    tolerance: f64,
    engine: DualConfig,
    a: Column,
    b: Column,
    c: Column,
}

#[derive(Deserialize)]
struct Column {
    values: Vec<f64>,
    gates: String,
    normalized: Vec<f64>,
    smoothed: Vec<f64>,
    candidates: Option<Vec<f64>>,
    multipliers: Vec<f64>,
}

fn composition() -> Composition {
    load(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/composition.toml"))
}

#[test]
fn the_whole_composition_has_the_published_table() {
    let golden = composition();
    let dual = golden.engine.init().expect("legal");
    let mut state = dual.init_state();
    let columns = [&golden.a, &golden.b, &golden.c];
    for step in 0..golden.a.values.len() {
        losses(&dual, &mut state, &columns.map(|column| column.values[step]));
        for (index, column) in columns.iter().enumerate() {
            let one = state.constraint(index);
            let what = format!("{} at step {step}", dual.names()[index]);
            let gate = column.gates.chars().nth(step).expect("a gate per step");
            assert_eq!(letter(one.gate()), gate, "{what}");
            close(&what, one.multiplier(), column.multipliers[step], 0.0, golden.tolerance);
            let normalized = column.normalized[step];
            if !normalized.is_nan() {
                close(&what, one.normalized(), normalized, 0.0, golden.tolerance);
            }
            if !column.smoothed[step].is_nan() {
                let smoothed = one.smoothed_error();
                close(&what, smoothed, column.smoothed[step], 0.0, golden.tolerance);
            }
        }
    }
}

/// λ before the budget is what the same engine without a family makes of λ after it.
#[test]
fn the_candidates_before_the_budget_are_the_published_ones() {
    let golden = composition();
    let mut free = golden.engine.clone();
    free.families.clear();
    for constraint in free.constraints.values_mut() {
        *constraint = MultiplierConfig { family: None, ..constraint.clone() };
    }
    let (bound, free) = (golden.engine.init().expect("legal"), free.init().expect("legal"));
    let mut state = bound.init_state();
    let columns = [&golden.a, &golden.b, &golden.c];
    for step in 0..golden.a.values.len() {
        let values = columns.map(|column| column.values[step]);
        let mut candidate = state.clone();
        losses(&free, &mut candidate, &values);
        losses(&bound, &mut state, &values);
        for (index, column) in columns.iter().enumerate() {
            let Some(candidates) = &column.candidates else { continue };
            let what = format!("{} at step {step}", bound.names()[index]);
            let found = candidate.constraint(index).multiplier();
            close(&what, found, candidates[step], 0.0, golden.tolerance);
        }
    }
}
