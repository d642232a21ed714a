//! R2: a constraint is hardly ever satisfied and does not get better.

use crate::doctor::chart::Chart;
use crate::doctor::finding::Diagnosis;
use crate::doctor::observation::{NormalizerStatus, Space};
use crate::doctor::profile::Sense;
use crate::doctor::statistics::{correlation, mean, trend};

/// Satisfaction below 5 % and no downward trend of the violation (t > −2), with the cause in the order
/// in which to look for it.
pub(super) fn never_satisfied(chart: &Chart<'_>) -> Option<Diagnosis> {
    let thresholds = &chart.config.satisfaction;
    let satisfaction = chart.satisfaction();
    if !chart.is_ready() || satisfaction >= thresholds.never {
        return None;
    }
    let violations = chart.series(|sample| chart.violation(sample.error));
    let trend = trend(&violations);
    if trend.t <= -thresholds.trend {
        return None;
    }
    let diagnosis = degenerate(chart)
        .or_else(|| unreachable_rank(chart))
        .or_else(|| flat(chart))
        .or_else(|| at_cap(chart))
        .or_else(|| decoupled(chart))
        .unwrap_or_else(|| too_tight(chart));
    let now = chart.now;
    // How long the multiplier needs at this rate shows whether there is only too little patience.
    let climb = now.rate * mean(&violations);
    let left = (climb > 0.0).then(|| (now.maximum - now.multiplier.abs()) / climb);
    Some(
        diagnosis
            .evidence("satisfaction", satisfaction)
            .evidence("mean violation", mean(&violations))
            .evidence("t of its trend", trend.t)
            .evidence("multiplier", now.multiplier)
            .evidence_if("updates to its maximum", left),
    )
}

fn degenerate(chart: &Chart<'_>) -> Option<Diagnosis> {
    let share = chart.share(|sample| sample.normalizer == NormalizerStatus::Degenerate);
    (share > 0.5).then(|| {
        let text = "The normalizer has seen no spread: the loss is constant, so its normalized value \
                    says nothing. Check that the loss is computed at all.";
        Diagnosis::new(text)
            .evidence("degenerate share", share)
            .propose((chart.now.space == Space::Raw).then(|| chart.write("normalizer", "\"none\"")))
            .propose(chart.relaxed())
    })
}

/// A rank among n values, its own included, reaches from −1 + 1/n to 1 − 1/n.
fn unreachable_rank(chart: &Chart<'_>) -> Option<Diagnosis> {
    let count = chart.profile.window.filter(|_| chart.profile.normalizer.is_rank())?;
    let least = -1.0 + 1.0 / count as f64;
    let target = chart.now.target;
    let unreachable = match chart.profile.sense {
        Sense::AtMost => target < least,
        Sense::AtLeast => target > -least,
        Sense::Equal => target.abs() > -least,
    };
    (chart.now.space == Space::Normalized && unreachable).then(|| {
        let text = "The target lies outside what a rank can reach, so no model satisfies it.";
        Diagnosis::new(text)
            .evidence("target", target)
            .evidence("least rank", least)
            .propose(chart.relaxed())
            .advise("give the target in the unit of the loss: target = { raw = … }")
    })
}

fn flat(chart: &Chart<'_>) -> Option<Diagnosis> {
    let live = chart.live.len().max(1) as f64;
    let share = chart.live.iter().filter(|sample| sample.slope == 0.0).count() as f64 / live;
    let kind = chart.profile.normalizer.windowed()?;
    (share > 0.5).then(|| {
        let text = "The slope of the normalizer is 0 where the loss lies, so the multiplier moves \
                    nothing: the worst violations are ignored.";
        let rank = chart.profile.normalizer.is_rank();
        let slope = if rank { "\"secant\"" } else { "\"straight-through\"" };
        Diagnosis::new(text)
            .evidence("share with slope 0", share)
            .propose([chart.write(&format!("normalizer.{kind}.slope"), slope)])
            .propose(chart.relaxed())
    })
}

fn at_cap(chart: &Chart<'_>) -> Option<Diagnosis> {
    (super::at_maximum(chart) && chart.now.maximum > 0.0).then(|| {
        let text = "The multiplier is at its maximum and the constraint still does not hold: it is \
                    infeasible for this model, or another term pulls harder (see R6).";
        Diagnosis::new(text)
            .evidence("maximum", chart.now.maximum)
            .propose(chart.relaxed())
            .advise(later(chart))
    })
}

fn decoupled(chart: &Chart<'_>) -> Option<Diagnosis> {
    let pairs: Vec<(f64, f64)> = chart
        .live
        .iter()
        .filter_map(|sample| sample.strict.map(|strict| (sample.raw, strict)))
        .collect();
    let enough = pairs.len() >= chart.config.minimum;
    let correlation = enough.then(|| correlation(&pairs))?;
    (correlation < chart.config.satisfaction.decoupled).then(|| {
        let text = "The loss does not follow the strict value that drives the multiplier: whatever the \
                    multiplier does to the loss, the constraint does not notice.";
        Diagnosis::new(text)
            .evidence("correlation of loss and strict value", correlation)
            .advise("replace the loss by one that follows the strict value")
            .propose(chart.relaxed())
    })
}

fn too_tight(chart: &Chart<'_>) -> Diagnosis {
    let text = if chart.profile.hard {
        "The target is out of reach at present, and a hard constraint is not loosened: the model, the \
         data or the competing terms must change."
    } else {
        "The target is out of reach at present. Verify the normalizer, raise the target to what is \
         reached, and tighten it later."
    };
    Diagnosis::new(text).propose(chart.relaxed()).advise(later(chart))
}

fn later(chart: &Chart<'_>) -> &'static str {
    if chart.profile.hard {
        "change the model, the data or the terms that pull the other way"
    } else {
        "tighten again by a schedule, once it is met"
    }
}
