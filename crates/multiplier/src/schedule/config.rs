//! What stands in a file about a target that may move.

use std::fmt;

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::course::{Course, TargetSchedule};
use super::percentile::Percentile;

/// Which side of the target is legal, as far as a schedule must know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// At most the target: it is tightened by lowering it.
    Upper,
    /// At least the target: it is tightened by raising it.
    Lower,
    /// Between two targets.
    Both,
    /// Exactly the target.
    Exact,
}

impl Bound {
    /// Whether a target that moves from one value to the other does not loosen.
    fn tightens(self, from: f64, to: f64) -> bool {
        match self {
            Self::Upper => to <= from,
            Self::Lower => to >= from,
            Self::Both | Self::Exact => to == from,
        }
    }
}

/// A target, fixed or moving.
///
/// ```toml
/// target = { raw = 0.05 }
/// target = { raw = [0.1, 0.3] }
/// target = { raw = { sigmoid = { from = 0.9, to = 0.1, steepness = 0.02, midpoint = 100 } } }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    /// Always the same number.
    Fixed(f64),
    /// The two ends of a range, for the sense "range".
    Range {
        /// The least legal value.
        low: f64,
        /// The greatest legal value.
        high: f64,
    },
    /// Tightened along a sigmoid.
    Sigmoid(Sigmoid),
    /// Moved along a straight line.
    Linear(Linear),
    /// Moved by jumps.
    Steps(Steps),
    /// A percentile of what a baseline measured.
    Percentile(Percentile),
}

/// `c(t) = to + (from − to)·σ(−γ·(t − t₀))`: starts near `from`, passes the middle at the step
/// `midpoint`, ends near `to` (dual optimizer note §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sigmoid {
    /// The loose end, the note's c_max for an upper bound.
    #[serde(alias = "high")]
    pub from: f64,
    /// The tight end, the note's c_min for an upper bound.
    #[serde(alias = "low")]
    pub to: f64,
    /// γ, per step. Either this or `width`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steepness: Option<f64>,
    /// How many steps lie between 90 % and 10 % of the way: γ = ln 81 / width.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// t₀, in steps.
    pub midpoint: f64,
    /// Whether the curve is stretched so that it starts exactly at `from`. Default: no, the note's.
    #[serde(default)]
    pub pinned_start: bool,
    /// The clock advances only in steps whose satisfaction rate is at least this; the usual number is
    /// 0.9. Default: it advances in every step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advance_at: Option<f64>,
}

/// A straight line of `duration` steps after a delay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    /// The target before.
    pub from: f64,
    /// The target after.
    pub to: f64,
    /// For how many steps the target moves.
    pub duration: u64,
    /// For how many steps it stays at `from` first. Default 0.
    #[serde(default)]
    pub delay: u64,
    /// As for [`Sigmoid`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advance_at: Option<f64>,
}

/// A list of jumps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steps {
    /// The target before the first jump.
    pub initial: f64,
    /// The jumps, in the order of their steps.
    pub at: Vec<StepPoint>,
    /// As for [`Sigmoid`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advance_at: Option<f64>,
}

/// One jump.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepPoint {
    /// From this step on …
    pub step: u64,
    /// … the target is this.
    pub target: f64,
}

impl Schedule {
    /// Checks every field and makes the schedule. A hard constraint may only tighten.
    pub fn init(&self, bound: Bound, hard: bool) -> Result<TargetSchedule, ConfigError> {
        let is_range = matches!(self, Self::Range { .. });
        ConfigError::unless(
            is_range == (bound == Bound::Both),
            "target",
            "must be [low, high] for the sense \"range\", and for no other",
            self,
        )?;
        let course = match self {
            Self::Fixed(target) => {
                ConfigError::finite("target", *target)?;
                Course::Fixed { low: *target, high: *target }
            }
            Self::Range { low, high } => {
                ConfigError::finite("target", *low)?;
                ConfigError::finite("target", *high)?;
                let found = format_args!("[{low}, {high}]");
                ConfigError::unless(low < high, "target", "must have low below high", found)?;
                Course::Fixed { low: *low, high: *high }
            }
            Self::Sigmoid(sigmoid) => sigmoid.init(bound)?,
            Self::Linear(linear) => linear.init(bound, hard)?,
            Self::Steps(steps) => steps.init(bound, hard)?,
            Self::Percentile(percentile) => Course::Percentile(percentile.init(bound, hard)?),
        };
        let advance_at = match self {
            Self::Sigmoid(Sigmoid { advance_at, .. })
            | Self::Linear(Linear { advance_at, .. })
            | Self::Steps(Steps { advance_at, .. }) => *advance_at,
            _ => None,
        };
        if let Some(rate) = advance_at {
            ConfigError::unless(
                rate > 0.0 && rate <= 1.0,
                "target.advance_at",
                "must be above 0 and at most 1",
                rate,
            )?;
        }
        Ok(TargetSchedule::new(course, advance_at))
    }
}

