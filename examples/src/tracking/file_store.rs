//! MLflow's file store:
//!
//! ```text
//! mlruns/<experiment id>/meta.yaml
//! mlruns/<experiment id>/<run id>/meta.yaml
//!                                 params/<name>     the value
//!                                 tags/<name>       the value
//!                                 metrics/<name>    lines of: time in ms, value, step
//!                                 artifacts/
//! ```

use std::fs::{self, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::error::TrackingError;
use super::{RunStart, RunStatus, Store};

/// A run in a folder.
pub(super) struct FileStore {
    folder: PathBuf,
    meta: RunMeta,
}

impl FileStore {
    /// Finds or makes the experiment below `root`, then makes the run.
    pub(super) fn start(root: &Path, start: &RunStart) -> Result<Self, TrackingError> {
        make_folder(root)?;
        // MLflow opens artifacts by their address, which has to hold wherever it runs.
        let root = root.canonicalize().map_err(failed(root))?;
        let experiment = find_or_make_experiment(&root, start)?;
        let run = format!("{:016x}{:016x}", random_number(), random_number());
        let folder = root.join(&experiment).join(&run);
        for part in ["params", "tags", "metrics", "artifacts"] {
            make_folder(&folder.join(part))?;
        }
        let meta = RunMeta {
            run,
            experiment,
            name: start.run_name.to_owned(),
            user: start.user.clone(),
            artifacts: file_uri(&folder.join("artifacts")),
            start: start.time,
        };
        let store = Self { folder, meta };
        for (name, value) in &start.tags {
            write(&store.folder.join("tags").join(name), value)?;
        }
        // The description comes last: MLflow ignores a folder that has none.
        store.describe(RUNNING, None)?;
        Ok(store)
    }

    fn describe(&self, status: u8, end: Option<u64>) -> Result<(), TrackingError> {
        write(&self.folder.join("meta.yaml"), &self.meta.yaml(status, end))
    }
}

impl Store for FileStore {
    fn log_parameters(&mut self, parameters: &[(String, String)]) -> Result<(), TrackingError> {
        let folder = self.folder.join("params");
        parameters.iter().try_for_each(|(name, value)| write(&folder.join(name), value))
    }

    fn log_metrics(
        &mut self,
        time: u64,
        step: u64,
        metrics: &[(String, f64)],
    ) -> Result<(), TrackingError> {
        let folder = self.folder.join("metrics");
        for (name, value) in metrics {
            let path = folder.join(name);
            make_folder(path.parent().unwrap_or(&folder))?;
            let file = OpenOptions::new().create(true).append(true).open(&path);
            file.and_then(|mut file| file.write_all(format!("{time} {value} {step}\n").as_bytes()))
                .map_err(failed(&path))?;
        }
        Ok(())
    }

    fn finish(&mut self, time: u64, status: RunStatus) -> Result<(), TrackingError> {
        let status = match status {
            RunStatus::Finished => 3,
            RunStatus::Failed => 4,
            RunStatus::Killed => 5,
        };
        self.describe(status, Some(time))
    }
}

/// MLflow's number for a run that goes on.
const RUNNING: u8 = 1;

/// What stays the same in a run's description.
struct RunMeta {
    run: String,
    experiment: String,
    name: String,
    user: String,
    artifacts: String,
    start: u64,
}

impl RunMeta {
    fn yaml(&self, status: u8, end: Option<u64>) -> String {
        let end = end.map_or("null".to_owned(), |time| time.to_string());
        let Self { run, experiment, start, .. } = self;
        let [artifacts, name, user] = [&self.artifacts, &self.name, &self.user].map(|t| quoted(t));
        format!(
            "artifact_uri: {artifacts}\nend_time: {end}\nentry_point_name: ''\n\
             experiment_id: '{experiment}'\nlifecycle_stage: active\nrun_id: {run:?}\n\
             run_name: {name}\nrun_uuid: {run:?}\nsource_name: ''\nsource_type: 4\n\
             source_version: ''\nstart_time: {start}\nstatus: {status}\ntags: []\n\
             user_id: {user}\n"
        )
    }
}

fn find_or_make_experiment(root: &Path, start: &RunStart) -> Result<String, TrackingError> {
    for entry in fs::read_dir(root).map_err(failed(root))? {
        let folder = entry.map_err(failed(root))?.path();
        // Folders without a description, such as MLflow's waste basket, are no experiments.
        let Ok(meta) = fs::read_to_string(folder.join("meta.yaml")) else {
            continue;
        };
        let name = meta.lines().find_map(|line| line.strip_prefix("name: ")).map(unquoted);
        if let Some(id) = folder.file_name()
            && name.as_deref() == Some(start.experiment)
        {
            return Ok(id.to_string_lossy().into_owned());
        }
    }
    // MLflow's own numbers have 18 digits, except 0 for the experiment named Default.
    let id = match start.experiment {
        "Default" => "0".to_owned(),
        _ => (10_u64.pow(17) + random_number() % (9 * 10_u64.pow(17))).to_string(),
    };
    let folder = root.join(&id);
    make_folder(&folder)?;
    let (artifacts, name, time) =
        (quoted(&file_uri(&folder)), quoted(start.experiment), start.time);
    let meta = format!(
        "artifact_location: {artifacts}\ncreation_time: {time}\nexperiment_id: '{id}'\n\
         last_update_time: {time}\nlifecycle_stage: active\nname: {name}\n"
    );
    write(&folder.join("meta.yaml"), &meta)?;
    Ok(id)
}

/// A JSON text, which is also a YAML text.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Undoes YAML's three ways to write a text on one line.
fn unquoted(text: &str) -> String {
    let text = text.trim();
    if let Ok(text) = serde_json::from_str::<String>(text) {
        return text;
    }
    let single = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    single.map_or_else(|| text.to_owned(), |text| text.replace("''", "'"))
}

fn file_uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// The standard library's hash keys are random, and names are all that is needed here.
fn random_number() -> u64 {
    RandomState::new().hash_one(std::process::id())
}

/// Writes a small file whole: beside its place first, then renamed.
fn write(path: &Path, content: &str) -> Result<(), TrackingError> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    fs::write(&part, content).and_then(|()| fs::rename(&part, path)).map_err(failed(path))
}

fn make_folder(path: &Path) -> Result<(), TrackingError> {
    fs::create_dir_all(path).map_err(failed(path))
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> TrackingError {
    move |source| TrackingError::File { path: path.to_owned(), source }
}
