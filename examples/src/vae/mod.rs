//! The trainer of `vae`: a variational autoencoder under ceilings that are discovered, beside three ways to
//! weigh its divergence.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `flags`, `settings` | command line and configuration |
//! | `source` | the images to train and test on |
//! | `model`, `noise` | encoder, code of two halves, decoder; the randomness of a step |
//! | `images`, `latent` | edges, similarity, histograms; divergences and capacity of a code |
//! | `measures` | what a goal can be about |
//! | `values`, `lbo` | what was read of a batch; goals, ceilings and verdicts |
//! | `panel`, `step` | sensors and controllers; one training step |
//! | `session`, `state` | the loop over epochs; what a checkpoint holds |
//! | `evaluate`, `report` | what a person gets to see |
//! | `sweep`, `checks`, `tables` | many runs: the note's checklist, learning rates, the methods at equal divergence |
//! | `program` | from the command line to the exit code |

pub mod checks;
pub mod evaluate;
pub mod flags;
pub mod images;
pub mod latent;
pub mod lbo;
pub mod measures;
pub mod model;
pub mod noise;
pub mod panel;
pub mod program;
pub mod report;
pub mod session;
pub mod settings;
pub mod source;
pub mod state;
pub mod step;
pub mod sweep;
pub mod tables;
pub mod values;
