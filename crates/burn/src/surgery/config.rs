//! How rows are made and combined, as a file says it.

use homeostat_surgery::SurgeryConfig;
use serde::{Deserialize, Serialize};

/// Where the rows come from. K is the number of losses that take part; a plain step is one forward and
/// one backward pass of their weighted sum. Measured costs: README of
/// this crate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowMode {
    /// One forward and one backward pass per loss: K gradients of all parameters, exact. About K plain
    /// steps, and memory for K gradients. The default.
    #[default]
    Reforward,
    /// The trunk once forward, cut at its output z; one pass through its head per loss; surgery on the
    /// gradients with respect to z; one backward pass of `Σ z·sg[G*]` through the trunk. About one plain
    /// step. Exact for whatever is linear in the gradients; a method that decides by cosines and norms
    /// sees those at z and not those of the parameters (the upper bound of Sener & Koltun 2018, MGDA-UB).
    /// Needs a [`Cut`](super::Cut).
    Representation,
    /// Two rows whatever K: the first loss, and the sum of all others with their factors. About two plain
    /// steps.
    Groups,
}

/// What parameters behind the cut follow, with `rows = "representation"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadRule {
    /// Their own losses with their factors, whatever the surgery decides about the trunk: no weight may
    /// turn off or turn round a head's own loss. The default, as in Sener & Koltun 2018.
    #[default]
    Own,
    /// Their losses with the weights of the surgery, so that every loss has one weight in all parameters.
    Weighted,
}

/// Rows and surgery.
///
/// ```toml
/// rows = "representation"
/// surgery = "upgrad"
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SurgeonConfig {
    /// Where the rows come from.
    pub rows: RowMode,
    /// What parameters behind the cut follow.
    pub heads: HeadRule,
    /// Which method combines the rows, how often, in which groups.
    pub surgery: SurgeryConfig,
}
