//! The settings of a run, typed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use homeostat::ceiling::{Rules, Samples};
use homeostat::{Clock, ConfigError, ControlConfig, ControllerConfig};
use serde::{Deserialize, Serialize};

use super::lbo::LboSettings;
use super::model::{Architecture, ModelConfig};
use crate::data::ShapesConfig;
use crate::document::{Document, Origin};
use crate::trainer::settings::{MlflowSettings, SettingsError};

/// The defaults that are compiled in.
pub const DEFAULTS: &str = include_str!("../../../configs/vae.toml");

/// How the balance between reconstruction and divergence is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// The logarithmic bottleneck under discovered ceilings.
    Lbo,
    /// A weight of the divergence that is given: constant, or on a ramp.
    Beta,
    /// A multiplier on a bound of the reconstruction error.
    Geco,
    /// A PID controller on the weight of the divergence, towards a setpoint.
    Pid,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 4] = [Self::Lbo, Self::Beta, Self::Geco, Self::Pid];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lbo => "lbo",
            Self::Beta => "beta",
            Self::Geco => "geco",
            Self::Pid => "pid",
        }
    }
}

/// Every setting of a run; the comments in `configs/vae.toml` say what each does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the configuration file documents every setting, once")]
pub struct Settings {
    pub method: Method,
    pub epochs: u64,
    pub batch_size: usize,
    pub seed: u64,
    pub gradient_clip: f64,
    pub log_every: u64,
    pub save_every: u64,
    pub save_every_batches: u64,
    pub output_dir: String,
    pub backend: String,
    pub threads: usize,
    pub data: DataSettings,
    pub model: ModelConfig,
    pub optimizer: OptimizerSettings,
    pub lbo: LboSettings,
    pub mlflow: MlflowSettings,
    pub weight: BTreeMap<String, f64>,
    #[serde(default)]
    pub setpoint: BTreeMap<String, f64>,
    #[serde(default)]
    pub controller: BTreeMap<String, ControllerConfig>,
}

/// `[data]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the configuration file documents every setting, once")]
pub struct DataSettings {
    pub dataset: String,
    pub directory: String,
    pub samples: usize,
    pub test_samples: usize,
    pub shapes: ShapesConfig,
}

/// `[optimizer]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the configuration file documents every setting, once")]
pub struct OptimizerSettings {
    pub learning_rate: f64,
    pub beta_1: f64,
    pub beta_2: f64,
    pub epsilon: f64,
}

