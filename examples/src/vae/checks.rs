//! The design note's testing checklist, on the rows and messages of a run.

use homeostat::ceiling::CeilingTarget;

use super::report::rollback_rate;
use super::session::Outcome;
use super::settings::Settings;
use crate::trainer::rows::Row;

/// One line of the checklist.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What must hold.
    pub what: &'static str,
    /// Whether it does.
    pub holds: bool,
    /// What was found.
    pub found: String,
}

/// Rejections in the first epoch, and over all.
const FIRST_RATE: f64 = 0.05;
const WHOLE_RATE: f64 = 0.02;

/// Batches of the last epoch above 1.05 times their ceiling.
const OVER_CEILING: f64 = 0.05;

/// A number of a row; NaN where it is not there, so that no comparison holds.
pub fn number(row: &Row, name: &str) -> f64 {
    row.get(name).copied().flatten().unwrap_or(f64::NAN)
}

fn check(what: &'static str, holds: bool, found: String) -> Check {
    Check { what, holds, found }
}

/// The checklist of a run of method `lbo`.
pub fn checklist(settings: &Settings, outcome: &Outcome) -> Vec<Check> {
    let empty = Row::new();
    let epoch = |index: usize| outcome.rows.get(index).unwrap_or(&empty);
    let (first, second) = (epoch(0), epoch(1));
    let last = outcome.rows.last().unwrap_or(&empty);
    let said = |epoch: u64, part: &str| {
        let line = outcome.events.iter().find(|(at, text)| *at == epoch && text.contains(part));
        line.map(|(_, text)| text.replace('\n', " "))
    };
    let boxes = number(first, "box_violations");
    let early = number(first, "rollbacks") / number(first, "judged_steps");
    let discovered = said(1, "KL DISCOVERY");
    let squeezed = said(3, "squeezed to");
    let hold = |half: &str| {
        let (nats, ceiling) =
            (number(second, &format!("kl_{half}")), number(second, &format!("ceiling_{half}")));
        (nats <= ceiling, format!("{half} {nats:.1} of {ceiling:.1}"))
    };
    let (core, detail) = (hold("core"), hold("detail"));
    let whole = rollback_rate(&outcome.rows);
    let (below, found) = under_target(settings, last);
    vec![
        check("epoch 1: no box violation", boxes == 0.0, format!("{boxes}")),
        check("epoch 1: rollbacks below 5 %", early < FIRST_RATE, percent(early)),
        check(
            "end of epoch 1: the ceilings are printed",
            discovered.is_some(),
            discovered.unwrap_or_else(|| "nothing".into()),
        ),
        check(
            "epoch 2: both divergences below their ceilings",
            core.0 && detail.0,
            format!("{}, {}", core.1, detail.1),
        ),
        check(
            "epoch 3: the squeeze is printed",
            squeezed.is_some(),
            squeezed.unwrap_or_else(|| "nothing".into()),
        ),
        check("last epoch: both divergences below the target", below, found),
        check("all epochs: rollbacks below 2 %", whole < WHOLE_RATE, percent(whole)),
    ]
}

/// Whether the run was below its target by its last epoch: both halves in the mean over that epoch and on test
/// images at its end, and no more than 5 % of its batches above 1.05 times the ceiling of their moment.
pub fn under_target(settings: &Settings, last: &Row) -> (bool, String) {
    let target = match settings.lbo.ceiling.target {
        Some(CeilingTarget::Absolute(nats)) => Some(nats),
        _ => None,
    };
    let over = number(last, "over_ceiling");
    let mut holds = over <= OVER_CEILING;
    let mut found = Vec::new();
    for half in ["core", "detail"] {
        let limit = target.unwrap_or_else(|| number(last, &format!("ceiling_{half}")));
        let mean = number(last, &format!("kl_{half}"));
        let tested = number(last, &format!("test_kl_{half}"));
        holds &= tested <= limit && mean <= limit;
        found.push(format!("{half} {tested:.2} of {limit:.2} (epoch mean {mean:.2})"));
    }
    (holds, format!("{}; {} of batches over", found.join(", "), percent(over)))
}

/// A share in words.
pub fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}
