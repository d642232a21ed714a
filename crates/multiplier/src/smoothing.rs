//! The average of the error that moves the multiplier.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

/// What the average says before it has seen much.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SmoothingStart {
    /// The first error is the average.
    #[default]
    First,
    /// Starts at 0 and is divided by `1 − (1 − α)^t` (Kingma and Ba 2015, section 3).
    Debias,
    /// Starts at 0: reacts too little for the first 1/α steps.
    Zero,
}

/// `m ← (1 − α) m + α e`, with α the weight of the new error; α = 1 is no smoothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Smoothing {
    weight: f64,
    start: SmoothingStart,
}

impl Smoothing {
    pub(crate) fn new(weight: f64, start: SmoothingStart) -> Result<Self, ConfigError> {
        let legal = weight > 0.0 && weight <= 1.0;
        ConfigError::unless(legal, "smoothing", "must be above 0 and at most 1", weight)?;
        Ok(Self { weight, start })
    }

    /// The average after one more error.
    pub(crate) fn observe(self, memory: &mut Smoother, error: f64) -> f64 {
        let keep = 1.0 - self.weight;
        if memory.seen == 0.0 && self.start == SmoothingStart::First {
            *memory = Smoother { sum: error, seen: 1.0 };
        } else {
            memory.sum = (keep * memory.sum + self.weight * error).clamp(-f64::MAX, f64::MAX);
            memory.seen = keep * memory.seen + self.weight;
        }
        self.value(memory)
    }

    /// The average; 0 before the first error.
    pub(crate) fn value(self, memory: &Smoother) -> f64 {
        match self.start {
            SmoothingStart::Debias if memory.seen > 0.0 => {
                (memory.sum / memory.seen).clamp(-f64::MAX, f64::MAX)
            }
            _ => memory.sum,
        }
    }

    /// Moves all errors seen so far by `change`. Where the target moves, the average follows at
    /// once, as if the measurement had been smoothed and the present target subtracted. The average
    /// stays within the bound of the errors, as it does without a shift.
    pub(crate) fn shift(self, memory: &mut Smoother, change: f64, bound: f64) {
        let limit = (bound * memory.seen).min(f64::MAX);
        memory.sum = (memory.sum + change * memory.seen).clamp(-limit, limit);
    }
}

/// The memory of a [`Smoothing`]: the sum, and the share of it that was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smoother {
    sum: f64,
    seen: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shifting_equals_smoothing_the_measurement_and_subtracting_the_present_target() {
        for start in [SmoothingStart::First, SmoothingStart::Debias] {
            let smoothing = Smoothing::new(0.3, start).expect("legal");
            let (mut errors, mut values) = (Smoother::default(), Smoother::default());
            let mut last = None;
            for (value, target) in [(1.0, 0.5), (2.0, 0.5), (0.5, 0.1), (0.7, 0.0), (3.0, 1.0)] {
                smoothing.shift(&mut errors, last.unwrap_or(target) - target, f64::INFINITY);
                last = Some(target);
                let error = smoothing.observe(&mut errors, value - target);
                let expected = smoothing.observe(&mut values, value) - target;
                assert!((error - expected).abs() < 1e-15, "{start:?}: {error} {expected}");
            }
        }
    }

    #[test]
    fn a_shift_leaves_the_average_within_the_bound_of_the_errors() {
        for start in [SmoothingStart::First, SmoothingStart::Debias, SmoothingStart::Zero] {
            let smoothing = Smoothing::new(0.3, start).expect("legal");
            let mut memory = Smoother::default();
            smoothing.shift(&mut memory, 50.0, 2.0);
            assert_eq!(smoothing.value(&memory), 0.0, "nothing was seen yet");
            for change in [50.0, -50.0, 1e308, f64::MAX] {
                smoothing.observe(&mut memory, 1.0);
                smoothing.shift(&mut memory, change, 2.0);
                assert!(smoothing.value(&memory).abs() <= 2.0 + 1e-12, "{start:?} {change}");
            }
            smoothing.shift(&mut memory, f64::MAX, f64::INFINITY);
            smoothing.shift(&mut memory, f64::MAX, f64::INFINITY);
            assert!(smoothing.value(&memory).is_finite());
        }
    }

    #[test]
    fn a_weight_of_one_is_the_error_itself() {
        for start in [SmoothingStart::First, SmoothingStart::Debias, SmoothingStart::Zero] {
            let smoothing = Smoothing::new(1.0, start).expect("legal");
            let mut memory = Smoother::default();
            for error in [0.1, -3.7, 1e300, 0.3] {
                assert_eq!(smoothing.observe(&mut memory, error), error);
            }
        }
    }
}
