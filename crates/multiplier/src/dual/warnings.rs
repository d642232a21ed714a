//! Settings that are legal but will hardly do what was meant.

use std::fmt;

use homeostat_normalize::{NormalizerConfig, Reference};

use super::DualConfig;
use super::family::Family;
use crate::arithmetic::LeakWhen;
use crate::config::MultiplierConfig;
use crate::constraint::Constraint;
use crate::schedule::Schedule;
use crate::target::Target;
use crate::violation::ErrorMode;

/// A setting that is legal but will hardly do what was meant; the text names the constraint, the
/// numbers and a remedy.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The leak stops λ below its maximum, whatever the error: `η e_max / ρ < λ_max`.
    LeakCeiling {
        /// The constraint.
        constraint: String,
        /// Where λ stops.
        ceiling: f64,
        /// λ_max.
        maximum: f64,
    },
    /// ρ lies outside the design note's `[1e-4, 1e-3]`.
    UnusualLeak {
        /// The constraint.
        constraint: String,
        /// ρ.
        leak: f64,
    },
    /// The deadzone is half the range of the error or more.
    WideDeadzone {
        /// The constraint.
        constraint: String,
        /// ε.
        deadzone: f64,
        /// The least and the largest error.
        range: (f64, f64),
    },
    /// A normalized target, with a normalizer over the run's own history, that looks like a raw one.
    RawLookingTarget {
        /// The constraint.
        constraint: String,
        /// The target.
        target: f64,
    },
    /// A rank is never, or always, below such a target.
    UnreachableRank {
        /// The constraint.
        constraint: String,
        /// The target.
        target: f64,
    },
    /// A normalized target over the run's own history says nothing about the level of the loss.
    LevelBlind {
        /// The constraint.
        constraint: String,
    },
    /// The smoothing lags behind the dual loop: `α < 2 / n`, with n the updates in which a fully
    /// violated constraint reaches its maximum.
    SlowSmoothing {
        /// The constraint.
        constraint: String,
        /// α.
        smoothing: f64,
        /// n.
        horizon: f64,
    },
    /// η = 0: λ keeps its initial value.
    NoRate {
        /// The constraint.
        constraint: String,
    },
    /// The budget of a family is no smaller than the sum of its members' maxima.
    IdleBudget {
        /// The family.
        family: String,
        /// The budget.
        budget: f64,
        /// The weighted sum of the maxima.
        sum: f64,
    },
    /// A gain of the update rule is negative.
    NegativeGain {
        /// The constraint.
        constraint: String,
        /// The field.
        field: &'static str,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeakCeiling { constraint, ceiling, maximum } => write!(
                out,
                "constraint '{constraint}': the leak stops the multiplier at {ceiling}, below its \
                 maximum {maximum}; lower `leak`, raise `rate` or set leak_when = \"satisfied\""
            ),
            Self::UnusualLeak { constraint, leak } => write!(
                out,
                "constraint '{constraint}': leak {leak} lies outside 1e-4 … 1e-3; set it to 0 or \
                 into that range"
            ),
            Self::WideDeadzone { constraint, deadzone, range: (low, high) } => write!(
                out,
                "constraint '{constraint}': deadzone {deadzone} is at least half of the error's range \
                 {low} … {high}, so that the multiplier hardly ever moves; lower `deadzone`"
            ),
            Self::RawLookingTarget { constraint, target } => write!(
                out,
                "constraint '{constraint}': the normalized target {target} looks like a raw one; \
                 write target = {{ raw = {target} }}"
            ),
            Self::UnreachableRank { constraint, target } => write!(
                out,
                "constraint '{constraint}': a rank lies between -1 and 1, so that the target {target} \
                 is always or never met; choose one in between, or a raw target"
            ),
            Self::LevelBlind { constraint } => write!(
                out,
                "constraint '{constraint}': a normalized target over the run's own history says \
                 nothing about the level of the loss; write a raw target, or give the normalizer a \
                 frozen or baseline reference"
            ),
            Self::SlowSmoothing { constraint, smoothing, horizon } => write!(
                out,
                "constraint '{constraint}': smoothing {smoothing} remembers more errors than the \
                 {horizon} updates in which the multiplier reaches its maximum; raise `smoothing` or \
                 lower `rate`"
            ),
            Self::NoRate { constraint } => write!(
                out,
                "constraint '{constraint}': with rate 0 the multiplier keeps its initial value; \
                 raise `rate`, or leave the constraint out and give the loss a weight"
            ),
            Self::IdleBudget { family, budget, sum } => write!(
                out,
                "family '{family}': the budget {budget} has no effect, because all members at their \
                 maximum need {sum}; lower `budget`"
            ),
            Self::NegativeGain { constraint, field } => write!(
                out,
                "constraint '{constraint}': {field} is negative, which lowers the multiplier of a \
                 constraint that is violated; make it positive"
            ),
        }
    }
}

