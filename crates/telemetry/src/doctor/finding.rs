//! What the doctor says.

mod change;
mod display;
mod rule;

use serde::{Deserialize, Serialize};

pub use change::Change;
pub(crate) use change::{key, number, resolved, round, significant, table};
pub use rule::{Rule, Severity};

/// Of what something was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The run as a whole.
    Run,
    /// The constraint of that name.
    Constraint(String),
    /// The family of that name.
    Family(String),
}

/// Something is wrong, and this mends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Which rule found it.
    pub rule: Rule,
    /// Of what.
    pub subject: Subject,
    /// How urgent it is.
    pub severity: Severity,
    /// The step at which the finding rose.
    pub since: u64,
    /// The numbers it rests on; all finite.
    pub evidence: Vec<(String, f64)>,
    /// What is wrong, in words.
    pub diagnosis: String,
    /// What to change: the first proposal of the rule that applies. Several changes belong together.
    pub remedy: Vec<Change>,
    /// The proposals after that, for the case that the finding comes back: one at a time.
    pub otherwise: Vec<Change>,
}

/// What a rule says, before it is known since when.
#[derive(Clone, Debug)]
pub(crate) struct Diagnosis {
    evidence: Vec<(String, f64)>,
    text: String,
    remedy: Vec<Change>,
    otherwise: Vec<Change>,
}

impl Finding {
    pub(crate) fn new(
        rule: Rule,
        subject: Subject,
        severity: Severity,
        since: u64,
        diagnosis: Diagnosis,
    ) -> Self {
        let Diagnosis { evidence, text, remedy, otherwise } = diagnosis;
        Self { rule, subject, severity, since, evidence, diagnosis: text, remedy, otherwise }
    }

    /// The number of that name among the evidence.
    pub fn evidence(&self, name: &str) -> Option<f64> {
        self.evidence.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// Remedy and all further proposals, in the order in which to try them.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.remedy.iter().chain(&self.otherwise)
    }
}

impl Diagnosis {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let (evidence, remedy, otherwise) = (Vec::new(), Vec::new(), Vec::new());
        Self { evidence, text: text.into(), remedy, otherwise }
    }

    pub(crate) fn evidence(mut self, name: &str, value: f64) -> Self {
        self.evidence.push((name.to_owned(), super::statistics::finite(value)));
        self
    }

    pub(crate) fn evidence_if(self, name: &str, value: Option<f64>) -> Self {
        match value {
            Some(value) => self.evidence(name, value),
            None => self,
        }
    }

    /// Changes that belong together. The first proposal that is not empty is the remedy.
    pub(crate) fn propose(mut self, changes: impl IntoIterator<Item = Change>) -> Self {
        if self.remedy.is_empty() {
            self.remedy.extend(changes);
        } else {
            self.otherwise.extend(changes);
        }
        self
    }

    /// Something to do that no setting does.
    pub(crate) fn advise(self, text: impl Into<String>) -> Self {
        self.propose([Change::Advice(text.into())])
    }
}
