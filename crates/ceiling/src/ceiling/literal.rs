//! The published rules, with their defects: the schedule writes a ceiling whatever is in force, tightening
//! and backoff write the same ceiling at the end of an epoch, and the next one overwrites it.

use super::config::CeilingTarget;
use super::squeeze::{NOTE_CEILINGS, Squeeze};
use super::{Bounds, Ceiling, CeilingConfig, CeilingState, Event, Phase};
use crate::goals::shrunk;
use crate::literal::UNBOUNDED;
use crate::rules::Rules;

/// The best value of a divergence, in nats, and the one with which the latest revision discovers.
const HEALTHY: f64 = 3000.0;
const DISCOVERING: f64 = 1e8;
/// The first and the last epoch in which the schedule writes.
const FIRST: u64 = 3;
const LAST: u64 = 15;
/// Over how many epochs the latest revision brings in its guard.
const WARMUP: f64 = 7.0;

/// The bounds before a discovery.
pub(super) fn unbounded(config: &CeilingConfig) -> Bounds {
    let (lower, healthy) = match config.rules {
        Rules::Late => (0.0, DISCOVERING),
        Rules::Note | Rules::Mended => (config.lower, HEALTHY),
    };
    Bounds { lower, upper: Some(UNBOUNDED), healthy }
}

impl Ceiling {
    pub(super) fn begin_literal(
        &self,
        state: &mut CeilingState,
        events: &mut dyn FnMut(Event<'_>),
    ) {
        let epoch = state.epoch;
        state.phase = match epoch {
            _ if epoch <= self.config.discovery.epochs => Phase::Discover,
            _ if epoch < FIRST => Phase::Hold,
            _ if epoch <= LAST => Phase::Squeeze,
            _ => Phase::Target,
        };
        if state.phase != Phase::Squeeze {
            return;
        }
        let late = self.config.rules == Rules::Late;
        for goal in &mut state.goals {
            goal.bounds.upper = Some(self.scheduled(goal.discovered, epoch));
            if late {
                let progress = ((epoch - FIRST) as f64).min(WARMUP) / WARMUP;
                goal.bounds.lower = self.config.lower * progress;
            }
            if late && epoch == FIRST {
                goal.bounds.healthy = HEALTHY;
            }
        }
        let ceiling = state.goals[0].bounds.upper.unwrap_or(UNBOUNDED);
        events(Event::Squeezed { epoch, goal: None, ceiling });
    }

    /// What the schedule says for an epoch from `FIRST` to `LAST`, whether lower than what is in force or
    /// not.
    fn scheduled(&self, discovered: Option<f64>, epoch: u64) -> f64 {
        let index = (epoch - FIRST) as usize;
        match (&self.config.squeeze, self.target, discovered) {
            (Squeeze::Geometric { epochs }, CeilingTarget::Absolute(target), Some(found)) => {
                found * (target / found).powf(index as f64 / *epochs as f64)
            }
            (Squeeze::Absolute { ceilings }, ..) => {
                ceilings[index.min(ceilings.len().saturating_sub(1))]
            }
            _ => NOTE_CEILINGS[index.min(NOTE_CEILINGS.len() - 1)],
        }
    }

    pub(super) fn end_literal(&self, state: &mut CeilingState, events: &mut dyn FnMut(Event<'_>)) {
        let epoch = state.epoch;
        if epoch == self.config.discovery.epochs {
            self.discover_literally(state, events);
        }
        let tightening = &self.config.tightening;
        let backoff = &self.config.backoff;
        let rate = state.rejections.rate(self.config.rules);
        if epoch > tightening.start && rate > backoff.maximum_rate {
            self.restore(state, rate, events);
        }
        let mean = self.mean_score(state).unwrap_or(0.0);
        let stable = mean >= tightening.threshold;
        if epoch >= tightening.start {
            if rate >= backoff.target_rate {
                state.hit = state.hit.or(Some(epoch));
                events(Event::AtLimit { epoch, rate });
            } else if stable {
                self.tighten_bounds(state);
                events(Event::Tightened { epoch, factor: tightening.factor });
            } else {
                events(Event::Unstable { epoch, mean });
            }
        }
        if state.hit.is_some_and(|hit| epoch > hit) {
            state.stopped = true;
            events(Event::Stopped { epoch });
        }
    }

    fn discover_literally(&self, state: &mut CeilingState, events: &mut dyn FnMut(Event<'_>)) {
        let found = self.discover(state, events);
        if !found && self.config.rules == Rules::Late {
            return;
        }
        for goal in &mut state.goals {
            // The note's code takes the maximum of nothing to be 0.
            let ceiling = goal.discovered.unwrap_or(0.0);
            goal.discovered = Some(ceiling);
            goal.samples = None;
            goal.target = Some(self.target_for(ceiling));
            goal.bounds.upper = Some(ceiling);
        }
        let (epoch, names, goals) = (state.epoch, &self.config.goals, &state.goals);
        if found {
            events(Event::Discovered { epoch, names, goals });
        }
    }

    /// The bounds before the last tightening, once.
    fn restore(&self, state: &mut CeilingState, rate: f64, events: &mut dyn FnMut(Event<'_>)) {
        let Some((bounds, tightenings)) = state.backup.take() else { return };
        for (goal, bounds) in state.goals.iter_mut().zip(bounds) {
            goal.bounds = bounds;
        }
        state.tightenings = tightenings;
        events(Event::BackedOff { epoch: state.epoch, squeezed: true, rate, increment: 1.0 });
    }

    fn tighten_bounds(&self, state: &mut CeilingState) {
        let bounds = state.goals.iter().map(|goal| goal.bounds).collect();
        state.backup = Some((bounds, state.tightenings));
        state.tightenings = state.tightenings.saturating_add(1);
        for goal in &mut state.goals {
            let Bounds { lower, upper, .. } = goal.bounds;
            let upper = upper.unwrap_or(UNBOUNDED);
            let (lower, upper) = shrunk(lower, upper, self.config.tightening.factor);
            goal.bounds = Bounds { lower, upper: Some(upper), ..goal.bounds };
        }
    }
}
