//! R8: the leak keeps a constraint violated.

use crate::doctor::chart::Chart;
use crate::doctor::finding::{Diagnosis, significant};
use crate::doctor::statistics::{mean, quantile, sorted};

/// Where the multiplier rests, ρ·λ = η·e: the constraint settles at the violation e* = ρ·λ/η. It is
/// reported where e* > ε and the smoothed error really lies beyond ε in the mean: a loop that came to
/// rest inside the deadzone is held there, and the leak with it.
pub(super) fn leak_bound(chart: &Chart<'_>) -> Option<Diagnosis> {
    let now = chart.now;
    if !chart.is_ready() || !now.leak_always || now.leak == 0.0 || now.rate <= 0.0 {
        return None;
    }
    let multipliers = chart.series(|sample| sample.multiplier);
    let multiplier = quantile(&sorted(multipliers), 0.5);
    let bias = now.leak * multiplier.abs() / now.rate;
    let error = mean(&chart.series(|sample| sample.smoothed));
    // Of an equality with a negative multiplier the steady error is negative, too.
    let violated = error * multiplier > 0.0 && error.abs() > now.deadzone;
    if bias <= now.deadzone || !violated {
        return None;
    }
    let text = "The leak takes from the multiplier in every step what a steady violation gives: the \
                constraint rests outside its target. Let the leak act only where the constraint is \
                satisfied, or make it smaller.";
    let diagnosis = Diagnosis::new(text)
        .evidence("steady violation", bias)
        .evidence("mean smoothed error", error)
        .evidence("deadzone", now.deadzone)
        .evidence("multiplier", multiplier)
        .propose([chart.write("leak_when", "\"satisfied\"")]);
    // Half of the deadzone, so that the violation that is left lies well inside.
    let leak = significant(0.5 * now.rate * now.deadzone / multiplier.abs());
    Some(diagnosis.propose([chart.set("leak", Some(now.leak), leak)]))
}
