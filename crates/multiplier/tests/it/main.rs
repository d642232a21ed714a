//! Tests of the multiplier: one file per kind.

mod budgets;
mod closed_loop;
mod closed_loop_engine;
mod config;
mod config_engine;
mod conformance;
mod defects;
mod engine;
mod gates;
mod goldens;
mod goldens_composition;
mod goldens_tricks;
mod indexed;
mod inspect;
mod kkt;
mod limits;
mod orders;
mod properties;
mod properties_engine;
mod resume;
mod retarget;
mod rules;
mod schedules;
mod segment;
mod spikes;
mod verdicts;
mod warnings;

use homeostat_core::{Clock, Law, Metric, Setpoint};
use homeostat_multiplier::{Multiplier, MultiplierConfig, MultiplierState};

/// The law of a configuration that is known to be legal, with one step per epoch.
#[track_caller]
fn law(config: &MultiplierConfig) -> Multiplier<Metric> {
    config.init(Clock::default()).expect("a legal configuration")
}

/// A measured number, with a setpoint where there is one.
#[track_caller]
fn input(measured: f64, setpoint: Option<f64>) -> (Metric, Option<Setpoint<Metric>>) {
    let setpoint = setpoint.map(|value| Setpoint::new(value).expect("finite"));
    (Metric::new(measured).expect("finite"), setpoint)
}

/// Memory as text: equal text is equal memory to the bit.
fn text(state: &MultiplierState) -> String {
    format!("{state:?}")
}

/// The weight that one step decides.
#[track_caller]
fn decide(
    law: &Multiplier<Metric>,
    state: &mut MultiplierState,
    measured: f64,
    setpoint: Option<f64>,
) -> f64 {
    law.step(state, input(measured, setpoint)).expect("a legal step").get()
}
