//! R1: the multiplier and its error chase each other.

use crate::doctor::chart::Chart;
use crate::doctor::finding::{Change, Diagnosis, number, significant};
use crate::doctor::period::{Oscillation, dominant_period};
use crate::doctor::statistics::{mean, quantile, sorted, zero_crossings};

/// The smoothed error crosses zero again and again, is like itself one period later and unlike itself
/// half a period later, and the multiplier swings along: (P90 − P10)/(mean + 1e-9).
pub(super) fn oscillation(chart: &Chart<'_>) -> Option<Diagnosis> {
    let thresholds = &chart.config.oscillation;
    if !chart.is_ready() {
        return None;
    }
    let errors = chart.series(|sample| sample.smoothed);
    let crossings = zero_crossings(&errors);
    let multipliers = sorted(chart.series(|sample| sample.multiplier));
    let size = mean(&chart.series(|sample| sample.multiplier.abs()));
    let spread = (quantile(&multipliers, 0.9) - quantile(&multipliers, 0.1)) / (size + 1e-9);
    if crossings < thresholds.crossings || spread <= thresholds.spread {
        return None;
    }
    let Oscillation { period, autocorrelation, trough } = dominant_period(&errors)?;
    if autocorrelation <= thresholds.autocorrelation || trough >= -thresholds.trough {
        return None;
    }
    let text = "The dual loop is underdamped: the multiplier overshoots, because the loss answers \
                later than the multiplier moves. Slow the multiplier, damp it, or smooth less slowly \
                than it swings.";
    Some(
        Diagnosis::new(text)
            .evidence("period", period)
            .evidence("autocorrelation", autocorrelation)
            .evidence("zero crossings", crossings as f64)
            .evidence("multiplier spread", spread)
            .propose(slower(chart))
            .propose(damped(chart, period))
            .propose(smoother(chart, period))
            .propose(wider(chart)),
    )
}

fn slower(chart: &Chart<'_>) -> Option<Change> {
    let rate = chart.profile.rate.unwrap_or(chart.now.rate);
    (rate > 0.0).then(|| chart.set("rate", Some(rate), significant(0.5 * rate)))
}

/// Critical damping κ_p* = (2γ√(η/η_θ) − h)/γ² of the reference, section 6.5, without knowing the plant:
/// the measured period gives (2π/T)² = η·η_θ·γ², and with h = 0, the worst case, κ_p* = η·T/π.
fn damped(chart: &Chart<'_>, period: f64) -> Option<Change> {
    let proportional = significant(chart.now.rate * period / std::f64::consts::PI);
    let value = format!("{{ pid = {{ proportional = {} }} }}", number(proportional));
    (!chart.profile.proportional && proportional > 0.0).then(|| chart.write("rule", value))
}

/// Smoothing whose time constant 1/α is an eighth of the period: more of it feeds the swing, and where
/// there is none there is room for it.
fn smoother(chart: &Chart<'_>, period: f64) -> Option<Change> {
    let (present, proposed) = (chart.profile.smoothing, significant((8.0 / period).min(1.0)));
    let useful = present < proposed || present == 1.0 && proposed < 1.0;
    useful.then(|| chart.set("smoothing", Some(present), proposed))
}

fn wider(chart: &Chart<'_>) -> Option<Change> {
    let present = chart.now.deadzone;
    let legal = present > 0.0 && !chart.profile.hard;
    legal.then(|| chart.set("deadzone", Some(present), significant(1.5 * present)))
}
