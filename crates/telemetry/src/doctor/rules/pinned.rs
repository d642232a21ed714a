//! R6: a multiplier stays at its maximum.

use crate::doctor::chart::Chart;
use crate::doctor::finding::Diagnosis;
use crate::doctor::statistics::{quantile, sorted};

/// λ ≥ 0.99·λ_max for 50 updates in a row.
pub(super) fn pinned(chart: &Chart<'_>) -> Option<Diagnosis> {
    if chart.memory.pinned < chart.config.pinned.updates {
        return None;
    }
    let now = chart.now;
    let measured = sorted(chart.series(|sample| chart.measured(sample)));
    let text = "The price is at its limit and the constraint still is not met: either no model of this \
                kind meets it, or the limit is too low. See R2 first.";
    let diagnosis = Diagnosis::new(text)
        .evidence("multiplier", now.multiplier)
        .evidence("maximum", now.maximum)
        .evidence("updates at the maximum", chart.memory.pinned as f64)
        .evidence("median measurement", quantile(&measured, 0.5))
        .evidence("target", now.target)
        .propose(chart.relaxed());
    Some(if chart.profile.hard {
        diagnosis.advise("stop: a hard constraint at its maximum cannot be met in this run")
    } else {
        diagnosis.advise("raise the maximum only with a reason")
    })
}

/// Whether the multiplier is at its maximum now.
pub(crate) fn at_maximum(chart: &Chart<'_>) -> bool {
    let (multiplier, maximum) = (chart.now.multiplier.abs(), chart.now.maximum);
    maximum > 0.0 && multiplier >= chart.config.pinned.share * maximum
}
