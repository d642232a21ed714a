//! What can be wrong with goals.

use homeostat_core::ConfigError;

/// The configuration of the goals is not legal.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum GoalsConfigError {
    /// A field of the goals as a whole.
    #[error(transparent)]
    Goals(#[from] ConfigError),
    /// A field of a goal.
    #[error("[goals.{name}] {source}")]
    Goal {
        /// The goal.
        name: String,
        /// The field, the rule and what was found.
        source: ConfigError,
    },
    /// A group is not legal.
    #[error("groups.{group} {rule}, got {found}")]
    Group {
        /// The group.
        group: String,
        /// The rule, in words.
        rule: &'static str,
        /// What was found.
        found: String,
    },
    /// A constraint was to become one of another kind.
    #[error("[goals.{goal}] must keep the kind of its constraint, got another one")]
    OtherKind {
        /// The goal.
        goal: String,
    },
}

/// What was handed over does not fit the goals. Nothing has changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{what} {rule}, got {found}")]
#[non_exhaustive]
pub struct GoalsMisfit {
    /// What does not fit.
    pub what: &'static str,
    /// The rule, in words.
    pub rule: &'static str,
    /// What was found.
    pub found: String,
}

impl GoalsMisfit {
    pub(crate) fn unless(
        legal: bool,
        what: &'static str,
        rule: &'static str,
        found: &impl std::fmt::Debug,
    ) -> Result<(), Self> {
        if legal { Ok(()) } else { Err(Self { what, rule, found: format!("{found:?}") }) }
    }

    pub(crate) fn count(what: &'static str, expected: usize, found: usize) -> Result<(), Self> {
        Self::unless(expected == found, what, "must be that of the goals", &found)
    }
}
