//! The three outer loops on problems whose answers are known.

mod adjustment;
mod benchmark;
mod config;
mod constrained;
mod functions;
mod population;
mod ranking;
mod resume;
mod table;

use std::collections::BTreeMap;

use homeostat_search::{Outcome, Study, StudyConfig, StudyState, VariableConfig};

/// Variables `x0`, `x1`, … with linear ranges, starting in the middle.
pub(crate) fn box_of(low: &[f64], high: &[f64]) -> BTreeMap<String, VariableConfig> {
    low.iter()
        .zip(high)
        .enumerate()
        .map(|(index, (low, high))| {
            (format!("x{index}"), VariableConfig::new(*low, *high, 0.5 * (low + high)))
        })
        .collect()
}

pub(crate) fn study(
    variables: BTreeMap<String, VariableConfig>,
    constraints: &[&str],
    budget: usize,
    seed: u64,
) -> Study {
    let constraints = constraints.iter().map(|name| (*name).to_owned()).collect();
    StudyConfig { variables, constraints, budget, initial: None, seed }.init().expect("legal")
}

/// Asks and tells until the budget is spent.
pub(crate) fn run(study: &Study, mut measure: impl FnMut(&[f64]) -> Outcome) -> StudyState {
    let mut state = study.init_state();
    while let Some(proposal) = study.ask(&state) {
        let outcome = measure(&proposal.values);
        study.tell(&mut state, proposal, outcome).expect("what was asked for may be told");
    }
    state
}

/// The best objective of trials that met every constraint.
pub(crate) fn best(study: &Study, state: &StudyState) -> f64 {
    let (_, trial) = study.best(state).expect("a feasible trial");
    trial.outcome.as_ref().expect("a best trial succeeded").objective
}
