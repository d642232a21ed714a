//! From what stands in a file to a checked search.

use std::collections::BTreeMap;

use homeostat_core::ConfigError;
use homeostat_multiplier::{DualConfigError, MultiplierConfig, Schedule, Sense, Target};
use homeostat_search::{
    Population, PopulationConfig, SearchConfigError, Study, StudyConfig, Tighter, VariableConfig,
};

use super::config::{BayesianSearch, Method, PopulationSearch, SearchVariable, TuningPlan};
use super::error::TuningConfigError;

/// What must hold on the validation set.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limit {
    pub(super) name: String,
    pub(super) bound: f64,
    at_least: bool,
}

impl Limit {
    /// By how much a measurement is beyond the limit; positive means violated.
    pub(super) fn excess(&self, measured: f64) -> f64 {
        if self.at_least { self.bound - measured } else { measured - self.bound }
    }

    pub(super) fn sign(&self) -> &'static str {
        if self.at_least { "≥" } else { "≤" }
    }
}

impl TuningPlan {
    /// Checks the engine, the variables, the limits, and every method that the plan names.
    ///
    /// # Errors
    ///
    /// The first setting that is not legal, with its table.
    pub fn check(&self) -> Result<(), TuningConfigError> {
        self.dual.init()?;
        let rule = "must name at least one constraint";
        self.require(!self.search.variables.is_empty(), None, "variables", rule, "none")?;
        self.variables()?;
        self.limits()?;
        if self.search.bayesian.is_some() {
            self.study()?;
        }
        if self.search.population.is_some() {
            self.population()?;
        }
        Ok(())
    }

    pub(super) fn study(&self) -> Result<(Study, BayesianSearch), TuningConfigError> {
        const TABLE: Option<Method> = Some(Method::Bayesian);
        let settings = given(self.search.bayesian, Method::Bayesian)?;
        self.require(settings.steps >= 1, TABLE, "steps", "must be at least 1", settings.steps)?;
        let config = StudyConfig {
            variables: self.variables()?,
            constraints: self.limits()?.into_iter().map(|limit| limit.name).collect(),
            budget: settings.budget,
            initial: settings.initial,
            seed: self.search.seed,
        };
        Ok((config.init().map_err(|error| place(error, Method::Bayesian))?, settings))
    }

    pub(super) fn population(&self) -> Result<(Population, PopulationSearch), TuningConfigError> {
        const TABLE: Option<Method> = Some(Method::Population);
        let settings = given(self.search.population, Method::Population)?;
        let rule = "must be at least 1";
        self.require(settings.steps >= 1, TABLE, "steps", rule, settings.steps)?;
        self.require(settings.rounds >= 1, TABLE, "rounds", rule, settings.rounds)?;
        let plain = PopulationConfig::new(self.variables()?, settings.size, settings.steps);
        let config = PopulationConfig {
            fraction: settings.fraction.unwrap_or(plain.fraction),
            factors: settings.factors.unwrap_or(plain.factors),
            shift: settings.shift.unwrap_or(plain.shift),
            seed: self.search.seed,
            ..plain
        };
        Ok((config.init().map_err(|error| place(error, Method::Population))?, settings))
    }

    /// In the order of the names: those of the file, and hard constraints.
    pub(super) fn limits(&self) -> Result<Vec<Limit>, TuningConfigError> {
        let mut limits = BTreeMap::new();
        for (name, constraint) in self.dual.constraints.iter().filter(|(_, one)| one.hard) {
            if let (Sense::Le | Sense::Ge, Some(Target::Raw(Schedule::Fixed(bound)))) =
                (constraint.sense, &constraint.target)
            {
                limits.insert(name, *bound);
            }
        }
        for (name, bound) in &self.search.limits {
            let constraint = self.constraint("limits", name)?;
            let fail =
                |rule, found: String| TuningConfigError::Limit { name: name.clone(), rule, found };
            let sense = constraint.sense;
            if !matches!(sense, Sense::Le | Sense::Ge) {
                let rule = "must be the limit of a constraint of sense \"le\" or \"ge\"";
                return Err(fail(rule, format!("{bound} for the sense \"{sense}\"")));
            }
            if !bound.is_finite() {
                return Err(fail("must be finite", bound.to_string()));
            }
            limits.insert(name, *bound);
        }
        let limit = |(name, bound): (&String, f64)| Limit {
            name: name.clone(),
            bound,
            at_least: self.dual.constraints[name].sense == Sense::Ge,
        };
        Ok(limits.into_iter().map(limit).collect())
    }

