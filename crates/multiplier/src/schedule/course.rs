//! The checked schedule and its memory.

use homeostat_core::{ConfigError, RangeError};
use serde::{Deserialize, Serialize};

use super::config::{Linear, Steps};
use super::percentile::{BaselineState, PercentileCourse};

/// A checked target: see [`Schedule`](super::Schedule).
#[derive(Clone, Debug, PartialEq)]
pub struct TargetSchedule {
    course: Course,
    advance_at: Option<f64>,
}

/// How the target depends on the clock.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Course {
    Fixed { low: f64, high: f64 },
    Sigmoid { from: f64, to: f64, steepness: f64, midpoint: f64, pinned_start: bool },
    Linear(Linear),
    Steps(Steps),
    Percentile(PercentileCourse),
}

/// The memory of a [`TargetSchedule`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleState {
    clock: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    baseline: Option<BaselineState>,
}

impl ScheduleState {
    /// How far the curriculum has come, in steps; it never runs back.
    pub fn clock(&self) -> u64 {
        self.clock
    }
}

impl TargetSchedule {
    pub(super) fn new(course: Course, advance_at: Option<f64>) -> Self {
        Self { course, advance_at }
    }

    /// The memory at the start.
    pub fn init_state(&self) -> ScheduleState {
        let baseline = match &self.course {
            Course::Percentile(percentile) => percentile.init_state(),
            _ => None,
        };
        ScheduleState { clock: 0, baseline }
    }

    /// The target of this moment; for a range its upper end.
    pub fn target(&self, state: &ScheduleState) -> f64 {
        self.bounds(state).1
    }

    /// Both ends of a range; for everything else twice the target.
    pub fn bounds(&self, state: &ScheduleState) -> (f64, f64) {
        let target = match &self.course {
            Course::Fixed { low, high } => return (*low, *high),
            Course::Sigmoid { from, to, steepness, midpoint, pinned_start } => {
                let share = |time: f64| logistic(-steepness * (time - midpoint));
                let start = if *pinned_start { share(0.0) } else { 1.0 };
                let share = share(state.clock as f64) / start;
                // Written so that a share of 1 gives `from` exactly.
                share * from + (1.0 - share) * to
            }
            Course::Linear(line) => {
                let time = state.clock.saturating_sub(line.delay).min(line.duration);
                let share = time as f64 / line.duration as f64;
                (1.0 - share) * line.from + share * line.to
            }
            Course::Steps(steps) => {
                let reached = steps.at.partition_point(|point| point.step <= state.clock);
                reached.checked_sub(1).map_or(steps.initial, |last| steps.at[last].target)
            }
            Course::Percentile(percentile) => percentile.target(state.baseline.as_ref()),
        };
        (target, target)
    }

    /// One step of the curriculum. With a success-gated clock it counts only where the satisfaction
    /// rate is known and high enough.
    pub fn advance(&self, state: &mut ScheduleState, satisfied_rate: Option<f64>) {
        let counts = match self.advance_at {
            None => true,
            Some(least) => satisfied_rate.is_some_and(|rate| rate >= least),
        };
        if counts {
            state.clock = state.clock.saturating_add(1);
        }
    }

    /// Whether [`observe_baseline`](Self::observe_baseline) has a use.
    pub fn records_baseline(&self) -> bool {
        matches!(&self.course, Course::Percentile(percentile) if percentile.records())
    }

    /// Takes one value that the baseline measured, for a rolling percentile. Other schedules ignore it.
    pub fn observe_baseline(
        &self,
        state: &mut ScheduleState,
        value: f64,
    ) -> Result<(), RangeError> {
        let value = RangeError::finite("baseline value", value)?;
        if let (Course::Percentile(percentile), Some(baseline)) =
            (&self.course, state.baseline.as_mut())
        {
            percentile.observe(baseline, value);
        }
        Ok(())
    }

    /// Whether a loaded memory belongs to this schedule.
    pub fn check(&self, state: &ScheduleState) -> Result<(), ConfigError> {
        let fits = match (&self.course, &state.baseline) {
            (Course::Percentile(percentile), baseline) => percentile.fits(baseline.as_ref()),
            (_, baseline) => baseline.is_none(),
        };
        let rule = "must belong to the schedule of the target";
        let found = match &state.baseline {
            Some(baseline) => format!("a baseline of {} values", baseline.capacity()),
            None => "no baseline".to_owned(),
        };
        ConfigError::unless(fits, "saved schedule", rule, found)
    }
}

/// 1 / (1 + exp(−x)), without overflow.
fn logistic(x: f64) -> f64 {
    let small = (-x.abs()).exp();
    if x >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) }
}
