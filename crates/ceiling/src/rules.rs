//! Whose rules hold: ours, or those of one of the two published revisions.

use serde::{Deserialize, Serialize};

/// Whose rules hold. The published revisions are kept with their quirks, for comparison and for the golden
/// tables; each of their defects has a test that shows it beside the mended rule. Two things are not kept:
///
/// - The latest revision doubles the bounds of the goal `prior_kl`, and its best value. A ceiling has no
///   factor per goal, and `CeilingConfig::parity_late` names the other two divergences alone.
/// - Of groups that score alike the published code takes the first as its source lists them; groups stand
///   here in the order of their names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rules {
    /// The note's intention, with the defects of the published code mended.
    #[default]
    Mended,
    /// The revision that the design note describes: `bom_vea` a7a9d73, January 10, 2026.
    Note,
    /// The latest revision: `bom_vea` 0bffbb8, January 16, 2026.
    Late,
}
