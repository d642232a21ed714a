//! R9: a family stays at its budget.

use crate::doctor::chart::Chart;
use crate::doctor::finding::{Change, Diagnosis, key, number, significant};

/// The budget lowered a member in more than half of its updates.
pub(crate) fn budget_bound(index: usize, charts: &[Chart<'_>]) -> Option<Diagnosis> {
    let members: Vec<&Chart<'_>> =
        charts.iter().filter(|chart| chart.profile.family == Some(index)).collect();
    let size = |chart: &Chart<'_>| chart.now.multiplier.abs();
    let greatest = *members.iter().max_by(|left, right| size(left).total_cmp(&size(right)))?;
    let family = greatest.run.families.get(index)?;
    let thresholds = &greatest.config.budget;
    let ready = members.iter().filter(|chart| chart.samples.len() >= chart.config.minimum);
    let share = ready.map(|chart| chart.share(|sample| sample.at_budget)).fold(0.0, f64::max);
    if share <= thresholds.share {
        return None;
    }
    let name = &greatest.profile.name;
    let text = format!(
        "The family has spent its budget most of the time: one member takes from the others, most of \
         it '{name}'."
    );
    let budget = significant(thresholds.raise * family.budget);
    let proportional = Change::set(
        key("families", &family.name, "mode"),
        "\"euclidean\"".to_owned(),
        "\"proportional\"",
    );
    Some(
        Diagnosis::new(text)
            .evidence("share at the budget", share)
            .evidence("budget", family.budget)
            .evidence("greatest multiplier", greatest.now.multiplier)
            .propose([Change::set(
                key("families", &family.name, "budget"),
                number(family.budget),
                number(budget),
            )])
            .propose((!family.proportional).then_some(proportional)),
    )
}
