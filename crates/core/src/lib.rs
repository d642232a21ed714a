//! The contract that every homeostat crate shares: typed numbers, the board they stand on, and the
//! two traits of a control mechanism.
//!
//! A *sensor* turns tensors into a few numbers, a *controller* turns numbers into numbers, an
//! *actuator* turns numbers back into tensors. This crate knows only the numbers:
//!
//! | concept | type |
//! | --- | --- |
//! | a number with a meaning and a legal range | [`Quantity`], [`Scalar`] and the types of [`quantity`] |
//! | a name under which a quantity stands on the board | [`Port`], [`PortId`] |
//! | all numbers of one training step | [`Layout`], [`Board`], [`Slot`] |
//! | an update rule: configuration without memory | [`Law`] |
//! | a law wired to ports, with memory | [`Wired`], [`Controller`] |
//! | saved memory | [`Snapshot`] |
//! | what can go wrong | [`RangeError`], [`ConfigError`], [`WiringError`], [`StepError`], [`LoadError`] |
//!
//! ```
//! use homeostat_core::{Board, Layout, Law, Port, RawLoss, StepError, Weight, Controller, Wired};
//! use serde::{Deserialize, Serialize};
//!
//! /// Counts steps and doubles the loss: a law as an author writes it.
//! struct Doubling;
//! #[derive(Clone, Serialize, Deserialize)]
//! struct DoublingState { steps: u64 }
//! impl Law for Doubling {
//!     const NAME: &'static str = "doubling";
//!     const VERSION: u32 = 1;
//!     type Input = RawLoss;
//!     type Output = Weight;
//!     type State = DoublingState;
//!     fn init(&self) -> DoublingState { DoublingState { steps: 0 } }
//!     fn step(&self, state: &mut DoublingState, loss: RawLoss) -> Result<Weight, StepError> {
//!         let weight = Weight::new(2.0 * loss.get())?; // refuse first, change state afterwards
//!         state.steps += 1;
//!         Ok(weight)
//!     }
//! }
//!
//! let (loss, weight) = (Port::<RawLoss>::new("kl"), Port::<Weight>::new("kl"));
//! let mut layout = Layout::new();
//! let loss_slot = layout.declare(&loss)?;
//! let weight_slot = layout.declare(&weight)?;
//! let mut controller = Wired::new("kl-weight", Doubling, loss, weight);
//! controller.bind(&layout)?;
//! let mut board = Board::new(layout);
//! board.set(loss_slot, RawLoss::new(0.4)?);
//! controller.step(&mut board)?;
//! assert_eq!(board.get(weight_slot)?.get(), 0.8);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A port can only be wired to a law that reads its quantity. This compiles:
//!
//! ```
//! # use homeostat_core::*;
//! fn wants_loss<I: Ports<Value = RawLoss>>(_: I) {}
//! wants_loss(Port::<RawLoss>::new("kl"));
//! ```
//!
//! and this, which differs in one word, does not:
//!
//! ```compile_fail,E0271
//! # use homeostat_core::*;
//! fn wants_loss<I: Ports<Value = RawLoss>>(_: I) {}
//! wants_loss(Port::<NormalizedLoss>::new("kl"));
//! ```

mod board;
mod clock;
mod controller;
mod error;
mod law;
mod port;
pub mod quantity;
pub mod random;
mod snapshot;
mod wired;

pub use board::{Board, Layout, Sink, Slot, SlotIndex};
pub use clock::{Clock, TimeUnit};
pub use controller::Controller;
pub use error::{ConfigError, LoadError, RangeError, StepError, WiringError};
pub use law::{Law, Probe};
pub use port::{Optional, Port, PortId, Ports};
pub use quantity::{
    Entropy, FaultCount, GradientNorm, LearningRate, LogVariance, Metric, Multiplier,
    NormalizedLoss, NormalizerSlope, ParameterNorm, Quantity, RawLoss, Scalar, Setpoint,
    UpdateNorm, Weight,
};
pub use snapshot::Snapshot;
pub use wired::Wired;

// Object safety of the erased trait, checked by the compiler.
const _: Option<Box<dyn Controller>> = None;
