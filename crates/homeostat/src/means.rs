//! Means over an epoch of everything that stands on the board, for logs.

use homeostat_core::{Board, SlotIndex};

/// Adds up the present numbers of a board step by step.
#[derive(Clone, Debug, Default)]
pub struct Means {
    rows: Vec<(f64, u64)>,
}

impl Means {
    /// Nothing added yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the numbers of one step; absent slots do not count.
    pub fn add(&mut self, board: &Board) {
        self.rows.resize(board.layout().ports().len(), (0.0, 0));
        for (slot, row) in board.slots().zip(&mut self.rows) {
            if let Some(value) = board.value(slot) {
                row.0 += value;
                row.1 += 1;
            }
        }
    }

    /// The mean of a slot, or `None` where it was always absent.
    pub fn get(&self, slot: SlotIndex) -> Option<f64> {
        let (sum, count) = self.rows.get(slot.index()).copied()?;
        (count > 0).then(|| sum / count as f64)
    }

    /// Forgets everything, for the next epoch.
    pub fn clear(&mut self) {
        self.rows.clear();
    }
}
