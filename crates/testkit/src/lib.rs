//! What the tests of every mechanism share. A development dependency only.
//!
//! | concept | item |
//! | --- | --- |
//! | the properties that every controller has | [`conformance`] |
//! | processes to control: gain, lag, delay, noise | [`Plant`] |
//! | a convex problem with known optimum and multiplier | [`ConvexProblem`] |
//! | what a file may say, and the words in which it is refused | [`settings`] |
//! | a folder that goes away with its test | [`Folder`] |
//! | golden tables in TOML, and comparison by relative tolerance | [`golden`] |

mod conformance;
mod folder;
pub mod golden;
mod plant;
pub mod settings;

pub use conformance::conformance;
pub use folder::Folder;
pub use plant::{ConvexProblem, Plant, Splitmix};