    fn variables(&self) -> Result<BTreeMap<String, VariableConfig>, TuningConfigError> {
        let variables = self.search.variables.iter();
        variables.map(|(name, own)| Ok((name.clone(), self.variable(name, own)?))).collect()
    }

    fn variable(
        &self,
        name: &str,
        own: &SearchVariable,
    ) -> Result<VariableConfig, TuningConfigError> {
        let constraint = self.constraint("variables", name)?;
        let start = self.dual.fixed_target(name)?;
        let sense = constraint.sense;
        let fail = |source| TuningConfigError::Variable { name: name.to_owned(), source };
        if constraint.hard && sense == Sense::Eq {
            let rule = "must not be true where the target of an equality is searched, which has no tight side";
            let source = ConfigError::new("hard", rule, true);
            return Err(DualConfigError::Constraint { name: name.to_owned(), source }.into());
        }
        let tighten_only = own.tighten_only.unwrap_or(constraint.hard);
        let rule = "must not be false, because the constraint is hard";
        ConfigError::unless(tighten_only || !constraint.hard, "tighten_only", rule, false)
            .map_err(fail)?;
        let rule = "must not be true for the sense \"eq\", which has no tight side";
        ConfigError::unless(!tighten_only || sense != Sense::Eq, "tighten_only", rule, true)
            .map_err(fail)?;
        let (low, high, scale) = (own.low, own.high, own.scale);
        let tighter = if sense == Sense::Ge { Tighter::Up } else { Tighter::Down };
        // The range itself first: it says more of what is wrong than its distance to the target.
        let middle = VariableConfig { start: low, scale, ..VariableConfig::new(low, high, low) };
        middle.init(name).map_err(fail)?;
        let found = |bound: f64| format!("{bound} with the target {start}");
        let room = tighten_only && tighter == Tighter::Down;
        let rule = match room {
            true => "must be below the target of the constraint, which may only tighten",
            false => "must not be above the target of the constraint, where the search starts",
        };
        let legal = if room { low < start } else { low <= start };
        ConfigError::unless(legal, "low", rule, found(low)).map_err(fail)?;
        let room = tighten_only && tighter == Tighter::Up;
        let rule = match room {
            true => "must be above the target of the constraint, which may only tighten",
            false => "must not be below the target of the constraint, where the search starts",
        };
        let legal = if room { high > start } else { high >= start };
        ConfigError::unless(legal, "high", rule, found(high)).map_err(fail)?;
        Ok(VariableConfig { low, high, start, scale, tighter, tighten_only })
    }

    fn constraint(
        &self,
        table: &'static str,
        name: &str,
    ) -> Result<&MultiplierConfig, TuningConfigError> {
        self.dual.constraints.get(name).ok_or_else(|| TuningConfigError::Unknown {
            table,
            name: name.to_owned(),
            known: self.dual.constraints.keys().cloned().collect(),
        })
    }

    fn require(
        &self,
        legal: bool,
        table: Option<Method>,
        field: &'static str,
        rule: &'static str,
        found: impl std::fmt::Display,
    ) -> Result<(), TuningConfigError> {
        ConfigError::unless(legal, field, rule, found)
            .map_err(|source| TuningConfigError::Search { table, source })
    }
}

fn given<T>(settings: Option<T>, method: Method) -> Result<T, TuningConfigError> {
    settings.ok_or_else(|| TuningConfigError::Search {
        table: None,
        source: ConfigError::new(method.name(), "must be given for this method", "nothing"),
    })
}

fn place(error: SearchConfigError, method: Method) -> TuningConfigError {
    match error {
        SearchConfigError::Variable { name, source } => {
            TuningConfigError::Variable { name, source }
        }
        SearchConfigError::Search(source) => {
            TuningConfigError::Search { table: Some(method), source }
        }
        other => TuningConfigError::Search {
            table: Some(method),
            source: ConfigError::new("variables", "must be legal", other),
        },
    }
}
