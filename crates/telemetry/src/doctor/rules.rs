//! The diagnosis rules, one concept per file: a rule looks at a chart and says what is wrong, or nothing.

mod budget_bound;
mod conflict;
mod drift;
mod faults;
mod idle;
mod leak_bound;
mod level_blind;
mod never_satisfied;
mod oscillation;
mod over_constraint;
mod pinned;
mod starved_task;
mod wireheading;

use super::chart::Chart;
use super::finding::{Diagnosis, Rule};

pub(crate) use budget_bound::budget_bound;
pub(crate) use conflict::conflict;
pub(crate) use pinned::at_maximum;
pub(crate) use starved_task::starved_task;

/// A rule about one constraint.
type Judge = fn(&Chart<'_>) -> Option<Diagnosis>;

/// The rules about one constraint; those about the run and about families need all of them.
pub(crate) const OF_A_CONSTRAINT: [(Rule, Judge); 11] = [
    (Rule::Oscillation, oscillation::oscillation),
    (Rule::NeverSatisfied, never_satisfied::never_satisfied),
    (Rule::Wireheading, wireheading::wireheading),
    (Rule::Pinned, pinned::pinned),
    (Rule::Idle, idle::idle),
    (Rule::LeakBound, leak_bound::leak_bound),
    (Rule::Drift, drift::drift),
    (Rule::NonfiniteStorm, faults::nonfinite_storm),
    (Rule::StuckFreeze, faults::stuck_freeze),
    (Rule::LevelBlind, level_blind::level_blind),
    (Rule::OverConstraint, over_constraint::over_constraint),
];
