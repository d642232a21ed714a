//! Gradient surgery on the terms of the total loss.

use std::cell::RefCell;
use std::time::Instant;

use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat::SurgerySlots;
use homeostat::burn::surgery::{GroupReport, RowMode, Surgeon, SurgeonConfig, SurgeryStep, Whole};
use homeostat::surgery::{Method, SurgeryState};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::TrainError;
use super::model::Trainee;
use super::settings::Settings;

/// The surgeon of a run, its slots, and what it cost.
#[derive(Debug)]
pub struct Operation {
    surgeon: Surgeon,
    slots: SurgerySlots,
    rows: RowMode,
    cost: Cost,
}

/// What the surgery of a run has cost so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    /// In passes, Gramians and combinations.
    seconds: f64,
    steps: u64,
    passes: u64,
}

/// Averages of gradients: for each row one vector for each parameter.
pub type Averages<B> = Vec<Vec<Option<Tensor<B, 1>>>>;

/// What a checkpoint keeps of the surgery, beside the averages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedOperation {
    state: SurgeryState,
    cost: Cost,
}

/// What the surgery of a run is, `None` where gradients are added as ever.
pub fn configuration(settings: &Settings) -> Option<SurgeonConfig> {
    (settings.surgery.method != Method::Sum).then(|| SurgeonConfig {
        rows: settings.rows,
        surgery: settings.surgery.clone(),
        ..SurgeonConfig::default()
    })
}

impl Operation {
    /// A surgeon that has seen nothing.
    pub fn new(config: &SurgeonConfig, slots: SurgerySlots) -> Result<Self, TrainError> {
        let surgeon = Surgeon::new(config)?;
        Ok(Self { surgeon, slots, rows: config.rows, cost: Cost::default() })
    }

    /// What a person should know of the method before the run.
    pub fn notice(&self) -> String {
        let method = &self.surgeon.surgery().config().method;
        format!("gradient surgery by {}: {}", method.name(), method.respects_lambda())
    }

    /// One gradient of all terms, and what the first of the passes saw. `pass` goes forward once: what the
    /// step needs beside the terms, and the terms, in the order of the factors.
    pub fn step<B: AutodiffBackend, S>(
        &mut self,
        trainee: &Trainee<B>,
        factors: &[f64],
        pass: impl Fn(&Trainee<B>) -> Result<(S, Vec<Option<Tensor<B, 1>>>), TrainError>,
    ) -> Result<(SurgeryStep<B>, S), TrainError> {
        let begin = Instant::now();
        let seen = RefCell::new(None);
        let failed = RefCell::new(None);
        let objective = Whole::new(|trainee: &Trainee<B>, wanted: &[usize]| match pass(trainee) {
            Ok((more, terms)) => {
                seen.borrow_mut().get_or_insert(more);
                wanted.iter().filter_map(|term| terms[*term].clone()).collect()
            }
            Err(error) => {
                failed.borrow_mut().get_or_insert(error);
                Vec::new()
            }
        });
        let step = self.surgeon.step(trainee, &objective, factors);
        // The surgeon only knows that losses are missing; the reason is here.
        if let Some(error) = failed.into_inner() {
            return Err(error);
        }
        let step = step?;
        self.cost.seconds += begin.elapsed().as_secs_f64();
        self.cost.steps += 1;
        self.cost.passes += step.report.backwards as u64;
        let seen = seen.into_inner().ok_or(TrainError::NoLoss)?;
        Ok((step, seen))
    }

    /// Puts the numbers of a step on the board.
    pub fn observe(
        &self,
        board: &mut homeostat::Board,
        groups: &[GroupReport],
    ) -> Result<(), TrainError> {
        let state = self.surgeon.state();
        let monitor = |index| state.and_then(|state| state.monitor(index));
        let reports = groups.iter().enumerate();
        let reports = reports.map(|(index, group)| (&group.report, monitor(index)));
        Ok(self.slots.observe(board, reports)?)
    }

    /// The memory, for a checkpoint.
    pub fn save(&self) -> Option<SavedOperation> {
        Some(SavedOperation { state: self.surgeon.state()?.clone(), cost: self.cost })
    }

    /// Takes a memory over.
    pub fn load(&mut self, saved: SavedOperation) {
        self.surgeon.load(saved.state);
        self.cost = saved.cost;
    }

    /// The averages of gradients that momentum ConFIG keeps; nothing for other methods.
    pub fn averages<B: AutodiffBackend>(&self, trainee: &Trainee<B>) -> Averages<B> {
        let part = |part: Option<Tensor<B::InnerBackend, 1>>| part.map(Tensor::from_inner);
        let row = |row: Vec<_>| row.into_iter().map(part).collect();
        self.surgeon.averages::<B, _>(trainee).into_iter().map(row).collect()
    }

    /// Takes averages over.
    pub fn load_averages<B: AutodiffBackend>(
        &mut self,
        trainee: &Trainee<B>,
        averages: Averages<B>,
    ) -> Result<(), TrainError> {
        let part = |part: Option<Tensor<B, 1>>| part.map(Tensor::inner);
        let row = |row: Vec<_>| row.into_iter().map(part).collect();
        let averages = averages.into_iter().map(row).collect();
        Ok(self.surgeon.load_averages::<B, _>(trainee, averages)?)
    }

    /// For the summary: the share of steps with conflict, and what the surgery cost.
    pub fn summary(&self) -> Value {
        let surgery = self.surgeon.surgery();
        let mut sums = homeostat::surgery::Counts::default();
        let state = self.surgeon.state();
        let groups = state.map_or(0, SurgeryState::groups);
        for counts in (0..groups).filter_map(|group| state?.counts(group)) {
            sums.steps += counts.steps;
            sums.measured += counts.measured;
            sums.conflicts += counts.conflicts;
            sums.violations += counts.violations;
            sums.refused += counts.refused;
            sums.not_finite += counts.not_finite;
            sums.unsolved += counts.unsolved;
        }
        let mean = |total: f64| total / self.cost.steps.max(1) as f64;
        let (seconds, passes) = (mean(self.cost.seconds), mean(self.cost.passes as f64));
        json!({
            "method": surgery.config().method.name(),
            "rows": self.rows,
            "multipliers": surgery.config().method.respects_lambda().to_string(),
            "conflict_share": sums.conflict_share(),
            "steps": sums.steps,
            "fallbacks": sums.violations,
            "refused": sums.refused,
            "not_finite": sums.not_finite,
            "unsolved": sums.unsolved,
            "passes_per_step": passes,
            "seconds_per_step": seconds,
            // A plain step would have made one of the passes.
            "extra_seconds_per_step": if passes > 0.0 { seconds * (1.0 - 1.0 / passes) } else { 0.0 },
        })
    }
}
