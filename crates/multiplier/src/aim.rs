//! The target of a constraint at a step, and its memory.

use homeostat_core::{Clock, ConfigError, RangeError, StepError, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::config::MultiplierConfig;
use crate::schedule::{Bound, ScheduleState, TargetSchedule};
use crate::target::{Baseline, Target};
use crate::violation::Sense;

/// Where a constraint aims.
#[derive(Clone, Debug)]
pub(crate) struct Aim {
    source: Source,
    normalized: bool,
    /// For every side whether a smaller target is the tighter one; hard targets only tighten.
    latches: Option<&'static [f64]>,
}

#[derive(Clone, Debug)]
enum Source {
    Setpoint,
    Baseline(Baseline, u64),
    Schedule(TargetSchedule),
}

/// The memory of an [`Aim`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AimState {
    baseline: f64,
    schedule: Option<ScheduleState>,
    /// The targets of the last measured step.
    last: Option<[f64; 2]>,
}

/// The targets of a step, and what must be remembered of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Targets {
    pub(crate) values: [f64; 2],
    /// Whether the target is still being learned, so that λ must hold.
    pub(crate) learning: bool,
    baseline: f64,
}

impl Aim {
    pub(crate) fn new(
        config: &MultiplierConfig,
        clock: Clock,
        unit: TimeUnit,
    ) -> Result<Self, ConfigError> {
        let bound = match config.sense {
            Sense::Le => Bound::Upper,
            Sense::Ge => Bound::Lower,
            Sense::Eq => Bound::Exact,
            Sense::Range => Bound::Both,
        };
        let (source, normalized) = match config.target.clone().unwrap_or_default() {
            Target::Setpoint => (Source::Setpoint, false),
            Target::Baseline(baseline) => {
                baseline.validate()?;
                (Source::Baseline(baseline, baseline.warmup_steps(clock, unit)), false)
            }
            Target::Raw(schedule) => (Source::Schedule(schedule.init(bound, config.hard)?), false),
            Target::Normalized(schedule) => {
                (Source::Schedule(schedule.init(bound, config.hard)?), true)
            }
        };
        let found = match &source {
            Source::Setpoint => "setpoint",
            Source::Baseline(..) => "baseline",
            Source::Schedule(_) => "a schedule",
        };
        let legal = bound != Bound::Both || matches!(source, Source::Schedule(_));
        let rule = "must be { raw = [low, high] } or { normalized = [low, high] } where the sense is \
                    \"range\"";
        ConfigError::unless(legal, "target", rule, found)?;
        let latches = config.hard && !config.sense.signed();
        Ok(Self { source, normalized, latches: latches.then(|| config.sense.sides()) })
    }

    /// Whether the target is a normalized number.
    pub(crate) fn normalized(&self) -> bool {
        self.normalized
    }

    pub(crate) fn start(&self) -> AimState {
        let schedule = match &self.source {
            Source::Schedule(schedule) => Some(schedule.init_state()),
            _ => None,
        };
        AimState { baseline: 0.0, schedule, last: None }
    }

    /// The targets of a step that measured `driver` after `taken` others.
    pub(crate) fn targets(
        &self,
        state: &AimState,
        setpoint: Option<f64>,
        driver: f64,
        taken: u64,
    ) -> Result<Targets, StepError> {
        let (mut values, mut baseline, mut learning) = ([0.0; 2], state.baseline, false);
        match &self.source {
            Source::Setpoint => values[0] = setpoint.ok_or(StepError::Missing("setpoint"))?,
            Source::Baseline(rule, warmup) => {
                learning = taken < *warmup;
                baseline = match learning {
                    true => rule.learn(state.baseline, driver),
                    false => rule.settle(state.baseline, driver),
                };
                values[0] = RangeError::finite("target", rule.target(baseline))?;
            }
            Source::Schedule(schedule) => {
                if let Some(state) = &state.schedule {
                    let (low, high) = schedule.bounds(state);
                    values = [high, low];
                }
            }
        }
        if let (Some(signs), Some(last), false) = (self.latches, state.last, learning) {
            for (place, sign) in signs.iter().enumerate() {
                let looser = sign * (values[place] - last[place]) > 0.0;
                values[place] = if looser { last[place] } else { values[place] };
            }
        }
        Ok(Targets { values, learning, baseline })
    }

    /// The targets of the last measured step, or the present ones before the first.
    pub(crate) fn before(&self, state: &AimState, present: [f64; 2]) -> [f64; 2] {
        state.last.unwrap_or(present)
    }

    /// Remembers the targets of a measured step.
    pub(crate) fn settle(&self, state: &mut AimState, targets: &Targets) {
        state.baseline = targets.baseline;
        if !targets.learning {
            state.last = Some(targets.values);
        }
    }

    /// Whether the target is a setpoint that comes with every measurement.
    pub(crate) fn reads_setpoint(&self) -> bool {
        matches!(self.source, Source::Setpoint)
    }

    /// How many more losses the target is learned from; `None` where it is never learned.
    pub(crate) fn warmup_left(&self, taken: u64) -> Option<u64> {
        match self.source {
            Source::Baseline(_, warmup) if warmup > 0 => Some(warmup.saturating_sub(taken)),
            _ => None,
        }
    }

    /// One step of the schedule, whatever was measured.
    pub(crate) fn advance(&self, state: &mut AimState, satisfied: Option<f64>) {
        if let (Source::Schedule(schedule), Some(memory)) = (&self.source, &mut state.schedule) {
            schedule.advance(memory, satisfied);
        }
    }

    /// Takes one value that the baseline of a percentile measured.
    pub(crate) fn observe_baseline(
        &self,
        state: &mut AimState,
        value: f64,
    ) -> Result<(), RangeError> {
        match (&self.source, &mut state.schedule) {
            (Source::Schedule(schedule), Some(memory)) => schedule.observe_baseline(memory, value),
            _ => RangeError::finite("baseline value", value).map(drop),
        }
    }

    /// What of a memory from a file does not belong to this target, in words.
    pub(crate) fn misfit(&self, state: &AimState) -> Option<String> {
        match (&self.source, &state.schedule) {
            (Source::Schedule(schedule), Some(memory)) => {
                schedule.check(memory).err().map(|error| error.to_string())
            }
            (Source::Schedule(_), None) | (_, Some(_)) => Some("another kind of target".into()),
            (_, None) => None,
        }
    }
}

impl AimState {
    pub(crate) fn baseline(&self) -> f64 {
        self.baseline
    }
}
