//! What stands in a file about goals.

use std::collections::BTreeMap;

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::Goals;
use super::error::GoalsConfigError;
use super::groups::Groups;
use crate::calibration::CalibrationConfig;
use crate::constraint::Constraint;
use crate::rules::Rules;
use crate::table;

/// Configuration of [`Goals`].
///
/// ```toml
/// [goals]
/// pixel = { minimize-soft = {} }                     # scale calibrated
/// kl = { box-asymmetric = { lower = 1.0, healthy = 6.4 } }
/// [groups]
/// recon = ["pixel"]
/// kl = ["kl"]
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoalsConfig {
    /// What is asked of every measured number.
    pub goals: BTreeMap<String, Constraint>,
    /// Which goals, or subgroups of goals, belong together. A goal of no group is measured and scored,
    /// but enters no loss.
    pub groups: BTreeMap<String, Vec<String>>,
    /// Goals that count as one member of a group, by their geometric mean.
    #[serde(default)]
    pub subgroups: BTreeMap<String, Vec<String>>,
    /// How scales are found.
    #[serde(default)]
    pub calibration: CalibrationConfig,
    /// δ, the slack below which a barrier goes on as a straight line. Default 0.05.
    #[serde(default = "barrier_margin")]
    pub barrier_margin: f64,
    /// Whose rules hold.
    #[serde(default)]
    pub rules: Rules,
}

fn barrier_margin() -> f64 {
    0.05
}

impl GoalsConfig {
    /// The defaults around goals and groups.
    pub fn new(goals: BTreeMap<String, Constraint>, groups: BTreeMap<String, Vec<String>>) -> Self {
        Self {
            goals,
            groups,
            subgroups: BTreeMap::new(),
            calibration: CalibrationConfig::default(),
            barrier_margin: barrier_margin(),
            rules: Rules::default(),
        }
    }

    /// The goals and groups of a published revision, from [`table::GOALS`] and [`table::groups`].
    /// [`Rules::Mended`] gives the note's goals under mended rules: ranges where a box was wrong, both KL
    /// divergences as groups of their own.
    pub fn published(rules: Rules) -> Self {
        table::config(rules)
    }

    /// Checks every field and makes the goals.
    ///
    /// # Errors
    ///
    /// The first field that is not legal.
    pub fn init(&self) -> Result<Goals, GoalsConfigError> {
        self.calibration.check()?;
        let legal = self.barrier_margin > 0.0 && self.barrier_margin < 1.0;
        let rule = "must be above 0 and below 1";
        ConfigError::unless(legal, "barrier_margin", rule, self.barrier_margin)?;
        for (name, constraint) in &self.goals {
            constraint
                .check(self.rules)
                .map_err(|source| GoalsConfigError::Goal { name: name.clone(), source })?;
        }
        let names: Vec<String> = self.goals.keys().cloned().collect();
        let groups = Groups::new(&names, &self.groups, &self.subgroups)?;
        Ok(Goals {
            names,
            constraints: self.goals.values().copied().collect(),
            groups,
            calibration: self.calibration.clone(),
            barrier_margin: self.barrier_margin,
            rules: self.rules,
        })
    }
}
