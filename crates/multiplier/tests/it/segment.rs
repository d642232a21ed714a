//! A recorded segment of 500 steps, replayed.

use std::collections::BTreeMap;

use homeostat_multiplier::{DualConfig, Measurement};
use homeostat_testkit::golden::{close, load};
use serde::Deserialize;

use crate::engine::step;

#[derive(Deserialize)]
struct Segment {
    tolerance: f64,
    ease: Vec<f64>,
    engine: DualConfig,
    segment: BTreeMap<String, Column>,
}

#[derive(Deserialize)]
struct Column {
    values: Vec<f64>,
    missing: Vec<usize>,
    multipliers: Vec<f64>,
    coefficients: Vec<f64>,
}

#[test]
fn the_recorded_segment_has_the_independent_multipliers() {
    let golden: Segment =
        load(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/segment.toml"));
    let dual = golden.engine.init().expect("legal");
    let mut state = dual.init_state();
    assert!(golden.segment.keys().eq(dual.names()));
    let band = golden.tolerance;
    for index in 0..golden.ease.len() {
        let measurements: Vec<_> = golden
            .segment
            .iter()
            .map(|(name, column)| {
                let ease = (name == "g2g").then_some(golden.ease[index]);
                let measurement = Measurement { ease, ..column.values[index].into() };
                (!column.missing.contains(&index)).then_some(measurement)
            })
            .collect();
        step(&dual, &mut state, &measurements);
        for (place, (name, column)) in golden.segment.iter().enumerate() {
            let what = format!("{name} at step {index}");
            let one = state.constraint(place);
            let sides = one.multipliers().count();
            for (side, multiplier) in one.multipliers().enumerate() {
                close(&what, multiplier, column.multipliers[index * sides + side], band, band);
            }
            if index % 10 == 9 {
                let coefficient = dual.coefficients(&state)[place];
                close(&what, coefficient, column.coefficients[index / 10], band, band);
            }
        }
    }
    // The segment is worth something: every gate closed, and one outage became the new level.
    let sum = |count: fn(&homeostat_multiplier::Counters) -> u64| -> u64 {
        state.constraints().iter().map(|one| count(one.counters())).sum()
    };
    assert!(sum(|counters| counters.spikes) > 50 && sum(|counters| counters.pauses) > 50);
    assert!(sum(|counters| counters.non_finite) > 20 && sum(|counters| counters.regimes) == 1);
    assert!(sum(|counters| counters.budget_hits) > 100);
}
