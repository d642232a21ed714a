//! What `constrained_quickstart` trains: data, model, and the two constrained numbers.

pub mod applicants;
pub mod classifier;
pub mod measures;
pub mod program;
mod surgery;
pub mod train;
#[cfg(feature = "search")]
pub mod tune;
