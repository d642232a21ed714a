//! In which order a gradient meets the others, and what becomes of the changed gradients.

use homeostat_core::random::{stream_key, unit_interval};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::unit::Unit;

/// The purpose of the random orders among the streams of a seed.
const PURPOSE: u64 = u64::from_le_bytes(*b"surgery\0");

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
    pub(crate) fn apply(self, unit: &Unit, changed: &[f64], out: &mut [f64]) {
        let rows = unit.rows();
        let factor = match self {
            Self::Sum => 1.0,
            Self::Mean => 1.0 / rows as f64,
        };
        out.fill(0.0);
        for (row, combination) in changed.chunks_exact(rows).enumerate() {
            for (column, weight) in combination.iter().enumerate() {
                out[column] += factor * weight * (unit.lengths[row] / unit.lengths[column]);
            }
        }
    }
}

/// The orders of one step: they depend on seed, group and step only.
pub(crate) struct Orders {
    order: Order,
    random: ChaCha8Rng,
}

impl Orders {
    pub(crate) fn new(order: Order, seed: u64, group: u64, step: u64) -> Self {
        let mut random = ChaCha8Rng::from_seed(stream_key(seed, PURPOSE, group));
        random.set_stream(step);
        Self { order, random }
    }

    /// The order in which the next gradient meets all, by Fisher and Yates.
    pub(crate) fn next(&mut self, rows: usize, order: &mut Vec<usize>) {
        order.clear();
        order.extend(0..rows);
        match self.order {
            Order::Ascending => {}
            Order::Descending => order.reverse(),
            Order::Random => {
                for last in (1..rows).rev() {
                    let uniform = unit_interval(self.random.next_u64());
                    let other = (uniform * (last + 1) as f64) as usize;
                    order.swap(last, other.min(last));
                }
            }
        }
    }
}
