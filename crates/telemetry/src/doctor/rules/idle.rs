//! R7: a constraint never acts.

use crate::doctor::chart::Chart;
use crate::doctor::finding::Diagnosis;

/// The multiplier is 0 in 95 % of the updates, and more than 99 % are satisfied.
pub(super) fn idle(chart: &Chart<'_>) -> Option<Diagnosis> {
    let thresholds = &chart.config.idle;
    let satisfaction = chart.satisfaction();
    if !chart.is_ready() || satisfaction <= thresholds.satisfaction {
        return None;
    }
    let level = thresholds.level * chart.now.maximum;
    let idle = chart.live.iter().filter(|sample| sample.multiplier.abs() <= level).count();
    let share = idle as f64 / chart.live.len().max(1) as f64;
    if share < thresholds.share {
        return None;
    }
    let text = "The constraint holds by itself: it costs a backward pass and moves nothing. Tighten \
                it, or do without.";
    Some(
        Diagnosis::new(text)
            .evidence("share with multiplier 0", share)
            .evidence("satisfaction", satisfaction)
            .propose(chart.tightened())
            .propose([chart.write("measure_every", "10")])
            .advise("drop the constraint"),
    )
}
