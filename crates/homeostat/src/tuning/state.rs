//! What a tuning must not forget.

use std::collections::BTreeMap;
use std::path::Path;

use homeostat_search::{Origin, Outcome, PopulationState, StudyState};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::config::{Method, TuningPlan};
use super::error::TuningError;
use crate::files::write_atomically;

/// The memory of a tuning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TunerState {
    version: u32,
    /// What it was begun with, without the length of the search, which may grow.
    settings: Value,
    pub(super) memory: Memory,
    pub(super) runs: Vec<Run>,
}

/// The memory of the search itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Memory {
    Bayesian(StudyState),
    Population {
        targets: PopulationState,
        /// For every member the run whose checkpoint it goes on from; `None` is the start.
        from: Vec<Option<usize>>,
    },
}

/// Who chose the targets of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proposer {
    /// The initial design.
    Design,
    /// The model of Bayesian optimization.
    Model,
    /// Nobody: the member goes on with its own.
    Kept,
    /// A better member, whose checkpoint is copied; soft targets are perturbed.
    Copied,
}

/// One run that is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// From 0.
    pub number: usize,
    /// Which round of a population; in a study the same as the number.
    pub round: usize,
    /// Which member of a population.
    pub member: Option<usize>,
    /// The run whose checkpoint it went on from; `None` is the start.
    pub from: Option<usize>,
    /// Who chose the targets.
    pub proposer: Proposer,
    /// One per variable, in the order of their names.
    pub targets: Vec<f64>,
    /// The score; `None` for a run that failed.
    pub objective: Option<f64>,
    /// What was measured, by constraint.
    pub measured: BTreeMap<String, f64>,
    /// By how much every limit is exceeded, in the order of their names; positive means violated.
    pub excess: Vec<f64>,
    /// The scale of every variable's constraint.
    pub scales: Vec<f64>,
}

impl Run {
    /// Whether the run succeeded and met every limit.
    pub fn is_feasible(&self) -> bool {
        self.objective.is_some() && self.excess.iter().all(|excess| *excess <= 0.0)
    }

    /// What a search is told; `None` for a run that failed.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let objective = self.objective?;
        Some(Outcome { objective, constraints: self.excess.clone() })
    }
}

impl From<Origin> for Proposer {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Design => Self::Design,
            Origin::Model => Self::Model,
            Origin::Given => Self::Kept,
        }
    }
}

impl TunerState {
    /// Raised whenever the meaning of the memory changes.
    const VERSION: u32 = 1;

    pub(super) fn new(plan: &TuningPlan, memory: Memory) -> Self {
        let method = match memory {
            Memory::Bayesian(_) => Method::Bayesian,
            Memory::Population { .. } => Method::Population,
        };
        let settings = settings(plan, method);
        Self { version: Self::VERSION, settings, memory, runs: Vec::new() }
    }

    /// Reads a memory that belongs to these settings.
    pub(super) fn load(
        path: &Path,
        plan: &TuningPlan,
        method: Method,
    ) -> Result<Self, TuningError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| TuningError::File { path: path.to_owned(), source })?;
        let damaged = |reason: String| TuningError::Damaged { path: path.to_owned(), reason };
        let state: Self =
            serde_json::from_str(&text).map_err(|source| damaged(source.to_string()))?;
        let (expected, found) = (Self::VERSION, state.version);
        if expected != found {
            return Err(damaged(format!("it is version {found}, this program reads {expected}")));
        }
        let now = settings(plan, method);
        if let Some(difference) = difference("", &state.settings, &now) {
            return Err(difference);
        }
        let runs = state.runs.len();
        let fits = match &state.memory {
            Memory::Bayesian(study) => method == Method::Bayesian && study.trials().len() == runs,
            Memory::Population { targets, from } => {
                method == Method::Population
                    && from.len() == targets.members().len()
                    && from.iter().flatten().all(|run| *run < runs)
            }
        };
        if fits { Ok(state) } else { Err(damaged("runs and search tell different stories".into())) }
    }

    pub(super) fn save(&self, path: &Path) -> Result<(), TuningError> {
        let text = serde_json::to_string_pretty(self)
            .expect("a state is plain data: numbers, strings, lists and structs");
        write_atomically(path, format!("{text}\n").as_bytes())
            .map_err(|source| TuningError::File { path: path.to_owned(), source })
    }
}

/// The settings without the length of the search: a longer one goes on with the same runs.
fn settings(plan: &TuningPlan, method: Method) -> Value {
    let mut search = plan.search.clone();
    if let Some(bayesian) = &mut search.bayesian {
        bayesian.budget = 0;
    }
    if let Some(population) = &mut search.population {
        population.rounds = 0;
    }
    match method {
        Method::Bayesian => search.population = None,
        Method::Population => search.bayesian = None,
    }
    json!({ "method": method, "engine": plan.dual, "search": search })
}

/// The first setting that differs.
fn difference(path: &str, saved: &Value, now: &Value) -> Option<TuningError> {
    if saved == now {
        return None;
    }
    if let (Value::Object(saved), Value::Object(now)) = (saved, now) {
        let keys = saved.keys().chain(now.keys().filter(|key| !saved.contains_key(*key)));
        return keys.into_iter().find_map(|key| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let get = |map: &serde_json::Map<_, _>| map.get(key).cloned().unwrap_or(Value::Null);
            difference(&path, &get(saved), &get(now))
        });
    }
    let text = |value: &Value| match value {
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    };
    let field = path.to_owned();
    Some(TuningError::OtherSettings { field, saved: text(saved), found: text(now) })
}
