//! Every loss of the TopoEncoder, batched; see [`LossName`] for the formulas.
//!
//! A loss that is not in the [`LossSet`] is not computed. No loss hides a `NaN`: whoever reads
//! the numbers decides what to do about it.

mod codes;
mod geometry;
mod name;
mod routing;

use burn::prelude::*;

pub use codes::{hard_code_entropy, hard_per_chart_code_entropy};
pub use name::{LossName, LossSet};

use super::atlas::{Atlas, AtlasOutput};
use super::heads::SupervisedTopology;
use super::jump::JumpOperator;

/// Constants of the losses; the defaults are those of the reference, except `code_temperature`,
/// which the reference does not have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossOptions {
    /// Distance below which usage-weighted chart means repel each other.
    pub separation_margin: f64,
    /// Distance below which chart centres repel each other.
    pub chart_center_sep_margin: f64,
    /// Smallest allowed information I(X;K).
    pub window_floor: f64,
    /// Margin of the supervised metric loss.
    pub metric_margin: f64,
    /// Sharpness of the soft code assignment, in units of the mean excess distance; towards 0 the
    /// assignment becomes the nearest code.
    pub code_temperature: f64,
    /// Form of `kl_prior`.
    pub energy_prior: EnergyPrior,
}

impl Default for LossOptions {
    fn default() -> Self {
        Self {
            separation_margin: 2.0,
            chart_center_sep_margin: 2.0,
            window_floor: 0.1,
            metric_margin: 1.0,
            code_temperature: 0.1,
            energy_prior: EnergyPrior::Square,
        }
    }
}

/// Form of the energy prior `kl_prior`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EnergyPrior {
    /// (E − D)², the reference: of fourth order in z, so that it drowns every other loss as soon as
    /// the latent grows.
    #[default]
    Square,
    /// (ln E − ln D)²: the same zero, free of scale, its gradient bounded.
    LogSquare,
}

/// What some losses need beside the forward pass.
#[derive(Debug)]
pub struct LossInputs<'a, B: Backend> {
    /// Jump operator, for `jump`.
    pub jump: Option<&'a JumpOperator<B>>,
    /// Chart-to-class table and labels `[B]`, for the four supervised losses.
    pub supervised: Option<(&'a SupervisedTopology<B>, Tensor<B, 1, Int>)>,
    /// A disturbed copy of the batch, `[B, X]`, for `orbit` and `vicreg_inv`.
    pub augmented: Option<Tensor<B, 2>>,
}

impl<B: Backend> Default for LossInputs<'_, B> {
    fn default() -> Self {
        Self { jump: None, supervised: None, augmented: None }
    }
}

/// A loss was asked for without what it needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("loss `{loss}` needs `{input}`, which was not given")]
#[non_exhaustive]
pub struct LossError {
    /// Name of the loss.
    pub loss: &'static str,
    /// Missing field of [`LossInputs`].
    pub input: &'static str,
}

/// Routing information of one batch, without gradient.
#[derive(Clone, Debug)]
pub struct Information<B: Backend> {
    /// H(K), entropy of the mean routing, `[1]`.
    pub charts: Tensor<B, 1>,
    /// H(K|X), mean entropy of the routing, `[1]`.
    pub charts_given_input: Tensor<B, 1>,
    /// I(X;K) = H(K) − H(K|X), `[1]`.
    pub mutual: Tensor<B, 1>,
}

/// The losses of one batch, each `[1]`, in the order of [`LossName::ALL`].
#[derive(Clone, Debug)]
pub struct AtlasLosses<B: Backend> {
    terms: Vec<(LossName, Tensor<B, 1>)>,
    /// Routing information, always there.
    pub information: Information<B>,
}

impl<B: Backend> AtlasLosses<B> {
    /// One loss, if it was asked for.
    pub fn get(&self, name: LossName) -> Option<&Tensor<B, 1>> {
        self.terms.iter().find(|(own, _)| *own == name).map(|(_, term)| term)
    }

    /// All computed losses.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (LossName, &Tensor<B, 1>)> {
        self.terms.iter().map(|(name, term)| (*name, term))
    }
}

