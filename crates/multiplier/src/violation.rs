//! How far a measurement is from its target, on which side, and in which unit.

use std::fmt;

use homeostat_core::RangeError;
use homeostat_normalize::Reading;
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
    /// The measurement must equal the target; the multiplier has a sign.
    Eq,
    /// The measurement must lie between two targets; each side has a multiplier.
    Range,
}

impl Sense {
    /// The sign that turns "measured minus target" into "positive means violated", for every side
    /// of the constraint: the upper one first.
    pub(crate) fn sides(self) -> &'static [f64] {
        match self {
            Self::Le | Self::Eq => &[1.0],
            Self::Ge => &[-1.0],
            Self::Range => &[1.0, -1.0],
        }
    }

    /// Whether a multiplier of this constraint may be negative.
    pub(crate) fn signed(self) -> bool {
        self == Self::Eq
    }
}

/// As in a file.
impl fmt::Display for Sense {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Le => "le",
            Self::Ge => "ge",
            Self::Eq => "eq",
            Self::Range => "range",
        })
    }
}

/// The unit of the violation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorMode {
    /// `(v − c) / S` with the scale S of the normalizer. The target is a raw number: the error is
    /// 0 exactly where the loss meets it, whatever the unit of the loss. Default for raw targets.
    Scaled,
    /// `N(v) − N(c)`, both in the same state of the normalizer; the target is a raw number. Bounded,
    /// but two numbers beyond the window look alike.
    Mapped,
    /// `N(v) − c`: the target is a normalized number. With a normalizer over the run's own history
    /// this says nothing about the level of the loss.
    Normalized,
    /// `v − c`: the slope of the Lagrangian in λ. Its unit is that of the measurement.
    Absolute,
    /// `(v − c) / (|c| + 1e-6)`, the reference's. Lopsided for losses: never below −1, unbounded
    /// above.
    Relative,
    /// `ln((v + 1e-6) / (c + 1e-6))`: twice the target and half the target weigh the same. Refuses
    /// negative numbers.
    LogRatio,
}

impl ErrorMode {
    /// Whether the mode reads the normalizer.
    pub(crate) fn normalizes(self) -> bool {
        matches!(self, Self::Scaled | Self::Mapped | Self::Normalized)
    }

    /// Whether the target is compared as the normalizer maps it.
    pub(crate) fn maps(self) -> bool {
        self == Self::Mapped
    }

    /// "Measured minus target" of a mode that reads the normalizer; the anchor is the target, or what
    /// it maps to. A quotient that overflows becomes the largest number of its sign: the data were
    /// finite, and so must the error be.
    pub(crate) fn normalized(self, reading: &Reading, measured: f64, anchor: f64) -> f64 {
        let excess = match self {
            Self::Scaled => (measured - anchor) / reading.scale,
            _ => reading.value - anchor,
        };
        excess.clamp(-f64::MAX, f64::MAX)
    }

    /// "Measured minus target" of a mode that needs no normalizer; always finite.
    pub(crate) fn plain(self, measured: f64, target: f64) -> Result<f64, RangeError> {
        let excess = match self {
            Self::Relative => (measured - target) / (target.abs() + FLOOR),
            Self::LogRatio => {
                let measured = not_negative("measured value of a log-ratio error", measured)?;
                let target = not_negative("target of a log-ratio error", target)?;
                // A difference of logarithms cannot overflow where their quotient can.
                (measured + FLOOR).ln() - (target + FLOOR).ln()
            }
            _ => measured - target,
        };
        RangeError::finite("violation", excess)
    }

    /// Slope of the excess in the measurement, for a mode that needs no normalizer.
    pub(crate) fn plain_slope(self, measured: f64, target: f64) -> f64 {
        match self {
            Self::Relative => 1.0 / (target.abs() + FLOOR),
            Self::LogRatio => 1.0 / (measured.max(0.0) + FLOOR),
            _ => 1.0,
        }
    }
}

/// As in a file.
impl fmt::Display for ErrorMode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Scaled => "scaled",
            Self::Mapped => "mapped",
            Self::Normalized => "normalized",
            Self::Absolute => "absolute",
            Self::Relative => "relative",
            Self::LogRatio => "log-ratio",
        })
    }
}

/// "Measured minus target" for both sides, with the present targets and with those of before.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Excess {
    pub(crate) now: [f64; 2],
    pub(crate) before: [f64; 2],
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
        let error = |mode: ErrorMode, measured| mode.plain(measured, 2.0).expect("positive");
        let (log, relative) = (ErrorMode::LogRatio, ErrorMode::Relative);
        assert!((error(log, 4.0) + error(log, 1.0)).abs() < 1e-6);
        assert!((error(relative, 4.0) + error(relative, 1.0)).abs() > 0.4);
    }

    #[test]
    fn a_violation_that_overflows_is_refused() {
        let error = ErrorMode::Absolute.plain(f64::MAX, -f64::MAX).expect_err("infinite");
        assert_eq!(error.to_string(), "violation must be finite, got inf");
    }

    #[test]
    fn a_log_ratio_refuses_negative_numbers_in_words() {
        let error = ErrorMode::LogRatio.plain(-0.5, 1.0).expect_err("negative");
        assert_eq!(
            error.to_string(),
            "measured value of a log-ratio error must not be negative, got -0.5"
        );
    }

    #[test]
    fn the_slope_of_a_plain_error_is_its_difference_quotient() {
        for mode in [ErrorMode::Absolute, ErrorMode::Relative, ErrorMode::LogRatio] {
            let at = |value| mode.plain(value, 0.5).expect("positive");
            let quotient = (at(2.0 + 1e-6) - at(2.0 - 1e-6)) / 2e-6;
            assert!((quotient / mode.plain_slope(2.0, 0.5) - 1.0).abs() < 1e-8, "{mode:?}");
        }
    }
}
