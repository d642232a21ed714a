//! What the doctor remembers. All of it is made once, and all of it can be saved.

use serde::{Deserialize, Serialize};

use super::alarm::Alarm;
use super::finding::Rule;
use super::observation::{Drift, Gate, NormalizerStatus, Observation, Space, StepObservation};
use super::ring::Ring;

/// The memory of a [`Doctor`](crate::Doctor).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoctorState {
    /// Steps seen so far.
    pub(crate) step: u64,
    pub(crate) constraints: Vec<ConstraintMemory>,
    /// One alarm for the budget of every family.
    pub(crate) families: Vec<Alarm>,
    pub(crate) run: RunMemory,
}

/// What is remembered of the run as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunMemory {
    pub(crate) steps: Ring<StepObservation>,
    /// The step since which every ratio that was given starved the task.
    pub(crate) starved_since: Option<u64>,
    pub(crate) alarms: [Alarm; Rule::COUNT],
}

/// What is remembered of one constraint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConstraintMemory {
    /// The name, so that a memory is not given to another constraint.
    pub(crate) name: String,
    pub(crate) updates: Updates,
    /// The settings and the multiplier at the newest update.
    pub(crate) now: Option<Standing>,
    /// For how many updates in a row the multiplier has been at its maximum.
    pub(crate) pinned: u64,
    pub(crate) nonfinite: u64,
    pub(crate) frozen: u64,
    pub(crate) drift: Drift,
    pub(crate) alarms: [Alarm; Rule::COUNT],
}

/// What an observation says about the present and not about the past.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Standing {
    pub(crate) target: f64,
    pub(crate) multiplier: f64,
    pub(crate) maximum: f64,
    pub(crate) effective: f64,
    pub(crate) rate: f64,
    pub(crate) leak: f64,
    pub(crate) leak_always: bool,
    pub(crate) deadzone: f64,
    pub(crate) slope: f64,
    pub(crate) space: Space,
    pub(crate) rolling: bool,
    /// The smoothed error of the newest update that had one.
    pub(crate) smoothed: Option<f64>,
}

/// One update in the ring. Numbers that the gate makes meaningless are 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Row", into = "Row")]
pub(crate) struct Sample {
    pub(crate) raw: f64,
    pub(crate) normalized: f64,
    pub(crate) error: f64,
    pub(crate) smoothed: f64,
    pub(crate) multiplier: f64,
    pub(crate) slope: f64,
    pub(crate) strict: Option<f64>,
    pub(crate) denominator: Option<f64>,
    pub(crate) invalid_rate: Option<f64>,
    pub(crate) ease: Option<f64>,
    pub(crate) gate: Gate,
    pub(crate) normalizer: NormalizerStatus,
    pub(crate) satisfied: bool,
    pub(crate) at_budget: bool,
}

/// A sample as it is saved: a row without names, which would be most of the file.
type Row = ([f64; 6], [Option<f64>; 4], [u8; 3]);

/// The newest updates, with the counts that alarms ask for in every step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Ring<Sample>", into = "Ring<Sample>")]
pub(crate) struct Updates {
    ring: Ring<Sample>,
    measured: usize,
    satisfied: usize,
}

impl DoctorState {
    /// Steps seen so far.
    pub fn steps(&self) -> u64 {
        self.step
    }
}

impl RunMemory {
    pub(crate) fn new(window: usize) -> Self {
        Self { steps: Ring::new(window), starved_since: None, alarms: Default::default() }
    }
}

impl ConstraintMemory {
    pub(crate) fn new(name: String, window: usize) -> Self {
        Self {
            name,
            updates: Updates::from(Ring::new(window)),
            now: None,
            pinned: 0,
            nonfinite: 0,
            frozen: 0,
            drift: Drift::default(),
            alarms: Default::default(),
        }
    }
}

impl Standing {
    pub(crate) fn new(observation: &Observation, smoothed: Option<f64>) -> Self {
        Self {
            target: observation.target,
            multiplier: observation.multiplier,
            maximum: observation.maximum,
            effective: observation.effective,
            rate: observation.rate,
            leak: observation.leak,
            leak_always: observation.leak_always,
            deadzone: observation.deadzone,
            slope: observation.slope,
            space: observation.space,
            rolling: observation.rolling,
            smoothed,
        }
    }
}

impl Updates {
    pub(crate) fn push(&mut self, sample: Sample) {
        let evicted = self.ring.push(sample);
        self.count(sample, |total| total + 1);
        if let Some(old) = evicted {
            self.count(old, |total| total - 1);
        }
    }

    fn count(&mut self, sample: Sample, change: fn(usize) -> usize) {
        if sample.gate.has_error() {
            self.measured = change(self.measured);
            if sample.satisfied {
                self.satisfied = change(self.satisfied);
            }
        }
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Sample> {
        self.ring.iter()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.ring.capacity()
    }

    /// How many of the updates had an error, and how many of these were satisfied.
    pub(crate) fn satisfaction(&self) -> (usize, usize) {
        (self.satisfied, self.measured)
    }
}

impl From<Ring<Sample>> for Updates {
    fn from(ring: Ring<Sample>) -> Self {
        let measured = ring.iter().filter(|sample| sample.gate.has_error()).count();
        let satisfied = |sample: &&Sample| sample.gate.has_error() && sample.satisfied;
        let satisfied = ring.iter().filter(satisfied).count();
        Self { ring, measured, satisfied }
    }
}

impl From<Updates> for Ring<Sample> {
    fn from(updates: Updates) -> Self {
        updates.ring
    }
}

impl From<Sample> for Row {
    fn from(sample: Sample) -> Self {
        let Sample { raw, normalized, error, smoothed, multiplier, slope, .. } = sample;
        let flags = u8::from(sample.satisfied) + 2 * u8::from(sample.at_budget);
        (
            [raw, normalized, error, smoothed, multiplier, slope],
            [sample.strict, sample.denominator, sample.invalid_rate, sample.ease],
            [sample.gate.code(), sample.normalizer as u8, flags],
        )
    }
}

impl TryFrom<Row> for Sample {
    type Error = &'static str;

    fn try_from(row: Row) -> Result<Self, &'static str> {
        let ([raw, normalized, error, smoothed, multiplier, slope], optional, codes) = row;
        let [strict, denominator, invalid_rate, ease] = optional;
        let [gate, normalizer, flags] = codes;
        Ok(Self {
            raw,
            normalized,
            error,
            smoothed,
            multiplier,
            slope,
            strict,
            denominator,
            invalid_rate,
            ease,
            gate: Gate::from_code(gate).ok_or("the code of a gate must be 0 to 8")?,
            normalizer: NormalizerStatus::from_code(normalizer)
                .ok_or("the code of a normalizer's status must be 0 to 3")?,
            satisfied: flags & 1 != 0,
            at_budget: flags & 2 != 0,
        })
    }
}
