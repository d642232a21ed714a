//! Which of the iterates of a run is the best one.
//!
//! The last iterate of a constrained run is rarely the best: primal and dual circle the solution. An
//! iterate that satisfies the constraints is better than any that does not; among those that do the
//! objective decides, among those that do not the violation.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

/// What counts as feasible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BestConfig {
    /// Up to which violation an iterate counts as feasible. Default 0.
    pub tolerance: f64,
}

impl BestConfig {
    /// Checks every field.
    pub fn init(&self) -> Result<BestIterate, ConfigError> {
        ConfigError::not_negative("best.tolerance", self.tolerance)?;
        Ok(BestIterate { tolerance: self.tolerance })
    }
}

/// The choice of the best iterate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestIterate {
    tolerance: f64,
}

/// What is known of one iterate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Iterate {
    /// When it was, in the caller's count.
    pub step: u64,
    /// The objective, less is better.
    pub objective: f64,
    /// The greatest violation of all constraints, each in a unit of its own; not positive where all are
    /// satisfied.
    pub violation: f64,
}

/// The memory of a [`BestIterate`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestState {
    best: Option<Iterate>,
}

impl BestState {
    /// The best iterate so far.
    pub fn best(&self) -> Option<Iterate> {
        self.best
    }
}

impl BestIterate {
    /// The memory at the start.
    pub fn init_state(&self) -> BestState {
        BestState::default()
    }

    /// Whether this iterate is better than all before and should be saved. One that is not finite never
    /// is; of equal ones the first stays.
    pub fn offer(&self, state: &mut BestState, iterate: Iterate) -> bool {
        let finite = iterate.objective.is_finite() && iterate.violation.is_finite();
        let better = finite && state.best.is_none_or(|best| self.is_better(iterate, best));
        if better {
            state.best = Some(iterate);
        }
        better
    }

    /// Whether the iterate satisfies all constraints.
    pub fn is_feasible(&self, iterate: Iterate) -> bool {
        iterate.violation <= self.tolerance
    }

    fn is_better(&self, new: Iterate, best: Iterate) -> bool {
        match (self.is_feasible(new), self.is_feasible(best)) {
            (true, false) => true,
            (false, true) => false,
            (true, true) => new.objective < best.objective,
            (false, false) => (new.violation, new.objective) < (best.violation, best.objective),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(tolerance: f64, offers: &[(f64, f64, bool)]) {
        let best = BestConfig { tolerance }.init().expect("legal");
        let mut state = best.init_state();
        for (step, (objective, violation, saved)) in (0..).zip(offers) {
            let iterate = Iterate { step, objective: *objective, violation: *violation };
            assert_eq!(best.offer(&mut state, iterate), *saved, "{iterate:?}");
            assert_eq!(state.best() == Some(iterate), *saved);
        }
    }

    #[test]
    fn feasible_comes_first_then_objective_or_violation_decides() {
        check(
            0.0,
            &[
                (1.0, 0.5, true),
                (0.0, 0.6, false),
                (9.0, 0.4, true),
                (8.0, 0.4, true),
                (8.0, 0.4, false),
                (20.0, 0.0, true),
                (0.0, 1e-9, false),
                (19.0, -5.0, true),
                (19.0, -9.0, false),
            ],
        );
    }

    #[test]
    fn a_tolerance_admits_a_small_violation() {
        check(0.1, &[(5.0, 0.0, true), (4.0, 0.1, true), (3.0, 0.11, false)]);
    }

    #[test]
    fn what_is_not_finite_is_never_the_best() {
        check(0.0, &[(f64::NAN, 0.0, false), (0.0, f64::INFINITY, false), (1.0, 3.0, true)]);
    }

    #[test]
    fn a_negative_tolerance_is_refused() {
        let error = BestConfig { tolerance: -1.0 }.init().expect_err("negative");
        assert_eq!(error.to_string(), "best.tolerance must be finite and not negative, got -1");
    }
}
