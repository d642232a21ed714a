//! What a person and a program read of a tuning.

use serde_json::{Map, Value, json};

use super::error::TuningError;
use super::state::{Proposer, Run};
use super::tuner::Tuner;
use crate::files::write_atomically;

impl Tuner {
    /// One line for a console.
    pub fn line(&self, run: &Run) -> String {
        let targets = self.variables().zip(&run.targets);
        let targets: Vec<_> =
            targets.map(|(name, target)| format!("{name} {}", short(*target))).collect();
        let of_member = run.member.map_or_else(String::new, |member| format!(", member {member}"));
        let head =
            format!("run {} ({} of {}){of_member}", run.number, run.number + 1, self.budget());
        let (by, targets) = (word(run.proposer), targets.join(", "));
        let Some(objective) = run.objective else {
            return format!("{head}: {targets} ({by}): failed");
        };
        let limits = self.limits().zip(&run.excess).map(|((name, sign, bound), excess)| {
            let measured = run.measured.get(name).map_or_else(String::new, |value| short(*value));
            let holds = if *excess <= 0.0 { "" } else { " violated" };
            format!(", {name} {measured} {sign} {}{holds}", short(bound))
        });
        let limits: String = limits.collect();
        let best = if self.is_best(run) { ", the best so far" } else { "" };
        format!("{head}: {targets} ({by}): objective {}{limits}{best}", short(objective))
    }

    /// All runs as a table in Markdown, and for a population its members as they go on. `*` marks the best
    /// run, `!` a limit that is violated.
    pub fn table(&self) -> String {
        let population = !self.members().is_empty();
        let mut head = vec!["run".to_owned()];
        if population {
            head.extend(["round", "member", "goes on from"].map(str::to_owned));
        }
        head.push("proposed by".to_owned());
        head.extend(self.variables().map(|name| format!("target of {name}")));
        head.push("objective".to_owned());
        head.extend(
            self.limits().map(|(name, sign, bound)| format!("{name} {sign} {}", short(bound))),
        );
        let width = head.len();
        let rows = self.runs().iter().map(|run| {
            let mark = if self.is_best(run) { " *" } else { "" };
            let mut row = vec![format!("{}{mark}", run.number)];
            if let Some(member) = run.member {
                row.extend([run.round.to_string(), member.to_string(), checkpoint(run.from)]);
            }
            row.push(word(run.proposer).to_owned());
            row.extend(run.targets.iter().map(|target| short(*target)));
            row.push(run.objective.map_or_else(|| "failed".to_owned(), short));
            row.extend(self.limits().zip(&run.excess).map(|((name, ..), excess)| {
                let measured = run.measured.get(name).copied().map_or_else(String::new, short);
                if *excess <= 0.0 { measured } else { format!("{measured} !") }
            }));
            row.resize(width, String::new());
            row
        });
        let mut text = markdown(&head, rows);
        text.push_str(&format!("\n{}\n", self.conclusion()));
        if population {
            let mut head = vec!["member".to_owned(), "goes on from".to_owned()];
            head.extend(self.variables().map(|name| format!("target of {name}")));
            let rows = self.members().into_iter().enumerate().map(|(member, (from, targets))| {
                let mut row = vec![member.to_string(), checkpoint(from)];
                row.extend(targets.iter().map(|target| short(*target)));
                row
            });
            text.push_str(&format!("\nThe members now:\n\n{}", markdown(&head, rows)));
        }
        text
    }

    /// How far the search is, and what it found.
    pub fn conclusion(&self) -> String {
        let done = format!("{} of {} runs", self.runs().len(), self.budget());
        match self.best() {
            None => format!("{done}; none succeeded yet"),
            Some(run) => {
                let objective = run.objective.map_or_else(String::new, short);
                let met = match (run.is_feasible(), self.limits().next()) {
                    (true, None) => "",
                    (true, Some(_)) => " and meets every limit",
                    (false, _) => "; no run meets every limit, and it is the nearest to that",
                };
                format!(
                    "{done}; run {} is the best: it has the objective {objective}{met}",
                    run.number
                )
            }
        }
    }

    /// The runs as one JSON object per line.
    pub fn rows(&self) -> String {
        let mut best: Option<f64> = None;
        let mut text = String::new();
        for run in self.runs() {
            if let (Some(objective), true) = (run.objective, run.is_feasible()) {
                best = Some(best.map_or(objective, |best| best.min(objective)));
            }
            let targets = self.variables().map(str::to_owned).zip(run.targets.iter().copied());
            let targets: Map<String, Value> =
                targets.map(|(name, target)| (name, json!(target))).collect();
            let row = json!({
                "run": run.number, "round": run.round, "member": run.member, "from": run.from,
                "proposer": run.proposer, "targets": targets, "objective": run.objective,
                "measured": run.measured, "meets_limits": run.is_feasible(), "best_so_far": best,
            });
            text.push_str(&format!("{row}\n"));
        }
        text
    }

    pub(super) fn write_tables(&self) -> Result<(), TuningError> {
        for (name, text) in [("runs.md", self.table()), ("runs.jsonl", self.rows())] {
            let path = self.folder().join(name);
            write_atomically(&path, text.as_bytes())
                .map_err(|source| TuningError::File { path, source })?;
        }
        Ok(())
    }

    fn is_best(&self, run: &Run) -> bool {
        self.best().is_some_and(|best| best.number == run.number)
    }
}

fn markdown(head: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut text = line(head);
    text.push_str(&line(&vec!["---".to_owned(); head.len()]));
    rows.for_each(|row| text.push_str(&line(&row)));
    text
}

fn checkpoint(run: Option<usize>) -> String {
    run.map_or_else(|| "start".to_owned(), |run| format!("run {run}"))
}

fn word(proposer: Proposer) -> &'static str {
    match proposer {
        Proposer::Design => "design",
        Proposer::Model => "model",
        Proposer::Kept => "kept",
        Proposer::Copied => "copied",
    }
}

/// Five digits, in the shorter of the two notations.
fn short(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (1e-3..1e6).contains(&size) {
        let digits = (4.0 - size.max(1.0).log10().floor()).max(0.0) as usize;
        format!("{value:.digits$}")
    } else {
        format!("{value:.4e}")
    }
}
