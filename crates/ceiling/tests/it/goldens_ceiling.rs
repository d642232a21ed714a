//! The golden tables of discovery, schedules, tightening, backoff and the mended clock.

use std::collections::BTreeMap;

use homeostat_ceiling::{
    Bounds, Ceiling, CeilingConfig, CeilingState, CeilingTarget, DiscoveryConfig,
    DiscoveryStatistic, Outcome, Pace, Scope, Squeeze,
};
use homeostat_testkit::golden::{close, load};
use serde::Deserialize;

use crate::{BATCHES, ceiling, ceiling_of, epoch, golden, observe, run, upper};

/// What is discovered is what is measured: the maximum, without headroom.
fn plain_discovery() -> DiscoveryConfig {
    DiscoveryConfig {
        statistic: DiscoveryStatistic::Maximum,
        headroom: 1.0,
        ..DiscoveryConfig::default()
    }
}

/// The mended schedule, stepwise, for one goal.
fn mended(target: f64) -> CeilingConfig {
    CeilingConfig {
        discovery: plain_discovery(),
        pace: Pace::Epoch,
        ..CeilingConfig::new(CeilingTarget::Absolute(target))
    }
}

#[derive(Deserialize)]
struct Groups {
    tolerance: f64,
    discovery: Discovery,
}

#[derive(Deserialize)]
struct Discovery {
    outlier: Vec<f64>,
    maximum: f64,
    series: Vec<f64>,
    series_maximum: f64,
    robust: f64,
}

/// The ceiling after an epoch with these values.
fn discovered(config: &CeilingConfig, values: &[f64]) -> f64 {
    let ceiling = ceiling_of(config, values.len() as u64);
    let mut state = ceiling.init_state();
    ceiling.begin_epoch(&mut state, &mut |_| {});
    for value in values {
        observe(&ceiling, &mut state, *value, 0.6, Outcome::Accepted);
    }
    ceiling.end_epoch(&mut state, &mut |_| {});
    upper(&state).expect("a ceiling")
}

#[test]
fn discovery_takes_the_maximum_or_a_robust_quantile_with_headroom() {
    let Groups { tolerance, discovery } = load(golden("groups"));
    let mut note = CeilingConfig::note();
    note.discovery.from = 0.0;
    let found = discovered(&note, &discovery.outlier);
    close("outlier", found, discovery.maximum, tolerance, 0.0);
    note.squeeze = Squeeze::Absolute { ceilings: vec![200.0] };
    close(
        "maximum",
        discovered(&note, &discovery.series),
        discovery.series_maximum,
        tolerance,
        0.0,
    );
    let robust = CeilingConfig::new(CeilingTarget::Absolute(8.0));
    close("robust", discovered(&robust, &discovery.series), discovery.robust, tolerance, 0.0);
}

#[derive(Deserialize)]
struct Ceilings {
    tolerance: f64,
    row: Vec<Row>,
    shape: Shape,
    warmup: Warmup,
}

#[derive(Deserialize)]
struct Row {
    rules: String,
    discovered: f64,
    ceilings: Vec<f64>,
}

#[derive(Deserialize)]
struct Shape {
    points: Vec<[f64; 2]>,
}

#[derive(Deserialize)]
struct Warmup {
    lower: Vec<f64>,
}

/// The bounds of the first goal during every epoch, with nothing rejected.
fn bounds_of(config: &CeilingConfig, value: f64, epochs: usize) -> Vec<Bounds> {
    let ceiling = ceiling(config);
    let mut state = ceiling.init_state();
    (0..epochs)
        .map(|_| {
            ceiling.begin_epoch(&mut state, &mut |_| {});
            let bounds = state.goals()[0].bounds();
            run(&ceiling, &mut state, value, 0.2, 0);
            bounds
        })
        .collect()
}

