//! Aligned-MTL.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::preference::check;
use crate::solve::{Factor, dot};
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
    /// The mean, so that a singular value becomes the root of the mean square of all.
    Rmse,
}

/// Aligned-MTL (Senushkin, Patakin, Kuznetsov and Konushin 2023, "Independent component alignment for
/// multi-task learning", section 4): with `G = V·Λ·Vᵀ`, `α = √σ·V·Λ^(−1/2)·Vᵀ·u`.
///
/// Eigenvalues count as zero by the rank of the cosine matrix, as far as the Gramian is accurate, not by
/// their size: short rows count. The
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
    preference: &[f64],
    scale: AlignedScale,
    factor: &mut Factor,
    sorted: &mut [f64],
    out: &mut [f64],
) {
    factor.factor(unit);
    let roots = factor.roots();
    let sorted = &mut sorted[..roots.len()];
    sorted.copy_from_slice(roots);
    sorted.sort_unstable_by(f64::total_cmp);
    let root = match scale {
        AlignedScale::Minimum => sorted[0],
        AlignedScale::Median => sorted[(sorted.len() - 1) / 2],
        AlignedScale::Rmse => (dot(sorted, sorted) / sorted.len() as f64).sqrt(),
    };
    out.fill(0.0);
    for (vector, own) in factor.vectors().zip(factor.roots()) {
        let coordinate = dot(vector, preference) * (root / own);
        out.iter_mut().zip(vector).for_each(|(out, entry)| *out += coordinate * entry);
    }
}
