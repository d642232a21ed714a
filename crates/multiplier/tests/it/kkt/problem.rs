//! One problem as it stands in a file.

use std::collections::BTreeMap;

use homeostat_multiplier::{DualConfig, RuleConfig, Schedule, UpdateOrder};
use serde::Deserialize;

use super::function::Function;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Problem {
    pub(crate) title: String,
    /// Where the problem and its solution come from.
    #[expect(dead_code, reason = "stands in the file for the reader, and must stand there")]
    source: String,
    pub(crate) start: Vec<f64>,
    pub(crate) objective: Function,
    /// What each constraint measures, by the name of the constraint.
    #[serde(default)]
    pub(crate) functions: BTreeMap<String, Function>,
    /// The true quantity where the function is a proxy.
    #[serde(default)]
    pub(crate) strict: BTreeMap<String, Function>,
    #[serde(default)]
    pub(crate) engine: DualConfig,
    /// One upper bound for every component of x, in the place of the engine's constraints.
    pub(crate) vector: Option<Vector>,
    pub(crate) optimum: Optimum,
    pub(crate) run: Vec<Run>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vector {
    pub(crate) count: usize,
    pub(crate) target: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Optimum {
    pub(crate) x: Vec<f64>,
    /// The coefficient of each constraint's gradient: negative for a lower bound.
    pub(crate) multipliers: BTreeMap<String, f64>,
    #[serde(default)]
    pub(crate) vector: Vec<f64>,
    pub(crate) objective: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Run {
    pub(crate) rule: RuleConfig,
    /// The primal step size.
    pub(crate) step: f64,
    /// The dual step size; without it that of the engine's table.
    pub(crate) rate: Option<f64>,
    /// λ before the first step.
    #[serde(default)]
    pub(crate) initial: f64,
    pub(crate) iterations: u64,
    #[serde(default = "every_order")]
    pub(crate) orders: Vec<UpdateOrder>,
    #[serde(default)]
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    #[default]
    Converges,
    Fails,
    Unsatisfiable,
}

fn every_order() -> Vec<UpdateOrder> {
    use UpdateOrder::{DualFirst, Extragradient, PrimalFirst, Simultaneous};
    vec![Simultaneous, DualFirst, PrimalFirst, Extragradient]
}

impl Problem {
    /// The least and the greatest legal value of a constraint; for one number twice that.
    pub(crate) fn bounds(&self, name: &str) -> (f64, f64) {
        let target = self.engine.constraints[name].target.as_ref().expect("a target");
        match target.schedule().expect("a number or two") {
            Schedule::Fixed(target) => (*target, *target),
            Schedule::Range { low, high } => (*low, *high),
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// Every file of `tests/kkt`, in the order of their names.
pub(crate) fn all() -> Vec<Problem> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/kkt");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of the problems")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    paths.sort();
    paths.iter().map(homeostat_testkit::golden::load).collect()
}
