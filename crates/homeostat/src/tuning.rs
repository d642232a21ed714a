//! The outer loop, end to end: targets of constraints searched on a validation score.
//!
//! The trainer stays the user's. A [`Tuner`] says which run comes next, as a [`Job`]: the checkpoint to go on
//! from, the settings of the engine with other targets, how many steps. The trainer answers with a
//! [`Validation`]. After every answer everything is saved in the folder of the tuning:
//!
//! | file | content |
//! | --- | --- |
//! | `tuning.json` | all that a resume needs, written atomically |
//! | `runs.md`, `runs.jsonl` | the runs as a table, and one row per run |
//! | `checkpoints/start` | the checkpoint that every search begins from, written by the trainer |
//! | `checkpoints/run_0003` | of runs that are still needed: the best, and those that a member goes on from |
//!
//! | concept | item |
//! | --- | --- |
//! | what is searched, in the file of the engine | [`SearchConfig`], [`read_search`], [`TuningPlan`] |
//! | by Bayesian optimization, or with a population | [`Method`] |
//! | ask, tell, begin, resume | [`Tuner`] |
//! | what a trainer is asked and answers | [`Job`], [`Validation`] |
//! | what became of it | [`Run`], [`Tuner::best`], [`Tuner::table`] |
//!
//! A checkpoint holds model, optimizer and the memory of the engine in one piece, so whoever goes on from
//! another's takes its windows over as well: a rank means nothing in another window. The page
//! `docs/mechanisms/search.md` has an example.

mod check;
mod config;
mod error;
mod file;
mod job;
mod state;
mod table;
mod tuner;
mod turn;

pub use config::{
    BayesianSearch, Method, PopulationSearch, SearchConfig, SearchVariable, TuningPlan,
};
pub use error::{DriveError, TuningConfigError, TuningError};
pub use file::{place, read_search};
pub use job::{Job, Validation};
pub use state::{Proposer, Run};
pub use tuner::Tuner;

/// The code on the page of the outer loop, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/mechanisms/search.md")]
struct Page;
