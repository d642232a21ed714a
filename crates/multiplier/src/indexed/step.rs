//! Updates of a part of a set of multipliers.

use homeostat_core::{ConfigError, RangeError};
use serde::{Deserialize, Serialize};

use super::config::IndexedConfig;
use crate::arithmetic::{LeakWhen, Passed};
use crate::rule::{DualStep, RULE_MEMORY, RuleMemory, UpdateRule};

/// A set of multipliers under one configuration, of which a step updates any part.
#[derive(Debug)]
pub struct IndexedMultipliers {
    config: IndexedConfig,
    minimum: f64,
    rule: Box<dyn UpdateRule>,
}

/// The memory of [`IndexedMultipliers`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexedState {
    multipliers: Vec<f64>,
    /// How often each multiplier was updated.
    updates: Vec<u64>,
    /// What the rule remembers, as many numbers per multiplier as it uses.
    memory: Vec<f64>,
    /// Sum and number of the measurements of a step; all 0 between steps, and not saved.
    #[serde(skip)]
    batch: Vec<(f64, u32)>,
}

impl IndexedState {
    /// All multipliers.
    pub fn multipliers(&self) -> &[f64] {
        &self.multipliers
    }

    /// How often each was updated.
    pub fn updates(&self) -> &[u64] {
        &self.updates
    }
}

impl IndexedMultipliers {
    pub(super) fn new(config: IndexedConfig, minimum: f64, rule: Box<dyn UpdateRule>) -> Self {
        Self { config, minimum, rule }
    }

    /// The memory at the start.
    pub fn init_state(&self) -> IndexedState {
        let count = self.config.count;
        let start = &self.rule.start()[..self.rule.memory_used()];
        IndexedState {
            multipliers: vec![self.config.initial; count],
            updates: vec![0; count],
            memory: start.repeat(count),
            batch: vec![(0.0, 0); count],
        }
    }

    /// Updates the multipliers at `indices` from what was measured for each; those that are not named stay
    /// bit-identical. An index that is named more than once is updated once, from the mean.
    ///
    /// The cost is that of the batch, whatever the number of multipliers. A refused step changes nothing.
    pub fn step(
        &self,
        state: &mut IndexedState,
        indices: &[usize],
        measured: &[f64],
    ) -> Result<(), RangeError> {
        let rule = "must have one entry per measurement";
        if indices.len() != measured.len() {
            let value = indices.len() as f64;
            return Err(RangeError { quantity: "list of indices", rule, value });
        }
        for (index, value) in indices.iter().zip(measured) {
            RangeError::finite("measured value", *value)?;
            RangeError::finite("error of a measured value", self.error(*value))?;
            if *index >= self.config.count {
                let rule = "must be below the number of multipliers";
                let value = *index as f64;
                return Err(RangeError { quantity: "index of a multiplier", rule, value });
            }
        }
        // A state that was loaded comes without room for the batch.
        state.batch.resize(self.config.count, (0.0, 0));
        for (index, value) in indices.iter().zip(measured) {
            let (mean, count) = &mut state.batch[*index];
            *count += 1;
            // As a mean from the start: a sum could overflow.
            *mean += value / f64::from(*count) - *mean / f64::from(*count);
        }
        for index in indices {
            let (mean, count) = std::mem::take(&mut state.batch[*index]);
            if count > 0 {
                self.update(state, *index, self.error(mean));
            }
        }
        Ok(())
    }

    /// Updates all multipliers: a vector constraint.
    pub fn step_all(&self, state: &mut IndexedState, measured: &[f64]) -> Result<(), RangeError> {
        if measured.len() != self.config.count {
            let value = measured.len() as f64;
            let rule = "must have one entry per multiplier";
            return Err(RangeError { quantity: "list of measured values", rule, value });
        }
        for value in measured {
            RangeError::finite("measured value", *value)?;
            RangeError::finite("error of a measured value", self.error(*value))?;
        }
        for (index, value) in measured.iter().enumerate() {
            self.update(state, index, self.error(*value));
        }
        Ok(())
    }

    /// The price that the primal pays for one member in this step: its multiplier, for the augmented
    /// Lagrangian with the penalty of what was measured.
    pub fn price(&self, state: &IndexedState, index: usize, measured: f64) -> f64 {
        let memory = self.remember(state, index);
        self.rule.price(&memory, state.multipliers[index], self.error(measured))
    }

    /// The error of a measured value, positive where the constraint is violated.
    pub fn error(&self, measured: f64) -> f64 {
        self.config.sense.sides()[0] * (measured - self.config.target)
    }

    /// Whether a loaded memory belongs to this configuration.
    pub fn check(&self, state: &IndexedState) -> Result<(), ConfigError> {
        let count = self.config.count;
        let fits = state.multipliers.len() == count
            && state.updates.len() == count
            && state.memory.len() == count * self.rule.memory_used();
        let rule = "must have as many multipliers, and of the same rule";
        ConfigError::unless(fits, "saved multipliers", rule, state.multipliers.len())?;
        let limits = self.minimum..=self.config.maximum;
        let outside = state.multipliers.iter().find(|multiplier| !limits.contains(multiplier));
        match outside {
            None => Ok(()),
            Some(multiplier) => Err(ConfigError::new(
                "saved multipliers",
                "must lie between minimum and maximum",
                multiplier,
            )),
        }
    }

    fn update(&self, state: &mut IndexedState, index: usize, error: f64) {
        let config = &self.config;
        let equality = config.sense.signed();
        let satisfied = if equality { error.abs() <= config.deadzone } else { error <= 0.0 };
        let leaks = satisfied || config.leak_when == LeakWhen::Always;
        let leak = if leaks { config.leak } else { 0.0 };
        let multiplier = state.multipliers[index];
        let passed = match config.deadzone_mode.pass(error, config.deadzone) {
            Passed::Error(error) => error,
            Passed::Nothing => return,
            Passed::LeakOnly => {
                let leaked = (1.0 - leak) * multiplier;
                state.multipliers[index] = leaked.clamp(self.minimum, config.maximum);
                return;
            }
        };
        let mut memory = self.remember(state, index);
        let step = DualStep {
            multiplier,
            error: passed,
            rate: config.rate,
            factor: 1.0,
            leak,
            minimum: self.minimum,
            maximum: config.maximum,
            first: state.updates[index] == 0,
        };
        let decided = self.rule.propose(&mut memory, step).clamp(self.minimum, config.maximum);
        self.rule.settle(&mut memory, error, decided);
        state.multipliers[index] = decided;
        state.updates[index] = state.updates[index].saturating_add(1);
        let used = self.rule.memory_used();
        state.memory[index * used..][..used].copy_from_slice(&memory[..used]);
    }

    fn remember(&self, state: &IndexedState, index: usize) -> RuleMemory {
        let used = self.rule.memory_used();
        let mut memory = [0.0; RULE_MEMORY];
        memory[..used].copy_from_slice(&state.memory[index * used..][..used]);
        memory
    }
}