/// Computes the losses of `set` for the batch `x` `[B, X]` and its forward pass.
pub fn atlas_losses<B: Backend>(
    atlas: &Atlas<B>,
    x: &Tensor<B, 2>,
    output: &AtlasOutput<B>,
    inputs: &LossInputs<'_, B>,
    set: LossSet,
    options: &LossOptions,
) -> Result<AtlasLosses<B>, LossError> {
    let encoding = &output.encoding;
    let routing = routing::Routing::new(encoding.weights.clone());
    let needs_copy = set.contains(LossName::Orbit) || set.contains(LossName::VicregInv);
    let copy = match &inputs.augmented {
        Some(augmented) if needs_copy => Some(atlas.encode(augmented.clone())),
        _ => None,
    };
    let soft_codes =
        set.contains(LossName::CodeEntropy) || set.contains(LossName::PerChartCodeEntropy);
    let codes = soft_codes.then(|| codes::SoftCodes::new(encoding, options.code_temperature));

    let mut terms = Vec::with_capacity(set.len());
    for name in set.iter() {
        let missing = |input| LossError { loss: name.name(), input };
        let term = match name {
            LossName::Recon => reconstruction(x, &output.recon),
            LossName::Vq => encoding.vq.clone(),
            LossName::Entropy => routing.conditional_entropy(),
            LossName::Consistency => routing.divergence(output.decoder_weights.clone()),
            LossName::Variance => geometry::variance(encoding.z_geo.clone()),
            LossName::Diversity => routing.diversity(),
            LossName::Separation => {
                let means = routing.chart_means(encoding.z_geo.clone());
                geometry::repulsion(means, options.separation_margin)
            }
            LossName::CodebookCenter => geometry::codebook_center(atlas.encoder.codebook.val()),
            LossName::ChartCenterSep => {
                let centers = atlas.encoder.chart_centers.val();
                geometry::repulsion(centers, options.chart_center_sep_margin)
            }
            LossName::ResidualScale => geometry::mean_square(encoding.z_n.clone()),
            LossName::Window => routing.window(options.window_floor),
            LossName::Disentangle => routing.disentangle(encoding.z_geo.clone()),
            LossName::CodeEntropy => match &codes {
                Some(codes) => codes.entropy_gap(),
                None => unreachable!("soft codes exist when one of their losses is asked for"),
            },
            LossName::PerChartCodeEntropy => match &codes {
                Some(codes) => codes.per_chart_entropy_gap(),
                None => unreachable!("soft codes exist when one of their losses is asked for"),
            },
            LossName::KlPrior => {
                let energy = |z| geometry::radial_energy(z, options.energy_prior);
                energy(encoding.z_n.clone()).add(energy(encoding.z_tex.clone()))
            }
            LossName::Orbit => {
                let copy = copy.as_ref().ok_or_else(|| missing("augmented"))?;
                routing.orbit(copy.weights.clone())
            }
            LossName::VicregInv => {
                let copy = copy.as_ref().ok_or_else(|| missing("augmented"))?;
                geometry::gram_change(encoding.z_geo.clone(), copy.z_geo.clone())
            }
            LossName::Jump => {
                let jump = inputs.jump.ok_or_else(|| missing("jump"))?;
                jump.loss(encoding.zn_all.clone(), encoding.weights.clone())
            }
            LossName::SupRoute
            | LossName::SupPurity
            | LossName::SupBalance
            | LossName::SupMetric => {
                let supervised = inputs.supervised.as_ref();
                let (topology, labels) = supervised.ok_or_else(|| missing("supervised"))?;
                match name {
                    LossName::SupRoute => routing.route(topology.classes(), labels.clone()),
                    LossName::SupPurity => routing.purity(topology.classes()),
                    LossName::SupBalance => routing.balance(),
                    _ => routing.metric(labels.clone(), options.metric_margin),
                }
            }
        };
        terms.push((name, term));
    }
    Ok(AtlasLosses { terms, information: routing.information() })
}

/// Mean over B·X of (x̂ − x)².
///
/// The error times its own constant copy has half the gradient: value and gradient are put
/// together from scalars, which saves passes over `[B, X]`. Rows are summed first, for accuracy
/// and because the gradient of a sum over everything is slow.
fn reconstruction<B: Backend>(x: &Tensor<B, 2>, recon: &Tensor<B, 2>) -> Tensor<B, 1> {
    let [batch, width] = x.dims();
    let error = recon.clone().sub(x.clone());
    let fixed = error.clone().detach();
    let half = error.mul(fixed).sum_dim(1).sum();
    let value = half.clone().detach();
    half.mul_scalar(2.0).sub(value).div_scalar((batch * width) as f64)
}
