//! What is kept from step to step.

use serde::{Deserialize, Serialize};

use crate::method::FamoMemory;
use crate::workspace::Workspace;
use crate::{Counts, Method, Monitor, RowSet, SurgeryError};

/// What [`Surgery`](crate::Surgery) keeps from step to step: plain numbers, which save themselves, and space to
/// compute in, which is made anew in the first step after loading.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurgeryState {
    /// The number of gradients.
    pub(crate) rows: usize,
    /// Of everything random. It is kept here, so that a resumed run draws on, whatever the file says.
    pub(crate) seed: u64,
    /// One for each group.
    pub(crate) groups: Vec<Memory>,
    #[serde(skip)]
    pub(crate) workspace: Workspace,
    /// One for each group; readings, which the next step makes anew.
    #[serde(skip)]
    pub(crate) monitors: Vec<Monitor>,
}

impl PartialEq for SurgeryState {
    fn eq(&self, other: &Self) -> bool {
        (self.rows, self.seed, &self.groups) == (other.rows, other.seed, &other.groups)
    }
}

impl SurgeryState {
    /// The number of gradients K that the state is for.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of groups.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// What happened so far in a group.
    pub fn counts(&self, group: usize) -> Option<&Counts> {
        self.groups.get(group).map(|memory| &memory.counts)
    }

    /// How much the gradients of the last Gramian of a group conflict; nothing before there was one, and
    /// after loading until there is one.
    pub fn monitor(&self, group: usize) -> Option<&Monitor> {
        self.monitors.get(group).filter(|monitor| monitor.is_filled())
    }

    /// GradVac's ρ̂ of an ordered pair in a group; nothing for other methods or where there is no such gradient.
    pub fn similarity(&self, group: usize, row: usize, column: usize) -> Option<f64> {
        let inside = row < self.rows && column < self.rows;
        let memory = self.groups.get(group).filter(|_| inside)?;
        memory.similarity.get(row * self.rows + column).copied()
    }

    /// How often the average of a row was renewed in a group (momentum ConFIG); nothing for other methods.
    pub fn renewals(&self, group: usize, row: usize) -> Option<u64> {
        self.groups.get(group)?.renewals.get(row).copied()
    }
}

/// The memory of one group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Memory {
    pub(crate) counts: Counts,
    /// Steps since the last Gramian, that one included; 0 before there was one.
    pub(crate) age: u64,
    /// The weights of the last step with a Gramian, smoothed; without the factors of multipliers.
    pub(crate) held: Vec<f64>,
    /// Which rows have had weights.
    pub(crate) known: RowSet,
    /// Which rows had weights in the last step with a Gramian.
    pub(crate) cached: RowSet,
    /// GradVac's usual cosines, row by row.
    pub(crate) similarity: Vec<f64>,
    /// SDMGrad's point of the simplex, or GradNorm's weights.
    pub(crate) shares: Vec<f64>,
    /// GradNorm's first losses; 0 before there was one.
    pub(crate) first: Vec<f64>,
    pub(crate) famo: FamoMemory,
    /// Momentum ConFIG: how often each average was renewed.
    pub(crate) renewals: Vec<u64>,
    /// Whose turn is next.
    pub(crate) turn: usize,
}

impl Memory {
    pub(crate) fn new(method: &Method, rows: usize) -> Self {
        let mut memory = Self { held: vec![0.0; rows], ..Self::default() };
        match method {
            Method::Gradvac(config) => memory.similarity = vec![config.similarity; rows * rows],
            Method::Sdmgrad(_) => memory.shares = vec![1.0 / rows as f64; rows],
            Method::Gradnorm(_) => {
                memory.shares = vec![1.0; rows];
                memory.first = vec![0.0; rows];
            }
            Method::Famo(_) => memory.famo = FamoMemory::new(rows),
            Method::MomentumConfig(_) => memory.renewals = vec![0; rows],
            _ => {}
        }
        memory
    }

    /// Momentum ConFIG: the first row from the one whose turn is next on that takes part at all.
    pub(crate) fn turn(&self, rows: usize, takes_part: impl Fn(usize) -> bool) -> usize {
        let next = self.turn % rows;
        (next..rows).chain(0..next).find(|row| takes_part(*row)).unwrap_or(next)
    }

    /// As `clone_from`, into memory that is there already.
    pub(crate) fn copy_from(&mut self, other: &Self) {
        (self.counts, self.age, self.turn) = (other.counts, other.age, other.turn);
        (self.known, self.cached) = (other.known, other.cached);
        self.held.clone_from(&other.held);
        self.similarity.clone_from(&other.similarity);
        self.shares.clone_from(&other.shares);
        self.first.clone_from(&other.first);
        self.famo.copy_from(&other.famo);
        self.renewals.clone_from(&other.renewals);
    }

    /// Refuses a loaded memory that is not this method's, or holds a number that no step can have written.
    pub(crate) fn check(&self, method: &Method, rows: usize) -> Result<(), SurgeryError> {
        let wants = |wanted: bool, length: usize| if wanted { length } else { 0 };
        let gradvac = matches!(method, Method::Gradvac(_));
        let gradnorm = matches!(method, Method::Gradnorm(_));
        let shares = gradnorm || matches!(method, Method::Sdmgrad(_));
        let famo = wants(matches!(method, Method::Famo(_)), rows);
        let momentum = wants(matches!(method, Method::MomentumConfig(_)), rows);
        for (what, expected, found) in [
            ("the state's weights", rows, self.held.len()),
            ("the state's similarity", wants(gradvac, rows * rows), self.similarity.len()),
            ("the state's shares", wants(shares, rows), self.shares.len()),
            ("the state's first losses", wants(gradnorm, rows), self.first.len()),
            ("the state's logits", famo, self.famo.logits.len()),
            ("the state's log-losses", famo, self.famo.logs.len()),
            ("the state's slopes", famo, self.famo.means.len()),
            ("the state's squared slopes", famo, self.famo.squares.len()),
            ("the state's moves", famo, self.famo.moves.len()),
            ("the state's renewals", momentum, self.renewals.len()),
        ] {
            if found != expected {
                return Err(SurgeryError::Length { what, expected, found });
            }
        }
        let famo = &self.famo;
        let finite = self.held.iter().chain(&famo.logits).chain(&famo.logs).chain(&famo.means);
        legal("weight or logarithm", "finite", finite, |value| value.is_finite())?;
        let usual = self.similarity.iter();
        legal("similarity", "between −1 and 1", usual, |value| (-1.0..=1.0).contains(&value))?;
        let parts = self.shares.iter().chain(&self.first).chain(&famo.squares);
        let rule = "finite and not negative";
        legal("share, square or first loss", rule, parts, |value| value.is_finite() && value >= 0.0)
    }
}

fn legal<'a>(
    what: &'static str,
    rule: &'static str,
    mut values: impl Iterator<Item = &'a f64>,
    legal: impl Fn(f64) -> bool,
) -> Result<(), SurgeryError> {
    match values.find(|value| !legal(**value)) {
        Some(value) => Err(SurgeryError::State { what, rule, value: *value }),
        None => Ok(()),
    }
}
