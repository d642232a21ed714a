//! Streaming statistics of a signal: what sensors and laws remember of the numbers they have seen.
//!
//! | concept | type |
//! | --- | --- |
//! | exponential moving average, started at the first value or debiased | [`Ema`], [`EmaStart`] |
//! | mean of a fixed number of values, then again | [`BlockMean`] |
//! | window with ranks, quantiles, median and median absolute deviation | [`OrderWindow`], [`OrderView`] |
//! | mean and standard deviation of a window | [`SlidingMoments`] |
//! | covariance and correlation of the newest pairs | [`PairRing`] |
//! | has a signal drifted? | [`page_hinkley`], [`kolmogorov_smirnov`], [`population_stability`] |
//! | confidence interval of a success rate | [`wilson_interval`] |
//!
//! All are plain data (serde), allocate nothing per observation, and refuse to take in a number that
//! is not finite: callers check with the quantities of `homeostat-core`, and a non-finite number
//! that arrives all the same is left out.

mod block_mean;
mod drift;
mod ema;
mod order_view;
mod order_window;
mod pair_ring;
mod sliding_moments;
mod tiers;
mod wilson;

pub use block_mean::BlockMean;
pub use drift::{Drift, kolmogorov_smirnov, page_hinkley, population_stability};
pub use ema::{Ema, EmaStart};
pub use order_view::OrderView;
pub use order_window::OrderWindow;
pub use pair_ring::PairRing;
pub use sliding_moments::SlidingMoments;
pub use wilson::wilson_interval;
