//! P, PI and PID control of a loss weight, so that a measured quantity reaches its setpoint.
//!
//! `u = bias + kp·e + ki·∫ e dt + kd·de/dt`, kept inside limits, with `e` = measured − setpoint:
//! positive means too high, and the weight rises.
//!
//! Source: Åström and Hägglund, *PID Controllers*, 2nd edition 1995, chapter 3; the reference's
//! variant from `fragile`'s topoencoder, commit 2f7a0570, is the form [`Form::Parity`]. The page
//! `docs/mechanisms/pid.md` has the variants and the reasons.
//!
//! | concept | item |
//! | --- | --- |
//! | what stands in a file | [`PidConfig`] |
//! | what is computed: the output, or its change | [`Form`] |
//! | on which side too much is | [`Action`] |
//! | what the first output is | [`Start`] |
//! | what the integral does at a limit | [`AntiWindup`] |
//! | of what the derivative is taken | [`Derivative`] |
//! | the law and its memory | [`Pid`], [`PidState`] |
//!
//! ```
//! use homeostat_core::{Clock, Law, RawLoss, Setpoint};
//! use homeostat_pid::PidConfig;
//!
//! let law = PidConfig::new(0.5, 0.2, 0.1).init::<RawLoss>(Clock::default())?;
//! let mut state = law.init();
//! let mut step = |loss| law.step(&mut state, (RawLoss::new(loss)?, Setpoint::new(1.0)?));
//! assert_eq!(step(3.0)?.get(), 0.5 + 0.1 * 2.0); // no jump: only the integral has moved
//! assert!(step(4.0)?.get() > 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod anti_windup;
mod config;
mod derivative;
mod form;
mod law;
mod limits;

pub use anti_windup::AntiWindup;
pub use config::{Action, PidConfig, Start};
pub use derivative::Derivative;
pub use form::Form;
pub use law::{Pid, PidState};

/// The code on the page of this mechanism, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/mechanisms/pid.md")]
struct Page;
