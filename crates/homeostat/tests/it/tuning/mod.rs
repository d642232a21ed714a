//! The outer loop over real engines: a small plant that is trained, stopped, copied and resumed.

mod copies;
mod errors;
mod files;
mod plant;
mod resume;
mod search;

use homeostat::tuning::{Method, Tuner, TuningPlan, read_search};
use homeostat_testkit::Folder;

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
