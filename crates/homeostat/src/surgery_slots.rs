//! Gradient surgery beside the controllers: its configuration checked against them, its numbers on the
//! board.

use homeostat_core::{Board, Metric, Slot, StepError};
use homeostat_surgery::{Monitor, Outcome, Report, SurgeryConfig};

use crate::builder::Builder;
use crate::config::ControlConfig;
use crate::error::BuildError;

/// Where the numbers of gradient surgery stand on the board, and with it in the log.
///
/// | port | unit and range | meaning |
/// | --- | --- | --- |
/// | `surgery_conflict` | 0 or 1; in means the share of steps | two rows had a negative dot product |
/// | `surgery_conflicting_pairs` | [0, 1] | share of the pairs of rows with a negative cosine |
/// | `surgery_mean_cosine`, `surgery_minimum_cosine` | [−1, 1] | cosines of the pairs, before |
/// | `surgery_least_cosine` | [−1, 1] | the smallest cosine of a row with the direction, after |
/// | `surgery_magnitude_similarity` | (0, 1] | mean of 2‖a‖‖b‖/(‖a‖² + ‖b‖²) over the pairs |
/// | `surgery_norm_share` | [0, 1] | ‖d‖ / Σ\|α\|‖g‖: how much of the rows is not cancelled |
/// | `surgery_redundancy` | [1, K] | largest singular value of the cosine matrix |
/// | `surgery_minimum_norm` | ≥ 0, unit of the gradients | least norm in the convex hull: 0 where Pareto stationary |
/// | `surgery_fallback` | 0 or 1 | the method broke its promise and was replaced |
///
/// With groups finer than the model a number is the worst of the groups. A number that a step does not
/// have, because no Gramian was made or the method has no direction (GradDrop), is absent.
#[derive(Clone, Debug)]
pub struct SurgerySlots {
    slots: [Slot<Metric>; NAMES.len()],
}

const NAMES: [&str; 10] = [
    "surgery_conflict",
    "surgery_conflicting_pairs",
    "surgery_mean_cosine",
    "surgery_minimum_cosine",
    "surgery_least_cosine",
    "surgery_magnitude_similarity",
    "surgery_norm_share",
    "surgery_redundancy",
    "surgery_minimum_norm",
    "surgery_fallback",
];

impl Builder {
    /// Declares what gradient surgery measures.
    pub fn surgery(&mut self) -> Result<SurgerySlots, BuildError> {
        let mut slots = [None; NAMES.len()];
        for (slot, name) in slots.iter_mut().zip(NAMES) {
            *slot = Some(self.sensor(name)?);
        }
        Ok(SurgerySlots { slots: slots.map(|slot| slot.expect("one for each name")) })
    }
}

impl SurgerySlots {
    /// Every slot with its name, for a log.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, Slot<Metric>)> {
        NAMES.into_iter().zip(self.slots)
    }

    /// Puts the numbers of one step on the board; `groups` are the reports of a step and what the monitor
    /// says about each.
    pub fn observe<'a>(
        &self,
        board: &mut Board,
        groups: impl Iterator<Item = (&'a Report, Option<&'a Monitor>)> + Clone,
    ) -> Result<(), StepError> {
        let measured = |one: &Report| one.measured && one.outcome != Outcome::Empty;
        let groups = groups.filter(|(report, _)| measured(report));
        let of_reports = |value: fn(&Report) -> f64, worst: fn(f64, f64) -> f64| {
            groups.clone().map(|(report, _)| value(report)).reduce(worst)
        };
        // What GradDrop makes of the rows is no combination, and its direction is not known.
        let combined = |one: &Report| !matches!(one.outcome, Outcome::Elementwise(_));
        let of_directions = |value: fn(&Report) -> f64| {
            let groups = groups.clone().filter(|(report, _)| combined(report));
            groups.map(|(report, _)| value(report)).reduce(f64::min)
        };
        let monitors = groups.clone().filter_map(|(_, monitor)| monitor);
        let of_monitors = |value: fn(&Monitor) -> Option<f64>, worst: fn(f64, f64) -> f64| {
            monitors.clone().filter_map(value).reduce(worst)
        };
        let fell = |one: &Report| matches!(one.outcome, Outcome::Fallback | Outcome::Refused);
        let values = [
            of_reports(|one| f64::from(u8::from(one.conflict)), f64::max),
            of_monitors(|one| Some(one.conflict_share), f64::max),
            of_monitors(|one| Some(one.mean_cosine), f64::min),
            of_monitors(|one| Some(one.minimum_cosine), f64::min),
            of_directions(|one| one.least_cosine),
            of_monitors(|one| Some(one.magnitude_similarity), f64::min),
            of_directions(|one| if one.parts > 0.0 { one.norm / one.parts } else { 0.0 }),
            of_monitors(|one| Some(one.spectrum?.redundancy), f64::max),
            of_monitors(|one| Some(one.spectrum?.minimum_norm), f64::min),
            groups.map(|(report, _)| f64::from(u8::from(fell(report)))).reduce(f64::max),
        ];
        for (slot, value) in self.slots.into_iter().zip(values) {
            match value {
                Some(value) => board.observe(slot, value)?,
                None => board.clear(slot.index()),
            }
        }
        Ok(())
    }
}

/// Checks the surgery of a file, alone and with the multipliers beside it.
pub(crate) fn check(surgery: &SurgeryConfig, control: &ControlConfig) -> Result<(), BuildError> {
    let wrong = |source| BuildError::Config { controller: "surgery".into(), source };
    surgery.init().map_err(wrong)?;
    let mut controllers = control.controller.values().filter(|one| one.enabled);
    let moves_weights = controllers.any(|one| one.writes.contains_key("weight"));
    if moves_weights || control.engine().is_some() {
        surgery.check_multipliers().map_err(wrong)?;
    }
    Ok(())
}
