//! What stands in a file about the search of targets.

use std::collections::BTreeMap;

use homeostat_multiplier::DualConfig;
use homeostat_search::Scale;
use serde::{Deserialize, Serialize};

/// How the next targets are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Bayesian optimization: every run continues the common checkpoint.
    Bayesian,
    /// Population-based training: every run continues that of its member or of a better one.
    Population,
}

/// The table `[search]`.
///
/// ```toml
/// [search.variables.parity]
/// low = 0.004
/// high = 0.02
/// scale = "log"
///
/// [search.limits]
/// parity = 0.02
///
/// [search.bayesian]
/// budget = 12
/// steps = 200
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchConfig {
    /// The constraints whose targets are searched. Each starts at its target in the file.
    pub variables: BTreeMap<String, SearchVariable>,
    /// What must hold on the validation set, by constraint and on the side of its sense: at most this, or
    /// at least this. A hard constraint with a fixed raw target has that as its limit. Default: none.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, f64>,
    /// The seed of designs, models and perturbations. Default 0.
    #[serde(default)]
    pub seed: u64,
    /// Bayesian optimization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bayesian: Option<BayesianSearch>,
    /// Population-based training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<PopulationSearch>,
}

/// `[search.variables.NAME]`: a range of targets. Where the search starts, and which way is tighter, follow
/// from the constraint.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchVariable {
    /// The least target.
    pub low: f64,
    /// The largest target.
    pub high: f64,
    /// How the range is divided evenly. Default: linear.
    #[serde(default)]
    pub scale: Scale,
    /// Whether the target may only become tighter than it is in the file. Default: where the constraint is
    /// hard, and it cannot be false there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tighten_only: Option<bool>,
}

/// `[search.bayesian]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BayesianSearch {
    /// How many runs there are in all. Usual are 10 to 30.
    pub budget: usize,
    /// How many of them are spread evenly, before a model is asked. Default: 2·d + 2 for d variables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<usize>,
    /// How many steps every run goes on for.
    pub steps: u64,
}

/// `[search.population]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PopulationSearch {
    /// How many members train side by side.
    pub size: usize,
    /// How many times every member goes on; after each time the worst copy the best.
    pub rounds: usize,
    /// For how many steps a member goes on in a round.
    pub steps: u64,
    /// The part of the population that copies, and the part that is copied. Default 0.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fraction: Option<f64>,
    /// The two factors of a perturbation. Default 0.8 and 1.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factors: Option<[f64; 2]>,
    /// The perturbation where the range holds 0, in units of the constraint's scale. Default 0.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shift: Option<f64>,
}

/// The settings of an engine, and how its targets are searched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TuningPlan {
    /// `[dual]`, `[constraints.NAME]`, `[families.NAME]`.
    pub dual: DualConfig,
    /// `[search]`.
    pub search: SearchConfig,
}

impl Method {
    /// The name as it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bayesian => "bayesian",
            Self::Population => "population",
        }
    }
}
