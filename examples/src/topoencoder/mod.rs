//! The TopoEncoder, Euclidean variant: an atlas of charts as an autoencoder, and all its losses.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `config` | [`AtlasConfig`], legal ranges |
//! | `constants` | 0/1 matrices that stand for slow broadcasts, exact GELU |
//! | `spectral` | spectrally normalised linear maps with stored singular vectors |
//! | `gate` | [`NormGate`], the norm-gated GELU |
//! | `transport` | Cayley transport of one vector per sample by a Chebyshev series |
//! | `router` | covariant attention over the charts |
//! | `encoder`, `decoder`, `atlas` | the model |
//! | `jump`, `heads`, `baselines` | operators and networks beside the model |
//! | `losses` | every loss, batched |
//! | `spread` | the singular-value spread, differentiated on the host |
//!
//! Everything is generic over the burn backend and runs in `f32` and `f64`. Neither the forward
//! pass nor a loss reads a number back to the host.

pub mod atlas;
pub mod baselines;
pub mod config;
pub mod constants;
pub mod decoder;
pub mod encoder;
pub mod gate;
pub mod heads;
pub mod jump;
pub mod losses;
pub mod router;
pub mod spectral;
pub mod spread;
pub mod transport;

pub use atlas::{Atlas, AtlasOutput, parameter_count};
pub use baselines::{
    BaselineKind, Readout, StandardVq, StandardVqOutput, VanillaAutoencoder,
    baseline_parameter_count, matched_hidden_size,
};
pub use config::{
    AtlasConfig, AtlasConfigError, LatentBound, SpectralCeiling, SpectralCeilings, Tensorization,
};
pub use decoder::{Decoder, Decoding};
pub use encoder::{Encoder, Encoding};
pub use gate::NormGate;
pub use heads::{ChartClassifier, SupervisedTopology};
pub use jump::JumpOperator;
pub use losses::{
    AtlasLosses, EnergyPrior, Information, LossError, LossInputs, LossName, LossOptions, LossSet,
    atlas_losses, hard_code_entropy, hard_per_chart_code_entropy,
};
pub use router::{CovariantRouter, RouterQueries};
pub use spectral::{SpectralLinear, SpectralStack};
pub use spread::{
    HostMatrix, SpectralSpread, spectral_spread, spectral_spread_matrices, spread_surrogate,
};
