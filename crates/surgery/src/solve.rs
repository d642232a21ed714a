//! Small exact solvers that keep their memory from step to step. Matrices are square and lie row by row.

mod bargain;
mod factor;
mod linear;
mod nonnegative;
mod simplex;

pub(crate) use bargain::Bargain;
pub(crate) use factor::Factor;
pub(crate) use linear::{dot, multiply, squared_length};
pub(crate) use nonnegative::Nonnegative;
pub(crate) use simplex::{MinimumNorm, project_simplex};
