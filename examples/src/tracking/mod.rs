//! Records a run with MLflow, over HTTP or into MLflow's folder layout.
//!
//! | `tracking_uri` | where the run goes |
//! | --- | --- |
//! | `http://host:port` | a tracking server, by MLflow's REST API 2.0 |
//! | `file:PATH`, `file:///PATH` or a plain path | MLflow's file store in that folder |
//! | empty | the file store in the folder `mlruns` |
//!
//! Tracking never stops a training run: the first failure is returned as a [`TrackingWarning`]
//! for the trainer to print, and from then on the tracker does nothing.

mod error;
mod file_store;
mod name;
mod rest_store;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

pub use error::{TrackingError, TrackingWarning};
use file_store::FileStore;
use rest_store::RestStore;

/// Where and under which names a run is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MlflowConfig {
    /// Address of the server or of the folder.
    pub tracking_uri: String,
    /// Experiment, made when it does not exist; empty means MLflow's `Default`.
    pub experiment: String,
    /// Name of the run.
    pub run_name: String,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunStatus {
    /// It did what it was asked to do.
    Finished,
    /// It stopped with an error.
    Failed,
    /// Someone stopped it.
    Killed,
}

/// One run of one experiment, in either kind of store.
trait Store {
    fn log_parameters(&mut self, parameters: &[(String, String)]) -> Result<(), TrackingError>;

    fn log_metrics(
        &mut self,
        time: u64,
        step: u64,
        metrics: &[(String, f64)],
    ) -> Result<(), TrackingError>;

    fn finish(&mut self, time: u64, status: RunStatus) -> Result<(), TrackingError>;
}

/// What a store is told when a run begins. The time is in milliseconds since 1970.
struct RunStart<'a> {
    experiment: &'a str,
    run_name: &'a str,
    user: String,
    tags: Vec<(&'static str, String)>,
    time: u64,
}

/// Records parameters and metrics of one run, or does nothing.
pub struct MlflowTracker {
    store: Option<Box<dyn Store>>,
}

impl MlflowTracker {
    /// A tracker that records nothing, for runs without `--mlflow true`.
    pub fn off() -> Self {
        Self { store: None }
    }

    /// Starts a run. When that fails, the tracker is off and the warning says why.
    pub fn start(config: &MlflowConfig) -> (Self, Option<TrackingWarning>) {
        match open(config) {
            Ok(store) => (Self { store: Some(store) }, None),
            Err(reason) => (Self::off(), Some(TrackingWarning { reason })),
        }
    }

    /// Whether anything is still recorded.
    pub fn is_on(&self) -> bool {
        self.store.is_some()
    }

    /// Records settings of the run, once. Values longer than 500 characters are cut.
    #[must_use = "a warning should be shown, because tracking is off from then on"]
    pub fn log_parameters(
        &mut self,
        parameters: &BTreeMap<String, String>,
    ) -> Option<TrackingWarning> {
        let parameters: Vec<_> = parameters
            .iter()
            .map(|(name, value)| (name::legal(name), name::shorten(value)))
            .collect();
        self.attempt(|store| store.log_parameters(&parameters))
    }

    /// Records measured values of a step, such as an epoch. Values that are not finite are left
    /// out, because MLflow's servers differ in what they make of them.
    #[must_use = "a warning should be shown, because tracking is off from then on"]
    pub fn log_metrics(
        &mut self,
        step: u64,
        metrics: &BTreeMap<String, f64>,
    ) -> Option<TrackingWarning> {
        let metrics: Vec<_> = metrics
            .iter()
            .filter(|(_, value)| value.is_finite())
            .map(|(name, &value)| (name::legal(name), value))
            .collect();
        let time = milliseconds_since_1970();
        self.attempt(|store| store.log_metrics(time, step, &metrics))
    }

    /// Marks the run as ended; whatever is logged afterwards is ignored.
    #[must_use = "a warning should be shown, because the run stays open in MLflow"]
    pub fn finish(&mut self, status: RunStatus) -> Option<TrackingWarning> {
        let time = milliseconds_since_1970();
        let warning = self.attempt(|store| store.finish(time, status));
        self.store = None;
        warning
    }

    fn attempt(
        &mut self,
        action: impl FnOnce(&mut dyn Store) -> Result<(), TrackingError>,
    ) -> Option<TrackingWarning> {
        let reason = action(self.store.as_deref_mut()?).err()?;
        self.store = None;
        Some(TrackingWarning { reason })
    }
}

fn open(config: &MlflowConfig) -> Result<Box<dyn Store>, TrackingError> {
    let user = std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_default();
    let program = std::env::current_exe().ok();
    let program = program.as_deref().and_then(|path| path.file_stem());
    let mut tags = vec![
        ("mlflow.runName", config.run_name.clone()),
        ("mlflow.user", user.clone()),
        ("mlflow.source.type", "LOCAL".to_owned()),
        ("mlflow.source.name", program.unwrap_or_default().to_string_lossy().into_owned()),
    ];
    tags.retain(|(_, value)| !value.is_empty());
    let start = RunStart {
        experiment: if config.experiment.is_empty() { "Default" } else { &config.experiment },
        run_name: &config.run_name,
        user,
        tags,
        time: milliseconds_since_1970(),
    };
    let uri = config.tracking_uri.as_str();
    if uri.starts_with("http://") {
        return Ok(Box::new(RestStore::start(uri, &start)?));
    }
    let path = match uri.strip_prefix("file:") {
        // An empty host or `localhost` may stand between the slashes.
        Some(rest) => match rest.strip_prefix("//") {
            Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
            None => rest,
        },
        None if uri.contains("://") || uri == "databricks" => {
            return Err(TrackingError::Uri { found: uri.to_owned() });
        }
        None => uri,
    };
    let path = if path.is_empty() { "mlruns" } else { path };
    Ok(Box::new(FileStore::start(path.as_ref(), &start)?))
}

fn milliseconds_since_1970() -> u64 {
    // A clock before 1970 is no reason to record nothing.
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    elapsed.as_millis() as u64
}
