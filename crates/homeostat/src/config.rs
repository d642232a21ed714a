//! How controllers are declared in a file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::catalog::LawConfig;

/// Start values, setpoints and controllers.
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
