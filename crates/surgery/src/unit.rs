//! The rows that are not zero, brought to unit length.

use nalgebra::{DMatrix, DVector};

use crate::Gramian;

/// `G = scale²·D·C·D` over the rows that are not zero: C holds cosines, D the lengths relative to the
/// longest row. A weight α on a row is `y = D·α` on its unit row.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    /// Where each kept row stands in the Gramian.
    pub(crate) places: Vec<usize>,
    /// C, with ones on the diagonal.
    pub(crate) cosines: DMatrix<f64>,
    /// The diagonal of D, in (0, 1].
    pub(crate) lengths: DVector<f64>,
    /// The length of the longest row.
    pub(crate) scale: f64,
}

impl Unit {
    pub(crate) fn new(gramian: &Gramian) -> Self {
        // The square of a subnormal number carries no direction.
        let kept = |row: &usize| gramian.dot(*row, *row) >= f64::MIN_POSITIVE;
        let places: Vec<usize> = (0..gramian.rows()).filter(kept).collect();
        let rows = places.len();
        let scale = places.iter().map(|row| gramian.length(*row)).fold(0.0, f64::max);
        let lengths = DVector::from_fn(rows, |row, _| gramian.length(places[row]) / scale);
        let cosines = DMatrix::from_fn(rows, rows, |row, column| {
            if row == column {
                return 1.0;
            }
            let (one, other) = (places[row], places[column]);
            // One division after the other: the product of the lengths may be out of range.
            let cosine = gramian.dot(one, other) / gramian.length(one) / gramian.length(other);
            cosine.clamp(-1.0, 1.0)
        });
        Self { places, cosines, lengths, scale }
    }

    pub(crate) fn rows(&self) -> usize {
        self.places.len()
    }

    /// α from weights on unit rows.
    pub(crate) fn weights(&self, unit: &DVector<f64>) -> DVector<f64> {
        unit.component_div(&self.lengths)
    }

    /// The entries of a vector over all gradients that belong to the kept rows, or the same number for
    /// each.
    pub(crate) fn preference(&self, given: Option<&[f64]>, default: f64) -> DVector<f64> {
        DVector::from_fn(self.rows(), |row, _| given.map_or(default, |all| all[self.places[row]]))
    }
}

/// `yᵀ·C·y`, the squared length of a combination of unit rows; never negative.
pub(crate) fn squared_length(cosines: &DMatrix<f64>, unit: &DVector<f64>) -> f64 {
    unit.dot(&(cosines * unit)).max(0.0)
}
