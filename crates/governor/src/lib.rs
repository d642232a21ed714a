//! The learning rate as a controlled variable, and the open-loop schedules it replaces.
//!
//! The governor averages the loss over windows of steps and moves the rate `η` by factors: `η·1.02`
//! after five calm windows, `η·0.5` after three windows whose loss `L` has risen above its average
//! `m` (`L − m > τ·a`, `a` the average of `|L|`), on a plateau, on a violated coupling window, and at
//! once when a loss or a gradient was not finite. Between these decisions two limits act on every
//! step: `η ≤ η₋·r_max / r` for the measured ratio `r = ‖Δθ‖/‖θ‖` of the last update, and
//! `η ≤ v_max / (‖∇‖ + ε)`.
//!
//! Source: the laws are the TopoEncoder report's (sections 1 and 5), their numbers those of its
//! controller, which [`GovernorConfig::parity`] reproduces with all its quirks. The report's own
//! update rule is the velocity limit. `docs/mechanisms/governor.md` and `docs/mechanisms/schedules.md`
//! hold formulas, variants and reasons.
//!
//! | concept | item |
//! | --- | --- |
//! | configuration of the governor | [`GovernorConfig`], [`OnViolation`], [`UpdateRatioMeasure`], [`Rules`] |
//! | the law and its memory | [`Governor`], [`GovernorState`], [`GovernorInput`] |
//! | what held the rate down or up in a step | [`Limit`] |
//! | a constant rate | [`ConstantConfig`], [`Constant`] |
//! | a cosine from one rate to another | [`CosineConfig`], [`Cosine`] |
//! | a weight that comes in on a ramp, behind a gate | [`RampConfig`], [`Ramp`], [`GateConfig`] |
//!
//! ```
//! use homeostat_core::{Clock, FaultCount, Law, RawLoss};
//! use homeostat_governor::GovernorConfig;
//!
//! let governor = GovernorConfig::new(1e-3, 1e-2).init(Clock::default())?;
//! let mut state = governor.init();
//! let mut rates = Vec::new();
//! for loss in [3.0, 2.9, 2.8, 2.7, 2.6, 9.0, 9.5, 9.9] {
//!     let loss = Some(RawLoss::new(loss)?);
//!     let input = (loss, None, None, None, None, None, FaultCount::new(0.0)?);
//!     rates.push(governor.step(&mut state, input)?.get());
//! }
//! assert_eq!(rates[3], 1e-3);         // four calm windows change nothing,
//! assert_eq!(rates[4], 1.02e-3);      // the fifth lets the rate grow,
//! assert_eq!(rates[7], 0.51e-3);      // and three windows above the average halve it.
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod check;
mod config;
mod law;
mod limit;
mod mended;
mod ramp;
mod reading;
mod reference;
mod schedule;

pub use config::{GovernorConfig, OnViolation, Rules, UpdateRatioMeasure};
pub use law::{Governor, GovernorInput, GovernorState};
pub use limit::Limit;
pub use ramp::{FirstAboveFinal, GateConfig, Ramp, RampConfig, RampState};
pub use schedule::{Constant, ConstantConfig, Cosine, CosineConfig, ScheduleState};

#[cfg(doctest)]
#[doc = include_str!("../../../docs/mechanisms/governor.md")]
struct GovernorPage;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/mechanisms/schedules.md")]
struct SchedulesPage;
