//! Bayesian optimization by asking and telling.

mod learn;
mod report;

use std::collections::BTreeMap;

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::design::latin_hypercube;
use crate::error::{MisfitError, SearchConfigError};
use crate::random::{Purpose, Stream};
use crate::space::{Variable, VariableConfig, variables};
use crate::surrogate;

pub use report::{Report, ReportRow, StudyTable};

/// What stands in a file about a study.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudyConfig {
    /// The targets that are searched.
    pub variables: BTreeMap<String, VariableConfig>,
    /// Names of what must hold in a trial: every trial measures them, and a value above 0 is a
    /// violation. Default: none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constraints: Vec<String>,
    /// How many trials there are in all. Usual are 10 to 30.
    pub budget: usize,
    /// How many of them are spread evenly, before a model is asked. Default: 2·d + 2 for d variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<usize>,
    /// The seed of the design and of the model. Default 0.
    #[serde(default)]
    pub seed: u64,
}

/// A checked study: says what to try next. Its memory is apart from it, and is nothing but the table of
/// trials.
#[derive(Clone, Debug)]
pub struct Study {
    pub(crate) variables: Vec<Variable>,
    pub(crate) constraints: Vec<String>,
    pub(crate) budget: usize,
    design: Vec<Vec<f64>>,
    seed: u64,
}

/// The trials so far. Saved as JSON; a study that is loaded goes on as if it had never stopped, because
/// every proposal follows from the table and the seed alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudyState {
    /// The names of the variables, in the order of every list of values.
    variables: Vec<String>,
    constraints: Vec<String>,
    seed: u64,
    trials: Vec<Trial>,
}

/// Values that were tried, and what came of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// One per variable.
    pub values: Vec<f64>,
    /// Who proposed them.
    pub origin: Origin,
    /// What was measured; `None` for a run that failed.
    pub outcome: Option<Outcome>,
}

/// What a trial measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The validation metric; smaller is better.
    pub objective: f64,
    /// One per constraint of the study; above 0 is a violation.
    #[serde(default)]
    pub constraints: Vec<f64>,
}

/// Who proposed a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The initial design.
    Design,
    /// The model.
    Model,
    /// The caller.
    Given,
}

/// What to try next.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// One per variable, in the order of [`Study::variables`].
    pub values: Vec<f64>,
    /// Who proposes it.
    pub origin: Origin,
}

impl StudyConfig {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// The first field that is not legal, with its variable.
    pub fn init(&self) -> Result<Study, SearchConfigError> {
        let variables = variables(&self.variables)?;
        for variable in &variables {
            let (low, high) = variable.reach();
            ConfigError::unless(
                low < high,
                "start",
                "must leave room to tighten",
                variable.start(),
            )
            .map_err(|source| SearchConfigError::Variable {
                name: variable.name.clone(),
                source,
            })?;
        }
        let initial = self.initial.unwrap_or(2 * variables.len() + 2);
        ConfigError::unless(initial >= 2, "initial", "must be at least 2", initial)?;
        ConfigError::unless(
            self.budget >= initial,
            "budget",
            "must be at least the initial design",
            format_args!("{} with {initial} initial trials", self.budget),
        )?;
        let design = latin_hypercube(initial, variables.len(), self.seed);
        let constraints = self.constraints.clone();
        Ok(Study { variables, constraints, budget: self.budget, design, seed: self.seed })
    }
}

impl Study {
    /// The variables, in the order of every list of values.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// An empty table.
    pub fn init_state(&self) -> StudyState {
        StudyState {
            variables: self.names(),
            constraints: self.constraints.clone(),
            seed: self.seed,
            trials: Vec::new(),
        }
    }

    /// What to try next; `None` when the budget is spent. Asking changes nothing: the same table gives
    /// the same proposal.
    pub fn ask(&self, state: &StudyState) -> Option<Proposal> {
        let index = state.trials.len();
        if index >= self.budget {
            return None;
        }
        let (unit, origin) = match self.design.get(index) {
            Some(point) => (point.clone(), Origin::Design),
            None => (self.model(state, index as u64), Origin::Model),
        };
        let values = self.variables.iter().zip(unit).map(|(one, unit)| one.value_at(unit));
        Some(Proposal { values: values.collect(), origin })
    }

