//! Least squares of a sliding window, one value at a time.

use serde::{Deserialize, Serialize};

/// The slope of the newest values over time, and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Trend {
    pub(super) mean: f64,
    pub(super) slope: f64,
    pub(super) t_value: f64,
}

/// A t value beyond this says nothing more, and a perfect line would make it infinite.
const LARGEST_T: f64 = 1e6;

/// A ring of the newest values with the sums that a regression on their order needs.
///
/// The sums are about an anchor, and are computed anew once per turn of the ring, so that rounding does
/// not gather; the cost per value stays constant on average.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrendWindow {
    values: Vec<f64>,
    /// Where the next value goes once the ring is full: the oldest value.
    next: usize,
    anchor: f64,
    /// Σ y, Σ i·y and Σ y² of y = value − anchor, with i counted from the oldest.
    sum: f64,
    weighted: f64,
    squares: f64,
}

impl TrendWindow {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            values: Vec::with_capacity(capacity),
            next: 0,
            anchor: 0.0,
            sum: 0.0,
            weighted: 0.0,
            squares: 0.0,
        }
    }

    /// Makes room for `capacity` values: a window from a file has only what it holds.
    pub(super) fn reserve(&mut self, capacity: usize) {
        self.values.reserve_exact(capacity.saturating_sub(self.values.len()));
    }

    pub(super) fn clear(&mut self) {
        self.values.clear();
        (self.next, self.anchor) = (0, 0.0);
        (self.sum, self.weighted, self.squares) = (0.0, 0.0, 0.0);
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// Takes a value in; the oldest goes out where there are `capacity` already, and is returned.
    pub(super) fn push(&mut self, value: f64, capacity: usize) -> Option<f64> {
        let count = self.values.len();
        if count == 0 {
            self.anchor = value;
        }
        let new = value - self.anchor;
        if count < capacity {
            self.values.push(value);
            self.sum += new;
            self.weighted += count as f64 * new;
            self.squares += new * new;
            return None;
        }
        let evicted = std::mem::replace(&mut self.values[self.next], value);
        let old = evicted - self.anchor;
        self.next = (self.next + 1) % count;
        self.sum -= old;
        self.weighted += (count - 1) as f64 * new - self.sum;
        self.sum += new;
        self.squares += new * new - old * old;
        if self.next == 0 {
            self.renew();
        }
        Some(evicted)
    }

    fn renew(&mut self) {
        self.anchor = self.values.iter().sum::<f64>() / self.values.len() as f64;
        (self.sum, self.weighted, self.squares) = (0.0, 0.0, 0.0);
        for (index, value) in self.values.iter().enumerate() {
            let centred = value - self.anchor;
            self.sum += centred;
            self.weighted += index as f64 * centred;
            self.squares += centred * centred;
        }
    }

    /// The regression; without a slope below three values.
    pub(super) fn trend(&self) -> Trend {
        let count = self.values.len() as f64;
        if self.values.len() < 3 {
            let mean = self.anchor + if count > 0.0 { self.sum / count } else { 0.0 };
            return Trend { mean, slope: 0.0, t_value: 0.0 };
        }
        let mean = self.sum / count;
        let spread = count * (count * count - 1.0) / 12.0;
        let slope = (self.weighted - (count - 1.0) / 2.0 * self.sum) / spread;
        let total = (self.squares - count * mean * mean).max(0.0);
        let rest = (total - slope * slope * spread).max(0.0);
        let error = (rest / (count - 2.0) / spread).sqrt();
        // What rounding leaves of a constant is no slope.
        let noise = 1e-12 * (self.anchor.abs() + mean.abs()) / count;
        let t_value =
            if slope.abs() <= noise { 0.0 } else { (slope / error).clamp(-LARGEST_T, LARGEST_T) };
        Trend { mean: self.anchor + mean, slope, t_value }
    }

    /// Whether a loaded window fits the capacity.
    pub(super) fn fits(&self, capacity: usize) -> bool {
        let count = self.values.len();
        count <= capacity && (self.next == 0 || (count == capacity && self.next < capacity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Least squares by the textbook, on all values at once.
    fn textbook(values: &[f64]) -> Trend {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let middle = (count - 1.0) / 2.0;
        let centred = || values.iter().enumerate().map(|(i, y)| (i as f64 - middle, y - mean));
        let spread: f64 = centred().map(|(x, _)| x * x).sum();
        let slope = centred().map(|(x, y)| x * y).sum::<f64>() / spread;
        let rest: f64 = centred().map(|(x, y)| (y - slope * x).powi(2)).sum();
        Trend { mean, slope, t_value: slope / (rest / (count - 2.0) / spread).sqrt() }
    }

    #[test]
    fn the_sliding_sums_are_the_regression_of_the_window() {
        let mut window = TrendWindow::new(7);
        let values: Vec<f64> =
            (0..100).map(|i| 1e6 + 0.3 * f64::from(i) + f64::from(i * i % 11)).collect();
        for (last, value) in values.iter().enumerate() {
            window.push(*value, 7);
            if last >= 3 {
                let (found, expected) =
                    (window.trend(), textbook(&values[(last + 1).saturating_sub(7)..=last]));
                assert!((found.mean - expected.mean).abs() < 1e-6);
                assert!((found.slope - expected.slope).abs() < 1e-6, "{found:?} {expected:?}");
                assert!((found.t_value - expected.t_value).abs() < 1e-3, "{found:?} {expected:?}");
            }
        }
    }

    #[test]
    fn what_rounding_left_of_large_values_is_gone_after_a_turn() {
        let mut window = TrendWindow::new(7);
        for step in 0..7 {
            window.push(1e9 * f64::from(step), 7);
        }
        let values: Vec<f64> =
            (0..14).map(|i| 0.3 * f64::from(i) + f64::from(i * i % 11)).collect();
        for value in &values {
            window.push(*value, 7);
        }
        let (found, expected) = (window.trend(), textbook(&values[7..]));
        assert!((found.mean - expected.mean).abs() < 1e-12, "{found:?} {expected:?}");
        assert!((found.slope - expected.slope).abs() < 1e-12, "{found:?} {expected:?}");
        assert!((found.t_value - expected.t_value).abs() < 1e-9, "{found:?} {expected:?}");
    }

    #[test]
    fn a_constant_has_no_trend_and_a_perfect_line_a_finite_one() {
        let mut window = TrendWindow::new(64);
        for _ in 0..200 {
            window.push(0.1, 64);
        }
        assert_eq!(window.trend().t_value, 0.0);
        for step in 0..64 {
            window.push(-f64::from(step), 64);
        }
        assert!(window.trend().t_value < -1e3);
        assert!(window.trend().t_value.is_finite());
    }
}