impl Settings {
    /// Reads and checks the settings of a document. Notices are things a person should know.
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
            ..ControlConfig::default()
        }
    }

    /// Folder of the run's files.
    pub fn output(&self) -> PathBuf {
        let folder = if self.output_dir.is_empty() { "outputs/vae" } else { &self.output_dir };
        Path::new(folder).to_owned()
    }

    fn check(&self, document: &Document) -> Result<(), SettingsError> {
        let fail = |field: &str, legal, found: String| {
            Err(SettingsError::range(document, field, legal, found))
        };
        for (field, value, least, legal) in [
            ("epochs", self.epochs, 1, "at least 1"),
            ("batch_size", self.batch_size as u64, 4, "at least 4: details are swapped in a batch"),
            ("data.samples", self.data.samples as u64, 4, "at least 4"),
            ("data.test_samples", self.data.test_samples as u64, 2, "at least 2"),
            ("model.hidden", self.model.hidden as u64, 1, "at least 1"),
            ("model.bottleneck", self.model.bottleneck as u64, 1, "at least 1"),
            ("model.channels", self.model.channels as u64, 1, "at least 1"),
            ("model.core", self.model.core as u64, 2, "at least 2"),
            ("model.detail", self.model.detail as u64, 2, "at least 2"),
        ] {
            if value < least {
                return fail(field, legal, value.to_string());
            }
        }
        let rate = self.optimizer.learning_rate;
        if !(rate.is_finite() && rate > 0.0) {
            return fail("optimizer.learning_rate", "finite and above 0", rate.to_string());
        }
        if !(self.optimizer.epsilon.is_finite() && self.optimizer.epsilon > 0.0) {
            let found = self.optimizer.epsilon.to_string();
            return fail("optimizer.epsilon", "finite and above 0", found);
        }
        for (field, value) in [
            ("optimizer.beta_1", self.optimizer.beta_1),
            ("optimizer.beta_2", self.optimizer.beta_2),
        ] {
            if !(0.0..1.0).contains(&value) {
                return fail(field, "at least 0 and below 1", value.to_string());
            }
        }
        if !(self.gradient_clip.is_finite() && self.gradient_clip >= 0.0) {
            let found = self.gradient_clip.to_string();
            return fail("gradient_clip", "finite and not negative", found);
        }
        let [lowest, highest] = self.model.log_variance_limits;
        let start = self.model.start_log_variance;
        // Beyond these e^ℓ leaves single precision.
        if !(lowest >= -30.0 && highest <= 20.0 && lowest < highest) {
            let found = format!("{:?}", self.model.log_variance_limits);
            return fail("model.log_variance_limits", "rising and between -30 and 20", found);
        }
        if !(lowest..=highest).contains(&start) {
            let legal = "inside model.log_variance_limits";
            return fail("model.start_log_variance", legal, start.to_string());
        }
        let shapes = self.data.dataset == "shapes";
        let fits = !shapes || self.data.shapes.side.is_multiple_of(4);
        if self.model.architecture == Architecture::Convolutional && !fits {
            let found = self.data.shapes.side.to_string();
            return fail("data.shapes.side", "divisible by 4 for convolutions", found);
        }
        if self.lbo.ceiling.goals != super::lbo::DIVERGENCES {
            let found = format!("{:?}", self.lbo.ceiling.goals);
            return fail("lbo.ceiling.goals", "[\"kl_core\", \"kl_detail\"]", found);
        }
        self.check_lbo(document)?;
        if let Samples::Worst(share) = self.lbo.samples {
            if Samples::Worst(share).check("lbo.samples.worst").is_err() {
                return fail("lbo.samples.worst", "above 0 and at most 1", share.to_string());
            }
            if self.lbo.routing != super::lbo::Routing::Minimum {
                let legal = "\"mean\" with balanced routing: every image has its own worst group; \
                             with `routing = \"minimum\"` it can be { worst = … }";
                return fail("lbo.samples", legal, format!("{{ worst = {share} }}"));
            }
        }
        if let super::lbo::Routing::Balanced { rate, proportional } = self.lbo.routing {
            if !(rate > 0.0 && rate <= 1.0) {
                let legal = "above 0 and at most 1";
                return fail("lbo.routing.balanced.rate", legal, rate.to_string());
            }
            if !(proportional.is_finite() && proportional >= 0.0) {
                let (field, found) =
                    ("lbo.routing.balanced.proportional", proportional.to_string());
                return fail(field, "finite and not negative", found);
            }
        }
        if let Some(name) =
            self.weight.keys().find(|name| !["reconstruction", "kl"].contains(&name.as_str()))
        {
            return fail("weight", "the names reconstruction and kl", format!("'{name}'"));
        }
        Ok(())
    }

    /// Every table of `[lbo]` under its own rules, before there are data.
    fn check_lbo(&self, document: &Document) -> Result<(), SettingsError> {
        let lbo = &self.lbo;
        for (field, rules) in
            [("lbo.ceiling.rules", lbo.ceiling.rules), ("lbo.step.rules", lbo.step.rules)]
        {
            if rules != Rules::Mended {
                let legal = "\"mended\": the published rules hold for the reference's own goals, and the \
                             goals of this trainer are mended";
                let found = format!("{rules:?}").to_lowercase();
                return Err(SettingsError::range(document, field, legal, found));
            }
        }
        let refused =
            |prefix: &str, error: &ConfigError| SettingsError::refused(document, prefix, error);
        let batches = (self.data.samples / self.batch_size.max(1)).max(1) as u64;
        let clock = Clock::new(batches).map_err(|error| refused("lbo.ceiling", &error))?;
        let ceiling = lbo.ceiling.init(clock).map_err(|error| refused("lbo.ceiling", &error))?;
        let calibration = lbo.calibration.batches;
        ceiling.check_calibration(calibration).map_err(|error| refused("lbo", &error))?;
        lbo.step.init().map_err(|error| refused("lbo.step", &error))?;
        lbo.goals()
            .map_err(|error| error.to_string())
            .and_then(|goals| goals.init().map(drop).map_err(|error| format!("lbo.{error}")))
            .map_err(|message| SettingsError::Refused { message, origin: String::new() })
    }
}

/// Settings that depend on each other: done once, before the types, so that the saved configuration
/// shows the result.
fn reconcile(document: &mut Document) -> Result<Vec<String>, SettingsError> {
    let mut notices = Vec::new();
    let method = document.get("method").and_then(toml::Value::as_str).unwrap_or("").to_owned();
    // The controllers of the other methods are not there.
    let names: Vec<String> = document
        .get("controller")
        .and_then(toml::Value::as_table)
        .map(|table| table.keys().cloned().collect())
        .unwrap_or_default();
    for other in Method::ALL.map(Method::name) {
        let mine = names.iter().filter(|name| name.starts_with(&format!("{other}-")));
        for name in mine.filter(|_| other != method) {
            let path = format!("controller.{name}.enabled");
            document.set(&path, toml::Value::Boolean(false), Origin::Default)?;
        }
    }
    let (duration, law) = ("controller.cosine.law.cosine.duration", "controller.cosine.law.cosine");
    if document.get(law).is_some()
        && document.get(duration).is_none()
        && let Some(epochs) = document.get("epochs").cloned()
    {
        document.set(duration, epochs, Origin::Default)?;
    }
    // A table of ceilings ends at its own target, so that the default one has to go.
    let target = "lbo.ceiling.target";
    if document.get("lbo.ceiling.squeeze.absolute").is_some() && !document.is_asked(target) {
        document.unset(target, Origin::Default);
    }
    // A short epoch has room for a short calibration only, unless somebody asked for that number.
    let path = "lbo.calibration.batches";
    let whole = |path: &str| document.get(path).and_then(toml::Value::as_integer);
    if let (Some(samples), Some(batch), Some(batches)) =
        (whole("data.samples"), whole("batch_size"), whole(path))
        && document.origin(path) == Some(&Origin::Default)
    {
        let most = (samples / batch.max(1) / 3).max(1);
        if samples > 0 && batches > most {
            notices.push(format!("an epoch has {} batches: {most} calibrate", 3 * most));
            document.set(path, toml::Value::Integer(most), Origin::Default)?;
        }
    }
    if document.get("backend").and_then(toml::Value::as_str) == Some("cpu") {
        let origin = document.origin("backend").cloned().unwrap_or(Origin::Default);
        document.set("backend", toml::Value::String("flex".into()), origin)?;
    }
    Ok(notices)
}
