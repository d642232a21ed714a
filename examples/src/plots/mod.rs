//! Pictures of a run, drawn by hand into SVG and PNG files: no font, no display, no browser.
//!
//! | function | picture |
//! | --- | --- |
//! | [`latent_scatter`] | latent points, once coloured by class and once by chart |
//! | [`reconstruction_grid`] | images above their reconstructions |
//! | [`image_grid`] | images: samples, traversals |
//! | [`reconstruction_profiles`] | the same for rows that are not images, as lines |
//! | [`loss_traces`], [`weight_traces`] | losses or weights over epochs |
//! | [`learning_rate_trace`] | learning rate and update ratio over epochs |
//!
//! Every file appears whole or not at all: it is written beside its place and then renamed.

mod axis;
mod color;
mod error;
mod grid;
mod output;
mod principal;
mod profiles;
mod scatter;
mod svg;
mod traces;

pub use error::PlotError;
pub use grid::{image_grid, reconstruction_grid};
pub use profiles::reconstruction_profiles;
pub use scatter::{LatentPoints, latent_scatter};
pub use traces::{Series, learning_rate_trace, loss_traces, weight_traces};
