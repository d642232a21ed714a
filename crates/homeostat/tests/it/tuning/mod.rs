//! The outer loop over real engines: a small plant that is trained, stopped, copied and resumed.

mod copies;
mod errors;
mod files;
mod plant;
mod resume;
mod search;

use std::path::{Path, PathBuf};

use homeostat::tuning::{Method, Tuner, TuningPlan, read_search};

/// A folder that is removed when the test ends.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("homeostat-tuning-{name}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).expect("the tuning wrote it")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `level` is searched; `shape` keeps a window; `speed` is hard, and may tighten.
pub(crate) const TEXT: &str = r#"[dual]
rate = 0.05
smoothing = 0.3
deadzone = 0.01
spike = "off"
resume = { steps = 20 }
[constraints.level]
target = { raw = 1.7 }
normalizer = "none"
[constraints.shape]
target = { normalized = 0.9 }
normalizer = { rank = { window = 100, min_count = 10 } }
[constraints.speed]
hard = true
target = { raw = 0.9 }
normalizer = "none"
[search]
seed = 3
[search.variables.level]
low = 0.6
high = 1.9
[search.variables.speed]
low = 0.7
high = 1.0
[search.bayesian]
budget = 14
steps = 400
[search.population]
size = 5
rounds = 12
steps = 100
"#;

#[track_caller]
pub(crate) fn plan(text: &str) -> TuningPlan {
    read_search("tuning.toml", text).unwrap_or_else(|error| panic!("{error}"))
}

/// A tuning in a new folder, with its start checkpoint.
#[track_caller]
pub(crate) fn begin(plan: &TuningPlan, method: Method, folder: &Folder) -> Tuner {
    let tuner = Tuner::begin(plan.clone(), method, folder.path());
    let tuner = tuner.unwrap_or_else(|error| panic!("{error}"));
    plant::write_start(&plan.dual, &tuner.start());
    tuner
}

pub(crate) const METHODS: [Method; 2] = [Method::Bayesian, Method::Population];
