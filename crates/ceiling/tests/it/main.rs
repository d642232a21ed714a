//! Tests of goals, ceilings and verdicts: one file per kind.

mod backoff;
mod config;
mod conformance;
mod defects;
mod defects_ceiling;
mod follow;
mod goals;
mod goldens;
mod goldens_ceiling;
mod messages;
mod properties;
mod properties_ceiling;
mod reach;
mod resume;
mod samples;
mod squeeze;
mod steps;

use homeostat_ceiling::{Batch, Ceiling, CeilingConfig, CeilingState, Outcome};
use homeostat_core::Clock;

/// How many batches an epoch has in most tests: a per cent each.
const BATCHES: u64 = 100;

/// The path of a golden table.
fn golden(name: &str) -> String {
    format!("{}/tests/goldens/reference/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

/// The controller of a configuration that is known to be legal.
#[track_caller]
fn ceiling(config: &CeilingConfig) -> Ceiling {
    ceiling_of(config, BATCHES)
}

/// The same with another length of the epoch.
#[track_caller]
fn ceiling_of(config: &CeilingConfig, batches: u64) -> Ceiling {
    config.init(Clock::new(batches).expect("at least one batch")).expect("a legal configuration")
}

/// A batch in which every goal has the same value.
fn observe(ceiling: &Ceiling, state: &mut CeilingState, value: f64, score: f64, outcome: Outcome) {
    let values = vec![value; ceiling.names().len()];
    let batch = Batch { values: &values, minimum_score: Some(score), outcome: Some(outcome) };
    ceiling.observe(state, batch).expect("as many values as goals");
}

/// The batches of an epoch that has begun, the rejected ones first; then its end.
fn run(ceiling: &Ceiling, state: &mut CeilingState, value: f64, score: f64, rejected: u64) {
    for batch in 0..BATCHES {
        let outcome = if batch < rejected { Outcome::Rejected } else { Outcome::Accepted };
        observe(ceiling, state, value, score, outcome);
    }
    ceiling.end_epoch(state, &mut |_| {});
}

/// A whole epoch.
fn epoch(ceiling: &Ceiling, state: &mut CeilingState, value: f64, score: f64, rejected: u64) {
    ceiling.begin_epoch(state, &mut |_| {});
    run(ceiling, state, value, score, rejected);
}

/// The ceiling of the first goal.
fn upper(state: &CeilingState) -> Option<f64> {
    state.goals()[0].bounds().upper
}
