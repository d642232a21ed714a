//! Aligned-MTL.

use homeostat_core::ConfigError;
use nalgebra::DVector;
use serde::{Deserialize, Serialize};

use super::preference::check;
use crate::solve::{Factor, factor};
use crate::unit::Unit;

/// Which eigenvalue of G all eigenvalues are brought to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlignedScale {
    /// The smallest, as in the paper. The default.
    #[default]
    Minimum,
    /// The median; of an even number the lower one of the middle two.
    Median,
    /// The mean.
    Mean,
}

/// Aligned-MTL (Senushkin, Patakin, Kuznetsov and Konushin 2023, "Independent component alignment for
/// multi-task learning", section 4): with `G = V·Λ·Vᵀ`, `α = √σ·V·Λ^(−1/2)·Vᵀ·u`.
///
/// Eigenvalues count as zero by the rank of the cosine matrix, not by their size: short rows count. The
/// eigenvectors are exact to rounding relative to their length; where row lengths differ by more than
/// about 1e6 the changed rows are orthogonal only roughly.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlignedMtlConfig {
    /// σ. Default: minimum.
    pub scale: AlignedScale,
    /// u, one number for each gradient, finite and not negative, one of them above 0. Default 1/m each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preference: Option<Vec<f64>>,
}

impl AlignedMtlConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        check("method.aligned-mtl.preference", self.preference.as_deref())
    }
}

pub(crate) fn aligned_mtl(
    unit: &Unit,
    preference: &DVector<f64>,
    scale: AlignedScale,
) -> DVector<f64> {
    let Factor { vectors, roots } = factor(&unit.cosines, &unit.lengths);
    let root = match scale {
        AlignedScale::Minimum => roots.min(),
        AlignedScale::Median => {
            let mut sorted: Vec<f64> = roots.iter().copied().collect();
            sorted.sort_by(f64::total_cmp);
            sorted[(sorted.len() - 1) / 2]
        }
        AlignedScale::Mean => (roots.norm_squared() / roots.len() as f64).sqrt(),
    };
    let coordinates = vectors.tr_mul(preference);
    &vectors * coordinates.zip_map(&roots, |coordinate, own| coordinate * (root / own))
}
