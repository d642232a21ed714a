//! Whose rules hold: ours, or those of one of the two published revisions.

use serde::{Deserialize, Serialize};

/// Whose rules hold. The published revisions are kept to the last quirk, for comparison and for the
/// golden tables; each of their defects has a test that shows it beside the mended rule.
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
