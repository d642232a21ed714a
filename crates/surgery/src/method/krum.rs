//! Krum.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::unit::Unit;

/// Krum and multi-Krum (Blanchard, El Mhamdi, Guerraoui and Stainer 2017, "Machine learning with
/// adversaries", section 3): the score of a row is the sum of its squared distances to its m − f − 2 nearest
/// others; the rows with the smallest scores are taken, `1/s` each. For rows that are the same gradient
/// by several workers, some of which cannot be trusted, rather than for several losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KrumConfig {
    /// f, how many rows may be wrong. There must be f + 3 rows at least, or there is no score; where fewer are
    /// left in a step, the nearest other decides. The paper's promise, that f wrong rows cannot win together,
    /// needs 2·f + 3 (its proposition 4.2): with fewer, f equal rows can have the smallest score.
    pub byzantine: usize,
    /// s, how many rows are taken. Default 1, which is Krum; more is multi-Krum.
    #[serde(default = "one")]
    pub selected: usize,
}

fn one() -> usize {
    1
}

impl KrumConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let (field, rule) = ("method.krum.selected", "must be at least 1");
        ConfigError::unless(self.selected >= 1, field, rule, self.selected)
    }

    /// The smallest legal number of rows.
    pub(crate) fn minimum(&self) -> usize {
        self.selected.max(self.byzantine.saturating_add(3))
    }
}

pub(crate) fn krum(
    unit: &Unit,
    config: &KrumConfig,
    distances: &mut [f64],
    scores: &mut [f64],
    out: &mut [f64],
) {
    let rows = unit.rows();
    let nearest = rows.saturating_sub(config.byzantine + 2).max(1);
    for row in 0..rows {
        for (other, distance) in distances.iter_mut().enumerate() {
            let (a, b) = (unit.lengths[row], unit.lengths[other]);
            // Nearly equal rows do not cancel: (a − b)² + 2·a·b·(1 − cos).
            *distance = (a - b).powi(2) + 2.0 * a * b * (1.0 - unit.cosine(row, other));
        }
        distances[row] = f64::INFINITY;
        distances.sort_unstable_by(f64::total_cmp);
        scores[row] = distances[..nearest].iter().sum();
    }
    out.fill(0.0);
    let selected = config.selected.min(rows);
    for _ in 0..selected {
        let best = (0..rows).min_by(|a, b| scores[*a].total_cmp(&scores[*b]));
        let Some(best) = best else { return };
        scores[best] = f64::INFINITY;
        out[best] = 1.0 / selected as f64;
    }
}
