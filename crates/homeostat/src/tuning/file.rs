//! The file of an engine with its table `[search]`.

use std::collections::BTreeMap;

use homeostat_config::{Document, FileError, Problem, nearest};
use homeostat_core::ConfigError;
use homeostat_multiplier::{DualConfig, DualDefaults, FamilyConfig, MultiplierConfig};
use serde::Deserialize;

use super::config::{SearchConfig, TuningPlan};
use super::error::TuningConfigError;
use crate::dual_file::{ALIASES, place_dual};

/// The tables of a [`DualConfig`] and one more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TuningFile {
    #[serde(default)]
    dual: DualDefaults,
    #[serde(default, alias = "losses")]
    constraints: BTreeMap<String, MultiplierConfig>,
    #[serde(default)]
    families: BTreeMap<String, FamilyConfig>,
    search: SearchConfig,
}

/// Reads the settings of an engine and of the search of its targets from one file, and checks every one.
///
/// ```
/// let text = r#"
/// [constraints.kl]
/// target = { raw = 0.05 }
/// normalizer = "none"
/// [search.variables.lk]
/// low = 0.01
/// high = 0.1
/// "#;
/// let error = homeostat::tuning::read_search("run.toml", text).expect_err("no such constraint");
/// assert_eq!(
///     error.to_string(),
///     "run.toml:5:1: search.variables.lk: unknown constraint \"lk\"; legal is only kl; did you mean \"kl\"?"
/// );
/// ```
///
/// # Errors
///
/// The first mistake, with its file, line, column and key, what stands there, what would be legal, and what
/// was probably meant.
pub fn read_search(file: &str, text: &str) -> Result<TuningPlan, FileError> {
    let document = Document::parse(file, text)?.with_aliases(ALIASES);
    let TuningFile { dual, constraints, families, search } = document.read()?;
    let plan = TuningPlan { dual: DualConfig { dual, constraints, families }, search };
    match plan.check() {
        Ok(()) => Ok(plan),
        Err(error) => Err(place(&document, &error)),
    }
}

/// The place in its file of an error that [`TuningPlan::check`] found.
pub fn place(document: &Document, error: &TuningConfigError) -> FileError {
    match error {
        TuningConfigError::Dual(error) => place_dual(document, error),
        TuningConfigError::Unknown { table, name, known } => {
            let placed = document.place(&["search", table, name], &ConfigError::new("", "", name));
            FileError {
                problem: Problem::UnknownKey,
                rule: "unknown constraint".into(),
                found: name.clone(),
                detail: None,
                legal: known.clone(),
                suggestion: nearest(name, known).map(str::to_owned),
                ..placed
            }
        }
        TuningConfigError::Variable { name, source } => {
            document.place(&["search", "variables", name], source)
        }
        TuningConfigError::Limit { name, rule, found } => {
            document.place(&["search", "limits", name], &ConfigError::new("", rule, found))
        }
        TuningConfigError::Search { table: None, source } => document.place(&["search"], source),
        TuningConfigError::Search { table: Some(method), source } => {
            document.place(&["search", method.name()], source)
        }
    }
}
