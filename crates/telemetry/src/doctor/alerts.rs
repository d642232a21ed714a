//! The alerts: conditions that are looked at in every step, without allocation.

use super::alarm::Look;
use super::config::DoctorConfig;
use super::finding::{Diagnosis, Rule};
use super::memory::{ConstraintMemory, Standing};
use super::profile::{ConstraintProfile, Sense};
use super::statistics::wilson_upper;

/// What an alert looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bedside<'a> {
    pub(crate) config: &'a DoctorConfig,
    pub(crate) profile: &'a ConstraintProfile,
    pub(crate) memory: &'a ConstraintMemory,
    pub(crate) now: &'a Standing,
}

/// The alerts about one constraint.
pub(crate) const ALERTS: [Rule; 5] = [
    Rule::HardViolated,
    Rule::AtMaximum,
    Rule::Unsatisfied,
    Rule::NonfiniteStreak,
    Rule::LongFreeze,
];

impl Bedside<'_> {
    /// Whether the condition of an alert holds; a rule is never raised here.
    pub(crate) fn look(&self, rule: Rule) -> Look {
        match rule {
            Rule::HardViolated => self.hard_violated(),
            Rule::AtMaximum => self.at_maximum(),
            Rule::Unsatisfied => self.unsatisfied(),
            Rule::NonfiniteStreak => streak(self.memory.nonfinite, self.config.faults.streak),
            Rule::LongFreeze => streak(self.memory.frozen, self.profile.maximum_freeze),
            _ => Look::Calm,
        }
    }

    /// The smoothed error counts: one noisy batch is no violation. It ends at the target itself, which
    /// the deadzone keeps apart from where it begins.
    fn hard_violated(&self) -> Look {
        let Some(smoothed) = self.now.smoothed.filter(|_| self.profile.hard) else {
            return Look::Calm;
        };
        let (violation, end) = match self.profile.sense {
            Sense::Equal => (smoothed.abs(), 0.5 * self.now.deadzone),
            Sense::AtMost | Sense::AtLeast => (smoothed, 0.0),
        };
        between(violation > self.now.deadzone, violation <= end)
    }

    fn at_maximum(&self) -> Look {
        let Standing { multiplier, maximum, .. } = *self.now;
        let size = multiplier.abs();
        between(
            maximum > 0.0 && size >= maximum,
            maximum == 0.0 || size < self.config.pinned.clear * maximum,
        )
    }

    fn unsatisfied(&self) -> Look {
        let thresholds = &self.config.satisfaction;
        let (satisfied, measured) = self.memory.updates.satisfaction();
        let raised =
            measured >= thresholds.count && wilson_upper(satisfied, measured) < thresholds.alert;
        between(raised, satisfied as f64 >= thresholds.clear * measured as f64)
    }

    /// What to say about an alert that is raised.
    pub(crate) fn diagnosis(&self, rule: Rule) -> Diagnosis {
        let now = self.now;
        match rule {
            Rule::HardViolated => {
                Diagnosis::new("A constraint that must never be violated is violated.")
                    .evidence("smoothed error", now.smoothed.unwrap_or_default())
                    .evidence("multiplier", now.multiplier)
                    .evidence("maximum", now.maximum)
                    .advise("do not promote this model; if the multiplier is at its maximum, stop")
            }
            Rule::AtMaximum => {
                let diagnosis = Diagnosis::new("The multiplier has reached its maximum.")
                    .evidence("multiplier", now.multiplier)
                    .evidence("maximum", now.maximum);
                let hard = self.profile.hard;
                diagnosis.advise(if hard { "stop the run" } else { "wait for R6 and R2" })
            }
            Rule::Unsatisfied => {
                let (satisfied, measured) = self.memory.updates.satisfaction();
                let share = satisfied as f64 / measured.max(1) as f64;
                Diagnosis::new("The constraint is violated too often to be called satisfied.")
                    .evidence("satisfaction", share)
                    .evidence("upper bound", wilson_upper(satisfied, measured))
                    .evidence("updates", measured as f64)
                    .advise("look for R1, R2, R6 and R8 of the same constraint")
            }
            Rule::NonfiniteStreak => {
                let stop = self.config.faults.stop;
                Diagnosis::new("One measurement after the other is not finite.")
                    .evidence("in a row", self.memory.nonfinite as f64)
                    .advise(format!("mend the loss; stop the run after {stop} in a row"))
            }
            _ => Diagnosis::new("The multiplier is frozen as long as the spike gate allows.")
                .evidence("in a row", self.memory.frozen as f64)
                .advise("look at what produces this loss: an outage looks the same"),
        }
    }
}

fn streak(count: u64, threshold: u64) -> Look {
    between(count >= threshold, count == 0)
}

fn between(raised: bool, calm: bool) -> Look {
    match (raised, calm) {
        (true, _) => Look::Raised,
        (false, true) => Look::Calm,
        (false, false) => Look::Between,
    }
}
