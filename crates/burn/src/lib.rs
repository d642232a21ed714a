//! Sensors and actuators for burn: from tensors to a few numbers, and back.
//!
//! | concept | item |
//! | --- | --- |
//! | any number of scalars and small tensors in one read from the device per step | [`Reader`], [`Readings`], [`Delay`] |
//! | total loss Σ w·L without the terms of weight 0 | [`Term`], [`weighted_total`] |
//! | ‖g‖, ‖θ‖ and the true update ‖Δθ‖ as fused reductions | [`gradient_norm`], [`ParameterSensor`] |
//! | clipping by the global norm, on the host or on the device | [`clip_gradients`], [`guard_gradients`] |
//! | all gradients times a factor | [`scale_gradients`] |
//! | learned precisions inside the graph | [`Precisions`] |
//! | a task loss under constraints: losses in, one total to differentiate out | [`DualEngine`], [`ConstraintLoss`] |
//! | K losses, K gradients, one direction: gradient surgery | [`surgery`] |
//! | module and optimizer, kept for a rollback | [`Saved`] |
//! | a step that is tried, looked at, shortened or taken back | [`try_step`], [`Trial`], [`forget_momentum`], [`Momentum`] |
//! | the gradient of a score: a scalar of the graph from values and slopes | [`surrogate`] |
//!
//! Everything is generic over `B: Backend`. Nothing here decides: decisions are the laws'.

mod clip;
mod dual;
mod flat;
mod momentum;
mod precision;
mod reader;
mod saved;
pub mod surgery;
mod surrogate;
mod total;
mod trial;

pub use clip::{clip_gradients, guard_gradients, scale_gradients};
pub use dual::{ConstraintLoss, DualEngine, DualError, Lagrangian, Status};
pub use flat::{ParameterSensor, flatten_gradients, flatten_parameters, gradient_norm};
pub use momentum::{Momentum, forget_momentum};
pub use precision::{Precisions, PrecisionsRecord};
pub use reader::{Delay, Reader, Readings, Report};
pub use saved::Saved;
pub use surrogate::{SurrogateError, surrogate};
pub use total::{Term, weighted_total};
pub use trial::{Trial, try_step};
