//! Labelled data for the example trainers: real images, synthetic manifolds, splits and orders.
//!
//! | module | content |
//! | --- | --- |
//! | [`Dataset`] | rows in \[0, 1\], class labels, fingerprint, subsample and split |
//! | [`load`] | MNIST, Fashion-MNIST (IDX files) and CIFAR-10 (binary batches) from a folder |
//! | [`SyntheticConfig`] | seeded manifolds with labels that a two-dimensional atlas can separate |
//! | [`ShapesConfig`] | seeded grey images of shapes, whose structure and appearance vary apart |
//! | [`epoch_order`] | the row order of an epoch, a function of its arguments alone |
//!
//! All randomness comes from ChaCha streams keyed by seed and purpose, so that a resumed run, or
//! a run on another platform, sees the same rows in the same order.

mod cifar;
mod dataset;
mod error;
mod fingerprint;
mod idx;
mod input_file;
mod manifold;
mod random;
mod real;
mod selection;
mod shapes;
mod synthetic;

pub use dataset::{Dataset, ImageShape};
pub use error::DataError;
pub(crate) use fingerprint::Fingerprint;
pub use random::epoch_order;
pub(crate) use random::{Purpose, RandomStream};
pub use real::{RealDataset, Subset, load};
pub use selection::Split;
pub use shapes::ShapesConfig;
pub use synthetic::{Manifold, SyntheticConfig};
