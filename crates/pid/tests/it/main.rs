//! Tests of PID control: one file per kind.

mod closed_loop;
mod config;
mod conformance;
mod goldens;
mod properties;
mod reductions;

use homeostat_core::{Clock, Law, Metric, Setpoint};
use homeostat_pid::{Pid, PidConfig, PidState};

/// The law of a configuration that is known to be legal.
#[track_caller]
fn law(config: &PidConfig, steps_per_epoch: u64) -> Pid<Metric> {
    let clock = Clock::new(steps_per_epoch).expect("at least one step");
    config.init(clock).expect("a legal configuration")
}

/// A measured number and its setpoint.
#[track_caller]
fn input(measured: f64, setpoint: f64) -> (Metric, Setpoint<Metric>) {
    (Metric::new(measured).expect("finite"), Setpoint::new(setpoint).expect("finite"))
}

/// The weight that one step decides.
#[track_caller]
fn decide(law: &Pid<Metric>, state: &mut PidState, measured: f64, setpoint: f64) -> f64 {
    law.step(state, input(measured, setpoint)).expect("a legal step").get()
}

/// The weights that follow from a list of errors.
#[track_caller]
fn respond(config: &PidConfig, steps_per_epoch: u64, errors: &[f64]) -> Vec<f64> {
    let law = law(config, steps_per_epoch);
    let mut state = law.init();
    errors.iter().map(|error| decide(&law, &mut state, *error, 0.0)).collect()
}
