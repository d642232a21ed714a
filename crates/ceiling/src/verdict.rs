//! What is seen of a step, and what is said about it.

use crate::goals::Unavailable;

/// What one look at a batch found: before a step, or after it with the same noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// −ln S_min, or why there is none.
    pub loss: Result<f64, Unavailable>,
    /// V, the violation of the ceilings: see [`violation`].
    pub violation: f64,
}

/// `V = Σ max(0, (x − u)/u)` over measured values and their ceilings; 0 where nothing is above its ceiling
/// or there is no ceiling. Not finite where a value is not.
pub fn violation(values: &[f64], ceilings: impl IntoIterator<Item = Option<f64>>) -> f64 {
    values
        .iter()
        .zip(ceilings)
        .map(|(value, ceiling)| match ceiling {
            _ if !value.is_finite() => f64::NAN,
            Some(ceiling) if *value > ceiling => (value - ceiling) / ceiling,
            _ => 0.0,
        })
        .sum()
}

/// Whether a step stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
    /// It stands.
    Accept {
        /// Whether the batch was outside the bounds before the step, which then led back or stood still.
        restoration: bool,
    },
    /// It does not.
    Reject {
        /// Why.
        reason: Reason,
    },
}

/// Why a step was refused.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A value, a score, the loss or the violation is not finite.
    #[error("{}", match .goal {
        Some(goal) => format!("goal {goal} is not finite"),
        None => "the loss is not finite".to_owned(),
    })]
    NonFinite {
        /// The goal, where it is known.
        goal: Option<usize>,
    },
    /// The score of a group is 0.
    #[error("the score of group {group} is 0")]
    Dead {
        /// The group.
        group: usize,
    },
    /// The step left the bounds.
    #[error("the step left the bounds by {violation} of the ceiling")]
    BoxViolated {
        /// V after the step.
        violation: f64,
    },
    /// The batch was outside the bounds and the step led further out.
    #[error("the violation grew from {before} to {after} of the ceiling")]
    ViolationGrew {
        /// V before the step.
        before: f64,
        /// V after the step.
        after: f64,
    },
    /// The judge asked for an illegal share of the displacement.
    #[error("a share of the displacement must be above 0 and at most 1, got {scale}")]
    Scale {
        /// What was asked for.
        scale: f64,
    },
    /// The loss rose by more than is allowed.
    #[error("the loss rose by {rise}, more than {limit}")]
    Exploded {
        /// By how much the loss rose.
        rise: f64,
        /// What is allowed.
        limit: f64,
    },
}
