//! How far a measurement is from its target, on which side, and in which unit.

use homeostat_core::RangeError;
use serde::{Deserialize, Serialize};

/// Keeps a division or a logarithm finite at zero. The reference adds the same number to the target
/// of its relative error.
const FLOOR: f64 = 1e-6;

/// Which side of the target is legal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sense {
    /// The measurement must be at most the target.
    #[default]
    Le,
    /// The measurement must be at least the target.
    Ge,
}

impl Sense {
    /// Turns "measured minus target" into "positive means violated".
    fn violation(self, excess: f64) -> f64 {
        match self {
            Self::Le => excess,
            Self::Ge => -excess,
        }
    }
}

/// The unit of the violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorMode {
    /// `v − t`: the slope of the Lagrangian in λ. Its unit is that of the measurement.
    Absolute,
    /// `(v − t) / (|t| + 1e-6)`, the reference's. Lopsided for losses: never below −1, unbounded
    /// above.
    Relative,
    /// `ln((v + 1e-6) / (t + 1e-6))`: twice the target and half the target weigh the same. Refuses
    /// negative numbers.
    LogRatio,
}

impl ErrorMode {
    /// The violation, positive where the constraint is violated; always finite.
    pub(crate) fn violation(
        self,
        sense: Sense,
        measured: f64,
        target: f64,
    ) -> Result<f64, RangeError> {
        let excess = match self {
            Self::Absolute => measured - target,
            Self::Relative => (measured - target) / (target.abs() + FLOOR),
            Self::LogRatio => {
                let measured = not_negative("measured value of a log-ratio error", measured)?;
                let target = not_negative("target of a log-ratio error", target)?;
                // A difference of logarithms cannot overflow where their quotient can.
                (measured + FLOOR).ln() - (target + FLOOR).ln()
            }
        };
        RangeError::finite("violation", sense.violation(excess))
    }
}

fn not_negative(quantity: &'static str, value: f64) -> Result<f64, RangeError> {
    if value >= 0.0 {
        Ok(value)
    } else {
        Err(RangeError { quantity, rule: "must not be negative", value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_ratio_is_symmetric_and_the_relative_error_is_not() {
        let error = |mode: ErrorMode, measured| {
            mode.violation(Sense::Le, measured, 2.0).expect("positive numbers")
        };
        let (log, relative) = (ErrorMode::LogRatio, ErrorMode::Relative);
        assert!((error(log, 4.0) + error(log, 1.0)).abs() < 1e-6);
        assert!((error(relative, 4.0) + error(relative, 1.0)).abs() > 0.4);
    }

    #[test]
    fn a_violation_that_overflows_is_refused() {
        let error = ErrorMode::Absolute
            .violation(Sense::Ge, -f64::MAX, f64::MAX)
            .expect_err("the difference is infinite");
        assert_eq!(error.to_string(), "violation must be finite, got inf");
    }

    #[test]
    fn a_log_ratio_refuses_negative_numbers_in_words() {
        let error = ErrorMode::LogRatio.violation(Sense::Le, -0.5, 1.0).expect_err("negative");
        assert_eq!(
            error.to_string(),
            "measured value of a log-ratio error must not be negative, got -0.5"
        );
    }
}
