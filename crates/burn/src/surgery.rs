//! Gradient surgery on tensors: rows, their Gramian, and back to one gradient.
//!
//! A step with K losses has K gradients, the rows. The sensor turns them into a K × K Gramian, the laws of
//! `homeostat_surgery` turn that into one weight per row, and the actuator adds the rows up.
//!
//! | concept | item |
//! | --- | --- |
//! | a step of a training loop, in every row mode | [`Surgeon`], [`SurgeryStep`], [`SurgeryReport`], [`GroupReport`] |
//! | what stands in a file | [`SurgeonConfig`], [`RowMode`], [`HeadRule`] |
//! | from a model to its losses | [`Objective`], [`Whole`], [`Cut`], [`Representation`] |
//! | sensor and actuator alone | [`Rows`], [`Place`] |
//!
//! | `rows` | passes | memory | exact |
//! | --- | --- | --- | --- |
//! | `reforward` | K forward, K backward | K gradients | yes |
//! | `representation` | 1 forward, 1 backward through the trunk; K through heads | K gradients at the cut | for what is linear in the gradients; else the surgery is that at the cut |
//! | `groups` | 2 forward, 2 backward | 2 gradients | yes, for two rows |
//! | any, between two Gramians (`every = n`) | 1 forward, 1 backward (through all heads in `representation`) | none | with the weights of the last Gramian |
//!
//! Each step makes one read from the device: of the Gramian, or, between two of them, of one number that is
//! finite where the gradient is. Where it is not, the step is taken again row by row.
//!
//! All passes run on the calling thread: burn 0.21 loses gradients when two threads run `backward`.

mod config;
mod device;
mod elementwise;
mod error;
mod health;
mod host;
mod kernel;
mod matrix;
mod objective;
mod place;
mod report;
mod representation;
mod rows;
mod surgeon;

pub use config::{HeadRule, RowMode, SurgeonConfig};
pub use error::SurgeonError;
pub use objective::{Cut, Objective, Whole};
pub use place::Place;
pub use report::{GroupReport, SurgeryReport, SurgeryStep};
pub use representation::{Cotangent, Representation, Uncut};
pub use rows::Rows;
pub use surgeon::Surgeon;
