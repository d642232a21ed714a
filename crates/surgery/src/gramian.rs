//! The matrix of dot products of gradients.

use crate::GramianError;

/// The largest number of gradients.
pub const MAXIMUM_ROWS: usize = 64;

/// How far `G_ij` and `G_ji` may be apart, relative to the product of the lengths: sums in f32 on a device
/// depend on their order.
const SYMMETRY: f64 = 1e-4;

/// How far a dot product may be above the product of the lengths, for the same reason.
const EXCESS: f64 = 1e-2;

/// `G_ij = g_i·g_j` for K gradients: square, symmetric, finite, and its diagonal is not negative.
#[derive(Clone, Debug, PartialEq)]
pub struct Gramian {
    rows: usize,
    entries: Vec<f64>,
}

impl Gramian {
    /// Checks a matrix, given row by row. The mean of both triangles is kept.
    ///
    /// A row of length zero may have any finite dot products, because a square can underflow where a
    /// product does not; such a row counts as zero.
    pub fn new(rows: usize, entries: &[f64]) -> Result<Self, GramianError> {
        if rows == 0 || rows > MAXIMUM_ROWS {
            return Err(GramianError::Rows(rows));
        }
        let expected = rows * rows;
        if entries.len() != expected {
            return Err(GramianError::Entries { rows, expected, found: entries.len() });
        }
        for (row, value) in (0..rows).map(|row| (row, entries[row * rows + row])) {
            if !value.is_finite() || value < 0.0 {
                return Err(GramianError::Diagonal { row, value });
            }
        }
        let mut kept = entries.to_vec();
        for row in 0..rows {
            for column in 0..row {
                let (one, other) = (entries[row * rows + column], entries[column * rows + row]);
                for value in [one, other] {
                    if !value.is_finite() {
                        return Err(GramianError::NonFinite { row, column, value });
                    }
                }
                let lengths =
                    entries[row * rows + row].sqrt() * entries[column * rows + column].sqrt();
                if lengths > 0.0 && (one - other).abs() > SYMMETRY * lengths {
                    return Err(GramianError::Asymmetric { row, column });
                }
                let mean = 0.5 * one + 0.5 * other;
                if lengths > 0.0 && mean.abs() > (1.0 + EXCESS) * lengths {
                    return Err(GramianError::TooLarge { row, column });
                }
                kept[row * rows + column] = mean;
                kept[column * rows + row] = mean;
            }
        }
        Ok(Self { rows, entries: kept })
    }

    /// `J·Jᵀ` of gradients that are at hand, all of the same length.
    pub fn of_rows<R: AsRef<[f64]>>(gradients: &[R]) -> Result<Self, GramianError> {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let entries: Vec<f64> = gradients
            .iter()
            .flat_map(|a| gradients.iter().map(move |b| dot(a.as_ref(), b.as_ref())))
            .collect();
        Self::new(gradients.len(), &entries)
    }

    /// The number of gradients K.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// `G_ij`. Panics where an index is not below K.
    pub fn dot(&self, row: usize, column: usize) -> f64 {
        assert!(row < self.rows && column < self.rows, "the gramian has {} rows", self.rows);
        self.entries[row * self.rows + column]
    }

    /// `‖g_i‖ = √G_ii`.
    pub fn length(&self, row: usize) -> f64 {
        self.dot(row, row).sqrt()
    }

    /// The Gramian `V·G·Vᵀ` of combined rows; `combinations` holds V row by row, K numbers each.
    pub fn combined(&self, combinations: &[f64]) -> Result<Self, GramianError> {
        let rows = combinations.len() / self.rows;
        let mut entries = Vec::with_capacity(rows * rows);
        for one in combinations.chunks_exact(self.rows) {
            for other in combinations.chunks_exact(self.rows) {
                let mut sum = 0.0;
                for (i, a) in one.iter().enumerate() {
                    for (j, b) in other.iter().enumerate() {
                        sum += a * self.dot(i, j) * b;
                    }
                }
                entries.push(sum);
            }
        }
        for row in 0..rows {
            // A row that is combined to nothing may come out below zero by rounding.
            entries[row * rows + row] = entries[row * rows + row].max(0.0);
        }
        Self::new(rows, &entries)
    }
}
