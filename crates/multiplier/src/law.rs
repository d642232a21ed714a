//! The law and its memory.

use std::marker::PhantomData;

use homeostat_core::{
    Clock, Law, Probe, RangeError, Scalar, Setpoint, StepError, TimeUnit, Weight,
};
use serde::{Deserialize, Serialize};

use crate::config::MultiplierConfig;
use crate::target::Target;
use crate::violation::{ErrorMode, Sense};

/// Dual ascent on one constraint of a measured `Q`; decides the weight of its loss term.
#[derive(Clone, Debug)]
pub struct Multiplier<Q> {
    initial: f64,
    minimum: f64,
    maximum: f64,
    rate: f64,
    error_clip: f64,
    error: ErrorMode,
    sense: Sense,
    target: Target,
    warmup_steps: u64,
    quantity: PhantomData<fn() -> Q>,
}

impl<Q: Scalar> Multiplier<Q> {
    /// The law of a checked configuration.
    pub(crate) fn new(config: &MultiplierConfig, initial: f64, clock: Clock) -> Self {
        let unit: TimeUnit = config.time_unit;
        let warmup_steps = match config.target {
            Target::Setpoint => 0,
            Target::Baseline(baseline) => baseline.warmup_steps(clock, unit),
        };
        Self {
            initial,
            minimum: config.resolved_minimum(),
            maximum: config.maximum,
            rate: clock.rate(unit, config.rate),
            error_clip: config.error_clip.unwrap_or(f64::INFINITY),
            error: config.resolved_error(),
            sense: config.sense,
            target: config.target,
            warmup_steps,
            quantity: PhantomData,
        }
    }

    /// The target of this step, and the baseline that belongs to it.
    fn resolve_target(
        &self,
        state: &MultiplierState,
        measured: f64,
        setpoint: Option<Setpoint<Q>>,
    ) -> Result<(f64, f64), StepError> {
        match (self.target, setpoint) {
            (Target::Setpoint, Some(setpoint)) => Ok((setpoint.get(), 0.0)),
            (Target::Setpoint, None) => Err(StepError::Missing(Q::SETPOINT)),
            (Target::Baseline(_), Some(setpoint)) => {
                let rule = "must not be wired where the target is a baseline";
                let value = setpoint.get();
                Err(RangeError { quantity: Q::SETPOINT, rule, value }.into())
            }
            (Target::Baseline(rule), None) => {
                let baseline = if self.warms_up(state) {
                    rule.learn(state.baseline, measured)
                } else {
                    rule.settle(state.baseline, measured)
                };
                Ok((RangeError::finite("target", rule.target(baseline))?, baseline))
            }
        }
    }

    fn warms_up(&self, state: &MultiplierState) -> bool {
        state.steps < self.warmup_steps
    }
}

/// The memory of a [`Multiplier`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiplierState {
    weight: f64,
    steps: u64,
    baseline: f64,
    target: f64,
    error: f64,
    saturated_steps: u64,
}

impl MultiplierState {
    /// λ.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// The average of the warm-up, 0 before the first reading or where the target is a setpoint.
    pub fn baseline(&self) -> f64 {
        self.baseline
    }

    /// The last violation before the clip; positive means violated.
    pub fn error(&self) -> f64 {
        self.error
    }

    /// For how many steps in a row λ has been at its maximum while the constraint was violated. If
    /// it grows, the constraint cannot be satisfied: the model must change.
    pub fn saturated_steps(&self) -> u64 {
        self.saturated_steps
    }
}

impl<Q: Scalar> Law for Multiplier<Q> {
    const NAME: &'static str = "multiplier";
    const VERSION: u32 = 1;
    type Input = (Q, Option<Setpoint<Q>>);
    type Output = Weight;
    type State = MultiplierState;

    fn init(&self) -> MultiplierState {
        MultiplierState {
            weight: self.initial,
            steps: 0,
            baseline: 0.0,
            target: 0.0,
            error: 0.0,
            saturated_steps: 0,
        }
    }

    fn step(
        &self,
        state: &mut MultiplierState,
        (measured, setpoint): Self::Input,
    ) -> Result<Weight, StepError> {
        let measured = measured.get();
        let (target, baseline) = self.resolve_target(state, measured, setpoint)?;
        let error = self.error.violation(self.sense, measured, target)?;
        let weight = if self.warms_up(state) {
            state.weight
        } else {
            let change = self.rate * error.clamp(-self.error_clip, self.error_clip);
            (state.weight + RangeError::finite("change of the multiplier", change)?)
                .clamp(self.minimum, self.maximum)
        };
        let decided = Weight::new(weight)?;

        let saturated = weight >= self.maximum && error > 0.0;
        *state = MultiplierState {
            weight,
            steps: state.steps.saturating_add(1),
            baseline,
            target,
            error,
            saturated_steps: if saturated { state.saturated_steps.saturating_add(1) } else { 0 },
        };
        Ok(decided)
    }

    fn probe(&self, state: &MultiplierState, probe: &mut dyn Probe) {
        probe.record("multiplier", state.weight);
        if state.steps > 0 {
            probe.record("target", state.target);
            probe.record("error", state.error);
        }
        probe.record("saturated_steps", state.saturated_steps as f64);
        let left = self.warmup_steps.saturating_sub(state.steps);
        if self.warmup_steps > 0 {
            probe.record("warmup_steps_left", left as f64);
        }
    }
}
