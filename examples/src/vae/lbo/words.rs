//! What is said about goals, refused steps and the end of a run, with names instead of places.

use homeostat::ceiling::{Look, Reason};

use super::Lbo;

impl Lbo {
    /// How many goals were outside their bounds of then during the calibration.
    pub fn box_violations(&self) -> usize {
        self.boxes.as_ref().map_or(0, Vec::len)
    }

    /// The warnings of the calibration, under the bounds in force.
    pub(super) fn find_boxes(&self) -> Vec<String> {
        self.goals.box_violations(&self.goals_state).map(|one| one.to_string()).collect()
    }

    /// Why a step was refused.
    pub fn explain(&self, reason: &Reason) -> String {
        match *reason {
            Reason::NonFinite { goal: Some(goal) } => {
                format!("goal {} is not finite", self.goals.names()[goal])
            }
            Reason::Dead { group } => {
                let name = self.goals.group_names().nth(group).unwrap_or("?");
                format!("the score of group {name} is 0")
            }
            ref other => other.to_string(),
        }
    }

    /// The goals whose values are not finite or outside the bounds in force, with both.
    pub fn outside(&self, measured: &[f64]) -> Vec<String> {
        let parts = self.goals.names().iter().zip(self.goals_state.constraints()).zip(measured);
        parts
            .filter_map(|((name, constraint), value)| {
                let (lower, upper) = constraint.bounds();
                let left = !value.is_finite()
                    || lower.is_some_and(|lower| *value < lower)
                    || upper.is_some_and(|upper| *value > upper);
                let bound =
                    |bound: Option<f64>| bound.map_or("none".to_owned(), |one| format!("{one:.4}"));
                left.then(|| format!("{name} {value:.4} of {} to {}", bound(lower), bound(upper)))
            })
            .collect()
    }

    /// Why training should stop before the epoch is over: so many steps in a row were taken back.
    pub fn out_of_patience(&self) -> Option<String> {
        self.search
            .stops(&self.search_state)
            .then(|| format!("{} steps in a row were taken back", self.search_state.streak()))
    }

    /// Why training should stop.
    pub fn stop(&self) -> Option<String> {
        let give_up = self.ceiling.config().backoff.give_up.unwrap_or(1);
        let gave_up = || format!("{give_up} epochs in a row had too many steps taken back");
        self.out_of_patience().or_else(|| self.ceiling_state.is_stopped().then(gave_up))
    }

    /// Whoever resumes a run that had stopped wants it to go on: its rows of failures begin anew.
    pub(super) fn go_on(&mut self) {
        if self.search.stops(&self.search_state) {
            // To the search an accepted step ends a row of rollbacks.
            let sound = Look { loss: Ok(0.0), violation: 0.0 };
            self.search.decide(&mut self.search_state, 0, sound, sound);
        }
        self.ceiling.go_on(&mut self.ceiling_state);
    }
}
