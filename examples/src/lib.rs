//! What the example trainers share.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`document`] | settings from defaults, files, flags and overrides, and where each came from |
//! | [`data`] | MNIST, Fashion-MNIST, CIFAR-10 and generated manifolds |
//! | [`command_line`], [`launch`] | from the command line to the first step |
//! | [`topoencoder`] | the model and its losses |
//! | [`trainer`] | the trainer of `topoencoder_2d` |
//! | [`vae`] | model, measures and trainer of `vae` |
//! | [`quickstart`] | data, model and measures of `constrained_quickstart` |
//! | [`evaluation`], [`plots`], [`tracking`] | what comes out of a run |
//! | [`checkpoint`], [`files`] | files that survive a kill |

pub mod checkpoint;
pub mod command_line;
pub mod data;
pub mod document;
pub mod evaluation;
pub mod files;
pub mod launch;
pub mod plots;
pub mod quickstart;
pub mod topoencoder;
pub mod tracking;
pub mod trainer;
pub mod vae;

/// The code on the front page compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
