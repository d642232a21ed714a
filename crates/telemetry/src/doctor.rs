//! The doctor: takes observations in, evaluates the rules, and says what is news.

mod alarm;
mod alerts;
mod chart;
mod check;
mod config;
mod finding;
mod intake;
mod memory;
mod observation;
mod period;
mod profile;
mod ring;
mod round;
mod rules;
mod statistics;

use std::collections::BTreeSet;

use alarm::Alarm;
use memory::{ConstraintMemory, RunMemory, Standing};

pub use config::{
    BudgetThresholds, ConflictThresholds, DoctorConfig, FaultThresholds, IdleThresholds,
    LevelBlindThresholds, OscillationThresholds, OverConstraintThresholds, PinnedThresholds,
    SatisfactionThresholds, StarvationThresholds, WireheadingThresholds,
};
pub use finding::{Change, Finding, Rule, Severity, Subject};
pub use memory::DoctorState;
pub use observation::{
    Drift, DriftReading, Gate, NormalizerStatus, Observation, Space, StepObservation,
};
pub use period::{Oscillation, dominant_period};
pub use profile::{ConstraintProfile, FamilyProfile, NormalizerKind, RunProfile, Sense};

/// An observation or a memory does not fit the doctor. Nothing was changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DoctorError {
    /// There is no constraint with that index.
    #[error("an observation must name one of {count} constraints, got index {index}")]
    UnknownConstraint {
        /// The index that was given.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A number of the controller is not legal. (A measurement may be.)
    #[error("{field} must be finite, got {found}")]
    NotFinite {
        /// Which number.
        field: &'static str,
        /// What was given.
        found: f64,
    },
    /// The memory was made for other constraints, in another order, or with another window.
    #[error("the saved memory must be of {expected}, got {found}")]
    OtherRun {
        /// What the doctor watches.
        expected: String,
        /// What the memory is of.
        found: String,
    },
}

/// Finds out what is wrong with a run. Made by [`DoctorConfig::init`].
///
/// In every step: [`observe`](Self::observe) for each constraint that was updated, then one
/// [`step`](Self::step). Neither allocates, except where a step has something to say.
#[derive(Clone, Debug)]
pub struct Doctor {
    config: DoctorConfig,
    profile: RunProfile,
}

impl Doctor {
    pub(crate) fn new(config: DoctorConfig, profile: RunProfile) -> Self {
        Self { config, profile }
    }

    /// A memory that has seen nothing.
    pub fn init_state(&self) -> DoctorState {
        let memory = |profile: &ConstraintProfile| {
            ConstraintMemory::new(profile.name.clone(), self.config.window)
        };
        DoctorState {
            step: 0,
            constraints: self.profile.constraints.iter().map(memory).collect(),
            families: vec![Alarm::default(); self.profile.families.len()],
            run: RunMemory::new(self.config.window),
        }
    }

    /// Whether a memory that was loaded belongs to this doctor.
    pub fn check(&self, state: &DoctorState) -> Result<(), DoctorError> {
        let expected = describe(
            self.profile.constraints.iter().map(|constraint| constraint.name.as_str()),
            std::iter::once(self.config.window),
            self.profile.families.len(),
        );
        let windows = state.constraints.iter().map(|memory| memory.updates.capacity());
        let found = describe(
            state.constraints.iter().map(|memory| memory.name.as_str()),
            windows.chain([state.run.steps.capacity()]),
            state.families.len(),
        );
        if expected == found { Ok(()) } else { Err(DoctorError::OtherRun { expected, found }) }
    }

    /// Takes in one update of one constraint. A measurement that is not finite counts as such, whatever
    /// the gate says; a missing one, and one that waits for its turn, leaves no trace.
    pub fn observe(
        &self,
        state: &mut DoctorState,
        observation: &Observation,
    ) -> Result<(), DoctorError> {
        let index = observation.constraint;
        let (Some(profile), Some(memory)) =
            (self.profile.constraints.get(index), state.constraints.get_mut(index))
        else {
            return Err(DoctorError::UnknownConstraint { index, count: state.constraints.len() });
        };
        intake::check(observation)?;
        if !observation.gate.is_turn() {
            return Ok(());
        }
        let sample = intake::sample(observation, profile.sense);
        let before = memory.now.and_then(|now| now.smoothed);
        let smoothed = if sample.gate.has_error() { Some(sample.smoothed) } else { before };
        let now = Standing::new(observation, smoothed);
        let count = |count: u64, condition: bool| if condition { count + 1 } else { 0 };
        let limit = self.config.pinned.share * now.maximum;
        memory.pinned = count(memory.pinned, now.maximum > 0.0 && now.multiplier.abs() >= limit);
        memory.nonfinite = count(memory.nonfinite, sample.gate == Gate::NonFinite);
        memory.frozen = count(memory.frozen, sample.gate.is_freeze());
        memory.now = Some(now);
        memory.updates.push(sample);
        Ok(())
    }

    /// Takes in what the detectors of a normalizer say; it holds until they say something else.
    pub fn drift(
        &self,
        state: &mut DoctorState,
        constraint: usize,
        drift: Drift,
    ) -> Result<(), DoctorError> {
        let count = state.constraints.len();
        let memory = state.constraints.get_mut(constraint);
        let memory = memory.ok_or(DoctorError::UnknownConstraint { index: constraint, count })?;
        memory.drift = drift.finite();
        Ok(())
    }

    /// Ends a step: looks at the alerts, and every hundredth time at the rules. What is returned is
    /// news, the most urgent first; in most steps that is nothing.
    pub fn step(&self, state: &mut DoctorState, observation: &StepObservation) -> Vec<Finding> {
        state.step += 1;
        let observation = observation.finite();
        if let Some(ratio) = observation.starvation {
            let since = state.run.starved_since.unwrap_or(state.step - 1);
            state.run.starved_since = (ratio > self.config.starvation.ratio).then_some(since);
        }
        state.run.steps.push(observation);
        let mut news = Vec::new();
        self.look_at_alerts(state, &mut news);
        if state.step.is_multiple_of(self.config.every) {
            self.look_at_rules(state, &mut news);
        }
        news.sort_by_key(|finding: &Finding| finding.severity);
        news
    }
}

/// What tells one run from another, in words.
fn describe<'a>(
    names: impl Iterator<Item = &'a str>,
    windows: impl Iterator<Item = usize>,
    families: usize,
) -> String {
    let names: Vec<&str> = names.collect();
    let windows: BTreeSet<usize> = windows.collect();
    format!("constraints {names:?} and {families} families with windows {windows:?}")
}
