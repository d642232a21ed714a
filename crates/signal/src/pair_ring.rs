//! The newest pairs of two signals and how they move together.

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
    /// Two lists of the same length. Apart, they can be summed several numbers at a time.
    first: Vec<f64>,
    second: Vec<f64>,
    /// Where the oldest pair is once the ring is full, and the next one goes; 0 before.
    oldest: usize,
}

/// A ring in text: its pairs from the oldest to the newest, and where the oldest one lies, because sums
/// are taken in the order of memory and must come out the same.
#[derive(Serialize, Deserialize)]
#[serde(rename = "PairRing", deny_unknown_fields)]
struct Saved {
    capacity: usize,
    oldest: usize,
    pairs: Vec<(f64, f64)>,
}

impl PairRing {
    /// An empty ring for `capacity` pairs, at least 1.
    pub fn new(capacity: usize) -> Self {
        let capacity = capacity.max(1);
        let list = || Vec::with_capacity(capacity);
        Self { capacity, first: list(), second: list(), oldest: 0 }
    }

    /// Takes in a pair. `false`: one of the numbers is not finite, and the pair was left out.
    pub fn push(&mut self, first: f64, second: f64) -> bool {
        let finite = first.is_finite() && second.is_finite();
        if finite && self.len() < self.capacity {
            self.first.push(first);
            self.second.push(second);
        } else if finite {
            self.first[self.oldest] = first;
            self.second[self.oldest] = second;
            self.oldest = if self.oldest + 1 == self.capacity { 0 } else { self.oldest + 1 };
        }
        finite
    }

    /// Forgets all pairs.
    pub fn clear(&mut self) {
        self.first.clear();
        self.second.clear();
        self.oldest = 0;
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// Whether there is no pair.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
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
        let count = self.len().max(1) as f64;
        let [first, second] = self.sums(|x, y| [x, y]).map(|sum| sum / count);
        let squares = self.sums(|x, y| {
            let (x, y) = (x - first, y - second);
            [x * x, y * y, x * y]
        });
        let [first, second, covariance] = squares.map(|sum| sum / count);
        (first, second, covariance)
    }

    /// Sums over the pairs, several at a time, so that no addition waits for the one before it.
    fn sums<const N: usize>(&self, terms: impl Fn(f64, f64) -> [f64; N]) -> [f64; N] {
        const LANES: usize = 8;
        let mut lanes = [[0.0; LANES]; N];
        let (first, first_rest) = self.first.as_chunks::<LANES>();
        let (second, second_rest) = self.second.as_chunks::<LANES>();
        for (xs, ys) in first.iter().zip(second) {
            for lane in 0..LANES {
                for (sums, term) in lanes.iter_mut().zip(terms(xs[lane], ys[lane])) {
                    sums[lane] += term;
                }
            }
        }
        let mut totals = lanes.map(|sums| sums.iter().sum::<f64>());
        for (x, y) in first_rest.iter().zip(second_rest) {
            for (total, term) in totals.iter_mut().zip(terms(*x, *y)) {
                *total += term;
            }
        }
        totals
    }
}

fn finite_or_zero(value: f64) -> f64 {
    if value.is_finite() { value } else { 0.0 }
}

impl From<PairRing> for Saved {
    fn from(ring: PairRing) -> Self {
        let pairs = ring.first.iter().copied().zip(ring.second.iter().copied());
        let (newer, older): (Vec<_>, Vec<_>) =
            (pairs.clone().take(ring.oldest).collect(), pairs.skip(ring.oldest).collect());
        Self { capacity: ring.capacity, oldest: ring.oldest, pairs: [older, newer].concat() }
    }
}

impl TryFrom<Saved> for PairRing {
    type Error = String;

    fn try_from(saved: Saved) -> Result<Self, String> {
        let (capacity, oldest, mut pairs) = (saved.capacity, saved.oldest, saved.pairs);
        let count = pairs.len();
        if capacity == 0 || count > capacity {
            return Err(format!("a ring of {capacity} cannot hold {count} pairs"));
        }
        if oldest > 0 && (count < capacity || oldest >= capacity) {
            return Err(format!(
                "the oldest of {count} pairs in a ring of {capacity} cannot be at {oldest}"
            ));
        }
        if let Some(pair) = pairs.iter().find(|pair| !(pair.0.is_finite() && pair.1.is_finite())) {
            return Err(format!("a ring holds finite numbers, got {pair:?}"));
        }
        pairs.rotate_right(oldest);
        let mut ring = Self { oldest, ..Self::new(capacity) };
        for (first, second) in pairs {
            ring.first.push(first);
            ring.second.push(second);
        }
        Ok(ring)
    }
}
