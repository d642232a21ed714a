//! The scores of the published revisions, with the gradients that automatic differentiation makes of them.
//!
//! There all pieces of a score are computed for every x, and one is selected. The gradient of a piece that
//! was not selected is multiplied by 0, and where its exponential overflowed, 0·∞ is NaN. Slopes are
//! computed here in single precision and selected in the same way, so that they are NaN where the original
//! ones are; values are computed in double precision.

use crate::constraint::Constraint;
use crate::rules::Rules;
use crate::score::Score;

/// The smallest scale and width of the latest revision.
const LEAST_SCALE: f64 = 5e-4;
const LEAST_WIDTH: f64 = 1e-6;

/// The steepness of the tails.
fn steepness(rules: Rules) -> f64 {
    if rules == Rules::Note { 20.0 } else { 2.0 }
}

pub(crate) fn score(constraint: &Constraint, rules: Rules, x: f64) -> Score {
    let late = rules == Rules::Late;
    let (value, slope) = match *constraint {
        Constraint::Upper { upper, margin } => {
            let margin = margin.unwrap_or(upper);
            if late {
                tail(x > upper, x - upper, margin, 1.0)
            } else {
                clamped((upper - x) / margin, -margin.recip())
            }
        }
        Constraint::Lower { lower, margin } => {
            let margin = margin.unwrap_or(lower);
            if late {
                // The public formula lacks the margin in the exponent: it is above 1 below the bound.
                tail(x < lower + margin, lower - x, margin, -1.0)
            } else {
                clamped((x - lower) / margin, margin.recip())
            }
        }
        Constraint::Box { lower, upper } => symmetric(lower, upper, steepness(rules), x),
        Constraint::BoxAsymmetric { lower, upper, healthy } => {
            let upper = upper.unwrap_or(UNBOUNDED);
            let least = if late { LEAST_WIDTH } else { f64::NEG_INFINITY };
            let widths = ((healthy - lower).max(least), (upper - healthy).max(least));
            asymmetric(Asymmetric { lower, upper, healthy, widths, steep: steepness(rules) }, x)
        }
        // Refused by the check of a constraint.
        Constraint::Range { .. } => (f64::NAN, f64::NAN),
        Constraint::MinimizeSoft { scale } => match scale.unwrap_or(1.0) {
            scale if late => {
                let scale = scale.max(LEAST_SCALE);
                let value = (-x / scale).exp();
                (value, -value / scale)
            }
            scale if scale > 0.0 => {
                let value = (-x.max(0.0) / scale).exp();
                (value, if x > 0.0 { -value / scale } else { 0.0 })
            }
            _ => (0.0, 0.0),
        },
        Constraint::MinimizeHard { scale } => {
            let ratio = if late { x } else { x.max(0.0) } / scale;
            let value = (1.0 + ratio * ratio).recip();
            (value, -2.0 * ratio / scale * value * value)
        }
        Constraint::Reciprocal => {
            let x = if late { x } else { x.max(0.0) };
            let value = (1.0 + x).recip();
            (value, -value * value)
        }
    };
    Score::from_value(value, slope)
}

/// The bound that stands for "no ceiling" in the published revisions.
pub(crate) const UNBOUNDED: f64 = 1e9;

fn clamped(slack: f64, slope: f64) -> (f64, f64) {
    let inside = (0.0..=1.0).contains(&slack);
    (slack.clamp(0.0, 1.0), if inside { slope } else { 0.0 })
}

/// The gradient of an elementwise selection: every piece counts, those not selected times 0.
fn select<const N: usize>(pieces: [(bool, f32); N]) -> f64 {
    pieces
        .into_iter()
        .map(|(selected, slope)| if selected { slope } else { 0.0 * slope })
        .sum::<f32>()
        .into()
}

/// e^(−beyond/margin) where selected, else 1; `sign` is the slope of `beyond` in x.
fn tail(selected: bool, beyond: f64, margin: f64, sign: f64) -> (f64, f64) {
    let value = if selected { (-beyond / margin).exp() } else { 1.0 };
    let slope = tail_slope(-beyond / margin, -sign / margin);
    (value, select([(selected, slope), (!selected, 0.0)]))
}

/// The slope of e^argument in single precision.
fn tail_slope(argument: f64, slope: f64) -> f32 {
    (argument as f32).exp() * slope as f32
}

fn symmetric(lower: f64, upper: f64, steep: f64, x: f64) -> (f64, f64) {
    let (centre, half) = ((lower + upper) / 2.0, (upper - lower) / 2.0);
    let distance = (x - centre).abs() / half;
    let direction = if x == centre { 0.0 } else { (x - centre).signum() / half };
    let inside = distance <= 1.0;
    let beyond = -steep * (distance - 1.0);
    let value = if inside { 1.0 - distance } else { beyond.exp() };
    let slope = tail_slope(beyond, -steep * direction);
    (value, select([(inside, -direction as f32), (!inside, slope)]))
}

struct Asymmetric {
    lower: f64,
    upper: f64,
    healthy: f64,
    widths: (f64, f64),
    steep: f64,
}

fn asymmetric(spec: Asymmetric, x: f64) -> (f64, f64) {
    let Asymmetric { lower, upper, healthy, widths, steep } = spec;
    let (below, above) = (x < lower, x > upper);
    let rising = !below && !above && x <= healthy;
    let falling = !below && !above && !rising;
    let tails = (-steep * (lower - x) / widths.0, -steep * (x - upper) / widths.1);
    let value = if below {
        tails.0.exp()
    } else if above {
        tails.1.exp()
    } else if rising {
        (x - lower) / widths.0
    } else {
        (upper - x) / widths.1
    };
    let slope = select([
        (below, tail_slope(tails.0, steep / widths.0)),
        (above, tail_slope(tails.1, -steep / widths.1)),
        (rising, widths.0.recip() as f32),
        (falling, -widths.1.recip() as f32),
    ]);
    (value, slope)
}
