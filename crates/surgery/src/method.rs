//! The methods, one file each.

mod aligned_mtl;
mod bargaining;
mod cagrad;
mod config;
mod dual_cone;
mod famo;
mod graddrop;
mod gradnorm;
mod gradvac;
mod imtl_g;
mod krum;
mod lambda;
mod mgda;
mod order;
mod pcgrad;
mod preference;
mod sdmgrad;
mod weighted_sum;

use homeostat_core::ConfigError;
use serde::Serialize;

pub use aligned_mtl::{AlignedMtlConfig, AlignedScale};
pub use bargaining::{FairgradConfig, NashMtlConfig};
pub use cagrad::{CagradConfig, CagradRescale};
pub use config::{ConfigConfig, MomentumConfigConfig};
pub use famo::{FamoConfig, FamoUpdate};
pub use graddrop::{Graddrop, GraddropConfig};
pub use gradnorm::GradnormConfig;
pub use gradvac::GradvacConfig;
pub use krum::KrumConfig;
pub use lambda::LambdaEffect;
pub use order::{Order, Reduce};
pub use pcgrad::PcgradConfig;
pub use preference::PreferenceConfig;
pub use sdmgrad::SdmgradConfig;
pub use weighted_sum::WeightedSumConfig;

pub(crate) use aligned_mtl::aligned_mtl;
pub(crate) use bargaining::{fairgrad, nash_mtl};
pub(crate) use cagrad::Shifted;
pub(crate) use config::config;
pub(crate) use dual_cone::{dualproj, upgrad};
pub(crate) use famo::{FamoMemory, famo, learn};
pub(crate) use gradnorm::gradnorm;
pub(crate) use gradvac::{Usual, gradvac};
pub(crate) use imtl_g::imtl_g;
pub(crate) use krum::krum;
pub(crate) use mgda::mgda;
pub(crate) use order::Orders;
pub(crate) use pcgrad::pcgrad;
pub(crate) use sdmgrad::sdmgrad;

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
    /// The same on averages of the gradients, one of which is measured in each step.
    MomentumConfig(MomentumConfigConfig),
    /// Bargaining with a choice of how much the weakest counts.
    Fairgrad(FairgradConfig),
    /// Between the shortest vector in the convex hull and the mean.
    Sdmgrad(SdmgradConfig),
    /// Those gradients that lie nearest to their neighbours.
    Krum(KrumConfig),
    /// Weights that make all losses learn at one speed, from lengths and losses.
    Gradnorm(GradnormConfig),
    /// Weights that make all losses learn at one speed, from the losses alone.
    Famo(FamoConfig),
    /// Draws a sign in each coordinate. Not decided on the Gramian.
    Graddrop(GraddropConfig),
}

impl Method {
    /// Checks the options.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        match self {
            Self::WeightedSum(config) => config.check(),
            Self::Gradvac(config) => config.check(),
            Self::Cagrad(config) => config.check(),
            Self::Upgrad(config) => config.check("method.upgrad.preference"),
            Self::Dualproj(config) => config.check("method.dualproj.preference"),
            Self::NashMtl(config) => config.check(),
            Self::AlignedMtl(config) => config.check(),
            Self::Config(config) => config.check(),
            Self::MomentumConfig(config) => config.check(),
            Self::Fairgrad(config) => config.check(),
            Self::Sdmgrad(config) => config.check(),
            Self::Krum(config) => config.check(),
            Self::Gradnorm(config) => config.check(),
            Self::Famo(config) => config.check(),
            Self::Graddrop(config) => config.check(),
            Self::Sum | Self::Mean | Self::Pcgrad(_) | Self::Mgda | Self::ImtlG => Ok(()),
        }
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
            Self::MomentumConfig(_) => "momentum-config",
            Self::Fairgrad(_) => "fairgrad",
            Self::Sdmgrad(_) => "sdmgrad",
            Self::Krum(_) => "krum",
            Self::Gradnorm(_) => "gradnorm",
            Self::Famo(_) => "famo",
            Self::Graddrop(_) => "graddrop",
        }
    }

    /// The names of all methods, as files have them.
    pub const NAMES: [&'static str; 20] = crate::read::NAMES;

    /// Whether `g_i·d` is negative for no gradient, by theorem. The engine checks it in every step.
    pub fn promises_no_conflict(&self) -> bool {
        matches!(self, Self::Mgda | Self::Upgrad(_) | Self::Dualproj(_))
    }

    /// Whether the weights depend on the gradients. The others need one backward pass in each step.
    pub fn needs_gramian(&self) -> bool {
        !matches!(
            self,
            Self::Sum | Self::Mean | Self::WeightedSum(_) | Self::Famo(_) | Self::Graddrop(_)
        )
    }

    /// Whether the weights depend on the values of the losses.
    pub fn needs_losses(&self) -> bool {
        matches!(self, Self::Gradnorm(_) | Self::Famo(_))
    }

    /// Whether the method learns from what a step did to the losses, so that it gains by their being measured
    /// again after it: see [`Surgery::remeasure`](crate::Surgery::remeasure).
    pub fn learns_from_losses_after(&self) -> bool {
        matches!(self, Self::Famo(_))
    }

    /// Whether d is an average of gradients already, which the optimizer after it must not average again.
    pub fn averages_gradients(&self) -> bool {
        matches!(self, Self::MomentumConfig(_))
    }

    /// Whether the method has a preference, through which multipliers can enter.
    pub fn has_preference(&self) -> bool {
        matches!(
            self,
            Self::Upgrad(_)
                | Self::Dualproj(_)
                | Self::AlignedMtl(_)
                | Self::Config(_)
                | Self::MomentumConfig(_)
                | Self::Sdmgrad(_)
        )
    }

    /// The numbers that the user gave one of for each gradient, and their name.
    pub(crate) fn listed(&self) -> Option<(&'static str, &[f64])> {
        let (name, values) = match self {
            Self::WeightedSum(config) => ("the weights", Some(&config.weights)),
            Self::Upgrad(config) | Self::Dualproj(config) => {
                ("the preference", config.preference.as_ref())
            }
            Self::AlignedMtl(config) => ("the preference", config.preference.as_ref()),
            Self::Config(config) => ("the preference", config.preference.as_ref()),
            Self::MomentumConfig(config) => ("the preference", config.preference.as_ref()),
            Self::Sdmgrad(config) => ("the preference", config.preference.as_ref()),
            Self::Graddrop(config) => ("the leak", config.leak.as_ref()),
            _ => return None,
        };
        values.map(|values| (name, values.as_slice()))
    }

    pub(crate) fn seed(&self) -> u64 {
        match self {
            Self::Pcgrad(config) => config.seed,
            Self::Gradvac(config) => config.seed,
            Self::Graddrop(config) => config.seed,
            _ => 0,
        }
    }
}
