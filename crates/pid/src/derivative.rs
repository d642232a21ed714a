//! The derivative part: of what it is taken, and its filter.

use serde::{Deserialize, Serialize};

/// Of what the derivative is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Derivative {
    /// Of the measurement: a setpoint that jumps does not kick the output.
    #[default]
    Measurement,
    /// Of the error, after its clip.
    Error,
}

/// Differences per step, turned into a filtered rate per time unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Differentiator {
    pub(crate) of: Derivative,
    pub(crate) steps_per_unit: f64,
    /// How much of a new rate is taken in; 1 without a filter.
    pub(crate) smoothing: f64,
}

impl Differentiator {
    /// `time` is the filter's time constant in time units.
    pub(crate) fn new(of: Derivative, steps_per_unit: f64, time: Option<f64>) -> Self {
        let smoothing = time.map_or(1.0, |time| 1.0 / (1.0 + time * steps_per_unit));
        Self { of, steps_per_unit, smoothing }
    }

    /// The rate after a change of the error and of the signed measurement.
    pub(crate) fn rate(&self, rate: f64, error_change: f64, measured_change: f64) -> f64 {
        let change = match self.of {
            Derivative::Measurement => measured_change,
            Derivative::Error => error_change,
        };
        rate + self.smoothing * (change * self.steps_per_unit - rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filtered_rate_approaches_the_rate_with_its_time_constant() {
        let filter = Differentiator::new(Derivative::Error, 100.0, Some(1.0));
        let rate = (0..100).fold(0.0, |rate, _| filter.rate(rate, 0.02, 0.0));
        let expected = 2.0 * (1.0 - (1.0_f64 / 1.01).powi(100));
        assert!((rate - expected).abs() < 1e-12, "{rate} {expected}");
    }
}
