//! The controller of ceilings: discover, hold, squeeze, target.

mod check;
mod config;
mod discovery;
mod event;
mod law;
mod literal;
mod mended;
mod squeeze;
mod state;

use homeostat_core::{Clock, ConfigError, RangeError};
use homeostat_signal::{BlockMean, OrderWindow};

use crate::rejections::{Outcome, Rejections};
use crate::rules::Rules;

pub use config::{
    BackoffConfig, CeilingConfig, CeilingTarget, DiscoveryConfig, DiscoveryStatistic, Pace, Scope,
    TighteningConfig,
};
pub use event::Event;
pub use law::{CeilingInput, CeilingLaw};
pub use squeeze::{Interpolation, NOTE_CEILINGS, Squeeze};
pub use state::{Bounds, CeilingGoal, CeilingState, Phase};

/// Without a ceiling the score is 1 from this multiple of the guard on; the best value is never below it.
const GUARD_MARGIN: f64 = 1.5;

/// The ceilings of one or more goals that share a schedule; made by [`CeilingConfig::init`].
///
/// A training loop calls [`begin_epoch`](Self::begin_epoch), for every batch
/// [`observe`](Self::observe) after reading the bounds in force from the state, and
/// [`end_epoch`](Self::end_epoch). What happens is told as [`Event`]s.
#[derive(Clone, Debug)]
pub struct Ceiling {
    config: CeilingConfig,
    target: CeilingTarget,
    /// The batch of the discovery from which on samples count, from 0.
    first_sample: u64,
    samples: u64,
    clock: Clock,
}

/// What one batch measured.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The value of every goal, in the order of the configuration. One that is not finite is no sample.
    pub values: &'a [f64],
    /// S_min; `None` where it was not measured.
    pub minimum_score: Option<f64>,
    /// What became of the step; `None` where no step was made.
    pub outcome: Option<Outcome>,
}

impl Ceiling {
    /// The names of the goals.
    pub fn names(&self) -> &[String] {
        &self.config.goals
    }

    /// The settings.
    pub fn config(&self) -> &CeilingConfig {
        &self.config
    }

    /// Refuses a calibration that lasts into the batches whose values are samples of the discovery: a model
    /// that is still trained on another loss would show its ceiling.
    ///
    /// # Errors
    ///
    /// More batches than pass before samples count, `discovery.from` of `discovery.epochs`.
    pub fn check_calibration(&self, batches: u64) -> Result<(), ConfigError> {
        let rule = "must be over before samples of the discovery count: fewer batches, a larger \
                    discovery.from or more discovery.epochs";
        ConfigError::unless(batches <= self.first_sample, "calibration.batches", rule, batches)
    }

    /// The memory before the first epoch.
    pub fn init_state(&self) -> CeilingState {
        let goal = CeilingGoal {
            bounds: self.without_ceiling(),
            discovered: None,
            target: None,
            maximum: None,
            samples: Some(OrderWindow::new(self.samples as usize)),
        };
        CeilingState {
            names: self.config.goals.clone(),
            phase: Phase::Discover,
            epoch: 0,
            batch: 0,
            running: false,
            goals: vec![goal; self.config.goals.len()],
            sigma: squeeze::HELD,
            tried: squeeze::HELD,
            increment: 1.0,
            held: 0,
            waiting: false,
            tightenings: 0,
            backoffs: 0,
            rejections: Rejections::default(),
            score: BlockMean::default(),
            history: Vec::with_capacity(self.config.tightening.window + 1),
            backup: None,
            hit: None,
            stopped: false,
        }
    }

    /// Takes over a saved memory.
    ///
    /// # Errors
    ///
    /// A memory of other goals, or with numbers that this controller could not have made.
    pub fn load(&self, mut saved: CeilingState) -> Result<CeilingState, ConfigError> {
        let names = format!("{:?}", saved.names);
        let same = saved.names == self.config.goals && saved.goals.len() == saved.names.len();
        ConfigError::unless(same, "goals", "must be those of the saved state", names)?;
        for goal in &saved.goals {
            let Bounds { lower, upper, healthy } = goal.bounds;
            let upper = upper.unwrap_or(f64::MAX);
            let ordered =
                self.config.rules != Rules::Mended || (lower < healthy && healthy < upper);
            let legal = ordered && [lower, upper, healthy].iter().all(|value| value.is_finite());
            let found = format!("{:?}", goal.bounds);
            ConfigError::unless(legal, "bounds", "must rise from guard to ceiling", found)?;
            let known = [goal.discovered, goal.target, goal.maximum];
            let legal = known.iter().flatten().all(|value| value.is_finite());
            let found = format!("{known:?}");
            ConfigError::unless(legal, "discovered", "must be finite", found)?;
            let capacity = goal.samples.as_ref().map(OrderWindow::capacity);
            let wanted = goal.discovered.is_none().then_some(self.samples as usize);
            let rule = "must fill what the discovery leaves of its epochs";
            let found = capacity.map_or("none".to_owned(), |capacity| capacity.to_string());
            ConfigError::unless(capacity == wanted, "samples", rule, found)?;
            let whole = goal.discovered.is_some() == goal.target.is_some();
            let rule = "must be known together with the ceiling";
            ConfigError::unless(whole, "target", rule, format!("{:?}", goal.target))?;
        }
        let window = self.config.tightening.window;
        let count = saved.history.len();
        let rule = "must have at most as many epochs as tightening.window";
        ConfigError::unless(count <= window, "history", rule, count)?;
        let legal = (squeeze::HELD..=self.config.squeeze.end()).contains(&saved.sigma)
            && (saved.sigma..=self.config.squeeze.end()).contains(&saved.tried);
        let rule = "must lie between 2 and the end of the squeeze";
        ConfigError::unless(legal, "sigma", rule, saved.sigma)?;
        let legal = saved.increment > 0.0 && saved.increment <= 1.0;
        let rule = "must be above 0 and at most 1";
        ConfigError::unless(legal, "increment", rule, saved.increment)?;
        let rule = "must be at least 1 while an epoch runs";
        ConfigError::unless(saved.epoch > 0 || !saved.running, "epoch", rule, saved.epoch)?;
        saved.history.reserve_exact(window + 1 - count);
        Ok(saved)
    }

