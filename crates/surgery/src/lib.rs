//! Gradient surgery on numbers: from the Gramian of K gradients to one weight per gradient.
//!
//! Row i of the matrix J is one gradient, `G = J·Jᵀ` is its [`Gramian`], and a method replaces the sum of
//! the rows by `d = Jᵀ·α`. Every method here needs G only, so that the gradients themselves stay where
//! they are and K² numbers are read.
//!
//! | concept | item |
//! | --- | --- |
//! | checked K × K matrix of dot products | [`Gramian`] |
//! | what stands in a file | [`Method`] |
//! | the checked method, and its memory | [`Aggregator`], [`AggregatorState`] |
//! | how much the rows conflict | [`Conflict`], [`alignment`] |
//!
//! No threshold is absolute. The rows are brought to unit length inside, so that gradients whose norms
//! differ by a factor of 1e12 are treated as exactly as equal ones. Rows of length zero are left out and
//! have weight 0; m below is the number of rows that remain. One remaining row is the direction itself,
//! whatever the method (weights that the user names stay what they are).
//!
//! ```
//! use homeostat_surgery::{Gramian, Method};
//!
//! let gramian = Gramian::new(2, &[1.0, -0.5, -0.5, 4.0])?;
//! let aggregator = Method::Upgrad(Default::default()).init()?;
//! let mut state = aggregator.init_state(2);
//! let mut weights = [0.0; 2];
//! aggregator.weights(&mut state, &gramian, &mut weights)?;
//! assert!((weights[0] - 0.75).abs() < 1e-9 && (weights[1] - 0.5625).abs() < 1e-9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aggregator;
mod conflict;
mod error;
mod gramian;
mod method;
mod read;
mod solve;
mod state;
mod unit;

pub use aggregator::Aggregator;
pub use conflict::{Conflict, alignment};
pub use error::{GramianError, SurgeryError};
pub use gramian::{Gramian, MAXIMUM_ROWS};
pub use method::{
    AlignedMtlConfig, AlignedScale, CagradConfig, CagradRescale, ConfigConfig, GradvacConfig,
    Method, NashMtlConfig, Order, PcgradConfig, PreferenceConfig, Reduce, WeightedSumConfig,
};
pub use state::AggregatorState;
