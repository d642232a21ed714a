//! R11 and R12: measurements fail.

use crate::doctor::chart::Chart;
use crate::doctor::finding::{Diagnosis, significant};
use crate::doctor::observation::Gate;

/// R11: more than 1 % of the window is not finite.
pub(super) fn nonfinite_storm(chart: &Chart<'_>) -> Option<Diagnosis> {
    let thresholds = &chart.config.faults;
    let share = chart.share(|sample| sample.gate == Gate::NonFinite);
    if chart.samples.len() < chart.config.minimum || share <= thresholds.nonfinite {
        return None;
    }
    let text = "Too many measurements are not finite. The multiplier holds in these steps; the error \
                lies where the loss is computed: a logarithm or a quotient of 0, half precision, an \
                empty batch.";
    let stop = thresholds.stop;
    Some(
        Diagnosis::new(text)
            .evidence("share that is not finite", share)
            .evidence("in a row now", chart.memory.nonfinite as f64)
            .advise(format!("mend the loss; stop the run after {stop} in a row")),
    )
}

/// R12: more than 30 % of the window is frozen by the spike gate.
pub(super) fn stuck_freeze(chart: &Chart<'_>) -> Option<Diagnosis> {
    let thresholds = &chart.config.faults;
    let share = chart.share(|sample| sample.gate.is_freeze());
    if chart.samples.len() < chart.config.minimum || share <= thresholds.frozen {
        return None;
    }
    let text = "The spike gate holds the multiplier most of the time: its threshold is too tight for \
                this loss, or what produces the loss is really out of order.";
    let present = chart.profile.spike_threshold;
    let proposed = significant(thresholds.raise * present);
    Some(
        Diagnosis::new(text)
            .evidence("frozen share", share)
            .evidence("in a row now", chart.memory.frozen as f64)
            .propose([chart.set("spike.threshold", Some(present), proposed)])
            .advise("look at what produces this loss: an outage looks the same"),
    )
}
