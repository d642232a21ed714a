//! R10: the reference of a normalizer moves.

use crate::doctor::chart::Chart;
use crate::doctor::finding::{Change, Diagnosis};
use crate::doctor::observation::DriftReading;

/// The detectors of the normalizer that was passed in: Kolmogorov–Smirnov or population stability above
/// its critical value.
pub(super) fn drift(chart: &Chart<'_>) -> Option<Diagnosis> {
    let drift = &chart.memory.drift;
    let alarm = |reading: Option<DriftReading>| reading.is_some_and(DriftReading::is_alarm);
    if !alarm(drift.kolmogorov_smirnov) && !alarm(drift.population_stability) {
        return None;
    }
    let text = "The values that the normalizer compares with have moved: the same normalized loss means \
                something else than before, and the same multiplier pushes differently.";
    let slope = if chart.profile.slope_limited { "\"frozen\"" } else { "{ limit = 1.05 }" };
    let mut diagnosis = Diagnosis::new(text);
    for (name, critical, reading) in [
        ("Kolmogorov–Smirnov distance", "its critical value", drift.kolmogorov_smirnov),
        ("population stability index", "its critical value", drift.population_stability),
        ("Page–Hinkley statistic", "its critical value", drift.page_hinkley),
    ] {
        diagnosis = diagnosis
            .evidence_if(name, reading.map(|reading| reading.statistic))
            .evidence_if(critical, reading.map(|reading| reading.critical));
    }
    Some(diagnosis.propose(frozen(chart)).propose([chart.write("slope", slope)]))
}

/// The window as the reference, once it is full. Only a rank can keep one.
fn frozen(chart: &Chart<'_>) -> Option<Change> {
    let rank = chart.profile.normalizer.is_rank() && chart.now.rolling;
    let (kind, window) = (chart.profile.normalizer.windowed()?, chart.profile.window?);
    let field = format!("normalizer.{kind}.reference");
    rank.then(|| chart.write(&field, format!("{{ frozen = {{ step = {window} }} }}")))
}
