//! Sets of row numbers.

use serde::{Deserialize, Serialize};

use crate::MAXIMUM_ROWS;

/// A set of gradients, by number. As large as a number, so that reports need no memory of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowSet(u64);

impl RowSet {
    /// No row.
    pub const EMPTY: Self = Self(0);

    /// The rows 0 … K − 1; at most 64.
    pub fn all(rows: usize) -> Self {
        match rows {
            0 => Self(0),
            rows => Self(u64::MAX >> (MAXIMUM_ROWS - rows.min(MAXIMUM_ROWS))),
        }
    }

    /// How many rows are in the set.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether no row is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether a row is in the set.
    pub fn contains(self, row: usize) -> bool {
        row < MAXIMUM_ROWS && self.0 >> row & 1 == 1
    }

    /// Adds a row; numbers of 64 and more have no place and are left out.
    pub fn insert(&mut self, row: usize) {
        if row < MAXIMUM_ROWS {
            self.0 |= 1 << row;
        }
    }

    /// Takes a row out.
    pub fn remove(&mut self, row: usize) {
        if row < MAXIMUM_ROWS {
            self.0 &= !(1 << row);
        }
    }

    /// The rows that are in both sets.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The rows that are in one of the sets or in both.
    pub fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The rows that are in this set and not in the other.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The rows, ascending.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..MAXIMUM_ROWS).filter(move |row| self.contains(*row))
    }
}

impl FromIterator<usize> for RowSet {
    fn from_iter<I: IntoIterator<Item = usize>>(rows: I) -> Self {
        let mut set = Self::EMPTY;
        rows.into_iter().for_each(|row| set.insert(row));
        set
    }
}
