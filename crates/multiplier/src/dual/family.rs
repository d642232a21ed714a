//! A family of constraints that share a budget.

use super::state::DualState;
use crate::budget::{BudgetMode, project};

/// One family: `Σ b_k λ_k ≤ B` over its multipliers.
#[derive(Clone, Debug)]
pub(crate) struct Family {
    pub(super) budget: f64,
    pub(super) mode: BudgetMode,
    /// Constraint, side, and whether the constraint is hard: its share is taken first.
    pub(super) members: Vec<(usize, usize, bool)>,
    pub(super) weights: Vec<f64>,
}

/// What a projection writes on; no part of the memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Scratch {
    multipliers: Vec<f64>,
    pinned: Vec<bool>,
    order: Vec<usize>,
}

impl Scratch {
    pub(super) fn resize(&mut self, members: usize) {
        self.multipliers.resize(members, 0.0);
        self.pinned.resize(members, false);
        self.order.resize(members, 0);
    }
}

impl Family {
    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    /// Lowers the multipliers that moved in this update. Held and hard ones are pinned.
    pub(super) fn keep_budget(&self, state: &mut DualState) {
        for (place, (constraint, side, hard)) in self.members.iter().enumerate() {
            let side = &state.constraints[*constraint].sides[*side];
            state.scratch.multipliers[place] = side.dual.multiplier;
            state.scratch.pinned[place] = *hard || !side.moved;
        }
        self.project(state);
        for (place, (constraint, side, _)) in self.members.iter().enumerate() {
            let one = &mut state.constraints[*constraint];
            let lowered = state.scratch.multipliers[place];
            let side = &mut one.sides[*side];
            side.lowered = lowered < side.dual.multiplier;
            one.counters.budget_hits += u64::from(side.lowered);
            side.dual.multiplier = lowered;
        }
    }

    /// The same for trial multipliers.
    pub(super) fn keep_trial_budget(&self, state: &mut DualState) {
        for (place, (constraint, side, hard)) in self.members.iter().enumerate() {
            let side = &state.constraints[*constraint].sides[*side];
            let (now, trial) = (side.dual.multiplier, side.trial);
            state.scratch.multipliers[place] = trial.unwrap_or(now);
            state.scratch.pinned[place] = *hard || trial.is_none_or(|trial| trial == now);
        }
        self.project(state);
        for (place, (constraint, side, _)) in self.members.iter().enumerate() {
            let trial = Some(state.scratch.multipliers[place]);
            state.constraints[*constraint].sides[*side].trial = trial;
        }
    }

    fn project(&self, state: &mut DualState) {
        let (count, scratch) = (self.len(), &mut state.scratch);
        project(
            self.mode,
            self.budget,
            &mut scratch.multipliers[..count],
            &self.weights,
            &scratch.pinned[..count],
            &mut scratch.order[..count],
        );
    }
}
