//! Small exact solvers.

mod factor;
mod nonnegative;
mod pseudo_inverse;
mod simplex;

pub(crate) use factor::{Factor, factor};
pub(crate) use nonnegative::nonnegative;
pub(crate) use pseudo_inverse::pseudo_solve;
pub(crate) use simplex::minimum_norm;
