//! Streaming statistics of a signal: what sensors and laws remember of the numbers they have seen.
//!
//! | concept | type |
//! | --- | --- |
//! | exponential moving average, started at the first value or debiased | [`Ema`], [`EmaStart`] |
//! | mean of a fixed number of values, then again | [`BlockMean`] |
//!
//! All are plain data (serde), allocate nothing per observation, and refuse to take in a number that
//! is not finite: callers check with the quantities of `homeostat-core`, and a non-finite number
//! that arrives all the same is left out and reported by `false`.

mod block_mean;
mod ema;

pub use block_mean::BlockMean;
pub use ema::{Ema, EmaStart};
