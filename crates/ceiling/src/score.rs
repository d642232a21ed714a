//! The score of one goal: how well a measured number meets what is asked, and how fast that changes.

use crate::barrier::extended_barrier;
use crate::constraint::Constraint;
use crate::literal;
use crate::rules::Rules;

/// The score s = f(x) of a measured number x, its slope ds/dx, and the same of g = ln s.
///
/// Under the mended rules the logarithm comes first: `log` and `log_slope` are finite however small s becomes,
/// for |x| and bounds up to 10³⁰⁰ times the scale of a goal, or its width times the margin of the barrier.
/// Beyond that the logarithm itself overflows to −∞, and the group of the goal counts as dead. Under the
/// published rules a slope may be NaN, as it is there.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// s: 1 is perfect, 0 is dead.
    pub value: f64,
    /// ds/dx, per unit of x.
    pub slope: f64,
    /// g = ln s.
    pub log: f64,
    /// dg/dx, per unit of x.
    pub log_slope: f64,
}

impl Score {
    /// From g and dg/dx.
    pub(crate) fn from_log(log: f64, log_slope: f64) -> Self {
        let value = log.exp();
        Self { value, slope: value * log_slope, log, log_slope }
    }

    /// From s and ds/dx.
    pub(crate) fn from_value(value: f64, slope: f64) -> Self {
        Self { value, slope, log: value.ln(), log_slope: slope / value }
    }

    /// The score that `constraint` gives to `x`.
    ///
    /// `barrier_margin` is δ of the [`extended_barrier`]; the published rules do not read it. A soft scale
    /// that is not given counts as 1.
    pub fn of(constraint: &Constraint, rules: Rules, barrier_margin: f64, x: f64) -> Self {
        match rules {
            Rules::Mended => mended(constraint, barrier_margin, x),
            Rules::Note | Rules::Late => literal::score(constraint, rules, x),
        }
    }
}

/// A part of a demand: the slack, 1 where it is met in full and 0 on its bound, and its slope in x.
#[derive(Clone, Copy)]
struct Slack {
    value: f64,
    slope: f64,
}

impl Slack {
    const MET: Self = Self { value: 1.0, slope: 0.0 };

    /// Distance above a lower bound, in units of `width`.
    fn above(x: f64, lower: f64, width: f64) -> Self {
        Self { value: (x - lower) / width, slope: width.recip() }.capped()
    }

    /// Distance below an upper bound, in units of `width`.
    fn below(x: f64, upper: f64, width: f64) -> Self {
        Self { value: (upper - x) / width, slope: -width.recip() }.capped()
    }

    /// No score is above 1: one that were would hide the failure of another goal in their mean.
    fn capped(self) -> Self {
        if self.value >= 1.0 { Self::MET } else { self }
    }

    /// The side that is nearer to its bound.
    fn tighter(self, other: Self) -> Self {
        if other.value < self.value { other } else { self }
    }

    fn score(self, margin: f64) -> Score {
        let (log, slope) = extended_barrier(self.value, margin);
        Score::from_log(log, slope * self.slope)
    }
}

fn mended(constraint: &Constraint, margin: f64, x: f64) -> Score {
    match *constraint {
        Constraint::Upper { upper, margin: width } => {
            Slack::below(x, upper, width.unwrap_or(upper)).score(margin)
        }
        Constraint::Lower { lower, margin: width } => {
            Slack::above(x, lower, width.unwrap_or(lower)).score(margin)
        }
        Constraint::Box { lower, upper } => {
            let half = (upper - lower) / 2.0;
            Slack::above(x, lower, half).tighter(Slack::below(x, upper, half)).score(margin)
        }
        Constraint::Range { lower, upper, margin: width } => {
            Slack::above(x, lower, width).tighter(Slack::below(x, upper, width)).score(margin)
        }
        Constraint::BoxAsymmetric { lower, upper, healthy } => {
            let slack = if x <= healthy {
                Slack::above(x, lower, healthy - lower)
            } else {
                upper.map_or(Slack::MET, |upper| Slack::below(x, upper, upper - healthy))
            };
            slack.score(margin)
        }
        Constraint::MinimizeSoft { scale } => {
            let scale = scale.unwrap_or(1.0);
            let (log, slope) = if x > 0.0 { (-x / scale, -scale.recip()) } else { (0.0, 0.0) };
            Score::from_log(log, slope)
        }
        Constraint::MinimizeHard { scale } => hard(x, scale),
        Constraint::Reciprocal => {
            let x = x.max(0.0);
            Score::from_log(-x.ln_1p(), if x > 0.0 { -(1.0 + x).recip() } else { 0.0 })
        }
    }
}

/// −ln(1 + r²) with r = x/scale, without squaring a large r.
fn hard(x: f64, scale: f64) -> Score {
    let ratio = x / scale;
    if ratio <= 0.0 {
        Score::from_log(0.0, 0.0)
    } else if ratio <= 1.0 {
        let square = ratio * ratio;
        Score::from_log(-square.ln_1p(), -2.0 * ratio / (1.0 + square) / scale)
    } else {
        let inverse = ratio.recip();
        let log = -2.0 * ratio.ln() - (inverse * inverse).ln_1p();
        Score::from_log(log, -2.0 / (ratio + inverse) / scale)
    }
}
