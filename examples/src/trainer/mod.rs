//! The trainer of `topoencoder_2d`.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `flags`, `settings` | command line and configuration |
//! | `backend` | which backend computes |
//! | `source` | the rows to train and test on |
//! | `model` | the modules and their optimizers |
//! | `panel` | sensors, start values and controllers |
//! | `step`, `terms`, `sideline` | one training step; its losses; what learns beside the atlas |
//! | `operation` | gradient surgery on these losses |
//! | `rollback` | back to the start of the epoch, when dropping steps does not help |
//! | `spread` | the singular values, measured on the host |
//! | `session` | the loop over epochs |
//! | `state` | what a checkpoint holds |
//! | `evaluate`, `rows`, `report`, `console`, `tracker` | what a person gets to see |
//! | `program` | from the command line to the exit code |

pub mod backend;
pub mod console;
pub mod error;
pub mod evaluate;
pub mod flags;
pub mod model;
pub mod operation;
pub mod panel;
pub mod program;
pub mod report;
pub mod rollback;
pub mod rows;
pub mod session;
pub mod settings;
pub mod sideline;
pub mod source;
pub mod spread;
pub mod state;
pub mod step;
pub mod terms;
pub mod tracker;

pub use error::TrainError;
