//! In which order a gradient meets the others, and what becomes of the changed gradients.

use homeostat_core::random::unit_interval;
use nalgebra::{DMatrix, DVector};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::unit::Unit;

/// In which order each gradient meets the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// A new random order for each gradient and step, as in the paper. The default.
    #[default]
    Random,
    /// The first gradient first. The result depends on how the gradients are numbered.
    Ascending,
    /// The last gradient first.
    Descending,
}

/// What becomes of the changed gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reduce {
    /// Their sum, as in the paper. The default.
    #[default]
    Sum,
    /// Their mean.
    Mean,
}

impl Reduce {
    /// α from the weights on unit rows of each changed unit row.
    pub(crate) fn apply(self, unit: &Unit, changed: &DMatrix<f64>) -> DVector<f64> {
        let rows = unit.rows();
        let factor = match self {
            Self::Sum => 1.0,
            Self::Mean => 1.0 / rows as f64,
        };
        DVector::from_fn(rows, |column, _| {
            let part = |row| changed[(row, column)] * (unit.lengths[row] / unit.lengths[column]);
            factor * (0..rows).map(part).sum::<f64>()
        })
    }
}

/// One order of all rows for each row. The random ones depend on seed and step only.
pub(crate) fn orders(order: Order, rows: usize, seed: u64, step: u64) -> Vec<Vec<usize>> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(step);
    (0..rows)
        .map(|_| match order {
            Order::Ascending => (0..rows).collect(),
            Order::Descending => (0..rows).rev().collect(),
            Order::Random => shuffled(rows, &mut random),
        })
        .collect()
}

/// Fisher and Yates.
fn shuffled(rows: usize, random: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    for last in (1..rows).rev() {
        let uniform = unit_interval(random.next_u64());
        let other = (uniform * (last + 1) as f64) as usize;
        order.swap(last, other.min(last));
    }
    order
}
