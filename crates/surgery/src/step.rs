//! What goes into a step and what comes out.

use serde::{Deserialize, Serialize};

use crate::method::Graddrop;
use crate::{Gramian, RowSet};

/// The readings of one step.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input<'a> {
    /// Of the gradients ∇ℓ_i themselves, without multipliers. None where
    /// [`Request::gramian`] is false and no Gramian was made.
    pub gramian: Option<&'a Gramian>,
    /// ℓ_i, one for each row, in the unit of the loss; NaN where it was not measured. Empty where
    /// [`Request::losses`] is false.
    pub losses: &'a [f64],
    /// For FAMO: the losses on the batch of the step before, measured again after its update. Empty where
    /// they were not, or were given to [`Surgery::remeasure`](crate::Surgery::remeasure); else `losses` stand
    /// for them.
    pub remeasured: &'a [f64],
    /// What each row is multiplied by in the Lagrangian, `a_i = weight·λ·slope`, finite; 1 for the task.
    /// Negative for equalities that push the other way; 0 leaves the row out. Empty for 1 everywhere. Methods
    /// that multipliers would turn around refuse all but 0 and 1.
    pub factors: &'a [f64],
}

/// What the caller must measure before the next step of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Request {
    /// A Gramian. Where it is false one backward pass of `Σ α_i·ℓ_i` does; a Gramian that is given anyway is
    /// used, by the monitor at least.
    pub gramian: bool,
    /// The values of the losses.
    pub losses: bool,
    /// For momentum ConFIG: which row is measured anew, before the Gramian is made. Where a factor is 0, see
    /// [`Surgery::turn`](crate::Surgery::turn).
    pub momentum: Option<Momentum>,
    /// For GradDrop: the combination is [`Graddrop::combine`], which needs all gradients side by side.
    pub elementwise: bool,
}

/// The caller does `m_row ← decay·m_row + (1 − decay)·g_row` for this row alone, on vectors that are zero at
/// first, and Gramian and combination are those of all the m_i.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// Whose gradient is measured.
    pub row: usize,
    /// In [0, 1).
    pub decay: f64,
}

/// How the weights of a step came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They are the method's, smoothed where the configuration says so.
    Combined,
    /// No row is left: all weights are 0.
    Empty,
    /// They are those of the last Gramian; a row that was not in it has 0 until there is another.
    Cached,
    /// They are the method's without smoothing, with which some row would have had a conflict.
    Unsmoothed,
    /// The rows cancel as far as their Gramian can tell, and the method promises no conflict: all weights are
    /// 0.
    Stationary,
    /// The method's direction conflicted with a row against its promise: d is the point of least norm of
    /// the unit rows, as long as the method's direction was, but no longer than the longest row and no
    /// shorter than the shortest.
    Fallback,
    /// That one conflicts as well, because the Gramian contradicts itself: all weights are 0.
    Refused,
    /// The weights are only what each row is multiplied by before this combines them.
    Elementwise(Graddrop),
}

/// What happened in a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// How the weights came about.
    pub outcome: Outcome,
    /// The rows that took part.
    pub used: RowSet,
    /// The rows that were left out because their gradient, or a loss that is needed, is not finite.
    pub not_finite: RowSet,
    /// The rows that were left out because their gradient, or a loss that is needed, is zero.
    pub zero: RowSet,
    /// Whether there was a Gramian; without one the numbers below are 0 and say nothing.
    pub measured: bool,
    /// Whether two of the used rows have a negative dot product; false without a Gramian.
    pub conflict: bool,
    /// `‖d‖`, from Gramian and weights; 0 without a Gramian.
    pub norm: f64,
    /// `Σ |α_i|·‖g_i‖`. Where `norm` is much smaller the rows cancel, and a combination in f32 loses as many
    /// digits.
    pub parts: f64,
    /// The smallest cosine of d with a used row, in [−1, 1]; 0 without a Gramian or direction.
    pub least_cosine: f64,
}

/// What happened in the steps of a group so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// All steps.
    pub steps: u64,
    /// Steps with a Gramian.
    pub measured: u64,
    /// Of these, steps in which two rows conflicted.
    pub conflicts: u64,
    /// Steps in which the method broke its promise of no conflict, see [`Outcome::Fallback`]; those that
    /// were refused are among them.
    pub violations: u64,
    /// See [`Outcome::Refused`].
    pub refused: u64,
    /// See [`Outcome::Stationary`].
    pub stationary: u64,
    /// See [`Outcome::Unsmoothed`].
    pub unsmoothed: u64,
    /// Steps in which a row was left out because it, or a loss that is needed, is not finite.
    #[serde(default)]
    pub not_finite: u64,
    /// Steps of Nash-MTL or FairGrad whose equation has no solution that f64 can tell, because the rows
    /// nearly cancel or their lengths differ too much: the weights are those of the last iteration.
    #[serde(default)]
    pub unsolved: u64,
}

impl Counts {
    /// The share of the steps with a Gramian in which two rows conflicted, in [0, 1]; nothing before there was
    /// one.
    pub fn conflict_share(&self) -> Option<f64> {
        (self.measured > 0).then(|| self.conflicts as f64 / self.measured as f64)
    }
}
