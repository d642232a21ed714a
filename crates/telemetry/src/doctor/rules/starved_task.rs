//! R3: the constraints leave nothing to the task.

use crate::doctor::chart::Chart;
use crate::doctor::config::DoctorConfig;
use crate::doctor::finding::{Change, Diagnosis, key, number, significant};
use crate::doctor::memory::RunMemory;
use crate::doctor::statistics::{block_trend, finite, mean};

/// The gradients of the constraints are ten times that of the task for 100 steps, or the task's loss
/// rises while every constraint is satisfied and at least one still pushes.
pub(crate) fn starved_task(
    config: &DoctorConfig,
    memory: &RunMemory,
    step: u64,
    charts: &[Chart<'_>],
) -> Option<Diagnosis> {
    let thresholds = &config.starvation;
    let steps = memory.starved_since.map_or(0, |since| step.saturating_sub(since));
    if steps >= thresholds.steps {
        let ratio = memory.steps.iter().rev().find_map(|step| step.starvation)?;
        let text = "The constraints pull many times harder than the task, which learns next to \
                    nothing. Cap the multiplier that pulls hardest, or lower its weight.";
        let diagnosis = Diagnosis::new(text)
            .evidence("starvation ratio", ratio)
            .evidence("steps above the threshold", steps as f64);
        return Some(lower(diagnosis, charts, (thresholds.ratio / ratio).min(1.0)));
    }
    let losses: Vec<f64> = memory.steps.iter().filter_map(|step| step.task_loss).collect();
    let trend = block_trend(&losses);
    let satisfied =
        |chart: &Chart<'_>| chart.is_ready() && chart.satisfaction() >= thresholds.satisfaction;
    let pushing = charts.iter().any(|chart| chart.now.effective != 0.0);
    let rise = trend.slope * losses.len() as f64;
    let rises = trend.t > thresholds.trend && rise >= thresholds.rise * mean(&losses).abs();
    let enough = losses.len() >= config.minimum;
    (enough && rises && pushing && charts.iter().all(satisfied)).then(|| {
        let text = "The task's loss rises although every constraint is satisfied: the multipliers \
                    still push. Cap the one that pushes hardest, or lower its weight.";
        let diagnosis = Diagnosis::new(text)
            .evidence("task loss", mean(&losses))
            .evidence("rise per step", trend.slope)
            .evidence("t of its trend", trend.t);
        lower(diagnosis, charts, 0.5)
    })
}

/// Lowers the soft constraint with the greatest effective multiplier by a factor.
fn lower(diagnosis: Diagnosis, charts: &[Chart<'_>], factor: f64) -> Diagnosis {
    let size = |chart: &Chart<'_>| chart.now.effective.abs();
    let soft = charts.iter().filter(|chart| !chart.profile.hard && size(chart) > 0.0);
    let Some(chart) = soft.max_by(|left, right| size(left).total_cmp(&size(right))) else {
        return diagnosis.advise("every constraint that pushes is hard: the task has to yield");
    };
    let (now, weight) = (chart.now, chart.profile.weight);
    let maximum = significant(factor * now.multiplier.abs());
    diagnosis
        .evidence("greatest effective multiplier", now.effective)
        .propose([chart.set("maximum", Some(now.maximum), maximum)])
        .propose([chart.set("weight", Some(weight), significant(factor * weight))])
        .propose(family_budget(chart, charts, factor))
}

fn family_budget(chart: &Chart<'_>, charts: &[Chart<'_>], factor: f64) -> Option<Change> {
    let index = chart.profile.family?;
    let family = chart.run.families.get(index)?;
    let members = charts.iter().filter(|chart| chart.profile.family == Some(index));
    let sum: f64 = members.map(|chart| chart.now.multiplier.abs()).sum();
    let budget = significant(factor * finite(sum));
    let key = key("families", &family.name, "budget");
    (budget < family.budget).then(|| Change::set(key, number(family.budget), number(budget)))
}
