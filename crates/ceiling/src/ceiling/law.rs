//! One ceiling on the board.

use std::marker::PhantomData;

use homeostat_core::{
    Clock, ConfigError, FaultCount, Law, Metric, Probe, Scalar, Setpoint, StepError,
};

use super::{Batch, Ceiling, CeilingConfig, CeilingState, Phase};
use crate::rejections::Outcome;

/// The measured value, S_min, how many steps were rejected since the last call, and how many of those that
/// stand since then (0 or 1) began outside the ceiling. What is not given was not measured: without the
/// third no step was rejected, without the last none began outside.
pub type CeilingInput<Q> = (Option<Q>, Option<Metric>, Option<FaultCount>, Option<FaultCount>);

/// The ceiling of one measured `Q` as a setpoint for whoever keeps it: a multiplier, a PID controller, a
/// barrier.
///
/// Controllers step once per accepted step, so a call is an accepted step and its batch; rejected ones come
/// before it as a count and are batches too, without a value. Of a accepted and b rejected steps the rate is
/// b/(a + b), as in [`Ceiling`]. The clock says how many batches make an epoch. While no step is accepted
/// the law is not called, and the ceiling stands. The answer is the ceiling for the next
/// batch, and nothing while it is being discovered. Goals that share a schedule but not a ceiling can be
/// as many laws, because the schedule follows from the rejections alone; a shared ceiling needs
/// [`Ceiling`] itself.
#[derive(Clone, Debug)]
pub struct CeilingLaw<Q> {
    ceiling: Ceiling,
    quantity: PhantomData<fn() -> Q>,
}

impl CeilingConfig {
    /// Checks every field and makes the law of one ceiling.
    ///
    /// # Errors
    ///
    /// The first field that is not legal, or more than one goal.
    pub fn init_law<Q: Scalar>(&self, clock: Clock) -> Result<CeilingLaw<Q>, ConfigError> {
        let count = self.goals.len();
        let rule = "must be one where the ceiling is a law on the board";
        ConfigError::unless(count == 1, "goals", rule, count)?;
        Ok(CeilingLaw { ceiling: self.init(clock)?, quantity: PhantomData })
    }
}

impl<Q: Scalar> CeilingLaw<Q> {
    /// The controller behind the law.
    pub fn ceiling(&self) -> &Ceiling {
        &self.ceiling
    }
}

impl<Q: Scalar> Law for CeilingLaw<Q> {
    const NAME: &'static str = "ceiling";
    const VERSION: u32 = 2;
    type Input = CeilingInput<Q>;
    type Output = Option<Setpoint<Q>>;
    type State = CeilingState;

    fn init(&self) -> CeilingState {
        self.ceiling.init_state()
    }

    fn step(
        &self,
        state: &mut CeilingState,
        (value, score, rejected, restored): CeilingInput<Q>,
    ) -> Result<Option<Setpoint<Q>>, StepError> {
        let restored = restored.is_some_and(|count| count.get() > 0.0);
        let batch = Batch {
            values: &[value.map_or(f64::NAN, Q::get)],
            minimum_score: score.map(Metric::get),
            outcome: Some(if restored { Outcome::Restored } else { Outcome::Accepted }),
        };
        if let Some(count) = rejected {
            self.ceiling.observe_rejected(state, count.get() as u64);
        }
        self.ceiling.observe(state, batch)?;
        if state.batch() >= self.ceiling.clock.steps_per_epoch() {
            self.ceiling.end_epoch(state, &mut |_| {});
            self.ceiling.begin_epoch(state, &mut |_| {});
        }
        let ceiling = state.goals()[0].bounds().upper;
        Ok(ceiling.map(Setpoint::new).transpose()?)
    }

    fn probe(&self, state: &CeilingState, probe: &mut dyn Probe) {
        let goal = &state.goals()[0];
        let phase = match state.phase() {
            Phase::Discover => 0.0,
            Phase::Hold => 1.0,
            Phase::Squeeze => 2.0,
            Phase::Target => 3.0,
        };
        for (name, value) in [
            ("phase", phase),
            ("epoch", state.epoch() as f64),
            ("ceiling", goal.bounds().upper.unwrap_or(f64::NAN)),
            ("discovered", goal.discovered().unwrap_or(f64::NAN)),
            ("sigma", state.sigma()),
            ("increment", state.increment()),
            ("rejected", state.rejections().rejected as f64),
            ("restored", state.rejections().restored as f64),
            ("tightenings", f64::from(state.tightenings())),
        ] {
            probe.record(name, value);
        }
    }
}
