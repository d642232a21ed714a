//! What a trainer is asked, and what it answers.

use std::collections::BTreeMap;
use std::path::PathBuf;

use homeostat_multiplier::{DualConfig, DualState};

use super::turn::Turn;

/// One continued run.
///
/// A trainer reads everything from the checkpoint `from`: model, optimizer and the memory of the engine with
/// its windows. It makes an engine of `dual`, lets it `load` that memory, trains `steps` steps, writes a
/// checkpoint to `to`, and answers with a [`Validation`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Job {
    /// The number of the run, from 0.
    pub number: usize,
    /// Which round of a population, from 0; in a study the same as the number.
    pub round: usize,
    /// Which member of a population.
    pub member: Option<usize>,
    /// The targets that are searched, by constraint.
    pub targets: BTreeMap<String, f64>,
    /// The settings of the engine with these targets.
    pub dual: DualConfig,
    /// The checkpoint to go on from.
    pub from: PathBuf,
    /// The checkpoint to write, a file or a folder. Members of a population must; in a study only that of
    /// the best run is kept.
    pub to: PathBuf,
    /// For how many steps to go on.
    pub steps: u64,
    /// What the search knows of the run.
    pub(super) turn: Turn,
}

/// What a run comes to on the validation set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Validation {
    /// The score; smaller is better.
    pub objective: f64,
    /// What was measured, by constraint, in the unit of its target's raw loss. Every limit needs its own.
    pub measured: BTreeMap<String, f64>,
    /// The scale S of every constraint's normalizer, where one is not 1; a negative one counts as 1.
    pub scales: BTreeMap<String, f64>,
}

impl Validation {
    /// A score without measurements.
    pub fn new(objective: f64) -> Self {
        Self { objective, ..Self::default() }
    }

    /// A run that diverged, or could not be measured.
    pub fn failed() -> Self {
        Self::new(f64::NAN)
    }

    /// Adds what was measured of a constraint.
    #[must_use]
    pub fn measured(mut self, name: impl Into<String>, value: f64) -> Self {
        self.measured.insert(name.into(), value);
        self
    }

    /// Takes the scales from the engine's memory. A population perturbs a target whose range holds 0 in
    /// units of its scale.
    #[must_use]
    pub fn scales_of(mut self, state: &DualState) -> Self {
        let scales = state.names().iter().zip(state.constraints());
        self.scales.extend(scales.map(|(name, one)| (name.clone(), one.scale())));
        self
    }
}
