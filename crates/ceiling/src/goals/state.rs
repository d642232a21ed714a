//! The memory of the goals.

use homeostat_signal::OrderWindow;
use serde::{Deserialize, Serialize};

use super::{Goals, GoalsMisfit};
use crate::constraint::Constraint;

/// What the goals remember: constraints in force, calibrated scales, and how far the calibration is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoalsState {
    pub(super) names: Vec<String>,
    pub(super) constraints: Vec<Constraint>,
    /// Without the margin of the first epoch.
    pub(super) scales: Vec<Option<f64>>,
    pub(super) samples: Vec<OrderWindow>,
    /// How many batches the calibration still needs.
    pub(super) batches: u64,
    /// Whether the margin of the first epoch is still in the scales.
    pub(super) margin: bool,
    pub(super) tightening: f64,
}

impl GoalsState {
    /// Whether every scale is known.
    pub fn is_calibrated(&self) -> bool {
        self.batches == 0
    }

    /// The constraints in force, in the order of the goals.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// The factor by which soft scales have been tightened so far.
    pub fn tightening(&self) -> f64 {
        self.tightening
    }

    pub(super) fn check(&self, goals: &Goals) -> Result<(), GoalsMisfit> {
        let names = self.names == goals.names;
        GoalsMisfit::unless(
            names,
            "saved goals",
            "must be those of the configuration",
            &self.names,
        )?;
        for count in [self.constraints.len(), self.scales.len(), self.samples.len()] {
            GoalsMisfit::count("number of saved numbers", goals.len(), count)?;
        }
        for (one, own) in self.constraints.iter().zip(&goals.constraints) {
            let same = std::mem::discriminant(one) == std::mem::discriminant(own);
            let legal = same && one.check(goals.rules).is_ok();
            GoalsMisfit::unless(
                legal,
                "saved constraint",
                "must be a legal one of the same kind",
                one,
            )?;
        }
        for scale in self.scales.iter().flatten() {
            let legal = scale.is_finite() && *scale > 0.0;
            GoalsMisfit::unless(legal, "saved scale", "must be finite and above 0", scale)?;
        }
        let legal = self.tightening.is_finite() && self.tightening > 0.0;
        GoalsMisfit::unless(
            legal,
            "saved tightening",
            "must be finite and above 0",
            &self.tightening,
        )?;
        let most = goals.calibration.batches;
        let rule = "must be at most calibration.batches";
        GoalsMisfit::unless(self.batches <= most, "batches left", rule, &self.batches)?;
        let missing = self.batches == 0
            && self
                .constraints
                .iter()
                .zip(&self.scales)
                .any(|(one, scale)| one.is_calibrated() && scale.is_none());
        GoalsMisfit::unless(
            !missing,
            "saved scales",
            "must be there after the calibration",
            &self.scales,
        )
    }
}

/// A goal whose values in the calibration window left its bounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BoxViolation<'a> {
    /// The goal.
    pub goal: &'a str,
    /// The smallest value.
    pub minimum: f64,
    /// The largest value.
    pub maximum: f64,
    /// The lower bound, where there is one.
    pub lower: Option<f64>,
    /// The upper bound, where there is one.
    pub upper: Option<f64>,
}

/// The line of the design note, without its heading: `kl_detail: init [128, 63163] outside BOX [100, 45000]`.
impl std::fmt::Display for BoxViolation<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { goal, minimum, maximum, lower, upper } = self;
        write!(formatter, "{goal}: init [{minimum}, {maximum}] outside BOX [")?;
        match lower {
            Some(lower) => write!(formatter, "{lower}, ")?,
            None => write!(formatter, "−∞, ")?,
        }
        match upper {
            Some(upper) => write!(formatter, "{upper}]"),
            None => write!(formatter, "∞]"),
        }
    }
}