#[test]
fn ceilings_of_fifteen_epochs_are_those_of_the_table() {
    let table: Ceilings = load(golden("ceilings"));
    for row in table.row {
        let (config, value) = match row.rules.as_str() {
            "intended" => (CeilingConfig::note(), row.discovered),
            "note" => (CeilingConfig::parity_note(), row.discovered),
            "late" => (CeilingConfig::parity_late(), row.discovered / 1.1),
            "mended" => (mended(3000.0), row.discovered),
            other => panic!("rules {other}"),
        };
        let found = bounds_of(&config, value, row.ceilings.len());
        for (epoch, (bounds, expected)) in found.iter().zip(&row.ceilings).enumerate() {
            let what = format!("{} C = {}, epoch {}", row.rules, row.discovered, epoch + 1);
            close(&what, bounds.upper.unwrap_or(1e9), *expected, table.tolerance, 0.0);
        }
    }
    for [sigma, share] in table.shape.points {
        let found = Squeeze::default().ceiling(1.0, 0.0, sigma);
        close(&format!("shape at {sigma}"), found, share, table.tolerance, 0.0);
    }
    let late = bounds_of(&CeilingConfig::parity_late(), 42358.2, 11);
    for (bounds, expected) in late[2..].iter().zip(table.warmup.lower) {
        close("guard", bounds.lower, expected, table.tolerance, 0.0);
    }
    assert_eq!((late[1].healthy, late[2].healthy), (1e8, 3000.0));
}

#[test]
fn the_mended_shape_is_the_notes_table_where_it_was_drawn_for() {
    let CeilingConfig { squeeze: Squeeze::Absolute { ceilings }, .. } = CeilingConfig::note()
    else {
        panic!("the note's squeeze is a table");
    };
    for (index, expected) in ceilings.into_iter().enumerate() {
        let found = Squeeze::default().ceiling(15000.0, 3000.0, 3.0 + index as f64);
        close("ceiling", found, expected, 1e-12, 0.0);
    }
}

#[derive(Deserialize)]
struct Tightening {
    tolerance: f64,
    discovered: f64,
    trace: Vec<Trace>,
}

#[derive(Deserialize)]
struct Trace {
    name: String,
    rates: BTreeMap<String, u64>,
    epochs: u64,
    stops: Option<u64>,
    score: Option<[f64; 2]>,
    rows: Vec<[f64; 5]>,
}

/// An epoch in which the published rate, rejected over accepted, is so many per cent.
fn literal_epoch(
    ceiling: &Ceiling,
    state: &mut CeilingState,
    value: f64,
    score: f64,
    percent: u64,
) {
    for _ in 0..100 {
        observe(ceiling, state, value, score, Outcome::Accepted);
    }
    for _ in 0..percent {
        observe(ceiling, state, value, score, Outcome::Rejected);
    }
    ceiling.end_epoch(state, &mut |_| {});
}

