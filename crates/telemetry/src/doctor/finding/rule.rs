//! The rules by name, and how urgent each is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How urgent a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Now: the run must not go on like this.
    P0,
    /// Soon: a constraint does not do what it is for.
    P1,
    /// Today: the run goes on, but its numbers do not mean what they should.
    P2,
    /// Some day: something could be simpler or better.
    P3,
}

/// What can be found. R1 to R14 are the diagnosis rules of the reference, section 12; A1 to A5 its
/// alerts, section 13.3, as far as no rule says the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// R1: the dual loop swings.
    Oscillation,
    /// R2: a constraint is hardly ever satisfied and does not get better.
    NeverSatisfied,
    /// R3: the constraints leave nothing to the task.
    StarvedTask,
    /// R4: a constraint becomes easier instead of better.
    Wireheading,
    /// R5: gradients pull against each other.
    Conflict,
    /// R6: a multiplier stays at its maximum.
    Pinned,
    /// R7: a constraint never acts.
    Idle,
    /// R8: the leak keeps a constraint violated.
    LeakBound,
    /// R9: a family stays at its budget.
    BudgetBound,
    /// R10: the reference of a normalizer moves.
    Drift,
    /// R11: too many measurements are not finite.
    NonfiniteStorm,
    /// R12: a multiplier is frozen too often.
    StuckFreeze,
    /// R13: a target relative to a rolling past does not see the level.
    LevelBlind,
    /// R14: a mask leaves no valid decode.
    OverConstraint,
    /// A1: a hard constraint is violated.
    HardViolated,
    /// A2: a multiplier is at its maximum.
    AtMaximum,
    /// A3: a constraint is satisfied too seldom.
    Unsatisfied,
    /// A4: many measurements in a row are not finite.
    NonfiniteStreak,
    /// A5: a multiplier is frozen as long as the spike gate allows.
    LongFreeze,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Self::P0 => "P0",
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
        }
    }
}

impl Rule {
    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// All of them, in the order of their ids.
    pub const ALL: [Self; 19] = [
        Self::Oscillation,
        Self::NeverSatisfied,
        Self::StarvedTask,
        Self::Wireheading,
        Self::Conflict,
        Self::Pinned,
        Self::Idle,
        Self::LeakBound,
        Self::BudgetBound,
        Self::Drift,
        Self::NonfiniteStorm,
        Self::StuckFreeze,
        Self::LevelBlind,
        Self::OverConstraint,
        Self::HardViolated,
        Self::AtMaximum,
        Self::Unsatisfied,
        Self::NonfiniteStreak,
        Self::LongFreeze,
    ];

    const NAMES: [(&'static str, &'static str); Self::COUNT] = [
        ("R1", "oscillation"),
        ("R2", "never satisfied"),
        ("R3", "starved task"),
        ("R4", "wireheading"),
        ("R5", "conflict"),
        ("R6", "pinned"),
        ("R7", "idle"),
        ("R8", "leak-bound"),
        ("R9", "budget-bound"),
        ("R10", "drift"),
        ("R11", "non-finite storm"),
        ("R12", "stuck freeze"),
        ("R13", "level blind"),
        ("R14", "over-constraint"),
        ("A1", "hard constraint violated"),
        ("A2", "at maximum"),
        ("A3", "unsatisfied"),
        ("A4", "non-finite streak"),
        ("A5", "long freeze"),
    ];

    /// Its short name: R1 … R14, A1 … A5.
    pub fn id(self) -> &'static str {
        Self::NAMES[self.index()].0
    }

    /// Its name in words.
    pub fn name(self) -> &'static str {
        Self::NAMES[self.index()].1
    }

    /// Whether it is one of the alerts, which are looked at in every step.
    pub fn is_alert(self) -> bool {
        self >= Self::HardViolated
    }

    /// How urgent it is. The reference has severities for alerts only, of which drift, pause, budget and
    /// idle stand here for R10, R4, R9 and R7; the others are chosen. What a hard constraint cannot do is
    /// P0.
    pub fn severity(self, hard: bool) -> Severity {
        match self {
            Self::HardViolated => Severity::P0,
            Self::NeverSatisfied | Self::Pinned | Self::AtMaximum if hard => Severity::P0,
            Self::NeverSatisfied | Self::Pinned | Self::AtMaximum | Self::Unsatisfied => {
                Severity::P1
            }
            Self::NonfiniteStorm | Self::StuckFreeze | Self::OverConstraint => Severity::P1,
            Self::NonfiniteStreak | Self::LongFreeze => Severity::P1,
            Self::Oscillation | Self::StarvedTask | Self::Wireheading | Self::BudgetBound => {
                Severity::P2
            }
            Self::Drift | Self::LevelBlind => Severity::P2,
            Self::Conflict | Self::Idle | Self::LeakBound => Severity::P3,
        }
    }

    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.id(), self.name())
    }
}
