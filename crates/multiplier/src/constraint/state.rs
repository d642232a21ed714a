//! The memory of one constraint.

use homeostat_normalize::{NormalizerState, Reading, Status};
use serde::{Deserialize, Serialize};

use super::{Constraint, identity};
use crate::aim::AimState;
use crate::gate::{Counters, Gate};
use crate::pause::PauseState;
use crate::proxy::StrictState;
use crate::rule::{RULE_MEMORY, RuleMemory};
use crate::satisfaction::Satisfaction;
use crate::smoothing::Smoother;
use crate::spike::SpikeState;
use crate::verdict::JudgeState;

/// The memory of one constraint and its multiplier, alone or in the engine.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiplierState {
    /// Updates that were asked for, whether or not they moved λ.
    pub(super) steps: u64,
    /// Losses that were taken in.
    pub(super) taken: u64,
    pub(super) gate: Gate,
    /// Whether the loss of this step has a row in the gradient.
    pub(super) row: bool,
    /// The newest finite loss, and what its normalizer made of it.
    pub(super) value: f64,
    pub(super) normalized: f64,
    pub(super) slope: Option<f64>,
    /// The newest number that drove λ.
    pub(super) driver: f64,
    /// Whether there has been an error yet.
    pub(super) compared: bool,
    /// What its normalizer said of it.
    #[serde(with = "StatusWords")]
    pub(super) status: Status,
    pub(super) scale: f64,
    /// Whether `slope` comes from a normalizer that is warm.
    pub(super) settled: bool,
    pub(super) ease: Option<f64>,
    pub(crate) sides: Vec<Side>,
    pub(crate) aim: AimState,
    /// Updates since the resume, `None` where none is under way.
    pub(super) resume: Option<u64>,
    pub(super) normalizer: Option<NormalizerState>,
    pub(super) strict: Option<StrictState>,
    pub(super) spike: Option<SpikeState>,
    pub(super) satisfaction: Satisfaction,
    pub(crate) counters: Counters,
}

/// The memory of one multiplier: `range` has two, everything else one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Side {
    pub(crate) dual: DualMemory,
    /// λ of an extrapolation, which is not committed.
    pub(crate) trial: Option<f64>,
    pub(super) target: f64,
    /// The error of the newest measurement, before and after the clip.
    pub(super) error: f64,
    pub(super) clipped: f64,
    /// The errors since the last update.
    pub(super) collected: f64,
    pub(super) count: u64,
    pub(super) smoothed: f64,
    pub(crate) gate: Gate,
    /// Whether the last update moved λ: nobody else may then pin it in a budget.
    pub(crate) moved: bool,
    /// Whether the budget of the family lowered λ after the last update.
    pub(crate) lowered: bool,
    pub(super) saturated_steps: u64,
    pub(super) satisfied_run: u32,
    pub(super) pause: Option<PauseState>,
    pub(super) judge: Option<JudgeState>,
}

/// What an update changes; small, so that an extrapolation works on a copy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DualMemory {
    pub(crate) multiplier: f64,
    pub(super) smoother: Smoother,
    #[serde(with = "trimmed")]
    pub(super) rule: RuleMemory,
    /// Whether no update has happened since the start or the last restart.
    pub(super) first: bool,
}

impl MultiplierState {
    /// The memory of the normalizer whose number drives λ: the strict one where there is one.
    pub(super) fn driving_normalizer(&self) -> Option<&NormalizerState> {
        match &self.strict {
            Some(strict) => strict.normalizer(),
            None => self.normalizer.as_ref(),
        }
    }
}

impl Constraint {
    /// The memory before the first step.
    pub(crate) fn start(&self) -> MultiplierState {
        let side = Side {
            dual: DualMemory {
                multiplier: self.initial,
                smoother: Smoother::default(),
                rule: self.rule.start(),
                first: true,
            },
            trial: None,
            target: 0.0,
            error: 0.0,
            clipped: 0.0,
            collected: 0.0,
            count: 0,
            smoothed: 0.0,
            gate: Gate::Missing,
            moved: false,
            lowered: false,
            saturated_steps: 0,
            satisfied_run: 0,
            pause: self.pause.map(|pause| pause.start()),
            judge: self.judge.map(|judge| judge.init_state()),
        };
        let first = self.first_reading();
        MultiplierState {
            steps: 0,
            taken: 0,
            gate: Gate::Missing,
            row: false,
            value: 0.0,
            normalized: 0.0,
            slope: self.normalizer.as_ref().and_then(|_| known_slope(&first)),
            driver: 0.0,
            compared: false,
            status: first.status,
            scale: first.scale,
            settled: false,
            ease: None,
            sides: vec![side; self.sense.sides().len()],
            aim: self.aim.start(),
            resume: None,
            normalizer: self.normalizer.as_ref().map(|one| one.init_state()),
            strict: self.strict.then(|| StrictState::new(self.normalizer.as_ref())),
            spike: self.spike.as_ref().map(|spike| spike.start()),
            satisfaction: Satisfaction::default(),
            counters: Counters::default(),
        }
    }

