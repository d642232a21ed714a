use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use homeostat_examples::tracking::{MlflowConfig, MlflowTracker, RunStatus};

use crate::folder::Folder;

fn config(uri: &str, experiment: &str) -> MlflowConfig {
    MlflowConfig {
        tracking_uri: uri.to_owned(),
        experiment: experiment.to_owned(),
        run_name: "a \"first\" run: 1".to_owned(),
    }
}

fn started(config: &MlflowConfig) -> MlflowTracker {
    let (tracker, warning) = MlflowTracker::start(config);
    assert!(warning.is_none(), "{}", warning.unwrap());
    tracker
}

/// The folders below `folder`.
fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn a_run_can_be_read_back_from_its_folder() {
    let folder = Folder::new();
    let root = folder.path().join("mlruns");
    let mut tracker = started(&config(&format!("file://{}", root.display()), "topo"));
    let parameters = [("lr", "0.001".to_owned()), ("long", "x".repeat(900))];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value));
    assert!(tracker.log_parameters(&BTreeMap::from(parameters)).is_none());
    for (step, value) in [(0, 0.5), (1, f64::NAN), (2, 1e-9), (3, f64::INFINITY)] {
        let metrics = BTreeMap::from([("loss/recon".to_owned(), value)]);
        assert!(tracker.log_metrics(step, &metrics).is_none());
    }
    let [experiment] = folders(&root).try_into().unwrap();
    let [run] = folders(&experiment).try_into().unwrap();
    let meta = read(&run.join("meta.yaml"));
    assert!(meta.contains("\nstatus: 1\n") && meta.contains("\nend_time: null\n"), "{meta}");
    assert!(meta.contains(r#"run_name: "a \"first\" run: 1""#), "{meta}");
    assert_eq!(read(&run.join("params/lr")), "0.001");
    assert_eq!(read(&run.join("params/long")).len(), 500);
    assert_eq!(read(&run.join("tags/mlflow.runName")), "a \"first\" run: 1");
    let metric = read(&run.join("metrics/loss/recon"));
    let points: Vec<(f64, u64)> = metric
        .lines()
        .map(|line| {
            let [time, value, step] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
            // After 2020, in milliseconds.
            assert!(time.parse::<u64>().unwrap() > 1_577_836_800_000);
            (value.parse().unwrap(), step.parse().unwrap())
        })
        .collect();
    assert_eq!(points, [(0.5, 0), (1e-9, 2)]);
    assert!(tracker.finish(RunStatus::Finished).is_none());
    let meta = read(&run.join("meta.yaml"));
    assert!(meta.contains("\nstatus: 3\n") && !meta.contains("null"), "{meta}");
    assert!(!tracker.is_on());
}

#[test]
fn runs_of_one_experiment_share_its_folder_however_its_name_is_quoted() {
    let folder = Folder::new();
    let uri = folder.path().display().to_string();
    started(&config(&uri, "it's one"));
    started(&config(&uri, "it's one"));
    started(&config(&uri, ""));
    folder.write("77/meta.yaml", b"experiment_id: '77'\nname: 'it''s two'\n");
    started(&config(&uri, "it's two"));
    let runs = |id: &str| folders(&folder.path().join(id)).len();
    let names = folder.names();
    assert_eq!(names.len(), 3, "{names:?}");
    assert_eq!((runs("0"), runs("77")), (1, 1));
    let other = names.iter().find(|name| name.len() == 18).unwrap();
    assert_eq!(runs(other), 2);
}

#[test]
fn a_metric_cannot_be_written_outside_its_run() {
    let folder = Folder::new();
    let mut tracker = started(&config(&folder.path().join("runs").display().to_string(), "topo"));
    let metrics = BTreeMap::from([("../../../../outside".to_owned(), 1.0)]);
    assert!(tracker.log_metrics(0, &metrics).is_none());
    assert_eq!(folder.names(), ["runs"]);
}

#[test]
fn a_store_that_fails_gives_one_warning_and_turns_itself_off() {
    let folder = Folder::new();
    let root = folder.path().join("mlruns");
    let mut tracker = started(&config(&root.display().to_string(), "topo"));
    fs::remove_dir_all(&root).unwrap();
    fs::write(&root, "no folder").unwrap();
    let metrics = BTreeMap::from([("loss".to_owned(), 1.0)]);
    let warning = tracker.log_metrics(0, &metrics).unwrap().to_string();
    assert!(warning.starts_with("the run goes on without mlflow: "), "{warning}");
    assert!(!tracker.is_on());
    assert!(tracker.log_metrics(1, &metrics).is_none());
    assert!(tracker.finish(RunStatus::Failed).is_none());
}

#[test]
fn an_address_of_another_kind_is_refused_with_the_legal_ones() {
    for uri in ["https://host", "sqlite:///a.db", "databricks"] {
        let (tracker, warning) = MlflowTracker::start(&config(uri, "topo"));
        let warning = warning.unwrap().to_string();
        assert!(warning.contains("http://host:port, file:PATH or a path"), "{warning}");
        assert!(!tracker.is_on());
    }
}
