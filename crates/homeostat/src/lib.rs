//! Training constants as controlled variables.
//!
//! A sensor measures (a loss, an entropy, a norm), a controller decides (a multiplier, a PID, a
//! learning-rate governor), an actuator applies (a loss weight, a learning rate). This crate assembles
//! them: controllers are declared in a file, wired by name, checked, ordered, and run once per step.
//!
//! ```
//! use homeostat::{Builder, Clock, ControlConfig, RawLoss};
//!
//! let config: ControlConfig = toml::from_str(
//!     r#"
//!     weight.kl = 0.1
//!     setpoint.kl = 25.0
//!     [controller.kl-weight]
//!     reads = { measured = "kl", setpoint = "kl" }
//!     writes = { weight = "kl" }
//!     law.multiplier = { rate = 0.01 }
//!     "#,
//! )?;
//! let mut builder = Builder::new(Clock::default());
//! let kl = builder.sensor::<RawLoss>("kl")?;
//! builder.configure(&config)?;
//! let weight = builder.weight_slot("kl")?;
//! let mut control = builder.build()?;
//! for loss in [31.4, 30.2, 28.9] {
//!     control.board_mut().observe(kl, loss)?; // measure
//!     control.step()?;                        // decide
//! }
//! assert!(control.board().get(weight)?.get() > 0.2); // apply: KL is too high, its weight rises
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | concept | item |
//! | --- | --- |
//! | read the file of a dual engine, watch it | [`read_dual`], [`Watch`] |
//! | declare and assemble | [`ControlConfig`], [`ControllerConfig`], [`LawConfig`], [`Builder`] |
//! | run, save, load, watch | [`Orchestrator`], [`Means`] |
//! | numbers, ports, laws | re-exported from [`homeostat_core`] |
//! | the laws | [`multiplier`], [`normalize`], [`pid`], [`precision`], [`governor`], [`ceiling`] |
//! | gradient surgery | [`surgery`], [`SurgerySlots`] |
//! | search targets on a validation score | `tuning`, `search` (feature `search`) |
//! | sensors and actuators for burn | `burn` (feature `burn`) |

mod builder;
mod catalog;
mod config;
mod dual_file;
mod engine;
mod error;
mod files;
mod means;
mod orchestrator;
mod order;
#[cfg(feature = "burn")]
mod surgery_file;
mod surgery_slots;
#[cfg(feature = "search")]
pub mod tuning;
mod watch;

#[cfg(feature = "burn")]
pub use homeostat_burn as burn;
pub use homeostat_ceiling as ceiling;
pub use homeostat_config as configuration;
pub use homeostat_core::{
    Board, Clock, ConfigError, Controller, Entropy, FaultCount, GradientNorm, Law, Layout,
    LearningRate, LoadError, LogVariance, Metric, Multiplier, NormalizedLoss, Optional,
    ParameterNorm, Port, PortId, Ports, Probe, Quantity, RangeError, RawLoss, Scalar, Setpoint,
    Sink, Slot, SlotIndex, Snapshot, StepError, TimeUnit, UpdateNorm, Weight, Wired, WiringError,
    random,
};
pub use homeostat_governor as governor;
pub use homeostat_multiplier as multiplier;
pub use homeostat_normalize as normalize;
pub use homeostat_pid as pid;
pub use homeostat_precision as precision;
#[cfg(feature = "search")]
pub use homeostat_search as search;
pub use homeostat_signal as signal;
pub use homeostat_surgery as surgery;
pub use homeostat_telemetry as telemetry;

pub use builder::{Builder, FAULTS};
pub use catalog::LawConfig;
pub use config::{ControlConfig, ControllerConfig, OnRefusal};
pub use dual_file::{place_dual, read_dual};
pub use error::{BuildError, Stopped};
pub use files::write_atomically;
pub use means::Means;
pub use orchestrator::{Counts, Orchestrator, OrchestratorSnapshot, StepReport};
#[cfg(feature = "burn")]
pub use surgery_file::read_surgery;
pub use surgery_slots::SurgerySlots;
pub use watch::{Note, Watch};
