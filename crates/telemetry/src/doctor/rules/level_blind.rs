//! R13: a target relative to a rolling past does not see the level.

use crate::doctor::chart::Chart;
use crate::doctor::finding::{Change, Diagnosis, number, resolved, table};
use crate::doctor::observation::Space;
use crate::doctor::profile::NormalizerKind;
use crate::doctor::statistics::{block_trend, mean, quantile, sorted};

/// The target is in normalized units, the reference rolls, the mean normalized loss is near its
/// stationary value 0, and the raw loss drifts to the forbidden side.
pub(super) fn level_blind(chart: &Chart<'_>) -> Option<Diagnosis> {
    let thresholds = &chart.config.level_blind;
    let relative = chart.now.space == Space::Normalized && chart.now.rolling;
    if !chart.is_ready() || !relative || chart.profile.normalizer == NormalizerKind::None {
        return None;
    }
    let normalized = mean(&chart.series(|sample| sample.normalized));
    let raw = chart.series(|sample| sample.raw);
    let trend = block_trend(&raw);
    // An equality forbids both sides.
    let drift = chart.side().map_or(trend.t.abs(), |side| side * trend.t);
    if normalized.abs() >= thresholds.mean || drift <= thresholds.trend {
        return None;
    }
    // The level before the drift, as far as the window shows it.
    let oldest = sorted(raw[..raw.len() / 4].to_vec());
    let (level, spread) =
        (quantile(&oldest, 0.5), quantile(&oldest, 0.75) - quantile(&oldest, 0.25));
    let target = table("raw", resolved(level, spread / 10.0));
    let text = "The loss gets worse, and its rank among its own recent values stays the same: the \
                target has no absolute meaning. Give it in the unit of the loss.";
    Some(
        Diagnosis::new(text)
            .evidence("mean normalized loss", normalized)
            .evidence("drift of the loss per update", trend.slope)
            .evidence("t of the drift", trend.t)
            .evidence("level before the drift", level)
            .propose([
                Change::set(chart.key("target"), number(chart.now.target), target),
                chart.write("error", "\"scaled\""),
            ])
            .advise("or freeze the reference of the normalizer"),
    )
}
