//! Learned precisions: the weight of a loss term from its own size.
//!
//! The total `Σ exp(−s)·L + s` has, for every term, its minimum in the log-variance `s` at
//! `s = ln L`, where the weighted term is 1. The law follows that minimum and decides the weight
//! `exp(−s)` and the term `+ s`.
//!
//! Source: Kendall, Gal and Cipolla 2018, *Multi-task learning using uncertainty to weigh losses*,
//! section 3; without their factor ½, as in `fragile`'s topoencoder, commit 2f7a0570. The page
//! `docs/mechanisms/precision.md` has the variants and the reasons.
//!
//! | concept | item |
//! | --- | --- |
//! | what stands in a file | [`PrecisionConfig`] |
//! | how the minimum is followed | [`Mode`] |
//! | the law and its memory | [`Precision`], [`PrecisionState`] |
//!
//! ```
//! use homeostat_core::{Clock, Law, RawLoss};
//! use homeostat_precision::{Mode, PrecisionConfig};
//!
//! let law = PrecisionConfig::new(Mode::ClosedForm { averaging_time: 0.0 }).init(Clock::default())?;
//! let (weight, log_variance) = law.step(&mut law.init(), RawLoss::new(4.0)?)?;
//! assert!((weight.get() - 0.25).abs() < 1e-15);
//! assert_eq!(log_variance.get(), 4.0_f64.ln());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod law;
mod mode;

pub use config::PrecisionConfig;
pub use law::{Precision, PrecisionState};
pub use mode::Mode;

/// The code on the page of this mechanism, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/mechanisms/precision.md")]
struct Page;
