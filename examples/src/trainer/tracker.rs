//! A run in MLflow: its settings as parameters, its rows as metrics.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::console::Console;
use super::settings::MlflowSettings;
use crate::tracking::{MlflowConfig, MlflowTracker};

/// Shows a warning where there is one.
pub fn warn(console: &Console, warning: Option<impl std::fmt::Display>) {
    if let Some(warning) = warning {
        console.warn(&warning.to_string());
    }
}

/// Starts to record a run, where that is asked for; `name` is used where the settings give none.
pub fn start<S: Serialize>(
    mlflow: &MlflowSettings,
    settings: &S,
    console: &Console,
    name: impl FnOnce() -> String,
) -> MlflowTracker {
    if !mlflow.enabled {
        return MlflowTracker::off();
    }
    let run_name = match mlflow.run_name.as_str() {
        "" => name(),
        name => name.to_owned(),
    };
    let (mut tracker, warning) = MlflowTracker::start(&MlflowConfig {
        tracking_uri: mlflow.tracking_uri.clone(),
        experiment: mlflow.experiment.clone(),
        run_name,
    });
    warn(console, warning);
    let mut parameters = BTreeMap::new();
    if let Ok(Value::Object(fields)) = serde_json::to_value(settings) {
        flatten("", &fields, &mut parameters);
    }
    warn(console, tracker.log_parameters(&parameters));
    tracker
}

fn flatten(prefix: &str, fields: &Map<String, Value>, into: &mut BTreeMap<String, String>) {
    for (key, value) in fields {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(inner) => flatten(&path, inner, into),
            Value::String(text) => drop(into.insert(path, text.clone())),
            other => drop(into.insert(path, other.to_string())),
        }
    }
}
