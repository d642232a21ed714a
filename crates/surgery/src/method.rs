//! The methods, one file each.

mod aligned_mtl;
mod cagrad;
mod config;
mod dualproj;
mod gradvac;
mod imtl_g;
mod mgda;
mod nash_mtl;
mod order;
mod pcgrad;
mod preference;
mod upgrad;
mod weighted_sum;

use homeostat_core::ConfigError;
use serde::Serialize;

pub use aligned_mtl::{AlignedMtlConfig, AlignedScale};
pub use cagrad::{CagradConfig, CagradRescale};
pub use config::ConfigConfig;
pub use gradvac::GradvacConfig;
pub use nash_mtl::NashMtlConfig;
pub use order::{Order, Reduce};
pub use pcgrad::PcgradConfig;
pub use preference::PreferenceConfig;
pub use weighted_sum::WeightedSumConfig;

pub(crate) use aligned_mtl::aligned_mtl;
pub(crate) use cagrad::cagrad;
pub(crate) use config::config;
pub(crate) use dualproj::dualproj;
pub(crate) use gradvac::gradvac;
pub(crate) use imtl_g::imtl_g;
pub(crate) use mgda::mgda;
pub(crate) use nash_mtl::nash_mtl;
pub(crate) use order::orders;
pub(crate) use pcgrad::pcgrad;
pub(crate) use upgrad::upgrad;

use crate::Aggregator;

/// Which method combines the gradients. In a file a name, where every option has a default, else a table.
///
/// ```toml
/// method = "pcgrad"
/// method = { cagrad = { radius = 0.4 } }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// `α = 1`: the gradient of the sum. The default.
    #[default]
    Sum,
    /// `α = 1/m`.
    Mean,
    /// α as given.
    WeightedSum(WeightedSumConfig),
    /// Projects conflicting gradients on the normal plane of each other.
    Pcgrad(PcgradConfig),
    /// Turns gradients towards each other until they are as similar as they usually are.
    Gradvac(GradvacConfig),
    /// The direction near the mean that serves the worst gradient best.
    Cagrad(CagradConfig),
    /// The shortest vector in the convex hull.
    Mgda,
    /// The sum of the projections of each gradient on the cone of no conflict.
    Upgrad(PreferenceConfig),
    /// The projection of the mean on the cone of no conflict.
    Dualproj(PreferenceConfig),
    /// Equal projections on all unit gradients.
    ImtlG,
    /// The Nash bargaining solution.
    NashMtl(NashMtlConfig),
    /// Makes the gradients orthogonal and of equal length first.
    AlignedMtl(AlignedMtlConfig),
    /// Equal (or preferred) cosines with all gradients.
    Config(ConfigConfig),
}

impl Method {
    /// Checks the options.
    pub fn init(&self) -> Result<Aggregator, ConfigError> {
        match self {
            Self::WeightedSum(config) => config.check()?,
            Self::Gradvac(config) => config.check()?,
            Self::Cagrad(config) => config.check()?,
            Self::Upgrad(config) => config.check("method.upgrad.preference")?,
            Self::Dualproj(config) => config.check("method.dualproj.preference")?,
            Self::NashMtl(config) => config.check()?,
            Self::AlignedMtl(config) => config.check()?,
            Self::Config(config) => config.check()?,
            Self::Sum | Self::Mean | Self::Pcgrad(_) | Self::Mgda | Self::ImtlG => {}
        }
        Ok(Aggregator::new(self.clone()))
    }

    /// The name, as it is written in a file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Mean => "mean",
            Self::WeightedSum(_) => "weighted-sum",
            Self::Pcgrad(_) => "pcgrad",
            Self::Gradvac(_) => "gradvac",
            Self::Cagrad(_) => "cagrad",
            Self::Mgda => "mgda",
            Self::Upgrad(_) => "upgrad",
            Self::Dualproj(_) => "dualproj",
            Self::ImtlG => "imtl-g",
            Self::NashMtl(_) => "nash-mtl",
            Self::AlignedMtl(_) => "aligned-mtl",
            Self::Config(_) => "config",
        }
    }

    /// The numbers that the user gave one of for each gradient.
    pub(crate) fn preference(&self) -> Option<&[f64]> {
        match self {
            Self::WeightedSum(config) => Some(&config.weights),
            Self::Upgrad(config) | Self::Dualproj(config) => config.preference.as_deref(),
            Self::AlignedMtl(config) => config.preference.as_deref(),
            Self::Config(config) => config.preference.as_deref(),
            _ => None,
        }
    }
}
