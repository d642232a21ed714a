//! Which of several outcomes is better, where some of them violate constraints.

use crate::study::Outcome;

/// The place of every outcome, 0 for the best; equals share a place. An outcome that is `None` failed and
/// stands at infinity, so that [`Population::exchange`](crate::Population::exchange) never copies it.
///
/// An outcome that meets every constraint is better than one that does not; of two that do, the one with
/// the smaller objective; of two that do not, the one with the smaller sum of violations, each over the
/// largest of its constraint so that no unit outweighs another. Source: Deb 2000, *An Efficient Constraint
/// Handling Method for Genetic Algorithms*, section 3.
///
/// ```
/// use homeostat_search::{Outcome, ranking};
///
/// let outcome = |objective, excess| Some(Outcome { objective, constraints: vec![excess] });
/// let outcomes = [outcome(0.1, 0.3), outcome(5.0, -1.0), None, outcome(0.2, 0.1), outcome(4.0, 0.0)];
/// assert_eq!(ranking(&outcomes), [3.0, 1.0, f64::INFINITY, 2.0, 0.0]);
/// ```
pub fn ranking(outcomes: &[Option<Outcome>]) -> Vec<f64> {
    let count = outcomes.iter().flatten().map(|one| one.constraints.len()).max().unwrap_or(0);
    let largest: Vec<f64> = (0..count)
        .map(|place| {
            let values = outcomes.iter().flatten().filter_map(|one| one.constraints.get(place));
            values.copied().fold(0.0, f64::max)
        })
        .collect();
    let keys: Vec<_> = outcomes.iter().map(|one| key(one.as_ref(), &largest)).collect();
    let better = |own: &Key| keys.iter().filter(|other| other.before(own)).count();
    keys.iter().map(|own| if own.failed { f64::INFINITY } else { better(own) as f64 }).collect()
}

/// Compared from the first to the last.
struct Key {
    failed: bool,
    violation: f64,
    objective: f64,
}

impl Key {
    fn before(&self, other: &Self) -> bool {
        let order = self.failed.cmp(&other.failed);
        let order = order.then(self.violation.total_cmp(&other.violation));
        order.then(self.objective.total_cmp(&other.objective)).is_lt()
    }
}

fn key(outcome: Option<&Outcome>, largest: &[f64]) -> Key {
    let finite = |one: &&Outcome| {
        one.objective.is_finite() && one.constraints.iter().all(|value| value.is_finite())
    };
    let Some(outcome) = outcome.filter(finite) else {
        return Key { failed: true, violation: 0.0, objective: 0.0 };
    };
    let parts = outcome.constraints.iter().zip(largest);
    let violated = parts.filter(|(value, _)| **value > 0.0);
    let violation: f64 = violated.map(|(value, largest)| value / largest).sum();
    // Among those that violate something the objective does not count.
    let objective = if violation > 0.0 { 0.0 } else { outcome.objective };
    Key { failed: false, violation, objective: objective + 0.0 }
}
