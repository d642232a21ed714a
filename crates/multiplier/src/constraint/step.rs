//! The dual step: average, pause, deadzone, leak and rule, clip, restart. Budgets come after it.

use super::state::{DualMemory, Side};
use super::{Constraint, MultiplierState};
use crate::arithmetic::{LeakWhen, Passed};
use crate::gate::Gate;
use crate::rule::DualStep;
use crate::verdict::JudgeReading;

impl Constraint {
    /// Gates and arithmetic 7–11 with the errors that were observed. Counts a step also where
    /// nothing was measured.
    pub(crate) fn update(&self, state: &mut MultiplierState) {
        let turn = self.turn(state);
        state.steps = state.steps.saturating_add(1);
        self.aim.advance(&mut state.aim, state.satisfaction.rate());
        let open = state.gate.open();
        for side in &mut state.sides {
            side.trial = None;
            side.moved = false;
            side.lowered = false;
            if open {
                side.collected = (side.collected + side.clipped).clamp(-f64::MAX, f64::MAX);
                side.count += 1;
            }
        }
        if turn && (open || state.gate == Gate::Missing) && state.sides[0].count > 0 {
            let factor = self.resume_factor(state);
            let ease = state.ease.take();
            let mut gate = Gate::Paused;
            for side in &mut state.sides {
                side.gate = self.update_side(side, ease, factor);
                state.counters.pauses += u64::from(side.gate == Gate::Paused);
                state.counters.restarts += u64::from(side.gate == Gate::Update && side.dual.first);
                state.counters.cap_hits += u64::from(side.moved && self.ends(side.dual.multiplier));
                gate = outcome(gate, side.gate);
            }
            state.gate = gate;
            if gate == Gate::Update {
                state.resume = self.next_resume(state.resume);
            }
        }
        if state.gate.measured() {
            for side in &mut state.sides {
                let saturated = self.saturated(side);
                side.saturated_steps =
                    if saturated { side.saturated_steps.saturating_add(1) } else { 0 };
            }
        }
    }

    /// Sets trial multipliers: where an update would go. Changes nothing else.
    pub(crate) fn extrapolate(&self, state: &mut MultiplierState) {
        let goes = self.turn(state) && state.gate.open();
        let factor = self.resume_factor(state);
        for side in &mut state.sides {
            let mut memory = side.dual;
            let paused = side.pause.as_ref().is_some_and(|pause| pause.paused()) && !self.hard;
            if goes && !paused {
                let error = (side.collected + side.clipped) / (side.count + 1) as f64;
                let smoothed = self.smoothing.observe(&mut memory.smoother, error);
                self.advance(&mut memory, smoothed, factor);
            }
            side.trial = Some(memory.multiplier);
        }
    }

    /// After every λ of the step is decided: the rule sees what became of its proposal, and the judge
    /// what the constraint answers.
    pub(crate) fn settle(&self, state: &mut MultiplierState) {
        for side in &mut state.sides {
            let multiplier = side.dual.multiplier;
            let held = side.lowered || self.saturated(side);
            if side.gate == Gate::Update {
                self.rule.settle(&mut side.dual.rule, side.error, multiplier);
            }
            let decided = matches!(side.gate, Gate::Update | Gate::Deadzone);
            if let (Some(judge), Some(memory), true) = (&self.judge, &mut side.judge, decided) {
                let signed = self.sense.signed();
                judge.observe(
                    memory,
                    JudgeReading {
                        multiplier: multiplier.abs(),
                        maximum: if multiplier < 0.0 { -self.minimum } else { self.maximum },
                        held,
                        violation: if signed { side.error.abs() } else { side.error },
                        tolerance: self.deadzone,
                    },
                );
            }
        }
    }

    /// Begins the resume warm-up.
    pub(crate) fn resume(&self, state: &mut MultiplierState) {
        if self.resume.is_some() {
            state.resume = Some(0);
        }
    }

