//! The spread of the singular values of the small weights, measured on the host every few steps.
//!
//! burn has no singular value decomposition. The small matrices ride along in the step's one read; the
//! host finds value and gradient, and the gradient acts through a linear surrogate until the next
//! measurement. Weights move by parts of a thousand per step, so it stays true for some steps.

use burn::prelude::*;
use serde::{Deserialize, Serialize};

use crate::topoencoder::{
    Atlas, HostMatrix, SpectralSpread, spectral_spread, spectral_spread_matrices, spread_surrogate,
};

/// The last measurement, and when the next is due.
#[derive(Clone, Debug)]
pub struct Spread {
    every: u64,
    last: Option<SpectralSpread>,
}

/// What a checkpoint keeps of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedSpread {
    value: f64,
    gradients: Vec<(usize, usize, Vec<f64>)>,
}

impl Spread {
    /// Measures every so many steps.
    pub fn new(every: u64) -> Self {
        Self { every: every.max(1), last: None }
    }

    /// Whether this step measures.
    pub fn is_due(&self, step: u64) -> bool {
        step.is_multiple_of(self.every)
    }

    /// The matrices that take part.
    pub fn matrices<B: Backend>(atlas: &Atlas<B>) -> Vec<Tensor<B, 2>> {
        spectral_spread_matrices(atlas)
    }

    /// Takes in the matrices as they were read, in the order of [`Self::matrices`]. Where a number is
    /// not finite the last good measurement stays.
    pub fn update<B: Backend>(&mut self, atlas: &Atlas<B>, values: Vec<Vec<f32>>) {
        let matrices: Vec<HostMatrix> = Self::matrices(atlas)
            .into_iter()
            .zip(values)
            .map(|(matrix, values)| {
                let [rows, columns] = matrix.dims();
                HostMatrix { rows, columns, values: values.into_iter().map(f64::from).collect() }
            })
            .collect();
        let spread = spectral_spread(&matrices);
        if spread.value.is_finite() {
            self.last = Some(spread);
        }
    }

    /// The last value.
    pub fn value(&self) -> Option<f64> {
        self.last.as_ref().map(|spread| spread.value)
    }

    /// A scalar with the last value and the last gradient.
    pub fn surrogate<B: Backend>(&self, atlas: &Atlas<B>) -> Option<Tensor<B, 1>> {
        spread_surrogate(Self::matrices(atlas), self.last.as_ref()?)
    }

    /// For a checkpoint.
    pub fn save(&self) -> Option<SavedSpread> {
        let last = self.last.as_ref()?;
        let gradients = last
            .gradients
            .iter()
            .map(|matrix| (matrix.rows, matrix.columns, matrix.values.clone()))
            .collect();
        Some(SavedSpread { value: last.value, gradients })
    }

    /// From a checkpoint.
    pub fn load(&mut self, saved: Option<SavedSpread>) {
        self.last = saved.map(|saved| SpectralSpread {
            value: saved.value,
            gradients: saved
                .gradients
                .into_iter()
                .map(|(rows, columns, values)| HostMatrix { rows, columns, values })
                .collect(),
        });
    }
}
