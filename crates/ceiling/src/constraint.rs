//! What is asked of one measured number.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use crate::rules::Rules;

/// What is asked of a measured number x. The score is 1 where the demand is met and falls to 0 at a bound;
/// `docs/mechanisms/ceiling.md` has the formula of each under every [`Rules`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Constraint {
    /// x at most `upper`.
    Upper {
        /// The bound.
        upper: f64,
        /// How far below the bound the score begins to fall. Default: `upper`, the reference's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        margin: Option<f64>,
    },
    /// x at least `lower`.
    Lower {
        /// The bound.
        lower: f64,
        /// How far above the bound the score is 1. Default: `lower`, the reference's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        margin: Option<f64>,
    },
    /// x between two bounds, best in the middle.
    Box {
        /// The lower bound.
        lower: f64,
        /// The upper bound.
        upper: f64,
    },
    /// x between two bounds, best at `healthy`.
    BoxAsymmetric {
        /// The lower bound.
        lower: f64,
        /// The upper bound. Without it nothing is asked above `healthy`: a ceiling not discovered yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        upper: Option<f64>,
        /// Where the score is 1.
        healthy: f64,
    },
    /// x between two bounds, all values equally good that are `margin` away from both. Ours: a box has
    /// its best value in the middle, which is wrong where only a range is meant. Mended rules only.
    Range {
        /// The lower bound.
        lower: f64,
        /// The upper bound.
        upper: f64,
        /// Distance from a bound at which the score begins to fall.
        margin: f64,
    },
    /// x as small as possible, e^(−x/scale).
    MinimizeSoft {
        /// The scale. Without it the scale is calibrated from the first batches.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scale: Option<f64>,
    },
    /// x as small as possible, 1 / (1 + (x/scale)²).
    MinimizeHard {
        /// The scale. Default 1, the reference's.
        #[serde(default = "one")]
        scale: f64,
    },
    /// x as small as possible, 1 / (1 + x): what the reference gives a goal whose name it does not know.
    Reciprocal,
}

fn one() -> f64 {
    1.0
}

impl Constraint {
    /// Whether the scale comes from the calibration.
    pub fn is_calibrated(&self) -> bool {
        matches!(self, Self::MinimizeSoft { scale: None })
    }

    /// The bounds that an observed value is compared with, for a warning; `None` on a side without one.
    pub fn bounds(&self) -> (Option<f64>, Option<f64>) {
        match *self {
            Self::Upper { upper, .. } => (None, Some(upper)),
            Self::Lower { lower, .. } => (Some(lower), None),
            Self::Box { lower, upper } | Self::Range { lower, upper, .. } => {
                (Some(lower), Some(upper))
            }
            Self::BoxAsymmetric { lower, upper, .. } => (Some(lower), upper),
            Self::MinimizeSoft { .. } | Self::MinimizeHard { .. } | Self::Reciprocal => {
                (None, None)
            }
        }
    }

    /// Checks the numbers. The published rules take every finite number, because their broken
    /// specifications belong to what is reproduced.
    pub fn check(&self, rules: Rules) -> Result<(), ConfigError> {
        for (field, value) in self.numbers().into_iter().flatten() {
            ConfigError::finite(field, value)?;
        }
        match rules {
            Rules::Mended => self.check_mended(),
            Rules::Note | Rules::Late => {
                let range = matches!(self, Self::Range { .. });
                let rule = "must be another constraint: the published rules have no range";
                ConfigError::unless(!range, "range", rule, "range")
            }
        }
    }

    fn check_mended(&self) -> Result<(), ConfigError> {
        match *self {
            Self::Upper { upper, margin } => Self::check_margin(margin, upper, "upper"),
            Self::Lower { lower, margin } => Self::check_margin(margin, lower, "lower"),
            Self::Box { lower, upper } => {
                ConfigError::unless(lower < upper, "upper", "must be above lower", upper)
            }
            Self::BoxAsymmetric { lower, upper, healthy } => {
                ConfigError::unless(lower < healthy, "healthy", "must be above lower", healthy)?;
                let upper = upper.unwrap_or(f64::INFINITY);
                ConfigError::unless(healthy < upper, "upper", "must be above healthy", upper)
            }
            Self::Range { lower, upper, margin } => {
                ConfigError::unless(lower < upper, "upper", "must be above lower", upper)?;
                ConfigError::positive("margin", margin)?;
                let rule = "must be at most half of the distance between the bounds";
                ConfigError::unless(margin <= (upper - lower) / 2.0, "margin", rule, margin)
            }
            Self::MinimizeSoft { scale } => {
                scale.map_or(Ok(()), |scale| ConfigError::positive("scale", scale))
            }
            Self::MinimizeHard { scale } => ConfigError::positive("scale", scale),
            Self::Reciprocal => Ok(()),
        }
    }

    /// Without a margin the bound itself is the margin, and then it must be positive.
    fn check_margin(
        margin: Option<f64>,
        bound: f64,
        field: &'static str,
    ) -> Result<(), ConfigError> {
        match margin {
            Some(margin) => ConfigError::positive("margin", margin),
            None => {
                let rule = "must be above 0 where no margin is given";
                ConfigError::unless(bound > 0.0, field, rule, bound)
            }
        }
    }

    fn numbers(&self) -> [Option<(&'static str, f64)>; 3] {
        match *self {
            Self::Upper { upper, margin } => {
                [Some(("upper", upper)), margin.map(|margin| ("margin", margin)), None]
            }
            Self::Lower { lower, margin } => {
                [Some(("lower", lower)), margin.map(|margin| ("margin", margin)), None]
            }
            Self::Box { lower, upper } => [Some(("lower", lower)), Some(("upper", upper)), None],
            Self::BoxAsymmetric { lower, upper, healthy } => {
                let upper = upper.map(|upper| ("upper", upper));
                [Some(("lower", lower)), upper, Some(("healthy", healthy))]
            }
            Self::Range { lower, upper, margin } => {
                [Some(("lower", lower)), Some(("upper", upper)), Some(("margin", margin))]
            }
            Self::MinimizeSoft { scale } => [scale.map(|scale| ("scale", scale)), None, None],
            Self::MinimizeHard { scale } => [Some(("scale", scale)), None, None],
            Self::Reciprocal => [None; 3],
        }
    }
}
