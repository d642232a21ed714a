//! The settings of a run, typed.

use std::path::{Path, PathBuf};

use homeostat::burn::surgery::RowMode;
use homeostat::surgery::{Method, SurgeryConfig};
use homeostat::{ControlConfig, ControllerConfig};
use homeostat_config::nearest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::data::Manifold;
use crate::document::{Document, DocumentError, Origin};
use crate::topoencoder::{AtlasConfig, EnergyPrior, LossName};

/// The defaults that are compiled in.
pub const DEFAULTS: &str = include_str!("../../../configs/topoencoder_2d.toml");

/// Every setting of a run; the comments in `configs/topoencoder_2d.toml` say what each does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the configuration file documents every setting, once")]
pub struct Settings {
    pub epochs: u64,
    pub batch_size: usize,
    pub seed: u64,
    pub delay: u8,
    pub gradient_clip: f64,
    pub log_every: u64,
    pub save_every: u64,
    pub output_dir: String,
    pub backend: String,
    pub threads: usize,
    pub data: DataSettings,
    pub model: AtlasConfig,
    pub loss: LossSettings,
    pub supervision: SupervisionSettings,
    pub jump: JumpSettings,
    pub optimizer: OptimizerSettings,
    pub readout: ReadoutSettings,
    pub baseline: BaselineSettings,
    pub precisions: Switch,
    pub target: TargetSettings,
    pub mlflow: MlflowSettings,
    pub weight: BTreeMap<String, f64>,
    #[serde(default)]
    pub setpoint: BTreeMap<String, f64>,
    #[serde(default)]
    pub controller: BTreeMap<String, ControllerConfig>,
    pub surgery: SurgeryConfig,
    pub rows: RowMode,
}

macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(missing_docs, reason = "the configuration file documents every setting, once")]
        pub struct $name { $(pub $field: $type),* }
    )*};
}

sections! {
    /// `[data]`
    DataSettings {
        dataset: String, directory: String, samples: usize, test_fraction: f64,
        synthetic: SyntheticSettings,
    }
    /// `[data.synthetic]`
    SyntheticSettings { kind: Manifold, features: usize, classes: usize, noise: f64 }
    /// `[loss]`
    LossSettings {
        separation_margin: f64, chart_center_separation_margin: f64, window_epsilon: f64,
        orthogonality_every: u64, augment_noise: f64,
        code_temperature: f64, energy_prior: EnergyPrior,
    }
    /// `[supervision]`
    SupervisionSettings { enabled: bool, temperature: f64, metric_margin: f64 }
    /// `[jump]`
    JumpSettings { rank: usize }
    /// `[optimizer]`
    OptimizerSettings { learning_rate: f64 }
    /// `[readout]`
    ReadoutSettings { enabled: bool, learning_rate: f64, bundle_size: usize }
    /// `[baseline]`
    BaselineSettings { autoencoder: bool, vq: bool, vq_codes: usize, learning_rate: f64 }
    /// A section that only switches something on.
    Switch { enabled: bool }
    /// `[target]`
    TargetSettings {
        entropy_ratio: f64, hk_ratio: f64, code_entropy_ratio: f64, consistency: f64,
    }
    /// `[mlflow]`
    MlflowSettings { enabled: bool, tracking_uri: String, experiment: String, run_name: String }
}

/// A setting is outside its range, or two settings contradict each other.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Reading, overriding or typing.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A value.
    #[error("{field} must be {legal}, got {found}{origin}")]
    Range {
        /// The path of the setting.
        field: String,
        /// What is legal.
        legal: &'static str,
        /// What was found.
        found: String,
        /// Where it came from, or nothing.
        origin: String,
    },
    /// A value that a law or a goal refuses.
    #[error("{message}{origin}")]
    Refused {
        /// The path of the setting, the rule and what was found.
        message: String,
        /// Where it came from, or nothing.
        origin: String,
    },
}

impl SettingsError {
    /// What refused a table of settings, in its own words, with the place of the value in the document.
    pub fn refused(document: &Document, prefix: &str, error: &homeostat::ConfigError) -> Self {
        let message = format!("{prefix}.{error}");
        // Where the value stands in a list or is left out, its table knows.
        let mut path = format!("{prefix}.{}", error.field);
        let origin = loop {
            if let Some(place) = document.place(&path) {
                break format!(" ({place})");
            }
            match path.rsplit_once('.') {
                Some((table, _)) if table.len() >= prefix.len() => path = table.to_owned(),
                _ => break String::new(),
            }
        };
        Self::Refused { message, origin }
    }

    /// A value that is not legal, with its place in the document.
    pub fn range(document: &Document, field: &str, legal: &'static str, found: String) -> Self {
        let origin = document.place(field).map(|place| format!(" ({place})")).unwrap_or_default();
        Self::Range { field: field.to_owned(), legal, found, origin }
    }
}