    /// The factor by which soft scales should be tightened now: `factor^tightenings`. The trainer hands it
    /// to `Goals::set_tightening` after every epoch, so that a backoff takes it back as well. Always 1 under
    /// the published rules, whose tightening moves bounds and never a soft scale.
    pub fn softness(&self, state: &CeilingState) -> f64 {
        if self.config.rules != Rules::Mended {
            return 1.0;
        }
        self.config.tightening.factor.powi(i32::try_from(state.tightenings).unwrap_or(i32::MAX))
    }

    /// Training goes on after `backoff.give_up` had stopped it: backoffs in a row are counted anew. Does nothing
    /// to a memory that is not stopped.
    pub fn go_on(&self, state: &mut CeilingState) {
        if state.stopped {
            state.stopped = false;
            state.backoffs = 0;
        }
    }

    /// Begins the next epoch: the ceilings of a stepwise squeeze move now. Does nothing while one runs.
    pub fn begin_epoch(&self, state: &mut CeilingState, events: &mut dyn FnMut(Event<'_>)) {
        if state.running {
            return;
        }
        state.running = true;
        state.epoch += 1;
        state.batch = 0;
        state.rejections = Rejections::default();
        if state.epoch == 1 {
            events(Event::Calibrating { epoch: 1 });
        }
        match self.config.rules {
            Rules::Mended => self.begin_mended(state, events),
            Rules::Note | Rules::Late => self.begin_literal(state, events),
        }
    }

    /// Takes in one batch, and moves the ceilings for the next one where the pace is `batch`. Begins an
    /// epoch where none runs. No allocation, no hashing.
    ///
    /// # Errors
    ///
    /// Another number of values than goals. Nothing has changed then.
    pub fn observe(&self, state: &mut CeilingState, batch: Batch<'_>) -> Result<(), RangeError> {
        if batch.values.len() != state.goals.len() {
            return Err(RangeError {
                quantity: "number of values",
                rule: "must be that of the goals",
                value: batch.values.len() as f64,
            });
        }
        self.begin_epoch(state, &mut |_| {});
        let accepted = batch.outcome != Some(Outcome::Rejected);
        // The published code records accepted batches alone.
        if accepted || self.config.rules == Rules::Mended {
            self.sample(state, batch.values);
        }
        if let Some(score) = batch.minimum_score.filter(|_| accepted) {
            state.score.observe(score);
        }
        if let Some(outcome) = batch.outcome {
            state.rejections.record(outcome);
        }
        state.batch = state.batch.saturating_add(1);
        if self.config.rules == Rules::Mended && self.config.pace == Pace::Batch {
            self.move_within_epoch(state);
        }
        Ok(())
    }

    /// Takes in so many rejected batches of which nothing else is known: no samples, no scores.
    pub(crate) fn observe_rejected(&self, state: &mut CeilingState, count: u64) {
        self.begin_epoch(state, &mut |_| {});
        let rejected = &mut state.rejections.rejected;
        *rejected = rejected.saturating_add(count);
        state.batch = state.batch.saturating_add(count);
    }

    /// Ends the epoch: discovery, backoff, the schedule's clock, tightening. Does nothing where none runs.
    pub fn end_epoch(&self, state: &mut CeilingState, events: &mut dyn FnMut(Event<'_>)) {
        if !state.running {
            return;
        }
        state.running = false;
        // The published code appends the mean of nothing as the last value again.
        let last = state.history.last().copied();
        if let Some(mean) = state.score.take().or(last) {
            if state.history.len() >= self.config.tightening.window {
                state.history.remove(0);
            }
            state.history.push(mean);
        }
        match self.config.rules {
            Rules::Mended => self.end_mended(state, events),
            Rules::Note | Rules::Late => self.end_literal(state, events),
        }
    }

    fn without_ceiling(&self) -> Bounds {
        match self.config.rules {
            Rules::Mended => {
                let lower = self.config.lower;
                Bounds { lower, upper: None, healthy: GUARD_MARGIN * lower }
            }
            Rules::Note | Rules::Late => literal::unbounded(&self.config),
        }
    }

    /// The mean of S_min over the window, where there is one.
    fn mean_score(&self, state: &CeilingState) -> Option<f64> {
        let count = state.history.len();
        (count > 0).then(|| state.history.iter().sum::<f64>() / count as f64)
    }
}
