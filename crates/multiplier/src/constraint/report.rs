//! What a constraint tells about itself.

use homeostat_normalize::Status;

use super::{Constraint, MultiplierState};
use crate::gate::{Counters, Gate};
use crate::satisfaction::Satisfaction;
use crate::verdict::Verdict;

impl MultiplierState {
    /// λ. For `range` the multiplier of the upper bound minus that of the lower one.
    pub fn multiplier(&self) -> f64 {
        let lower = self.sides.get(1).map_or(0.0, |side| side.dual.multiplier);
        self.sides[0].dual.multiplier - lower
    }

    /// λ of every side: one, or for `range` that of the upper bound and that of the lower one.
    pub fn multipliers(&self) -> impl Iterator<Item = f64> + '_ {
        self.sides.iter().map(|side| side.dual.multiplier)
    }

    /// λ, under the name that it has where the constraint is used alone.
    pub fn weight(&self) -> f64 {
        self.multiplier()
    }

    /// The average of the warm-up, 0 before the first reading or where the target is not a baseline.
    pub fn baseline(&self) -> f64 {
        self.aim.baseline()
    }

    /// The target of the last measured step; for `range` the upper bound.
    pub fn target(&self) -> f64 {
        self.sides[0].target
    }

    /// The last violation before the clip; positive means violated. For `range` the larger one.
    pub fn error(&self) -> f64 {
        self.sides.iter().map(|side| side.error).fold(f64::MIN, f64::max)
    }

    /// The average of the errors that moves λ. For `range` the larger one.
    pub fn smoothed_error(&self) -> f64 {
        self.sides.iter().map(|side| side.smoothed).fold(f64::MIN, f64::max)
    }

    /// Whether the loss of this step has a row in the gradient: it was measured, is finite, and no spike.
    pub fn has_row(&self) -> bool {
        self.row
    }

    /// What became of the last step.
    pub fn gate(&self) -> Gate {
        self.gate
    }

    /// The last loss that was taken in.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// What the normalizer made of it.
    pub fn normalized(&self) -> f64 {
        self.normalized
    }

    /// s, the slope of the normalizer as it enters the coefficient; `None` before the first loss.
    pub fn slope(&self) -> Option<f64> {
        self.slope
    }

    /// How far the normalizer trusts the newest measurement of the number that drives λ;
    /// `NonFinite` where it could not be taken in. Without a normalizer every number is `Ok`.
    pub fn status(&self) -> Status {
        let refused = self.gate == Gate::NonFinite || self.counters.non_finite_streak > 0;
        if refused { Status::NonFinite } else { self.status }
    }

    /// S, the spread of the normalizer in the unit of the number that drives λ: that of the newest
    /// one that was taken in. 1 without a normalizer and before the first loss.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// How often the constraint held lately.
    pub fn satisfaction(&self) -> &Satisfaction {
        &self.satisfaction
    }

    /// How often something happened since the beginning.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// For how many measured steps the multiplier is still held after a spike.
    pub fn frozen_left(&self) -> u32 {
        self.spike.as_ref().map_or(0, |spike| spike.frozen_left())
    }

    /// Pearson's r of multiplier and ease; 0 before there are enough pairs. For `range` the larger.
    pub fn association(&self) -> f64 {
        let sides = self.sides.iter().filter_map(|side| side.pause.as_ref());
        sides.map(|pause| pause.association()).fold(0.0, |a, b| if a == 0.0 { b } else { a.max(b) })
    }

    /// Whether multiplier and ease rise together. A hard constraint goes on all the same.
    pub fn paused(&self) -> bool {
        self.sides.iter().any(|side| side.pause.as_ref().is_some_and(|pause| pause.paused()))
    }

    /// For how many measured steps in a row λ has been at its maximum while the constraint was
    /// violated. If it grows, the constraint cannot be satisfied: the model must change.
    pub fn saturated_steps(&self) -> u64 {
        self.sides.iter().map(|side| side.saturated_steps).max().unwrap_or(0)
    }

    /// Updates since the resume, or `None` where no resume is under way.
    pub fn resume_updates(&self) -> Option<u64> {
        self.resume
    }

    /// Pearson's r of the proxy and the strict measurement over the last 1000 steps; `None` without a
    /// strict measurement and before there are 30 pairs. Below 0.3 the proxy does not follow the
    /// constraint, and λ will run to its maximum (Cotter et al. 2019).
    pub fn proxy_correlation(&self) -> Option<f64> {
        self.strict.as_ref().and_then(|strict| strict.correlation())
    }

    /// How many losses were taken in.
    pub fn taken(&self) -> u64 {
        self.taken
    }
}

impl Constraint {
    /// Whether the constraint can be satisfied at all; of two sides the one that is worse off.
    /// `Unmeasured` where there is no judge.
    pub(crate) fn verdict(&self, state: &MultiplierState) -> Verdict {
        let Some(judge) = &self.judge else { return Verdict::Unmeasured };
        let verdicts = state.sides.iter().filter_map(|side| side.judge.as_ref());
        let rank = |verdict: &Verdict| match verdict {
            Verdict::Unmeasured => 0,
            Verdict::Satisfied => 1,
            Verdict::Converging => 2,
            Verdict::Unsatisfiable(_) => 3,
        };
        verdicts.map(|memory| judge.verdict(memory)).max_by_key(rank).unwrap_or_default()
    }

    /// Whether a hard constraint has reached its maximum while violated: no price will do.
    pub(crate) fn stops(&self, state: &MultiplierState) -> bool {
        self.hard && state.saturated_steps() > 0
    }
}
