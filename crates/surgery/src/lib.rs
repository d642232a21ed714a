//! Gradient surgery on numbers: from the Gramian of K gradients to one weight per gradient.
//!
//! Row i of the matrix J is one gradient, `G = J·Jᵀ` is its [`Gramian`], and a method replaces the sum of
//! the rows by `d = Jᵀ·α`. Every method here but one needs G only, so that the gradients themselves stay
//! where they are and K² numbers are read.
//!
//! | concept | item |
//! | --- | --- |
//! | checked K × K matrix of dot products, some rows of which may be absent | [`Gramian`], [`RowSet`] |
//! | what stands in a file | [`SurgeryConfig`], [`Method`] |
//! | the checked configuration, and its memory | [`Surgery`], [`SurgeryState`] |
//! | one step: readings, what must be read, what happened | [`Input`], [`Request`], [`Report`], [`Outcome`] |
//! | how much the rows conflict | [`Monitor`], [`Spectrum`], [`Counts`] |
//! | what becomes of multipliers | [`LambdaEffect`], [`Lambda`] |
//! | the elementwise method | [`Graddrop`] |
//!
//! No threshold is absolute. The rows are brought to unit length inside, so that gradients whose norms
//! differ by a factor of 1e12 are treated as exactly as equal ones. Rows of length zero are left out and
//! have weight 0; m below is the number of rows that remain. One remaining row is the direction itself,
//! whatever the method (weights and preferences that the user names stay what they are).
//!
//! ```
//! use homeostat_surgery::{Gramian, Input, Outcome, SurgeryConfig};
//!
//! #[derive(serde::Deserialize)]
//! struct File {
//!     surgery: SurgeryConfig,
//! }
//! let file: File = toml::from_str(r#"surgery = "upgrad""#)?;
//! let surgery = file.surgery.init()?;
//! let mut state = surgery.init_state(2, 1)?;
//!
//! let gramian = Gramian::new(2, &[1.0, -0.5, -0.5, 4.0])?;
//! let input = Input { gramian: Some(&gramian), ..Input::default() };
//! let mut weights = [0.0; 2];
//! let report = surgery.decide(&mut state, 0, &input, &mut weights)?;
//! assert_eq!(report.outcome, Outcome::Combined);
//! assert!(report.conflict && report.least_cosine >= 0.0);
//! assert!((weights[0] - 0.75).abs() < 1e-12 && (weights[1] - 0.5625).abs() < 1e-12);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod decision;
mod engine;
mod error;
mod gramian;
mod method;
mod monitor;
mod read;
mod rows;
mod solve;
mod state;
mod step;
mod unit;
mod workspace;

pub use config::{Granularity, Lambda, Normalize, SurgeryConfig};
pub use engine::Surgery;
pub use error::{GramianError, SurgeryError};
pub use gramian::{Gramian, MAXIMUM_ROWS};
pub use method::{
    AlignedMtlConfig, AlignedScale, CagradConfig, CagradRescale, ConfigConfig, FairgradConfig,
    FamoConfig, FamoUpdate, Graddrop, GraddropConfig, GradnormConfig, GradvacConfig, KrumConfig,
    LambdaEffect, Method, MomentumConfigConfig, NashMtlConfig, Order, PcgradConfig,
    PreferenceConfig, Reduce, SdmgradConfig, WeightedSumConfig,
};
pub use monitor::{Monitor, Spectrum};
pub use rows::RowSet;
pub use state::SurgeryState;
pub use step::{Counts, Input, Momentum, Outcome, Report, Request};

/// The code on the page of this mechanism, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/mechanisms/surgery.md")]
struct Page;
