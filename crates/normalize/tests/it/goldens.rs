//! Tables from an independent computation.

use std::collections::BTreeMap;

use homeostat_normalize::{NormalizerConfig, RankConfig, RankSlope, Status, WinsorConfig};
use homeostat_signal::OrderWindow;
use homeostat_testkit::golden::{close, load};
use serde::Deserialize;

use crate::{init, read};

#[derive(Deserialize)]
struct Goldens {
    tolerance: f64,
    streams: BTreeMap<String, Vec<f64>>,
    trace: Vec<Trace>,
    secant: Secant,
    example: Example,
}

#[derive(Deserialize)]
struct Trace {
    stream: String,
    normalizer: NormalizerConfig,
    values: Vec<f64>,
}

#[derive(Deserialize)]
struct Secant {
    count: usize,
    low: f64,
    high: f64,
    slope: f64,
    nine: f64,
}

#[derive(Deserialize)]
struct Example {
    losses: Vec<f64>,
    multiplier: f64,
    weight: f64,
    target: f64,
    raw_target: f64,
    winsor: Row,
    rank: Row,
    density: Row,
}

#[derive(Deserialize)]
struct Row {
    value: f64,
    term: f64,
    coefficient: f64,
    mapped_target: f64,
    mapped_error: f64,
    scaled_error: Option<f64>,
}

fn goldens() -> Goldens {
    load(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/normalizers.toml"))
}

#[test]
fn every_trace_of_the_reference_is_reproduced() {
    let goldens = goldens();
    assert_eq!(goldens.trace.len(), 15);
    for trace in &goldens.trace {
        let stream = &goldens.streams[&trace.stream];
        let (state, readings) = read(&init(&trace.normalizer), stream);
        assert_eq!(readings.len(), trace.values.len());
        for (index, (reading, expected)) in readings.iter().zip(&trace.values).enumerate() {
            let what = format!("{:?}, value {index}", trace.normalizer);
            if expected.is_nan() {
                assert_eq!(reading.status, Status::NonFinite, "{what}");
            } else {
                close(&what, reading.value, *expected, 0.0, goldens.tolerance);
            }
        }
        let committed = trace.values.iter().filter(|value| !value.is_nan()).count();
        assert_eq!(state.commits(), committed as u64);
    }
}

#[test]
fn quantiles_and_the_secant_are_those_of_the_reference() {
    let Goldens { tolerance, streams, secant, .. } = goldens();
    let stream = &streams["b"][..secant.count];
    let mut window = OrderWindow::new(50);
    stream.iter().for_each(|value| {
        window.push(*value);
    });
    close("Q.1", window.quantile(0.1).expect("values"), secant.low, 0.0, tolerance);
    close("Q.9", window.quantile(0.9).expect("values"), secant.high, 0.0, tolerance);
    let config = NormalizerConfig::Rank(RankConfig { min_count: 2, ..RankConfig::default() });
    let (_, readings) = read(&init(&config), stream);
    let last = readings.last().expect("readings");
    close("slope", last.slope, secant.slope, 0.0, tolerance);
    close("scale", last.scale, 1.0 / secant.slope, 1e-6, 0.0);
    let mut digits = OrderWindow::new(10);
    (0..10).for_each(|digit| {
        digits.push(f64::from(digit));
    });
    close("Q.9 of digits", digits.quantile(0.9).expect("values"), secant.nine, 0.0, 1e-15);
}

#[test]
fn the_numeric_example_of_the_lagrangian_is_reproduced() {
    let Goldens { tolerance, example, .. } = goldens();
    let rank =
        |slope| NormalizerConfig::Rank(RankConfig { min_count: 4, slope, ..RankConfig::default() });
    let winsor = NormalizerConfig::Winsor(WinsorConfig { min_count: 4, ..WinsorConfig::default() });
    for (config, row) in [
        (winsor, &example.winsor),
        (rank(RankSlope::Secant), &example.rank),
        (rank(RankSlope::Density), &example.density),
    ] {
        let normalizer = init(&config);
        let (state, readings) = read(&normalizer, &example.losses);
        let reading = readings.last().expect("readings");
        let check = |what: &str, found, expected| close(what, found, expected, 0.0, tolerance);
        let price = example.weight * example.multiplier;
        check("value", reading.value, row.value);
        check("term", price * (reading.value - example.target), row.term);
        check("coefficient", price * reading.slope, row.coefficient);
        let mapped = normalizer.map(&state, example.raw_target);
        check("mapped target", mapped, row.mapped_target);
        check("mapped error", reading.value - mapped, row.mapped_error);
        if let Some(expected) = row.scaled_error {
            let excess = example.losses[3] - example.raw_target;
            check("scaled error", excess / reading.scale, expected);
        }
    }
}
