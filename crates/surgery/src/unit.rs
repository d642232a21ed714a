//! The rows that take part in a step, brought to unit length.

use crate::solve::dot;
use crate::{Gramian, RowSet};

/// `G = scale²·D·C·D` over the rows that take part: C holds cosines, D the lengths relative to the longest
/// row. A weight α on a row is `y = D·α` on its unit row.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unit {
    /// Where each kept row stands among all.
    pub(crate) places: Vec<usize>,
    /// C, with ones on the diagonal.
    pub(crate) cosines: Vec<f64>,
    /// The diagonal of D, in (0, 1].
    pub(crate) lengths: Vec<f64>,
    /// The length of the longest row.
    pub(crate) scale: f64,
    /// How far a cosine may be off.
    pub(crate) accuracy: f64,
}

impl Unit {
    pub(crate) fn new(rows: usize) -> Self {
        Self {
            places: Vec::with_capacity(rows),
            cosines: Vec::with_capacity(rows * rows),
            lengths: Vec::with_capacity(rows),
            scale: 0.0,
            accuracy: 0.0,
        }
    }

    /// Takes in some rows, each times a factor that is not zero. Answers with the rows that are left out,
    /// because their length is zero.
    pub(crate) fn fill(&mut self, gramian: &Gramian, rows: RowSet, factors: &[f64]) -> RowSet {
        let length = |row: usize| gramian.length(row) * factors[row].abs();
        // The square of a subnormal number carries no direction.
        let direction = |row: &usize| gramian.dot(*row, *row) >= f64::MIN_POSITIVE;
        self.scale = rows.iter().filter(direction).map(length).fold(0.0, f64::max);
        self.accuracy = gramian.accuracy();
        // A length that is subnormal beside the longest cannot be divided by.
        let short = |row: &usize| length(*row) / self.scale < f64::MIN_POSITIVE;
        let kept = |row: &usize| direction(row) && !short(row);
        self.places.clear();
        self.places.extend(rows.iter().filter(kept));
        self.lengths.clear();
        self.lengths.extend(self.places.iter().map(|row| length(*row)));
        self.lengths.iter_mut().for_each(|length| *length /= self.scale);
        self.cosines.clear();
        for one in &self.places {
            for other in &self.places {
                if one == other {
                    self.cosines.push(1.0);
                    continue;
                }
                // One division after the other: the product of the lengths may be out of range.
                let cosine =
                    gramian.dot(*one, *other) / gramian.length(*one) / gramian.length(*other);
                let sign = factors[*one].signum() * factors[*other].signum();
                self.cosines.push(sign * cosine.clamp(-1.0, 1.0));
            }
        }
        rows.without(self.places.iter().copied().collect())
    }

    /// Takes in rows of which nothing is known.
    pub(crate) fn list(&mut self, rows: RowSet) {
        self.places.clear();
        self.places.extend(rows.iter());
        self.lengths.clear();
        self.cosines.clear();
    }

    pub(crate) fn rows(&self) -> usize {
        self.places.len()
    }

    /// `C_ij`.
    pub(crate) fn cosine(&self, row: usize, column: usize) -> f64 {
        self.cosines[row * self.rows() + column]
    }

    /// Row i of C.
    pub(crate) fn row(&self, row: usize) -> &[f64] {
        &self.cosines[row * self.rows()..(row + 1) * self.rows()]
    }

    /// Weights on rows from weights on unit rows, in place.
    pub(crate) fn stretch(&self, weights: &mut [f64]) {
        weights.iter_mut().zip(&self.lengths).for_each(|(weight, length)| *weight /= length);
    }

    /// Whether some pair of rows conflicts.
    pub(crate) fn conflict(&self) -> bool {
        self.cosines.iter().any(|cosine| *cosine < 0.0)
    }

    /// What the direction of these weights on rows looks like. `parts` is as long.
    pub(crate) fn direction(&self, weights: &[f64], parts: &mut [f64]) -> Direction {
        for ((part, weight), length) in parts.iter_mut().zip(weights).zip(&self.lengths) {
            *part = weight * length;
        }
        let (mut squared, mut total, mut least) = (0.0, 0.0, f64::INFINITY);
        for (row, part) in parts.iter().enumerate() {
            let along = dot(self.row(row), parts);
            squared += part * along;
            total += part.abs();
            least = along.min(least);
        }
        let cancelled = self.rounding(squared, parts);
        // Where the weights are no numbers, neither are these.
        let norm = if cancelled { squared.max(0.0).sqrt() } else { squared.sqrt() };
        let least = if cancelled { 0.0 } else { (least / norm).clamp(-1.0, 1.0) };
        Direction { norm: norm * self.scale, parts: total * self.scale, least, cancelled }
    }

    /// Whether the squared length of a combination of unit rows is below the errors of its terms.
    pub(crate) fn rounding(&self, squared: f64, parts: &[f64]) -> bool {
        let total: f64 = parts.iter().map(|part| part.abs()).sum();
        let accuracy = self.accuracy.max(4.0 * f64::EPSILON * parts.len() as f64);
        squared <= accuracy * total * total
    }
}

/// Length and cosines of a direction `d = Σ α_i·g_i`, from the Gramian and α.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Direction {
    /// `‖d‖`.
    pub(crate) norm: f64,
    /// `Σ |α_i|·‖g_i‖`.
    pub(crate) parts: f64,
    /// The smallest cosine of d with a row; 0 where d is rounding.
    pub(crate) least: f64,
    /// Whether the parts cancel as far as a Gramian can tell: `‖d‖²` is below the rounding of its terms.
    pub(crate) cancelled: bool,
}

impl Direction {
    pub(crate) const NONE: Self = Self { norm: 0.0, parts: 0.0, least: 0.0, cancelled: false };
}
