//! A finding as a block of a few lines for a console.

use std::fmt;

use super::{Change, Finding, Subject, round};

/// Columns of a console.
const WIDTH: usize = 100;
/// Columns of the labels at the left.
const LABEL: usize = 14;

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, subject, severity, since, .. } = self;
        write!(formatter, "[{severity}] {rule}: {subject}, since step {since}")?;
        let evidence =
            self.evidence.iter().map(|(name, value)| format!("{name} {}", short(*value)));
        row(formatter, "evidence", &evidence.collect::<Vec<_>>().join(", "))?;
        row(formatter, "diagnosis", &self.diagnosis)?;
        row(formatter, "remedy", &list(&self.remedy))?;
        row(formatter, "otherwise", &list(&self.otherwise))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run => formatter.write_str("the run"),
            Self::Constraint(name) => write!(formatter, "constraint '{name}'"),
            Self::Family(name) => write!(formatter, "family '{name}'"),
        }
    }
}

fn list(changes: &[Change]) -> String {
    changes.iter().map(Change::to_string).collect::<Vec<_>>().join("; ")
}

/// Four digits, and no point where there is nothing behind it.
fn short(value: f64) -> String {
    let text = format!("{:?}", round(value, if value.abs() < 1e4 { 4 } else { 8 }));
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// A labelled text, broken between words; nothing for an empty one.
fn row(formatter: &mut fmt::Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    let mut column = WIDTH;
    for (index, word) in text.split_whitespace().enumerate() {
        let length = word.chars().count();
        if index > 0 && column + 1 + length <= WIDTH {
            write!(formatter, " {word}")?;
            column += 1 + length;
        } else {
            let label = if index == 0 { label } else { "" };
            write!(formatter, "\n    {label:<10}{word}")?;
            column = LABEL + length;
        }
    }
    Ok(())
}