impl Settings {
    /// Reads and checks the settings of a document. Notices are things a person should know: a flag
    /// that has no effect, a limit that was raised.
    pub fn resolve(document: &mut Document) -> Result<(Self, Vec<String>), SettingsError> {
        let notices = reconcile(document)?;
        let settings: Self = document.resolve()?;
        settings.check(document)?;
        Ok((settings, notices))
    }

    /// The declared controllers, start values and setpoints.
    pub fn control(&self) -> ControlConfig {
        ControlConfig {
            weight: self.weight.clone(),
            setpoint: self.setpoint.clone(),
            controller: self.controller.clone(),
            surgery: (self.surgery.method != Method::Sum).then(|| self.surgery.clone()),
            ..ControlConfig::default()
        }
    }

    /// Folder of the run's files.
    pub fn output(&self) -> PathBuf {
        let folder =
            if self.output_dir.is_empty() { "outputs/topoencoder_2d" } else { &self.output_dir };
        Path::new(folder).to_owned()
    }

    /// The rate of a part that follows the optimizer's unless it has its own.
    pub fn rate_or_main(&self, own: f64) -> f64 {
        if own > 0.0 { own } else { self.optimizer.learning_rate }
    }

    fn check(&self, document: &Document) -> Result<(), SettingsError> {
        let fail = |field: &str, legal, found: String| {
            Err(SettingsError::range(document, field, legal, found))
        };
        let number = |field, value: f64, low: f64, legal| {
            if value.is_finite() && value >= low {
                Ok(())
            } else {
                fail(field, legal, value.to_string())
            }
        };
        if self.epochs == 0 {
            return fail("epochs", "at least 1", self.epochs.to_string());
        }
        if self.delay > 1 {
            return fail("delay", "0 or 1", self.delay.to_string());
        }
        if self.loss.orthogonality_every == 0 {
            return fail("loss.orthogonality_every", "at least 1", "0".into());
        }
        if self.rows == RowMode::Representation {
            let legal = "\"reforward\" or \"groups\": the losses share no single representation";
            return fail("rows", legal, "\"representation\"".into());
        }
        if !(0.0..1.0).contains(&self.data.test_fraction) {
            let found = self.data.test_fraction.to_string();
            return fail("data.test_fraction", "at least 0 and below 1", found);
        }
        if !(self.optimizer.learning_rate.is_finite() && self.optimizer.learning_rate > 0.0) {
            let found = self.optimizer.learning_rate.to_string();
            return fail("optimizer.learning_rate", "finite and above 0", found);
        }
        if !(self.loss.code_temperature.is_finite() && self.loss.code_temperature > 0.0) {
            let found = self.loss.code_temperature.to_string();
            return fail("loss.code_temperature", "finite and above 0", found);
        }
        let (bundle, latent) = (self.readout.bundle_size, self.model.latent);
        if bundle > 0 && !latent.is_multiple_of(bundle) {
            let legal = "0 or a divisor of model.latent";
            return fail("readout.bundle_size", legal, format!("{bundle} with latent {latent}"));
        }
        if document.get("model.input").is_some() {
            let found = self.model.input.to_string();
            return fail("model.input", "left out, because it follows from the data", found);
        }
        let known = weight_names();
        if let Some(name) = self.weight.keys().find(|name| !known.contains(*name)) {
            let hint = nearest(name, &known).map(|name| format!("; did you mean '{name}'?"));
            let found = format!("'{name}'{}", hint.unwrap_or_default());
            return fail("weight", "the names of losses", found);
        }
        if !(self.supervision.temperature.is_finite() && self.supervision.temperature > 0.0) {
            let found = self.supervision.temperature.to_string();
            return fail("supervision.temperature", "finite and above 0", found);
        }
        if self.baseline.vq && self.baseline.vq_codes < 2 {
            return fail("baseline.vq_codes", "at least 2", self.baseline.vq_codes.to_string());
        }
        let not_negative = "finite and not negative";
        number("gradient_clip", self.gradient_clip, 0.0, not_negative)?;
        number("loss.separation_margin", self.loss.separation_margin, 0.0, not_negative)?;
        number("loss.augment_noise", self.loss.augment_noise, 0.0, not_negative)?;
        number("loss.window_epsilon", self.loss.window_epsilon, 0.0, not_negative)?;
        number("readout.learning_rate", self.readout.learning_rate, 0.0, not_negative)?;
        number("baseline.learning_rate", self.baseline.learning_rate, 0.0, not_negative)?;
        number("target.consistency", self.target.consistency, 0.0, not_negative)?;
        for (field, ratio) in [
            ("target.entropy_ratio", self.target.entropy_ratio),
            ("target.hk_ratio", self.target.hk_ratio),
            ("target.code_entropy_ratio", self.target.code_entropy_ratio),
        ] {
            if !(0.0..=1.0).contains(&ratio) {
                return fail(field, "between 0 and 1", ratio.to_string());
            }
        }
        self.model.validate().map_err(|error| {
            let field = format!("model.{}", error.field);
            SettingsError::range(document, &field, error.legal, error.value)
        })
    }
}

