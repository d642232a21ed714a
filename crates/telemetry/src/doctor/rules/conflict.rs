//! R5: gradients pull against each other.

use crate::doctor::chart::Chart;
use crate::doctor::config::DoctorConfig;
use crate::doctor::finding::{Change, Diagnosis};
use crate::doctor::memory::RunMemory;
use crate::doctor::observation::StepObservation;
use crate::doctor::profile::RunProfile;
use crate::doctor::statistics::mean;

/// Mean cosine below −0.2, or more than half of the pairs with a negative one.
pub(crate) fn conflict(
    config: &DoctorConfig,
    run: &RunProfile,
    memory: &RunMemory,
    charts: &[Chart<'_>],
) -> Option<Diagnosis> {
    let thresholds = &config.conflict;
    let average = |value: fn(&StepObservation) -> Option<f64>| {
        let values: Vec<f64> = memory.steps.iter().filter_map(value).collect();
        (values.len() >= thresholds.count).then(|| mean(&values))
    };
    let cosine = average(|step| step.mean_cosine);
    let share = average(|step| step.conflict_share);
    let opposed = cosine.is_some_and(|cosine| cosine < -thresholds.cosine);
    if !opposed && share.is_none_or(|share| share <= thresholds.share) {
        return None;
    }
    let text = "The terms pull in opposite directions, and their sum goes nowhere. Resolve the \
                conflict between the gradients, or relax the constraint that matters least.";
    Some(
        Diagnosis::new(text)
            .evidence_if("mean cosine", cosine)
            .evidence_if("share of conflicting pairs", share)
            .propose(surgery(run))
            .propose(least(charts))
            .propose(stagger(charts))
            .propose(combine(run)),
    )
}

/// The two methods that promise no conflict and respect the multipliers (docs/mechanisms/surgery.md): UPGrad,
/// and, where that is in place, DualProj, which lets them act in full until the mean itself conflicts. The
/// reference names CAGrad second, in which its own section 8.4 finds that multipliers act weakly. Nothing
/// where the run has no surgery: then there is no setting to change.
fn surgery(run: &RunProfile) -> Option<Change> {
    let present = run.surgery.as_deref()?;
    let proposed = match present {
        "dualproj" => return None,
        "upgrad" => "dualproj",
        _ => "upgrad",
    };
    Some(Change::set("surgery", Some(format!("{present:?}")), format!("{proposed:?}")))
}

/// For a run without surgery, where no setting of it resolves the conflict.
fn combine(run: &RunProfile) -> Option<Change> {
    let text = "combine the gradients by a method that respects the multipliers, such as UPGrad";
    run.surgery.is_none().then(|| Change::Advice(text.to_owned()))
}

/// Not all multipliers move in the same step.
fn stagger(charts: &[Chart<'_>]) -> Option<Change> {
    let every = charts.len();
    let text = format!("stagger the updates: dual.stagger = true with dual.every = {every}");
    (every > 1).then_some(Change::Advice(text))
}

/// A looser target for the soft constraint with the lowest weight.
fn least(charts: &[Chart<'_>]) -> Option<Change> {
    let soft = charts.iter().filter(|chart| !chart.profile.hard && chart.side().is_some());
    soft.min_by(|left, right| left.profile.weight.total_cmp(&right.profile.weight))
        .and_then(Chart::relaxed)
}
