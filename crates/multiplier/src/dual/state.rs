//! The memory of an engine.

use serde::{Deserialize, Serialize};

use super::family::Scratch;
use crate::constraint::MultiplierState;

/// The memory of a [`Dual`](super::Dual): every constraint's, by name.
///
/// It saves and loads itself; [`Dual::load`](super::Dual::load) checks that a loaded one belongs to
/// the engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DualState {
    pub(super) version: u32,
    steps: u64,
    pub(super) names: Vec<String>,
    pub(crate) constraints: Vec<MultiplierState>,
    pub(super) coefficients: Vec<f64>,
    pub(super) effective: Vec<f64>,
    #[serde(skip)]
    pub(super) scratch: Scratch,
}

impl DualState {
    /// Raised whenever the meaning of the memory changes.
    pub const VERSION: u32 = 1;

    pub(super) fn new(names: Vec<String>, constraints: Vec<MultiplierState>) -> Self {
        let zeros = vec![0.0; names.len()];
        Self {
            version: Self::VERSION,
            steps: 0,
            names,
            constraints,
            coefficients: zeros.clone(),
            effective: zeros,
            scratch: Scratch::default(),
        }
    }

    /// The names of the constraints.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The updates so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What a constraint tells about itself.
    pub fn constraint(&self, index: usize) -> &MultiplierState {
        &self.constraints[index]
    }

    /// What every constraint tells about itself, in the order of the names.
    pub fn constraints(&self) -> &[MultiplierState] {
        &self.constraints
    }

    pub(super) fn advance(&mut self) {
        self.steps = self.steps.saturating_add(1);
    }

    pub(super) fn with_steps(mut self, steps: u64) -> Self {
        self.steps = steps;
        self
    }
}