/// Every weight that the trainer knows.
fn weight_names() -> Vec<String> {
    let losses = LossName::ALL.into_iter().map(LossName::name);
    // The jump loss is weighted by its ramp, and the route carries the weight of all supervision.
    let losses = losses.filter(|name| !["jump", "sup_route"].contains(name));
    losses.chain(["orthogonality", "jump_final", "sup"]).map(str::to_owned).collect()
}

/// A start weight outside the limits of its controller begins at the nearer limit, as it would after
/// the first step.
fn keep_starts_inside(document: &mut Document) -> Result<(), SettingsError> {
    let controllers = document.get("controller").and_then(toml::Value::as_table).cloned();
    for (name, controller) in controllers.into_iter().flatten() {
        for law in ["multiplier", "pid"] {
            let settings = controller.get("law").and_then(|laws| laws.get(law));
            let weight = controller.get("writes").and_then(|ports| ports.get("weight"));
            let (Some(settings), Some(weight)) = (settings, weight.and_then(toml::Value::as_str))
            else {
                continue;
            };
            let number = |key: &str| settings.get(key).and_then(toml::Value::as_float);
            let start = document.get(&format!("weight.{weight}")).and_then(toml::Value::as_float);
            let (Some(start), None) = (start, number("initial")) else { continue };
            let (low, high) = (number("minimum").unwrap_or(0.0), number("maximum").unwrap_or(10.0));
            if low <= high && !(low..=high).contains(&start) {
                let path = format!("controller.{name}.law.{law}.initial");
                let inside = toml::Value::Float(start.clamp(low, high));
                document.set(&path, inside, Origin::Default)?;
            }
        }
    }
    Ok(())
}

/// Settings that depend on each other: done once, before the types, so that the saved configuration
/// shows the result.
fn reconcile(document: &mut Document) -> Result<Vec<String>, SettingsError> {
    let mut notices = Vec::new();
    let yes = |document: &Document, path: &str| {
        // A controller without the key is enabled.
        let there =
            path.strip_suffix(".enabled").is_some_and(|table| document.get(table).is_some());
        document.get(path).and_then(toml::Value::as_bool).unwrap_or(there)
    };
    let (governor, cosine) = ("controller.learning-rate.enabled", "controller.cosine.enabled");
    if yes(document, governor) && yes(document, cosine) {
        notices.push("the governor moves the learning rate; the cosine schedule is off".into());
        let origin = document.origin(governor).cloned().unwrap_or(Origin::Default);
        document.set(cosine, toml::Value::Boolean(false), origin)?;
    }
    // A start rate above the largest rate raises it, unless somebody asked for that largest rate.
    let rate = document.get("optimizer.learning_rate").and_then(toml::Value::as_float);
    let path = "controller.learning-rate.law.governor.maximum";
    if let (Some(rate), Some(maximum)) = (rate, document.get(path).and_then(toml::Value::as_float))
    {
        let asked = document.origin(path).is_some_and(|origin| *origin != Origin::Default);
        if maximum == 0.0 || (rate > maximum && !asked) {
            let origin =
                document.origin("optimizer.learning_rate").cloned().unwrap_or(Origin::Default);
            document.set(path, toml::Value::Float(rate), origin)?;
        }
    }
    // Likewise a start rate below the smallest one lowers it.
    let path = "controller.learning-rate.law.governor.minimum";
    if let (Some(rate), Some(minimum)) = (rate, document.get(path).and_then(toml::Value::as_float))
        && rate < minimum
        && document.origin(path) == Some(&Origin::Default)
    {
        let origin = document.origin("optimizer.learning_rate").cloned().unwrap_or(Origin::Default);
        document.set(path, toml::Value::Float(rate), origin)?;
    }
    let (duration, law) = ("controller.cosine.law.cosine.duration", "controller.cosine.law.cosine");
    if document.get(law).is_some()
        && document.get(duration).is_none()
        && let Some(epochs) = document.get("epochs").cloned()
    {
        document.set(duration, epochs, Origin::Default)?;
    }
    keep_starts_inside(document)?;
    if document.get("backend").and_then(toml::Value::as_str) == Some("cpu") {
        let origin = document.origin("backend").cloned().unwrap_or(Origin::Default);
        document.set("backend", toml::Value::String("flex".into()), origin)?;
    }
    // Without labels the supervised losses are not measured, so nothing can control their weights.
    if !yes(document, "supervision.enabled") {
        for name in ["sup-purity-weight", "sup-balance-weight", "sup-metric-weight"] {
            if document.get(&format!("controller.{name}")).is_some() {
                let path = format!("controller.{name}.enabled");
                document.set(&path, toml::Value::Boolean(false), Origin::Default)?;
            }
        }
    }
    Ok(notices)
}
