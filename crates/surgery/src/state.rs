//! The memory of a method.

use serde::{Deserialize, Serialize};

/// What a method keeps from step to step; plain numbers, so that it saves itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AggregatorState {
    /// The number of gradients.
    pub(crate) rows: usize,
    /// Of the random orders. It is kept here, so that a resumed run draws on, whatever the file says.
    pub(crate) seed: u64,
    /// The number of steps so far; each has its own stream of random numbers.
    pub(crate) steps: u64,
    /// The usual cosine of each ordered pair (GradVac), row by row; empty for other methods.
    pub(crate) similarity: Vec<f64>,
}

impl AggregatorState {
    /// The number of gradients K that the state is for.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of steps so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// GradVac's ρ̂ of an ordered pair; nothing for other methods or where there is no such gradient.
    pub fn similarity(&self, row: usize, column: usize) -> Option<f64> {
        let inside = row < self.rows && column < self.rows;
        inside.then(|| self.similarity.get(row * self.rows + column).copied()).flatten()
    }
}
