//! Tests of the governor and the schedules.

mod closed_loop;
mod config;
mod conformance;
mod goldens;
mod laws;
mod properties;
mod schedules;

use std::collections::BTreeMap;

use homeostat_core::{
    Entropy, FaultCount, GradientNorm, Law, LearningRate, ParameterNorm, RawLoss, UpdateNorm,
};
use homeostat_governor::{Governor, GovernorInput, GovernorState};

/// Readings of one step as plain numbers; `Default` is a step without any.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    loss: Option<f64>,
    gradient: Option<f64>,
    parameters: Option<f64>,
    update: Option<f64>,
    update_rate: Option<f64>,
    information: Option<f64>,
    faults: u64,
}

impl Step {
    fn loss(loss: f64) -> Self {
        Self { loss: Some(loss), ..Self::default() }
    }

    fn input(self) -> GovernorInput {
        (
            self.loss.map(|value| RawLoss::new(value).expect("finite")),
            self.gradient.map(|value| GradientNorm::new(value).expect("a norm")),
            self.parameters.map(|value| ParameterNorm::new(value).expect("a norm")),
            self.update.map(|value| UpdateNorm::new(value).expect("a norm")),
            self.update_rate.map(|value| LearningRate::new(value).expect("a rate")),
            self.information.map(|value| Entropy::new(value).expect("finite")),
            FaultCount::new(self.faults as f64).expect("a count"),
        )
    }
}

/// One step of the governor, which refuses none.
#[track_caller]
fn step(governor: &Governor, state: &mut GovernorState, readings: Step) -> f64 {
    governor.step(state, readings.input()).expect("no reading is refused").get()
}

/// The inner numbers by name.
fn probe(governor: &Governor, state: &GovernorState) -> BTreeMap<&'static str, f64> {
    let mut numbers = BTreeMap::new();
    governor.probe(state, &mut |name, value| {
        assert!(numbers.insert(name, value).is_none(), "{name} is shown twice");
    });
    numbers
}