    /// Takes in what a trial measured. A number that is not finite means that the run failed; the
    /// search then stays away from its values.
    ///
    /// # Errors
    ///
    /// Another number of values or constraints than the study has, or a value that may not be tried.
    pub fn tell(
        &self,
        state: &mut StudyState,
        proposal: Proposal,
        outcome: Outcome,
    ) -> Result<(), MisfitError> {
        self.check_values(&proposal.values)?;
        let (wanted, found) = (self.constraints.len(), outcome.constraints.len());
        let rule = "must be as many as the study has constraints";
        MisfitError::unless(wanted == found, "constraints", rule, found)?;
        let finite =
            outcome.objective.is_finite() && outcome.constraints.iter().all(|one| one.is_finite());
        let Proposal { values, origin } = proposal;
        state.trials.push(Trial { values, origin, outcome: finite.then_some(outcome) });
        Ok(())
    }

    /// The trial with the smallest objective among those that met every constraint; the first of equals.
    pub fn best<'a>(&self, state: &'a StudyState) -> Option<(usize, &'a Trial)> {
        let feasible = state.trials.iter().enumerate().filter(|(_, trial)| trial.is_feasible());
        feasible.min_by(|(_, a), (_, b)| a.objective().total_cmp(&b.objective()))
    }

    /// Whether a saved table belongs to this study.
    ///
    /// # Errors
    ///
    /// Other variables, constraints or seed, or a trial that does not fit them.
    pub fn check(&self, state: &StudyState) -> Result<(), MisfitError> {
        let names = self.names();
        let rule = "must be those of the study";
        let found = state.variables.join(", ");
        MisfitError::unless(names == state.variables, "saved variables", rule, found)?;
        let found = state.constraints.join(", ");
        let same = self.constraints == state.constraints;
        MisfitError::unless(same, "saved constraints", rule, found)?;
        MisfitError::unless(self.seed == state.seed, "saved seed", rule, state.seed)?;
        for trial in &state.trials {
            self.check_values(&trial.values)?;
            let Some(outcome) = &trial.outcome else { continue };
            let found = outcome.constraints.len();
            MisfitError::unless(found == self.constraints.len(), "saved constraints", rule, found)?;
        }
        Ok(())
    }

    fn names(&self) -> Vec<String> {
        self.variables.iter().map(|variable| variable.name.clone()).collect()
    }

    fn check_values(&self, values: &[f64]) -> Result<(), MisfitError> {
        let rule = "must be as many as the study has variables";
        MisfitError::unless(values.len() == self.variables.len(), "values", rule, values.len())?;
        for (variable, value) in self.variables.iter().zip(values) {
            let (low, high) = variable.reach();
            let rule =
                "must lie in its range, and be no looser than the start where it only tightens";
            MisfitError::unless((low..=high).contains(value), variable.name(), rule, value)?;
        }
        Ok(())
    }

    /// The model's point of the unit cube, or a random one while there is nothing to learn from.
    fn model(&self, state: &StudyState, index: u64) -> Vec<f64> {
        match learn::table(&self.variables, self.constraints.len(), &state.trials) {
            Some(table) => {
                let seed = Stream::new(self.seed, Purpose::Surrogate, index).bits();
                surrogate::propose(&table, seed)
            }
            None => {
                let mut stream = Stream::new(self.seed, Purpose::Fallback, index);
                self.variables.iter().map(|_| stream.uniform()).collect()
            }
        }
    }
}

impl StudyState {
    /// The trials in the order in which they were told.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }
}

impl Trial {
    /// Whether the run succeeded and met every constraint.
    pub fn is_feasible(&self) -> bool {
        self.outcome.as_ref().is_some_and(|one| one.constraints.iter().all(|value| *value <= 0.0))
    }

    /// The objective; infinite for a run that failed.
    pub(crate) fn objective(&self) -> f64 {
        self.outcome.as_ref().map_or(f64::INFINITY, |outcome| outcome.objective)
    }
}

impl Outcome {
    /// Without constraints.
    pub fn new(objective: f64) -> Self {
        Self { objective, constraints: Vec::new() }
    }

    /// A run that failed, for a study with so many constraints.
    pub fn failed(constraints: usize) -> Self {
        Self { objective: f64::NAN, constraints: vec![f64::NAN; constraints] }
    }
}
