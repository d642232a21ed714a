//! Many multipliers of one kind: one per sample, class or component of a vector constraint.

mod config;
mod step;

pub use config::IndexedConfig;
pub use step::{IndexedMultipliers, IndexedState};