/// All warnings, in the order of the constraints and then the families.
pub(super) fn collect(
    config: &DualConfig,
    filled: &[MultiplierConfig],
    constraints: &[Constraint],
    families: &[Family],
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for ((name, settings), constraint) in config.constraints.keys().zip(filled).zip(constraints) {
        of_constraint(name, settings, constraint, &mut warnings);
    }
    for (name, family) in config.families.keys().zip(families) {
        let caps = family.members.iter().map(|(index, _, _)| constraints[*index].maximum);
        let sum: f64 = caps.zip(&family.weights).map(|(cap, weight)| cap * weight).sum();
        if family.budget >= sum {
            let (family, budget) = (name.clone(), family.budget);
            warnings.push(Warning::IdleBudget { family, budget, sum });
        }
    }
    warnings
}

fn of_constraint(
    name: &str,
    settings: &MultiplierConfig,
    constraint: &Constraint,
    warnings: &mut Vec<Warning>,
) {
    let owner = || name.to_owned();
    let rank = matches!(&settings.normalizer, Some(NormalizerConfig::Rank(_)));
    if let Some(Target::Normalized(Schedule::Fixed(target))) = settings.target {
        if rank && target.abs() >= 1.0 {
            warnings.push(Warning::UnreachableRank { constraint: owner(), target });
        }
        if rank && target.abs() > 1.0 && rolls(settings) {
            warnings.push(Warning::RawLookingTarget { constraint: owner(), target });
        }
    }
    if constraint.mode == ErrorMode::Normalized && rolls(settings) {
        warnings.push(Warning::LevelBlind { constraint: owner() });
    }
    let step = settings.rule.unwrap_or_default().step_size(constraint.rate);
    if step == 0.0 {
        warnings.push(Warning::NoRate { constraint: owner() });
    }
    let leak = constraint.leak;
    if leak != 0.0 && !(1e-4..=1e-3).contains(&leak) {
        warnings.push(Warning::UnusualLeak { constraint: owner(), leak });
    }
    let (low, high) = error_range(settings, constraint);
    let rise = step * high;
    if leak > 0.0 && constraint.leak_when == LeakWhen::Always && rise > 0.0 {
        let (ceiling, maximum) = (rise / leak, constraint.maximum);
        // A ceiling at the maximum, as with the design note's numbers, is no restriction; compared with
        // the slack of the rounding that made it.
        if ceiling < maximum * (1.0 - 1e-9) {
            warnings.push(Warning::LeakCeiling { constraint: owner(), ceiling, maximum });
        }
    }
    let deadzone = constraint.deadzone;
    if deadzone > 0.0 && deadzone >= (high - low) / 2.0 {
        let range = (low, high);
        warnings.push(Warning::WideDeadzone { constraint: owner(), deadzone, range });
    }
    let horizon = constraint.maximum / rise;
    let smoothing = constraint.smoothing_weight;
    if rise.is_finite() && rise > 0.0 && smoothing < 1.0 && smoothing < 2.0 / horizon {
        warnings.push(Warning::SlowSmoothing { constraint: owner(), smoothing, horizon });
    }
    for field in settings.rule.unwrap_or_default().negative_gains() {
        warnings.push(Warning::NegativeGain { constraint: owner(), field });
    }
}

/// Whether the normalizer compares a loss with the run's own history.
fn rolls(settings: &MultiplierConfig) -> bool {
    match &settings.normalizer {
        None | Some(NormalizerConfig::None) => false,
        Some(NormalizerConfig::Rank(rank)) => rank.reference == Reference::Rolling,
        Some(_) => true,
    }
}

/// The least and the largest error of the upper side, infinite where nothing bounds it.
fn error_range(settings: &MultiplierConfig, constraint: &Constraint) -> (f64, f64) {
    let half = match &settings.normalizer {
        Some(NormalizerConfig::Rank(_)) => 1.0,
        Some(NormalizerConfig::Winsor(winsor)) => winsor.tau,
        Some(NormalizerConfig::Ema(ema)) => ema.tau,
        Some(NormalizerConfig::Auto(auto)) => auto.winsor.tau.max(1.0),
        None | Some(NormalizerConfig::None) => f64::INFINITY,
    };
    let (low, high) = match (constraint.mode, &settings.target) {
        (ErrorMode::Normalized, Some(Target::Normalized(Schedule::Fixed(target)))) => {
            let sign = constraint.sense.sides()[0];
            let ends = [sign * (-half - target), sign * (half - target)];
            (ends[0].min(ends[1]), ends[0].max(ends[1]))
        }
        (ErrorMode::Normalized | ErrorMode::Mapped, _) => (-2.0 * half, 2.0 * half),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    };
    (low.max(-constraint.error_clip), high.min(constraint.error_clip))
}