/// A number or a pair as in a file, of a table its key.
impl fmt::Display for Schedule {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(target) => write!(out, "{target}"),
            Self::Range { low, high } => write!(out, "[{low}, {high}]"),
            Self::Sigmoid(_) => out.write_str("{ sigmoid = … }"),
            Self::Linear(_) => out.write_str("{ linear = … }"),
            Self::Steps(_) => out.write_str("{ steps = … }"),
            Self::Percentile(_) => out.write_str("{ percentile = … }"),
        }
    }
}

impl From<f64> for Schedule {
    fn from(target: f64) -> Self {
        Self::Fixed(target)
    }
}

fn tightens(
    bound: Bound,
    field: &'static str,
    rule: &'static str,
    from: f64,
    to: f64,
) -> Result<(), ConfigError> {
    ConfigError::unless(bound.tightens(from, to), field, rule, format_args!("{from} → {to}"))
}

const HARD: &str = "must not loosen, because the constraint is hard";

impl Sigmoid {
    fn init(&self, bound: Bound) -> Result<Course, ConfigError> {
        ConfigError::finite("target.sigmoid.from", self.from)?;
        ConfigError::finite("target.sigmoid.to", self.to)?;
        ConfigError::finite("target.sigmoid.midpoint", self.midpoint)?;
        // An equality has no tight side; only a soft one can be meant, and either way is legal.
        if bound != Bound::Exact {
            let rule = match bound {
                Bound::Lower => {
                    "must not be below from for a lower bound, which is tightened by raising it; \
                     write from = the low end and to = the high end (the aliases high and low mean \
                     from and to)"
                }
                _ => "must not be looser than from (low ≤ high for an upper bound)",
            };
            tightens(bound, "target.sigmoid.to", rule, self.from, self.to)?;
        }
        let steepness = match (self.steepness, self.width) {
            (Some(steepness), None) => {
                ConfigError::positive("target.sigmoid.steepness", steepness)?;
                steepness
            }
            (None, Some(width)) => {
                ConfigError::positive("target.sigmoid.width", width)?;
                81f64.ln() / width
            }
            (given, _) => {
                let found = if given.is_some() { "both" } else { "neither" };
                let rule = "or width must be given, and only one of them";
                return Err(ConfigError::new("target.sigmoid.steepness", rule, found));
            }
        };
        Ok(Course::Sigmoid {
            from: self.from,
            to: self.to,
            steepness,
            midpoint: self.midpoint,
            pinned_start: self.pinned_start,
        })
    }
}

impl Linear {
    fn init(&self, bound: Bound, hard: bool) -> Result<Course, ConfigError> {
        ConfigError::finite("target.linear.from", self.from)?;
        ConfigError::finite("target.linear.to", self.to)?;
        let rule = "must be at least 1";
        ConfigError::unless(self.duration > 0, "target.linear.duration", rule, self.duration)?;
        if hard {
            tightens(bound, "target.linear.to", HARD, self.from, self.to)?;
        }
        Ok(Course::Linear(*self))
    }
}

impl Steps {
    fn init(&self, bound: Bound, hard: bool) -> Result<Course, ConfigError> {
        ConfigError::finite("target.steps.initial", self.initial)?;
        let rule = "must name at least one jump";
        ConfigError::unless(!self.at.is_empty(), "target.steps.at", rule, "none")?;
        let (mut last, mut target) = (None, self.initial);
        for point in &self.at {
            ConfigError::finite("target.steps.at.target", point.target)?;
            let rule = "must rise from jump to jump";
            let rises = last.is_none_or(|last| last < point.step);
            ConfigError::unless(rises, "target.steps.at.step", rule, point.step)?;
            if hard {
                tightens(bound, "target.steps.at.target", HARD, target, point.target)?;
            }
            (last, target) = (Some(point.step), point.target);
        }
        Ok(Course::Steps(self.clone()))
    }
}