    /// What the normalizer says before there was a loss.
    fn first_reading(&self) -> Reading {
        match &self.normalizer {
            Some(normalizer) => normalizer.reading(&normalizer.init_state(), 0.0),
            None => identity(0.0),
        }
    }

    /// Makes room in a memory from a file, so that no step allocates.
    pub(crate) fn reserve(&self, state: &mut MultiplierState) {
        let memories = state.sides.iter_mut().filter_map(|side| side.judge.as_mut());
        if let Some(judge) = &self.judge {
            memories.for_each(|memory| judge.reserve(memory));
        }
    }

    /// What of a memory from a file does not belong to these settings, in words.
    pub(crate) fn misfit(&self, state: &MultiplierState) -> Option<String> {
        let sides = self.sense.sides().len();
        if state.sides.len() != sides {
            return Some(format!("{} multipliers where there are {sides}", state.sides.len()));
        }
        for side in &state.sides {
            let multiplier = side.dual.multiplier;
            if !(self.minimum..=self.maximum).contains(&multiplier) {
                let (low, high) = (self.minimum, self.maximum);
                return Some(format!("multiplier {multiplier} outside {low} … {high}"));
            }
            let pause = match (&self.pause, &side.pause) {
                (Some(config), Some(pause)) => pause.fits(config),
                (config, pause) => config.is_none() == pause.is_none(),
            };
            if !pause {
                return Some("another window of the anti-covariance gate".into());
            }
            let judge = match (&self.judge, &side.judge) {
                (Some(judge), Some(memory)) => judge.check(memory).is_ok(),
                (judge, memory) => judge.is_none() == memory.is_none(),
            };
            if !judge {
                return Some("another window of the verdict".into());
            }
        }
        let spike = match (&self.spike, &state.spike) {
            (Some(config), Some(spike)) => spike.fits(config),
            (config, spike) => config.is_none() == spike.is_none(),
        };
        if !spike {
            return Some("another window of the spike gate".into());
        }
        if !state.satisfaction.fits() {
            return Some("another window of the satisfaction".into());
        }
        let strict = state.strict.as_ref().is_none_or(|strict| strict.fits());
        if state.strict.is_some() != self.strict || !strict {
            return Some("a strict measurement where there is none, or none where there is".into());
        }
        if let Some(misfit) = self.aim.misfit(&state.aim) {
            return Some(misfit);
        }
        self.normalizer_misfit(state).map(|error| format!("normalizer: {error}"))
    }

    fn normalizer_misfit(&self, state: &MultiplierState) -> Option<String> {
        let strict = state.strict.as_ref().and_then(|strict| strict.normalizer());
        let memories = [state.normalizer.as_ref(), strict];
        match (&self.normalizer, memories) {
            (None, [None, None]) => None,
            (Some(normalizer), [Some(first), second]) if second.is_some() == self.strict => {
                let found = [Some(first), second].into_iter().flatten();
                found
                    .map(|memory| normalizer.load(memory))
                    .find_map(Result::err)
                    .map(|error| error.to_string())
            }
            _ => Some("another one".into()),
        }
    }
}

/// The slope of a normalizer that needs no loss to know it: none at all, or one over another run.
fn known_slope(reading: &Reading) -> Option<f64> {
    (reading.status == Status::Ok).then_some(reading.slope)
}

/// How a [`Status`] is saved.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Status", rename_all = "kebab-case")]
enum StatusWords {
    Warming,
    Ok,
    Degenerate,
    NonFinite,
}

/// A rule's memory without the zeros behind what it uses.
mod trimmed {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{RULE_MEMORY, RuleMemory};

    pub(super) fn serialize<S: Serializer>(
        memory: &RuleMemory,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let used =
            memory.iter().rposition(|number| number.to_bits() != 0).map_or(0, |last| last + 1);
        memory[..used].serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<RuleMemory, D::Error> {
        let numbers = Vec::<f64>::deserialize(deserializer)?;
        let mut memory = [0.0; RULE_MEMORY];
        let count = numbers.len();
        memory
            .get_mut(..count)
            .ok_or_else(|| serde::de::Error::invalid_length(count, &"at most 16 numbers"))?
            .copy_from_slice(&numbers);
        Ok(memory)
    }
}
