//! The newest pairs of two signals and how they move together.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Below this variance a signal counts as constant and correlates with nothing.
const CONSTANT: f64 = 1e-18;

/// The newest `capacity` pairs of two signals, first in, first out, with their population covariance
/// and correlation.
///
/// Both are computed from all pairs when asked for, in two passes: exact, and a fraction of a
/// microsecond for the hundred pairs that a gate remembers.
///
/// ```
/// use homeostat_signal::PairRing;
/// let mut ring = PairRing::new(3);
/// for pair in [(9.0, -9.0), (1.0, 2.0), (2.0, 4.0), (3.0, 6.0)] {
///     ring.push(pair.0, pair.1);
/// }
/// assert_eq!(ring.len(), 3);
/// assert!((ring.covariance() - 4.0 / 3.0).abs() < 1e-15);
/// assert!((ring.correlation() - 1.0).abs() < 1e-15);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Saved", into = "Saved")]
pub struct PairRing {
    capacity: usize,
    pairs: VecDeque<(f64, f64)>,
}

/// A ring in text: its pairs from the oldest to the newest.
#[derive(Serialize, Deserialize)]
#[serde(rename = "PairRing", deny_unknown_fields)]
struct Saved {
    capacity: usize,
    pairs: Vec<(f64, f64)>,
}

impl PairRing {
    /// An empty ring for `capacity` pairs, at least 1.
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self { capacity, pairs: VecDeque::with_capacity(capacity) }
    }

    /// Takes in a pair. `false`: one of the numbers is not finite, and the pair was left out.
    pub fn push(&mut self, first: f64, second: f64) -> bool {
        let finite = first.is_finite() && second.is_finite();
        if finite {
            if self.pairs.len() == self.capacity {
                self.pairs.pop_front();
            }
            self.pairs.push_back((first, second));
        }
        finite
    }

    /// Forgets all pairs.
    pub fn clear(&mut self) {
        self.pairs.clear();
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// How many pairs there is room for.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The population covariance Σ(x − x̄)(y − ȳ)/n; 0 while empty, or where it overflows.
    pub fn covariance(&self) -> f64 {
        finite_or_zero(self.moments().2)
    }

    /// Pearson's correlation; 0 while empty, where either variance is below 10⁻¹⁸, or where one
    /// overflows.
    pub fn correlation(&self) -> f64 {
        let (first, second, covariance) = self.moments();
        if first < CONSTANT || second < CONSTANT {
            return 0.0;
        }
        finite_or_zero(covariance / (first.sqrt() * second.sqrt())).clamp(-1.0, 1.0)
    }

    /// Both variances and the covariance.
    fn moments(&self) -> (f64, f64, f64) {
        let count = self.pairs.len().max(1) as f64;
        let mean = |part: fn(&(f64, f64)) -> f64| self.pairs.iter().map(part).sum::<f64>() / count;
        let (first, second) = (mean(|pair| pair.0), mean(|pair| pair.1));
        let mut sums = (0.0, 0.0, 0.0);
        for (x, y) in &self.pairs {
            let (x, y) = (x - first, y - second);
            sums = (sums.0 + x * x, sums.1 + y * y, sums.2 + x * y);
        }
        (sums.0 / count, sums.1 / count, sums.2 / count)
    }
}

fn finite_or_zero(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

impl From<PairRing> for Saved {
    fn from(ring: PairRing) -> Self {
        Self { capacity: ring.capacity, pairs: ring.pairs.into() }
    }
}

impl TryFrom<Saved> for PairRing {
    type Error = String;

    fn try_from(saved: Saved) -> Result<Self, String> {
        let mut ring = Self::new(saved.capacity);
        let count = saved.pairs.len();
        if saved.capacity == 0 || count > saved.capacity {
            return Err(format!("a ring of {} cannot hold {count} pairs", saved.capacity));
        }
        match saved.pairs.into_iter().find(|pair| !ring.push(pair.0, pair.1)) {
            Some(pair) => Err(format!("a ring holds finite numbers, got {pair:?}")),
            None => Ok(ring),
        }
    }
}
