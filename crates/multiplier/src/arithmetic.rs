//! The choices in the arithmetic of one dual step.

use serde::{Deserialize, Serialize};

/// What the deadzone does with an average error `|m| < ε`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadzoneMode {
    /// Holds the multiplier to the bit.
    #[default]
    Hold,
    /// Takes the error as 0, so that the leak alone acts.
    LeakInside,
    /// `sign(m) · max(|m| − ε, 0)` everywhere: no jump at the edge.
    Soft,
}

/// What a deadzone lets through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Passed {
    Error(f64),
    LeakOnly,
    Nothing,
}

impl DeadzoneMode {
    pub(crate) fn pass(self, error: f64, width: f64) -> Passed {
        match self {
            Self::Soft => Passed::Error(error.signum() * (error.abs() - width).max(0.0)),
            _ if error.abs() >= width => Passed::Error(error),
            Self::Hold => Passed::Nothing,
            Self::LeakInside => Passed::LeakOnly,
        }
    }
}

/// When the leak acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LeakWhen {
    /// Only where the average error is not positive (for `eq`: within the deadzone). Unwinds without
    /// a bias. Default.
    #[default]
    Satisfied,
    /// In every update, as in the design note: the constraint settles violated by `ρ λ / η`.
    Always,
}

/// What the primal does with a measurement that is a spike.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnSpike {
    /// Leaves the row out of the gradient.
    #[default]
    Drop,
    /// Keeps the row, with the multiplier and the slope of before.
    Keep,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edge_of_the_deadzone_is_outside() {
        for error in [0.02, -0.02] {
            assert_eq!(DeadzoneMode::Hold.pass(error, 0.02), Passed::Error(error));
            assert_eq!(DeadzoneMode::LeakInside.pass(error, 0.02), Passed::Error(error));
            assert_eq!(DeadzoneMode::Soft.pass(error, 0.02), Passed::Error(0.0 * error.signum()));
        }
        let inside = 0.02_f64.next_down();
        assert_eq!(DeadzoneMode::Hold.pass(inside, 0.02), Passed::Nothing);
        assert_eq!(DeadzoneMode::LeakInside.pass(-inside, 0.02), Passed::LeakOnly);
        assert_eq!(DeadzoneMode::Hold.pass(0.0, 0.0), Passed::Error(0.0), "no deadzone");
    }
}
