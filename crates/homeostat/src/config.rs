//! How controllers are declared in a file.

use std::collections::BTreeMap;

use homeostat_multiplier::{DualConfig, DualDefaults, FamilyConfig, MultiplierConfig};
use homeostat_surgery::SurgeryConfig;
use serde::{Deserialize, Serialize};

use crate::catalog::LawConfig;

/// Start values, setpoints, controllers, and the engine with its constraints.
///
/// ```
/// let text = r#"
///     [weight]
///     kl = 0.1
///
///     [setpoint]
///     kl = 25.0
///
///     [controller.kl-weight]
///     reads = { measured = "kl", setpoint = "kl" }
///     writes = { weight = "kl" }
///     law.pid = { kp = 0.01, ki = 0.001, maximum = 10.0 }
/// "#;
/// let config: homeostat::ControlConfig = toml::from_str(text)?;
/// assert_eq!(config.controller.len(), 1);
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ControlConfig {
    /// Start value of every weight; one that no controller writes is a constant.
    pub weight: BTreeMap<String, f64>,
    /// Setpoints, each under the name of the signal that it is for.
    pub setpoint: BTreeMap<String, f64>,
    /// The controllers by name.
    pub controller: BTreeMap<String, ControllerConfig>,
    /// What every constraint takes that does not say otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dual: Option<DualDefaults>,
    /// The constraints of the engine by name, which is that of the weight as well. Each measures the
    /// signal of its own name, or the one that `measured` names, and takes the setpoint of that signal
    /// where its target is one.
    #[serde(alias = "losses", skip_serializing_if = "BTreeMap::is_empty")]
    pub constraints: BTreeMap<String, MultiplierConfig>,
    /// The families of constraints by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub families: BTreeMap<String, FamilyConfig>,
    /// How the gradients of the losses become one; without it they are added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub surgery: Option<SurgeryConfig>,
}

impl ControlConfig {
    /// The engine that the file declares, or `None` where it says nothing of one.
    pub(crate) fn engine(&self) -> Option<DualConfig> {
        let silent = self.dual.is_none() && self.constraints.is_empty() && self.families.is_empty();
        (!silent).then(|| DualConfig {
            dual: self.dual.clone().unwrap_or_default(),
            constraints: self.constraints.clone(),
            families: self.families.clone(),
        })
    }
}

/// One controller: a law, and the ports of its roles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControllerConfig {
    /// `false` leaves the controller out, as if it were not in the file.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// From the law's roles to the names of signals and setpoints.
    #[serde(default)]
    pub reads: BTreeMap<String, String>,
    /// From the law's roles to the names of what it decides.
    pub writes: BTreeMap<String, String>,
    /// What to do when the law refuses a step.
    #[serde(default)]
    pub on_refusal: OnRefusal,
    /// The law and its settings.
    pub law: LawConfig,
}

fn yes() -> bool {
    true
}

/// The answer to a refused step. Every refusal is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnRefusal {
    /// Keep the memory and the last decision.
    #[default]
    Hold,
    /// Forget everything and start anew.
    Reset,
    /// End the run with an error.
    Stop,
}
