//! The mended rules: the schedule has a clock of its own, which rejections slow down and turn back, and which
//! waits for values that have not followed the ceiling.

use super::squeeze::HELD;
use super::{Bounds, Ceiling, CeilingState, Event, Pace, Phase};
use crate::rules::Rules;

impl Ceiling {
    pub(super) fn begin_mended(&self, state: &mut CeilingState, events: &mut dyn FnMut(Event<'_>)) {
        let end = self.config.squeeze.end();
        state.tried = state.sigma;
        state.phase = if state.goals.iter().any(|goal| goal.discovered.is_none()) {
            Phase::Discover
        } else if state.sigma >= end && !state.waiting {
            Phase::Target
        } else if state.held < self.config.hold {
            Phase::Hold
        } else {
            Phase::Squeeze
        };
        if state.phase == Phase::Squeeze && !state.waiting {
            state.tried = (state.sigma + state.increment).min(end);
            self.tell_squeeze(state, events);
            match self.config.pace {
                Pace::Epoch => self.put(state, state.tried),
                Pace::Batch => self.move_within_epoch(state),
            }
        }
    }

    /// The ceiling of the coming batch: a straight line in σ over the epoch.
    pub(super) fn move_within_epoch(&self, state: &mut CeilingState) {
        if state.phase != Phase::Squeeze {
            return;
        }
        let batches = self.clock.steps_per_epoch();
        let sigma = if state.batch >= batches.saturating_sub(1) {
            state.tried
        } else {
            let share = (state.batch + 1) as f64 / batches as f64;
            state.sigma + (state.tried - state.sigma) * share
        };
        self.put(state, sigma);
    }

    pub(super) fn end_mended(&self, state: &mut CeilingState, events: &mut dyn FnMut(Event<'_>)) {
        match state.phase {
            Phase::Discover if state.epoch >= self.config.discovery.epochs => {
                if self.discover(state, events) {
                    self.settle_discovery(state, events);
                }
                return;
            }
            Phase::Discover => return,
            Phase::Hold => state.held += 1,
            Phase::Squeeze | Phase::Target => {}
        }
        let backoff = &self.config.backoff;
        let (epoch, rate) = (state.epoch, state.rejections.rate(Rules::Mended));
        if rate > backoff.maximum_rate {
            self.back_off(state, rate, events);
            return;
        }
        state.backoffs = 0;
        let mut squeezed = false;
        if state.phase == Phase::Squeeze {
            state.sigma = state.tried;
            self.put(state, state.sigma);
            let share = state.rejections.restored_share();
            if share > backoff.restorations {
                if rate >= backoff.target_rate {
                    events(Event::AtLimit { epoch, rate });
                }
                self.hold(state, share, events);
                return;
            }
            squeezed = !std::mem::take(&mut state.waiting);
        }
        if rate >= backoff.target_rate {
            events(Event::AtLimit { epoch, rate });
        } else {
            if squeezed {
                state.increment = (backoff.faster * state.increment).min(1.0);
            }
            self.tighten(state, events);
        }
        if state.phase == Phase::Squeeze && state.sigma >= self.config.squeeze.end() {
            events(Event::TargetReached { epoch });
        }
    }

    /// Steps led back to the ceiling and none was refused, but most of them began outside: the ceiling stays
    /// where it is until the values are below it, and moves by less then. Nothing is tightened meanwhile.
    fn hold(&self, state: &mut CeilingState, share: f64, events: &mut dyn FnMut(Event<'_>)) {
        state.waiting = true;
        self.slow_down(state);
        let (epoch, increment) = (state.epoch, state.increment);
        events(Event::Held { epoch, share, increment });
    }

    /// The next epoch begins at σ, or further back where it cannot move by less, and moves by less.
    fn slow_down(&self, state: &mut CeilingState) {
        let backoff = &self.config.backoff;
        if state.increment <= backoff.least {
            state.sigma = (state.sigma - backoff.retreat).max(HELD);
        }
        state.tried = state.sigma;
        state.increment = (backoff.slower * state.increment).max(backoff.least);
        self.put(state, state.sigma);
    }

    /// What the epoch moved goes back; the next one moves by less. The last tightening goes back as well.
    fn back_off(&self, state: &mut CeilingState, rate: f64, events: &mut dyn FnMut(Event<'_>)) {
        let backoff = &self.config.backoff;
        let reached = state.tried;
        if state.phase == Phase::Squeeze {
            self.slow_down(state);
        }
        state.tightenings = state.tightenings.saturating_sub(1);
        state.backoffs += 1;
        let (epoch, increment) = (state.epoch, state.increment);
        let squeezed = state.sigma < reached;
        events(Event::BackedOff { epoch, squeezed, rate, increment });
        if backoff.give_up.is_some_and(|tries| state.backoffs >= tries) {
            state.stopped = true;
            events(Event::Stopped { epoch });
        }
    }

    /// Soft scales only: a ceiling has one owner, the schedule.
    fn tighten(&self, state: &mut CeilingState, events: &mut dyn FnMut(Event<'_>)) {
        let tightening = &self.config.tightening;
        let epoch = state.epoch;
        let due = state.phase == Phase::Target || epoch >= tightening.start;
        let Some(mean) = self.mean_score(state).filter(|_| due && tightening.factor < 1.0) else {
            return;
        };
        if mean >= tightening.threshold {
            state.tightenings = state.tightenings.saturating_add(1);
            events(Event::Tightened { epoch, factor: tightening.factor });
        } else {
            events(Event::Unstable { epoch, mean });
        }
    }

    /// C, T and the bounds after a discovery; the phase where nothing is left to squeeze.
    fn settle_discovery(&self, state: &mut CeilingState, events: &mut dyn FnMut(Event<'_>)) {
        let floor = self.config.floor();
        for goal in &mut state.goals {
            // A ceiling below the floor would leave no room for the best value above the guard.
            let discovered = goal.discovered.unwrap_or(floor).max(floor);
            goal.discovered = Some(discovered);
            goal.target = Some(self.target_for(discovered));
        }
        self.put(state, HELD);
        let (epoch, names, goals) = (state.epoch, &self.config.goals, &state.goals);
        events(Event::Discovered { epoch, names, goals });
        let mut open = false;
        for (name, goal) in names.iter().zip(goals) {
            let (Some(ceiling), Some(target)) = (goal.discovered, goal.target) else { continue };
            if let Some(limit) = self.config.explosion.filter(|limit| ceiling > *limit) {
                events(Event::Exploded { goal: name, ceiling, limit });
            }
            if ceiling > target {
                open = true;
            } else {
                events(Event::Converged { goal: name, ceiling });
            }
        }
        if !open {
            state.sigma = self.config.squeeze.end();
            state.tried = state.sigma;
        }
    }

    /// The bounds of every goal at σ.
    fn put(&self, state: &mut CeilingState, sigma: f64) {
        for goal in &mut state.goals {
            let (Some(discovered), Some(target)) = (goal.discovered, goal.target) else { continue };
            let upper = self.config.squeeze.ceiling(discovered, target, sigma);
            let lower = self.config.lower;
            let healthy = (self.config.healthy * target).max(super::GUARD_MARGIN * lower);
            goal.bounds = Bounds { lower, upper: Some(upper), healthy };
        }
    }

    /// One line for all goals where they have the same ceiling, else one for each.
    fn tell_squeeze(&self, state: &CeilingState, events: &mut dyn FnMut(Event<'_>)) {
        let epoch = state.epoch;
        let known = |index: usize| {
            let goal = &state.goals[index];
            let (discovered, target) = (goal.discovered?, goal.target?);
            let at = |sigma| self.config.squeeze.ceiling(discovered, target, sigma);
            Some((at(state.sigma), at(state.tried)))
        };
        let shared = (1..state.goals.len()).all(|index| known(index) == known(0));
        let count = if shared { 1 } else { state.goals.len() };
        for index in 0..count {
            let goal = (!shared).then(|| self.config.goals[index].as_str());
            match known(index) {
                Some((now, ceiling)) if ceiling < now => {
                    events(Event::Squeezed { epoch, goal, ceiling });
                }
                Some((ceiling, _)) => events(Event::Skipped { epoch, goal, ceiling }),
                None => {}
            }
        }
    }
}
