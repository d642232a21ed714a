//! R14: a mask leaves no valid decode.

use crate::doctor::chart::Chart;
use crate::doctor::finding::Diagnosis;
use crate::doctor::statistics::mean;

/// More than 1 % of the decodes have no valid continuation.
pub(super) fn over_constraint(chart: &Chart<'_>) -> Option<Diagnosis> {
    let thresholds = &chart.config.over_constraint;
    // Also while the multiplier warms up or is frozen: the mask acts all the same.
    let rates: Vec<f64> = chart.samples.iter().filter_map(|sample| sample.invalid_rate).collect();
    let rate = mean(&rates);
    if rates.len() < thresholds.count || rate <= thresholds.rate {
        return None;
    }
    let text = "The mask forbids so much that decodes end without a valid continuation: the grammar is \
                stricter than the model can follow.";
    Some(
        Diagnosis::new(text)
            .evidence("decodes without a valid continuation", rate)
            .evidence("readings", rates.len() as f64)
            .advise("move the rule that fails from the hard mask to a soft energy")
            .propose(chart.relaxed()),
    )
}
