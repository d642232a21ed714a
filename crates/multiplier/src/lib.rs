//! Primal-dual multipliers: the weight of a loss term as the price of a constraint.
//!
//! A term that must stay below (or above) a target gets the weight `λ`, which rises while the
//! constraint is violated and falls while it holds:
//!
//! `λ ← clamp(λ + η · clip(violation, ±c), λ_min, λ_max)`
//!
//! Source: dual ascent (Arrow, Hurwicz and Uzawa 1958), as in `fragile`'s topoencoder, commit
//! 2f7a0570. The page `docs/mechanisms/multiplier.md` has the variants and the reasons.
//!
//! | concept | item |
//! | --- | --- |
//! | what stands in a file | [`MultiplierConfig`] |
//! | where the target comes from | [`Target`], [`Baseline`] |
//! | how far a measurement is from its target | [`ErrorMode`], [`Sense`] |
//! | the law and its memory | [`Multiplier`], [`MultiplierState`] |
//!
//! ```
//! use homeostat_core::{Clock, Law, RawLoss, Setpoint};
//! use homeostat_multiplier::MultiplierConfig;
//!
//! let law = MultiplierConfig::new(0.5, 0.1).init::<RawLoss>(Clock::default())?;
//! let mut state = law.init();
//! let weight = law.step(&mut state, (RawLoss::new(3.0)?, Some(Setpoint::new(1.0)?)))?;
//! assert_eq!(weight.get(), 0.5 + 0.1 * 2.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod law;
mod target;
mod violation;

pub use config::MultiplierConfig;
pub use law::{Multiplier, MultiplierState};
pub use target::{Baseline, Target};
pub use violation::{ErrorMode, Sense};

/// The code on the page of this mechanism, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/mechanisms/multiplier.md")]
struct Page;
