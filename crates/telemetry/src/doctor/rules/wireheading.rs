//! R4: a constraint becomes easier instead of better.

use crate::doctor::chart::Chart;
use crate::doctor::finding::{Change, Diagnosis};
use crate::doctor::observation::Gate;
use crate::doctor::statistics::{block_trend, correlation, quantile, sorted};

/// The anti-covariance gate fired, or the loss falls while the strict value does not, or the number of
/// items it is averaged over moved by more than 20 % within the window.
pub(super) fn wireheading(chart: &Chart<'_>) -> Option<Diagnosis> {
    if !chart.is_ready() {
        return None;
    }
    let paused = chart.share(|sample| sample.gate == Gate::Paused);
    let gap = gap(chart);
    let moved = moved(chart);
    if paused == 0.0 && gap.is_none() && moved.is_none() {
        return None;
    }
    let pairs: Vec<(f64, f64)> = chart
        .live
        .iter()
        .filter_map(|sample| sample.ease.map(|ease| (sample.multiplier, ease)))
        .collect();
    let association = (!pairs.is_empty()).then(|| correlation(&pairs));
    let freeze = chart.config.wireheading.freeze;
    let text = "The constraint is met by making the measurement easier and not by a better model: \
                something is skipped, masked or shortened.";
    Some(
        Diagnosis::new(text)
            .evidence("paused share", paused)
            .evidence_if("t of the loss", gap.map(|(proxy, _)| proxy))
            .evidence_if("t of the strict value", gap.map(|(_, strict)| strict))
            .evidence_if("relative change of the denominator", moved)
            .evidence_if("correlation of multiplier and ease", association)
            .propose(jitter(chart))
            .advise(format!("freeze the multiplier for {freeze} steps"))
            .advise("look at the ease and at the denominator of this constraint"),
    )
}

/// The t of loss and strict value, where the first falls to the allowed side and the second falls, with
/// three standard errors of doubt, by less than a quarter of that. Both are in the unit of the target.
fn gap(chart: &Chart<'_>) -> Option<(f64, f64)> {
    let side = chart.side()?;
    let strict = chart.given(|sample| sample.strict);
    if strict.len() < chart.config.minimum {
        return None;
    }
    let proxy = block_trend(&chart.series(|sample| sample.raw));
    let strict = block_trend(&strict);
    let falls = side * proxy.t < -chart.config.wireheading.trend;
    let stays = side * strict.slope - 3.0 * strict.error > 0.25 * side * proxy.slope;
    (falls && stays).then_some((proxy.t, strict.t))
}

/// Relative change from the median of the oldest quarter to that of the newest.
fn moved(chart: &Chart<'_>) -> Option<f64> {
    let values = chart.given(|sample| sample.denominator);
    if values.len() < chart.config.minimum {
        return None;
    }
    let quarter = values.len() / 4;
    let median = |part: &[f64]| quantile(&sorted(part.to_vec()), 0.5);
    let (old, new) = (median(&values[..quarter]), median(&values[values.len() - quarter..]));
    let change = (new - old) / old.abs().max(f64::MIN_POSITIVE);
    (change.abs() > chart.config.wireheading.denominator).then_some(change)
}

/// A window of random length, whose reference cannot be steered; a frozen one cannot anyway.
fn jitter(chart: &Chart<'_>) -> Option<Change> {
    let kind = chart.profile.normalizer.windowed()?;
    let (present, proposed) = (chart.profile.jitter, chart.config.wireheading.jitter);
    let field = format!("normalizer.{kind}.jitter");
    (chart.now.rolling && present < proposed).then(|| chart.set(&field, Some(present), proposed))
}