    /// Whether the next update is this constraint's, with steps counted from 1.
    fn turn(&self, state: &MultiplierState) -> bool {
        (state.steps + 1 + self.offset).is_multiple_of(self.every)
    }

    fn resume_factor(&self, state: &MultiplierState) -> f64 {
        match (&self.resume, state.resume) {
            (Some(config), Some(updates)) => config.at(updates),
            _ => 1.0,
        }
    }

    fn next_resume(&self, resume: Option<u64>) -> Option<u64> {
        let updates = resume? + 1;
        self.resume.filter(|config| updates < config.steps).map(|_| updates)
    }

    fn update_side(&self, side: &mut Side, ease: Option<f64>, factor: f64) -> Gate {
        let error = side.collected / side.count as f64;
        (side.collected, side.count) = (0.0, 0);
        side.smoothed = self.smoothing.observe(&mut side.dual.smoother, error);
        if let (Some(config), Some(pause)) = (&self.pause, &mut side.pause) {
            if let Some(ease) = ease {
                config.observe(pause, side.dual.multiplier.abs(), ease);
            }
            if pause.paused() && !self.hard {
                return Gate::Paused;
            }
        }
        let gate = self.advance(&mut side.dual, side.smoothed, factor);
        side.moved = gate != Gate::Deadzone || self.leaks_inside(side.smoothed);
        if gate == Gate::Update && self.restart_after.is_some_and(|n| side.satisfied_run >= n) {
            side.dual.multiplier = self.minimum;
            side.dual.rule = self.rule.start();
            side.dual.first = true;
        }
        gate
    }

    /// 9–11 on what an update changes.
    fn advance(&self, memory: &mut DualMemory, smoothed: f64, factor: f64) -> Gate {
        let satisfied =
            if self.sense.signed() { smoothed.abs() <= self.deadzone } else { smoothed <= 0.0 };
        let leaks = self.leak_when == LeakWhen::Always || satisfied;
        let leak = if leaks { self.leak } else { 0.0 };
        let error = match self.deadzone_mode.pass(smoothed, self.deadzone) {
            Passed::Nothing => return Gate::Deadzone,
            Passed::LeakOnly => {
                let leaked = (1.0 - leak) * memory.multiplier;
                memory.multiplier = leaked.clamp(self.minimum, self.maximum);
                return Gate::Deadzone;
            }
            Passed::Error(error) => error,
        };
        let proposed = self.rule.propose(
            &mut memory.rule,
            DualStep {
                multiplier: memory.multiplier,
                error,
                rate: self.rate * factor,
                factor,
                leak,
                minimum: self.minimum,
                maximum: self.maximum,
                first: memory.first,
            },
        );
        // A rule must not answer NaN; one that does is not followed.
        if !proposed.is_nan() {
            memory.multiplier = proposed.clamp(self.minimum, self.maximum);
        }
        memory.first = false;
        Gate::Update
    }

    /// Whether λ is at one of its caps: a multiplier with a sign has two.
    fn ends(&self, multiplier: f64) -> bool {
        multiplier >= self.maximum || (self.sense.signed() && multiplier <= self.minimum)
    }

    /// Whether λ is at its cap and the error would push it beyond.
    fn saturated(&self, side: &Side) -> bool {
        let multiplier = side.dual.multiplier;
        let below = self.sense.signed() && multiplier <= self.minimum && side.error < 0.0;
        (multiplier >= self.maximum && side.error > 0.0) || below
    }

    fn leaks_inside(&self, smoothed: f64) -> bool {
        matches!(self.deadzone_mode.pass(smoothed, self.deadzone), Passed::LeakOnly)
    }
}

/// The gate of a constraint with two multipliers: an update where one moved.
fn outcome(so_far: Gate, side: Gate) -> Gate {
    match (so_far, side) {
        (Gate::Update, _) | (_, Gate::Update) => Gate::Update,
        (Gate::Deadzone, _) | (_, Gate::Deadzone) => Gate::Deadzone,
        _ => side,
    }
}
