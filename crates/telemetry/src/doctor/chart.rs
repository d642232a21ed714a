//! One constraint as the rules see it: its window, its settings, and the proposals they share.

use super::config::DoctorConfig;
use super::finding::{Change, key, number, resolved, significant, table};
use super::memory::{ConstraintMemory, Sample, Standing};
use super::observation::Space;
use super::profile::{ConstraintProfile, RunProfile, Sense};
use super::statistics::{mean, quantile, sorted};

/// A window of one constraint.
#[derive(Clone, Debug)]
pub(crate) struct Chart<'a> {
    pub(crate) config: &'a DoctorConfig,
    pub(crate) run: &'a RunProfile,
    pub(crate) profile: &'a ConstraintProfile,
    pub(crate) memory: &'a ConstraintMemory,
    pub(crate) now: &'a Standing,
    /// All updates, oldest first.
    pub(crate) samples: Vec<&'a Sample>,
    /// Those with an error.
    pub(crate) live: Vec<&'a Sample>,
}

impl<'a> Chart<'a> {
    /// The chart of a constraint; none before its first update.
    pub(crate) fn new(
        config: &'a DoctorConfig,
        run: &'a RunProfile,
        profile: &'a ConstraintProfile,
        memory: &'a ConstraintMemory,
    ) -> Option<Self> {
        let now = memory.now.as_ref()?;
        let samples: Vec<&Sample> = memory.updates.iter().collect();
        let live = samples.iter().copied().filter(|sample| sample.gate.has_error()).collect();
        Some(Self { config, run, profile, memory, now, samples, live })
    }

    /// Whether there are enough updates with an error for a rule to speak.
    pub(crate) fn is_ready(&self) -> bool {
        self.live.len() >= self.config.minimum
    }

    /// A series of the updates with an error.
    pub(crate) fn series(&self, value: impl Fn(&Sample) -> f64) -> Vec<f64> {
        self.live.iter().map(|sample| value(sample)).collect()
    }

    /// A series of what was measured at all, among the updates with an error.
    pub(crate) fn given(&self, value: impl Fn(&Sample) -> Option<f64>) -> Vec<f64> {
        self.live.iter().filter_map(|sample| value(sample)).collect()
    }

    /// The share of all updates of which something is true.
    pub(crate) fn share(&self, condition: impl Fn(&Sample) -> bool) -> f64 {
        let count = self.samples.iter().filter(|sample| condition(sample)).count();
        count as f64 / self.samples.len().max(1) as f64
    }

    /// The share of satisfied updates among those with an error; 0 of none.
    pub(crate) fn satisfaction(&self) -> f64 {
        let (satisfied, measured) = self.memory.updates.satisfaction();
        satisfied as f64 / measured.max(1) as f64
    }

    /// The error, positive where the constraint is violated.
    pub(crate) fn violation(&self, error: f64) -> f64 {
        if self.profile.sense == Sense::Equal { error.abs() } else { error }
    }

    /// The measurement in the unit of the target, and of the strict value where there is one.
    pub(crate) fn measured(&self, sample: &Sample) -> f64 {
        match self.now.space {
            Space::Raw => sample.strict.unwrap_or(sample.raw),
            Space::Normalized => sample.normalized,
        }
    }

    /// A change of a setting of this constraint.
    pub(crate) fn set(&self, field: &str, present: Option<f64>, value: f64) -> Change {
        let present = present.map(number);
        Change::set(self.key(field), present, number(value))
    }

    /// A change to a value that is not a number.
    pub(crate) fn write(&self, field: &str, value: impl Into<String>) -> Change {
        Change::set(self.key(field), None, value)
    }

    /// The key of a setting of this constraint.
    pub(crate) fn key(&self, field: &str) -> String {
        key("constraints", &self.profile.name, field)
    }

    /// A target that three quarters of the present measurements would meet, by more than the deadzone for
    /// the middle one: the multiplier can then fall. An equality has no loose side and gets a deadzone
    /// that holds three quarters. None for a hard constraint, which must not be loosened, and where the
    /// present setting is already looser.
    pub(crate) fn relaxed(&self) -> Option<Change> {
        if self.profile.hard {
            return None;
        }
        let Some(side) = self.side() else {
            let distances = sorted(self.series(|sample| self.violation(sample.error)));
            let (present, proposed) = (self.now.deadzone, significant(quantile(&distances, 0.75)));
            return (proposed > present).then(|| self.set("deadzone", Some(present), proposed));
        };
        let Spread { middle, margin, values } = self.spread();
        let outer = quantile(&values, if side > 0.0 { 0.75 } else { 0.25 });
        let target =
            if side > 0.0 { outer.max(middle + margin) } else { outer.min(middle - margin) };
        let looser = side * (target - self.now.target) > 0.0;
        looser.then(|| self.target(target, margin))
    }

    /// A target that half of the present measurements would miss, by more than the deadzone: the
    /// constraint then acts.
    pub(crate) fn tightened(&self) -> Option<Change> {
        let side = self.side()?;
        let Spread { middle, margin, .. } = self.spread();
        let target = middle - side * margin;
        let tighter = side * (target - self.now.target) < 0.0;
        tighter.then(|| self.target(target, margin))
    }

    /// A target in the unit of the present one, as it stands in a file.
    fn target(&self, target: f64, resolution: f64) -> Change {
        let unit = match self.now.space {
            Space::Raw => "raw",
            Space::Normalized => "normalized",
        };
        let value = table(unit, resolved(target, resolution / 10.0));
        Change::set(self.key("target"), number(self.now.target), value)
    }

    /// 1 where the forbidden side is above, −1 where it is below.
    pub(crate) fn side(&self) -> Option<f64> {
        match self.profile.sense {
            Sense::AtMost => Some(1.0),
            Sense::AtLeast => Some(-1.0),
            Sense::Equal => None,
        }
    }

    fn spread(&self) -> Spread {
        let values = sorted(self.series(|sample| self.measured(sample)));
        let middle = quantile(&values, 0.5);
        // Errors are in units of the normalizer; the slope leads back to those of the loss.
        let scale = match self.now.space {
            Space::Raw if self.now.slope > 0.0 => 1.0 / self.now.slope,
            _ => 1.0,
        };
        let error = mean(&self.series(|sample| self.violation(sample.error))).abs();
        let margin = scale * (2.0 * self.now.deadzone).max(0.1 * error);
        Spread { middle, margin, values }
    }
}

/// Where the measurements lie, and how far a target must lie from them to make a difference.
struct Spread {
    middle: f64,
    margin: f64,
    /// In order.
    values: Vec<f64>,
}
