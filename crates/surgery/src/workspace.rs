//! Space to compute in, made once.

use crate::method::Shifted;
use crate::solve::{Bargain, Factor, MinimumNorm, Nonnegative};
use crate::state::Memory;
use crate::unit::Unit;

/// Everything that a step writes to. Matrices and vectors are as large as K rows need.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workspace {
    rows: usize,
    pub(crate) unit: Unit,
    /// The rows as they are, without factors, for the monitor.
    pub(crate) plain: Unit,
    pub(crate) solvers: Solvers,
    /// What each row is multiplied by before the method, one for each row.
    pub(crate) factors: Vec<f64>,
    /// What of `factors` is no multiplier, one for each row.
    pub(crate) bases: Vec<f64>,
    /// Of the kept rows.
    pub(crate) preference: Vec<f64>,
    /// α on kept rows after their factors.
    pub(crate) fresh: Vec<f64>,
    /// The same with smoothing.
    pub(crate) smooth: Vec<f64>,
    /// α of all rows.
    pub(crate) weights: Vec<f64>,
    /// The memory as it will be.
    pub(crate) draft: Memory,
}

/// What the methods compute in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Solvers {
    pub(crate) nonnegative: Nonnegative,
    pub(crate) minimum: MinimumNorm,
    pub(crate) factor: Factor,
    pub(crate) bargain: Bargain,
    pub(crate) shifted: Shifted,
    /// K × K weights on unit rows of changed unit rows.
    pub(crate) changed: Vec<f64>,
    pub(crate) order: Vec<usize>,
    pub(crate) vectors: [Vec<f64>; 3],
}

impl Workspace {
    /// Makes space for this number of rows, where there is none yet.
    pub(crate) fn fit(&mut self, rows: usize) {
        if self.rows == rows {
            return;
        }
        let vector = || vec![0.0; rows];
        *self = Self {
            rows,
            unit: Unit::new(rows),
            plain: Unit::new(rows),
            solvers: Solvers::new(rows),
            factors: vector(),
            bases: vector(),
            preference: vector(),
            fresh: vector(),
            smooth: vector(),
            weights: vector(),
            draft: Memory::default(),
        };
    }
}

impl Solvers {
    pub(crate) fn new(rows: usize) -> Self {
        let vector = || vec![0.0; rows];
        Self {
            nonnegative: Nonnegative::new(rows),
            minimum: MinimumNorm::new(rows),
            factor: Factor::new(rows),
            bargain: Bargain::new(rows),
            shifted: Shifted::new(rows),
            changed: vec![0.0; rows * rows],
            order: Vec::with_capacity(rows),
            vectors: [vector(), vector(), vector()],
        }
    }
}
