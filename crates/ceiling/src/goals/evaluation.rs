//! What the goals make of measured values.

use crate::score::Score;

/// Scores, groups and the bottleneck of one batch. Made once by `Goals::evaluation`, then filled again and
/// again.
///
/// Use in a graph: the gradient of the loss is that of `Σ slopes[i] · x_i` with the slopes as constants,
/// where `x_i` are the measured values as tensors.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    pub(super) scores: Vec<Score>,
    pub(super) subgroups: Vec<f64>,
    /// ln G of every group.
    pub(super) groups: Vec<f64>,
    pub(super) bottleneck: Option<usize>,
    pub(super) loss: Option<f64>,
    /// d loss / d x of every goal.
    pub(super) slopes: Vec<f64>,
}

impl Evaluation {
    pub(super) fn new(goals: usize, subgroups: usize, groups: usize) -> Self {
        Self {
            scores: vec![Score::default(); goals],
            subgroups: vec![0.0; subgroups],
            groups: vec![0.0; groups],
            bottleneck: None,
            loss: None,
            slopes: vec![0.0; goals],
        }
    }

    pub(super) fn forget(&mut self) {
        self.slopes.fill(0.0);
        self.bottleneck = None;
        self.loss = None;
    }

    /// The score of every goal.
    pub fn scores(&self) -> &[Score] {
        &self.scores
    }

    /// ln G of every group.
    pub fn group_logs(&self) -> &[f64] {
        &self.groups
    }

    /// G of a group.
    pub fn group(&self, index: usize) -> f64 {
        self.groups[index].exp()
    }

    /// The worst group, the first of equals; `None` where the loss is undefined.
    pub fn bottleneck(&self) -> Option<usize> {
        self.bottleneck
    }

    /// S_min, the score of the worst group; `None` where the loss is undefined.
    pub fn minimum_score(&self) -> Option<f64> {
        self.loss.map(|loss| (-loss).exp())
    }

    /// −ln S_min; `None` where it is undefined.
    pub fn loss(&self) -> Option<f64> {
        self.loss
    }

    /// d loss / d x of every goal: 0 outside the worst group. Finite under the mended rules.
    pub fn slopes(&self) -> &[f64] {
        &self.slopes
    }
}

/// Why there is no loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unavailable {
    /// Another number of values than goals.
    #[error("number of values must be that of the goals, {expected}, got {found}")]
    OtherCount {
        /// How many goals there are.
        expected: usize,
        /// How many values were given.
        found: usize,
    },
    /// A value, or its score, is not finite.
    #[error("the value or the score of goal {goal} is not finite")]
    NonFinite {
        /// The goal.
        goal: usize,
    },
    /// The scale of a goal is not known yet.
    #[error("goal {goal} is not calibrated yet")]
    Uncalibrated {
        /// The goal.
        goal: usize,
    },
    /// The score of a group is 0, or its logarithm is not finite.
    #[error("the score of group {group} is 0 or not finite")]
    Dead {
        /// The group.
        group: usize,
    },
}
