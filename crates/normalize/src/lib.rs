//! Normalizers: the place of a loss among its like, or its distance in standard deviations.
//!
//! A normalizer N turns losses of any unit into numbers of one size and says how steep it is, so that
//! a gradient through it is `dN/dℓ · ∇ℓ`, with the memory of N held fixed:
//!
//! | normalizer | N(ℓ) | slope | remembers |
//! | --- | --- | --- | --- |
//! | `none` | ℓ | 1 | nothing |
//! | `rank` | 2·F(ℓ) − 1, F the share of losses below | 1.6 / (Q₀.₉ − Q₀.₁) | a window |
//! | `winsor` | clip((ℓ − centre)/scale, ±τ) | 1/scale | a window |
//! | `ema` | the same with exponential averages | 1/√v | three numbers |
//! | `auto` | rank or winsor, decided once | theirs | both windows |
//!
//! **A normalizer over the run's own history is blind to the level of the loss**: a stationary loss has
//! a mean rank of 0, be it good or bad. A target in normalized units therefore says nothing absolute;
//! compare in raw units with the scale of the [`Reading`], map a raw target with
//! [`Normalizer::map_after`], or rank against a frozen or baseline [`Reference`].
//!
//! Source: reference specification of the dual optimizer, sections 3 to 5; design note `builderbrain`,
//! `DUAL_OPTIMIZER.md` and `MATH_SPEC.md`. The page `docs/mechanisms/normalize.md` has the variants
//! and the reasons.
//!
//! ```
//! use homeostat_normalize::{NormalizerConfig, Status, WinsorConfig};
//!
//! let config = WinsorConfig { min_count: 4, ..WinsorConfig::default() };
//! let normalizer = NormalizerConfig::Winsor(config).init()?;
//! let mut state = normalizer.init_state();
//! for loss in [1.0, 2.0, 3.0] {
//!     assert_eq!(normalizer.commit(&mut state, loss).status, Status::Warming);
//! }
//! let reading = normalizer.commit(&mut state, 4.0);
//! assert!((reading.value - 1.341641).abs() < 1e-6);
//! assert!((reading.slope - 1.0 / 1.118034).abs() < 1e-6);
//! # Ok::<(), homeostat_core::ConfigError>(())
//! ```

mod auto;
mod config;
mod ema;
mod health;
mod jitter;
mod kernel;
mod law;
mod normalizer;
mod rank;
mod reading;
mod spread;
mod winsor;

pub use auto::Choice;
pub use config::{
    AutoConfig, Centre, EmaConfig, Infinity, NormalizerConfig, RankConfig, RankSlope, Reference,
    Scale, Ties, WinsorConfig, WinsorSlope,
};
pub use health::Health;
pub use law::Normalize;
pub use normalizer::{Normalizer, NormalizerState};
pub use reading::{LARGEST, Reading, Status};

/// The code on the page of this mechanism, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/mechanisms/normalize.md")]
struct Page;