#[test]
fn published_tightening_and_backoff_follow_the_four_traces() {
    let table: Tightening = load(golden("tightening"));
    for trace in table.trace {
        let ceiling = ceiling(&CeilingConfig::parity_note());
        let mut state = ceiling.init_state();
        for epoch in 1..=trace.epochs {
            ceiling.begin_epoch(&mut state, &mut |_| {});
            let during = state.goals()[0].bounds();
            let percent = trace.rates.get(&epoch.to_string()).copied().unwrap_or(1);
            let score = trace.score.map_or(0.6, |[at, slope]| at + slope * epoch as f64);
            literal_epoch(&ceiling, &mut state, table.discovered, score, percent);
            let after = state.goals()[0].bounds();
            let rows = trace.rows.iter().filter(|row| row[0] == epoch as f64);
            for [_, l, u, l_after, u_after] in rows {
                let what = format!("{}, epoch {epoch}", trace.name);
                let check = |what: &str, found: f64, expected: f64| {
                    if !expected.is_nan() {
                        close(what, found, expected, table.tolerance, 0.0);
                    }
                };
                check(&what, during.lower, *l);
                check(&what, during.upper.expect("published"), *u);
                check(&format!("{what}, after"), after.lower, *l_after);
                check(&format!("{what}, after"), after.upper.expect("published"), *u_after);
            }
            let stops = trace.stops == Some(epoch);
            assert_eq!(state.is_stopped(), stops, "{}, epoch {epoch}", trace.name);
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct ClockTable {
    pub(crate) tolerance: f64,
    pub(crate) discovered: f64,
    pub(crate) target: f64,
    pub(crate) rows: Vec<[f64; 7]>,
}

#[test]
fn the_clock_of_the_mended_schedule_follows_the_trace() {
    let table: ClockTable = load(golden("clock"));
    for pace in [Pace::Epoch, Pace::Batch] {
        let ceiling = ceiling(&CeilingConfig { pace, ..mended(table.target) });
        let mut state = ceiling.init_state();
        epoch(&ceiling, &mut state, table.discovered, 0.2, 0);
        epoch(&ceiling, &mut state, table.discovered, 0.2, 0);
        for [number, used, tried, during, percent, after, increment] in &table.rows {
            let check = |what: &str, found: f64, expected: f64| {
                close(&format!("{what}, epoch {number}"), found, expected, table.tolerance, 0.0);
            };
            assert_eq!(state.epoch() + 1, *number as u64);
            check("increment", state.increment(), *used);
            check("clock", state.sigma() + state.increment(), *tried);
            ceiling.begin_epoch(&mut state, &mut |_| {});
            let mut last = upper(&state);
            for batch in 0..BATCHES {
                let rejected = batch < *percent as u64;
                let outcome = if rejected { Outcome::Rejected } else { Outcome::Accepted };
                last = upper(&state);
                observe(&ceiling, &mut state, 50.0, 0.2, outcome);
            }
            check("last ceiling of the epoch", last.expect("one"), *during);
            ceiling.end_epoch(&mut state, &mut |_| {});
            check("ceiling after", upper(&state).expect("one"), *after);
            check("increment after", state.increment(), *increment);
        }
    }
}

#[test]
fn a_shared_ceiling_is_the_larger_one_and_ceilings_of_their_own_differ() {
    for (scope, expected) in [(Scope::Shared, [90.0, 90.0]), (Scope::PerGoal, [90.0, 40.0])] {
        let goals = vec!["kl_core".to_owned(), "kl_detail".to_owned()];
        let discovery = DiscoveryConfig { scope, ..plain_discovery() };
        let ceiling = ceiling(&CeilingConfig { goals, discovery, ..mended(8.0) });
        let mut state = ceiling.init_state();
        ceiling.begin_epoch(&mut state, &mut |_| {});
        for _ in 0..BATCHES {
            let batch = homeostat_ceiling::Batch {
                values: &[90.0, 40.0],
                minimum_score: None,
                outcome: Some(Outcome::Accepted),
            };
            ceiling.observe(&mut state, batch).expect("two values");
        }
        ceiling.end_epoch(&mut state, &mut |_| {});
        let found: Vec<f64> = state.ceilings().flatten().collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn the_published_backup_serves_once() {
    let ceiling = ceiling(&CeilingConfig::parity_note());
    let mut state = ceiling.init_state();
    for epoch in 1..=9 {
        ceiling.begin_epoch(&mut state, &mut |_| {});
        literal_epoch(&ceiling, &mut state, 42358.2, 0.6, if epoch >= 8 { 18 } else { 1 });
    }
    assert_eq!(upper(&state), Some(5200.0), "the schedule's; nothing is left to restore");
}

#[test]
fn within_an_epoch_the_ceiling_is_a_straight_line_that_ends_at_the_epochs_value() {
    let ceiling = ceiling(&CeilingConfig { pace: Pace::Batch, ..mended(20.0) });
    let mut state = ceiling.init_state();
    epoch(&ceiling, &mut state, 100.0, 0.2, 0);
    epoch(&ceiling, &mut state, 100.0, 0.2, 0);
    ceiling.begin_epoch(&mut state, &mut |_| {});
    for batch in 0..BATCHES {
        // From 100 to 86 2/3 in a hundred steps.
        let expected = 100.0 - 80.0 / 6.0 * (batch + 1) as f64 / 100.0;
        close("ceiling", upper(&state).expect("one"), expected, 1e-12, 0.0);
        observe(&ceiling, &mut state, 50.0, 0.2, Outcome::Accepted);
    }
    // An epoch that lasts longer than the clock says stays there.
    close("beyond", upper(&state).expect("one"), 100.0 - 80.0 / 6.0, 1e-12, 0.0);
    observe(&ceiling, &mut state, 50.0, 0.2, Outcome::Accepted);
    close("beyond", upper(&state).expect("one"), 100.0 - 80.0 / 6.0, 1e-12, 0.0);
}
