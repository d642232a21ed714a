//! Targets that move: fixed numbers, curricula, and percentiles of a recorded baseline.

mod config;
mod course;
mod percentile;
mod read;

pub use config::{Bound, Linear, Schedule, Sigmoid, StepPoint, Steps};
pub use course::{ScheduleState, TargetSchedule};
pub use percentile::Percentile;
