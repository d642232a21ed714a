//! How many steps of an epoch were rejected.

use serde::{Deserialize, Serialize};

use crate::rules::Rules;

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It stands.
    Accepted,
    /// It stands, and its batch was outside the bounds already before it.
    Restored,
    /// It was rolled back.
    Rejected,
}

/// The steps of an epoch by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejections {
    /// Steps that stand, those that began outside the bounds among them.
    pub accepted: u64,
    /// Of these, how many began outside the bounds.
    pub restored: u64,
    /// Steps that were rolled back.
    pub rejected: u64,
}

impl Rejections {
    /// Counts a step.
    pub fn record(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Accepted => self.accepted += 1,
            Outcome::Restored => {
                self.accepted += 1;
                self.restored += 1;
            }
            Outcome::Rejected => self.rejected += 1,
        }
    }

    /// All steps.
    pub fn steps(&self) -> u64 {
        self.accepted.saturating_add(self.rejected)
    }

    /// The rejection rate. Mended: rejected steps over all steps, so that it is 1 where none was accepted,
    /// and 0 where no step was judged at all. Published: rejected over accepted steps, and 0 where none was
    /// accepted.
    pub fn rate(&self, rules: Rules) -> f64 {
        match (rules, self.accepted) {
            (Rules::Mended, _) => self.rejected as f64 / self.steps().max(1) as f64,
            (_, 0) => 0.0,
            (_, accepted) => self.rejected as f64 / accepted as f64,
        }
    }

    /// The share of the accepted steps that began outside the bounds; 0 where none was accepted.
    pub fn restored_share(&self) -> f64 {
        self.restored as f64 / self.accepted.max(1) as f64
    }
}

/// The design note's line: `Rollbacks: 3/395 (0.8%)`.
impl std::fmt::Display for Rejections {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (rejected, steps) = (self.rejected, self.steps());
        let share = 100.0 * rejected as f64 / (steps.max(1)) as f64;
        write!(formatter, "Rollbacks: {rejected}/{steps} ({share:.1}%)")
    }
}
