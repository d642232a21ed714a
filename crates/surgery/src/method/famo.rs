//! FAMO.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::RowSet;

/// FAMO (Liu, Feng, Stone and Liu 2023, "FAMO: fast adaptive multitask optimization", algorithm 1): with
/// `z = softmax(ξ)` the weights are `α_i = c·z_i/ℓ_i`, `c = 1/Σ(z_j/ℓ_j)`, the gradient of the log-losses
/// weighed by z. After the step `ξ ← ξ − β·(Jᵀ·δ + γ·ξ)` with the Jacobian J of the softmax and the decrease δ
/// of the log-losses: a loss that fell less gets more. It needs no Gramian, so one backward pass is enough.
///
/// The paper and its code measure the losses of the same batch again after its update. Give them to
/// [`Surgery::remeasure`](crate::Surgery::remeasure). Without them those of the next step stand for them,
/// which costs nothing and adds the difference between the batches to δ. A loss that was not measured is NaN
/// and takes no part; a loss of 0 has nothing to gain and weight 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FamoConfig {
    /// β, finite and above 0. Default 0.025, the authors' rate of Adam. A plain step needs one that is larger
    /// by as much as δ is smaller than 1.
    pub rate: f64,
    /// γ, finite and not negative: pulls ξ to 0. Default 0.01.
    pub decay: f64,
    /// How ξ follows its slope. Default: adam.
    pub update: FamoUpdate,
}

/// How FAMO's logits follow their slope `Jᵀ·δ + γ·ξ`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FamoUpdate {
    /// A step of Adam (Kingma and Ba 2015; 0.9, 0.999, 1e-8), as in the authors' code: about β in each step,
    /// however little the losses fall. The default.
    #[default]
    Adam,
    /// `ξ ← ξ − β·slope`, as algorithm 1 is printed.
    Plain,
}

impl Default for FamoConfig {
    fn default() -> Self {
        Self { rate: 0.025, decay: 0.01, update: FamoUpdate::default() }
    }
}

impl FamoConfig {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        ConfigError::positive("method.famo.rate", self.rate)?;
        ConfigError::not_negative("method.famo.decay", self.decay)
    }
}

/// What FAMO keeps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FamoMemory {
    /// ξ.
    pub(crate) logits: Vec<f64>,
    /// The logarithms of the last losses.
    pub(crate) logs: Vec<f64>,
    /// Whose last loss is known.
    pub(crate) known: RowSet,
    /// Adam's averages of the slopes.
    pub(crate) means: Vec<f64>,
    /// Adam's averages of the squared slopes.
    pub(crate) squares: Vec<f64>,
    /// How often each logit was moved.
    pub(crate) moves: Vec<u64>,
}

impl FamoMemory {
    pub(crate) fn new(rows: usize) -> Self {
        let zeros = || vec![0.0; rows];
        Self {
            logits: zeros(),
            logs: zeros(),
            known: RowSet::EMPTY,
            means: zeros(),
            squares: zeros(),
            moves: vec![0; rows],
        }
    }

    /// As `clone_from`, into memory that is there already.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.logits.clone_from(&other.logits);
        self.logs.clone_from(&other.logs);
        self.known = other.known;
        self.means.clone_from(&other.means);
        self.squares.clone_from(&other.squares);
        self.moves.clone_from(&other.moves);
    }

    /// What Adam makes of a slope.
    fn adam(&mut self, row: usize, slope: f64) -> f64 {
        const MEAN: f64 = 0.9;
        const SQUARE: f64 = 0.999;
        self.moves[row] = self.moves[row].saturating_add(1);
        self.means[row] = MEAN * self.means[row] + (1.0 - MEAN) * slope;
        self.squares[row] = SQUARE * self.squares[row] + (1.0 - SQUARE) * slope * slope;
        // Past a million moves there is nothing left to correct.
        let moves = self.moves[row].min(1 << 20) as i32;
        let mean = self.means[row] / (1.0 - MEAN.powi(moves));
        let square = self.squares[row] / (1.0 - SQUARE.powi(moves));
        mean / (square.sqrt() + 1e-8)
    }
}

/// Moves ξ by what became of the losses of the step before, which is forgotten. `after` holds the losses that
/// it led to; those that are not above 0 say nothing.
pub(crate) fn learn(
    config: &FamoConfig,
    after: &[f64],
    memory: &mut FamoMemory,
    shares: &mut [f64],
) {
    let seen = |row: &usize| after[*row].is_finite() && after[*row] > 0.0;
    let moved: RowSet = memory.known.iter().filter(seen).collect();
    softmax(&memory.logits, moved, shares);
    let decrease = |logs: &[f64], row: usize| logs[row] - after[row].ln();
    let mean: f64 = moved.iter().map(|row| shares[row] * decrease(&memory.logs, row)).sum();
    for row in moved.iter() {
        let pull = config.decay * memory.logits[row];
        let slope = shares[row] * (decrease(&memory.logs, row) - mean) + pull;
        let step = match config.update {
            FamoUpdate::Adam => memory.adam(row, slope),
            FamoUpdate::Plain => slope,
        };
        memory.logits[row] -= config.rate * step;
    }
    memory.known = RowSet::EMPTY;
}

/// The weights of `rows`, 0 for others.
pub(crate) fn famo(
    rows: RowSet,
    losses: &[f64],
    memory: &mut FamoMemory,
    shares: &mut [f64],
    out: &mut [f64],
) {
    softmax(&memory.logits, rows, shares);
    out.fill(0.0);
    // In logarithms, so that tiny losses do not leave the range.
    let largest = rows.iter().map(|row| -losses[row].ln()).fold(f64::NEG_INFINITY, f64::max);
    for row in rows.iter() {
        out[row] = shares[row] * (-losses[row].ln() - largest).exp();
    }
    let sum: f64 = out.iter().sum();
    if sum > 0.0 {
        out.iter_mut().for_each(|weight| *weight /= sum);
    }
    for row in rows.iter() {
        memory.logs[row] = losses[row].ln();
    }
    memory.known = rows;
}

fn softmax(logits: &[f64], rows: RowSet, out: &mut [f64]) {
    out.fill(0.0);
    let largest = rows.iter().map(|row| logits[row]).fold(f64::NEG_INFINITY, f64::max);
    rows.iter().for_each(|row| out[row] = (logits[row] - largest).exp());
    let sum: f64 = out.iter().sum();
    if sum > 0.0 {
        out.iter_mut().for_each(|share| *share /= sum);
    }
}
