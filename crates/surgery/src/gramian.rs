//! The matrix of dot products of gradients.

use crate::{GramianError, RowSet};

/// The largest number of gradients.
pub const MAXIMUM_ROWS: usize = 64;

/// How far `G_ij` and `G_ji` may be apart, relative to the product of the lengths: sums in f32 on a device
/// depend on their order.
const SYMMETRY: f64 = 1e-4;

/// How far a dot product may be above the product of the lengths, for the same reason.
const EXCESS: f64 = 1e-2;

/// `G_ij = g_i·g_j` for K gradients, some of which may be absent: square, symmetric, finite, and its
/// diagonal is not negative.
#[derive(Clone, Debug, PartialEq)]
pub struct Gramian {
    rows: usize,
    /// Row by row; zeros for absent rows.
    entries: Vec<f64>,
    present: RowSet,
    not_finite: RowSet,
    /// How far a dot product may be off, relative to the product of the lengths.
    accuracy: f64,
}

impl Gramian {
    /// Checks a matrix, given row by row. Every number must be finite. The mean of both triangles is kept.
    ///
    /// A row of length zero may have any finite dot products, because a square can underflow where a
    /// product does not; such a row counts as zero.
    pub fn new(rows: usize, entries: &[f64]) -> Result<Self, GramianError> {
        check_size(rows, entries)?;
        for row in 0..rows {
            let value = entries[row * rows + row];
            if !value.is_finite() || value < 0.0 {
                return Err(GramianError::Diagonal { row, value });
            }
            for column in 0..row {
                for value in [entries[row * rows + column], entries[column * rows + row]] {
                    if !value.is_finite() {
                        return Err(GramianError::NonFinite { row, column, value });
                    }
                }
            }
        }
        Self::with_gaps(rows, entries, RowSet::all(rows))
    }

    /// Checks a matrix of which only some rows were measured. The numbers of the others are not looked at.
    ///
    /// A row that is not finite is dropped, see [`not_finite`](Self::not_finite), and poisons no other row:
    /// first every row whose squared length is infinite or NaN, then, while a dot product is not finite,
    /// the rows that take part in most of those.
    pub fn with_gaps(rows: usize, entries: &[f64], present: RowSet) -> Result<Self, GramianError> {
        check_size(rows, entries)?;
        let mut gramian = Self {
            rows,
            entries: vec![0.0; rows * rows],
            present: RowSet::EMPTY,
            not_finite: RowSet::EMPTY,
            accuracy: 0.0,
        };
        gramian.refill(entries, present)?;
        Ok(gramian)
    }

    /// As [`with_gaps`](Self::with_gaps), in place and for the same number of gradients. Allocates nothing.
    /// A refused matrix leaves the old one as it was.
    pub fn refill(&mut self, entries: &[f64], present: RowSet) -> Result<(), GramianError> {
        let rows = self.rows;
        check_size(rows, entries)?;
        let asked = present.and(RowSet::all(rows));
        let kept = finite_rows(rows, entries, asked);
        for row in kept.iter() {
            let value = entries[row * rows + row];
            if value < 0.0 {
                return Err(GramianError::Diagonal { row, value });
            }
            for column in kept.iter().take_while(|column| *column < row) {
                let (one, other) = (entries[row * rows + column], entries[column * rows + row]);
                // The square of a subnormal number says nothing about a length.
                let known = |square: f64| if square < f64::MIN_POSITIVE { 0.0 } else { square };
                let lengths = known(value).sqrt() * known(entries[column * rows + column]).sqrt();
                if lengths > 0.0 && (one - other).abs() > SYMMETRY * lengths {
                    return Err(GramianError::Asymmetric { row, column });
                }
                if lengths > 0.0 && (0.5 * one + 0.5 * other).abs() > (1.0 + EXCESS) * lengths {
                    return Err(GramianError::TooLarge { row, column });
                }
            }
        }
        self.entries.fill(0.0);
        for row in kept.iter() {
            for column in kept.iter() {
                let (one, other) = (entries[row * rows + column], entries[column * rows + row]);
                self.entries[row * rows + column] = 0.5 * one + 0.5 * other;
            }
        }
        (self.present, self.not_finite) = (kept, asked.without(kept));
        Ok(())
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

    /// Says how far a dot product may be off, relative to the product of the two lengths: 0 ≤ ε ≤ 0.01.
    /// Default 0, for which rounding in f64 is assumed. Sums in f32 have about 1e-7.
    ///
    /// What the rows have beside each other below ε counts as nothing: it decides which rows are
    /// combinations of others (ConFIG, IMTL-G, Aligned-MTL) and when they cancel (Pareto stationarity).
    pub fn with_accuracy(mut self, accuracy: f64) -> Result<Self, GramianError> {
        if !(0.0..=EXCESS).contains(&accuracy) {
            return Err(GramianError::Accuracy(accuracy));
        }
        self.accuracy = accuracy;
        Ok(self)
    }

    /// See [`with_accuracy`](Self::with_accuracy).
    pub fn accuracy(&self) -> f64 {
        self.accuracy
    }

    /// The number of gradients K, with the absent ones.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The rows that were measured and are finite.
    pub fn present(&self) -> RowSet {
        self.present
    }

    /// The rows that were dropped because they are not finite.
    pub fn not_finite(&self) -> RowSet {
        self.not_finite
    }

    /// `G_ij`; 0 where a row is absent. Panics where an index is not below K.
    pub fn dot(&self, row: usize, column: usize) -> f64 {
        assert!(row < self.rows && column < self.rows, "the gramian has {} rows", self.rows);
        self.entries[row * self.rows + column]
    }

    /// `‖g_i‖ = √G_ii`; 0 where the row is absent.
    pub fn length(&self, row: usize) -> f64 {
        self.dot(row, row).sqrt()
    }
}

fn check_size(rows: usize, entries: &[f64]) -> Result<(), GramianError> {
    if rows == 0 || rows > MAXIMUM_ROWS {
        return Err(GramianError::Rows(rows));
    }
    let expected = rows * rows;
    match entries.len() == expected {
        true => Ok(()),
        false => Err(GramianError::Entries { rows, expected, found: entries.len() }),
    }
}

/// Those of the asked rows among which every number is finite.
fn finite_rows(rows: usize, entries: &[f64], asked: RowSet) -> RowSet {
    let finite = |row: usize, column: usize| entries[row * rows + column].is_finite();
    let mut kept: RowSet = asked.iter().filter(|row| finite(*row, *row)).collect();
    loop {
        let poisoned = |row: usize| {
            kept.iter().filter(|other| !finite(row, *other) || !finite(*other, row)).count()
        };
        let most = kept.iter().map(poisoned).max().unwrap_or(0);
        if most == 0 {
            return kept;
        }
        // All that are equally bad, so that the result does not depend on how rows are numbered.
        let worst: RowSet = kept.iter().filter(|row| poisoned(*row) == most).collect();
        kept = kept.without(worst);
    }
}
