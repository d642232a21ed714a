//! From the values of the discovery to ceilings.

use super::config::{CeilingTarget, DiscoveryConfig, DiscoveryStatistic, Scope};
use super::{Ceiling, CeilingGoal, CeilingState, Event};

/// Scales the median absolute deviation to the standard deviation of a normal distribution.
const NORMAL: f64 = 1.4826;

impl Ceiling {
    /// Takes in the values of a batch where they count.
    pub(super) fn sample(&self, state: &mut CeilingState, values: &[f64]) {
        let undiscovered = state.goals.iter().any(|goal| goal.discovered.is_none());
        let place = state
            .epoch
            .saturating_sub(1)
            .saturating_mul(self.clock.steps_per_epoch())
            .saturating_add(state.batch);
        if !undiscovered || place < self.first_sample {
            return;
        }
        for (goal, value) in state.goals.iter_mut().zip(values) {
            if let Some(samples) = goal.samples.as_mut().filter(|_| value.is_finite()) {
                samples.push(*value);
                goal.maximum = Some(goal.maximum.map_or(*value, |most| most.max(*value)));
            }
        }
    }

    /// Sets C and T of every goal. False where a goal has no samples: then nothing has changed.
    pub(super) fn discover(
        &self,
        state: &mut CeilingState,
        events: &mut dyn FnMut(Event<'_>),
    ) -> bool {
        let discovery = &self.config.discovery;
        if state.goals.iter().any(|goal| goal.maximum.is_none()) {
            events(Event::NothingDiscovered { epoch: state.epoch });
            return false;
        }
        for goal in &mut state.goals {
            goal.discovered = discovery.statistic(goal).map(|found| found * discovery.headroom);
            goal.samples = None;
        }
        if discovery.scope == Scope::Shared {
            let most = state.goals.iter().filter_map(|goal| goal.discovered).fold(0.0, f64::max);
            state.goals.iter_mut().for_each(|goal| goal.discovered = Some(most));
        }
        true
    }

    /// T for a discovered ceiling.
    pub(super) fn target_for(&self, discovered: f64) -> f64 {
        match self.target {
            CeilingTarget::Absolute(target) => target.min(discovered),
            CeilingTarget::Relative(share) => (share * discovered).max(self.config.floor()),
        }
    }
}

impl DiscoveryConfig {
    fn statistic(&self, goal: &CeilingGoal) -> Option<f64> {
        let samples = goal.samples.as_ref()?;
        match self.statistic {
            DiscoveryStatistic::Maximum => goal.maximum,
            DiscoveryStatistic::Robust => {
                let deviation = samples.median_absolute_deviation()?;
                let cut = samples.median()? + self.outlier * NORMAL * deviation;
                let kept = samples.at_most(cut);
                let rank = (self.quantile * kept as f64).ceil() as usize;
                samples.select(rank.clamp(1, kept.max(1)) - 1)
            }
        }
    }
}
