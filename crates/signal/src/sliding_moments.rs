//! Mean and standard deviation of a window in constant time.

use serde::{Deserialize, Serialize};

/// Where the part of the squares that is variance falls below this share of the largest sum of squares
/// since the last recomputation, at most eight digits of it are left, and it is recomputed.
const LOST: f64 = 1e-8;

/// Mean and population standard deviation of the values in a window that somebody else keeps.
///
/// Sums of x − r and (x − r)² around a reference r cost a few additions per step. What rounding leaves
/// behind is removed by exact recomputation from the window, with its mean as the new r: once per turn of
/// the window, and at once where a large value that left, or a mean that moved far from r, has taken the
/// digits of the variance. The second happens rarely, because it takes a factor of 10⁸ each time. The sums
/// are part of the saved memory, so a run that goes on adds the same numbers to the same sums.
///
/// Every sum scales exactly under x → 2ᵏ·x. Values are finite and at most 10¹⁴⁰ in magnitude; the
/// caller checks.
///
/// ```
/// use homeostat_signal::{OrderWindow, SlidingMoments};
/// let (mut window, mut moments) = (OrderWindow::new(3), SlidingMoments::default());
/// for value in [1e9, 1.0, 2.0, 3.0] {
///     let evicted = window.push(value);
///     moments.push(value, evicted, window.iter());
/// }
/// assert_eq!(moments.mean(), Some(2.0));
/// assert_eq!(moments.variance(), Some(2.0 / 3.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlidingMoments {
    count: u64,
    reference: f64,
    sum: f64,
    squares: f64,
    /// The largest `squares` since the last recomputation: what rounding errors are in proportion to.
    peak: f64,
    /// How many values were taken in since the last recomputation.
    age: u64,
}

impl SlidingMoments {
    /// Takes in a value, and takes out the one that it pushed out of the window. `window` gives the
    /// values of the window after that; it is read only where a recomputation is due.
    pub fn push<W>(&mut self, added: f64, removed: Option<f64>, window: W)
    where
        W: Iterator<Item = f64> + Clone,
    {
        if let Some(removed) = removed {
            self.change(removed, -1.0);
            self.count -= 1;
        }
        self.change(added, 1.0);
        self.count += 1;
        self.age += 1;
        self.peak = self.peak.max(self.squares);
        if self.age >= self.count || self.spread() < LOST * self.peak {
            *self = Self::of(window);
        }
    }

    /// The moments of these values, computed in two passes.
    pub fn of<W: Iterator<Item = f64> + Clone>(values: W) -> Self {
        // Around one of the values, so that equal values have no deviation at all.
        let Some(first) = values.clone().next() else { return Self::default() };
        let (mut count, mut sum) = (0_u64, 0.0);
        for value in values.clone() {
            count += 1;
            sum += value - first;
        }
        let reference = first + sum / count as f64;
        let mut moments = Self { count, reference, ..Self::default() };
        for value in values {
            moments.change(value, 1.0);
        }
        moments.peak = moments.squares;
        moments
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The mean; `None` while empty.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.reference + self.sum / self.count as f64)
    }

    /// The population variance, Σ(x − mean)²/n; `None` while empty.
    pub fn variance(&self) -> Option<f64> {
        (self.count > 0).then(|| self.spread() / self.count as f64)
    }

    /// The population standard deviation; `None` while empty.
    pub fn standard_deviation(&self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }

    fn change(&mut self, value: f64, sign: f64) {
        let deviation = value - self.reference;
        self.sum += sign * deviation;
        self.squares += sign * deviation * deviation;
    }

    /// Σ(x − mean)².
    fn spread(&self) -> f64 {
        (self.squares - self.sum * (self.sum / self.count as f64)).max(0.0)
    }
}
