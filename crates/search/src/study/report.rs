//! What a person and a program read of a study.

use std::fmt;

use serde::Serialize;

use super::{Origin, Study, StudyState};

/// A study as a table, one line per trial; `*` marks the best.
#[derive(Clone, Copy, Debug)]
pub struct StudyTable<'a> {
    study: &'a Study,
    state: &'a StudyState,
}

/// A study for a program: everything of the table, and what follows from it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The names of the variables.
    pub variables: Vec<String>,
    /// The names of the constraints.
    pub constraints: Vec<String>,
    /// How many trials there are in all.
    pub budget: usize,
    /// The trials so far.
    pub trials: Vec<ReportRow>,
    /// The best of them.
    pub best: Option<usize>,
}

/// One trial of a [`Report`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReportRow {
    /// Who proposed the values.
    pub origin: Origin,
    /// One per variable.
    pub values: Vec<f64>,
    /// `None` for a run that failed.
    pub objective: Option<f64>,
    /// One per constraint; none for a run that failed.
    pub constraints: Vec<f64>,
    /// Whether every constraint was met.
    pub feasible: bool,
    /// The best objective so far, of trials that met every constraint.
    pub best_so_far: Option<f64>,
}

impl Study {
    /// The table of the trials, to be printed.
    pub fn table<'a>(&'a self, state: &'a StudyState) -> StudyTable<'a> {
        StudyTable { study: self, state }
    }

    /// The trials and what follows from them, to be saved.
    pub fn report(&self, state: &StudyState) -> Report {
        let mut best_so_far: Option<f64> = None;
        let trials = state.trials().iter().map(|trial| {
            let objective = trial.outcome.as_ref().map(|outcome| outcome.objective);
            if let (Some(objective), true) = (objective, trial.is_feasible()) {
                best_so_far = Some(best_so_far.map_or(objective, |best| best.min(objective)));
            }
            let constraints = trial.outcome.as_ref().map(|outcome| outcome.constraints.clone());
            ReportRow {
                origin: trial.origin,
                values: trial.values.clone(),
                objective,
                constraints: constraints.unwrap_or_default(),
                feasible: trial.is_feasible(),
                best_so_far,
            }
        });
        Report {
            trials: trials.collect(),
            variables: self.names(),
            constraints: self.constraints.clone(),
            budget: self.budget,
            best: self.best(state).map(|(index, _)| index),
        }
    }
}

impl fmt::Display for StudyTable<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (study, state) = (self.study, self.state);
        let best = study.best(state).map(|(index, _)| index);
        let names = study.variables().iter().map(|variable| variable.name().to_owned());
        let head: Vec<String> = ["", "trial", "from"]
            .into_iter()
            .map(str::to_owned)
            .chain(names)
            .chain(["objective".to_owned()])
            .chain(study.constraints.iter().cloned())
            .collect();
        let rows = state.trials().iter().enumerate().map(|(index, trial)| {
            let from = match trial.origin {
                Origin::Design => "design",
                Origin::Model => "model",
                Origin::Given => "given",
            };
            let mark = if Some(index) == best { "*" } else { "" };
            let mut row = vec![mark.to_owned(), index.to_string(), from.to_owned()];
            row.extend(trial.values.iter().map(|value| short(*value)));
            match &trial.outcome {
                Some(outcome) => {
                    row.push(short(outcome.objective));
                    row.extend(outcome.constraints.iter().map(|value| match *value <= 0.0 {
                        true => short(*value),
                        false => format!("{} !", short(*value)),
                    }));
                }
                None => row.push("failed".to_owned()),
            }
            row
        });
        let lines: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
        let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for line in &lines {
            let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:>width$}"));
            writeln!(formatter, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        let (done, budget) = (state.trials().len(), study.budget);
        match study.best(state) {
            Some((index, trial)) => {
                let objective = short(trial.objective());
                write!(formatter, "{done} of {budget} trials; the best is {index} with {objective}")
            }
            None => write!(formatter, "{done} of {budget} trials; none meets every constraint"),
        }
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
