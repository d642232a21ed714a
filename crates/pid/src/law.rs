//! The law and its memory.

use std::marker::PhantomData;

use homeostat_core::{Clock, Law, Probe, RangeError, Scalar, Setpoint, StepError, Weight};
use serde::{Deserialize, Serialize};

use crate::anti_windup::{AntiWindup, Integrator};
use crate::config::{Action, PidConfig, Start};
use crate::derivative::Differentiator;
use crate::form::{Form, Sensed};
use crate::limits::Limits;

/// PID control of a measured `Q` towards its setpoint; decides the weight of its loss term.
#[derive(Clone, Debug)]
pub struct Pid<Q> {
    pub(crate) initial: f64,
    pub(crate) kp: f64,
    /// Per step, as the form needs it.
    pub(crate) ki: f64,
    pub(crate) kd: f64,
    form: Form,
    pub(crate) start: Start,
    sign: f64,
    error_clip: f64,
    pub(crate) limits: Limits,
    pub(crate) integrator: Integrator,
    differentiator: Differentiator,
    quantity: PhantomData<fn() -> Q>,
}

impl<Q: Scalar> Pid<Q> {
    /// The law of a checked configuration.
    pub(crate) fn new(config: &PidConfig, initial: f64, clock: Clock) -> Self {
        let unit = config.time_unit;
        let parity = config.form == Form::Parity;
        let steps = clock.steps(unit) as f64;
        // The reference divides all three gains by the steps of the unit; a PID controller divides
        // the integral's alone, because the proportional part has no time in it.
        let scaled = |gain| if parity { clock.rate(unit, gain) } else { gain };
        let difference = if parity { 1.0 } else { steps };
        let tracking = match config.anti_windup {
            AntiWindup::BackCalculation { tracking_time } => 1.0 / (tracking_time * steps).max(1.0),
            AntiWindup::Conditional | AntiWindup::None => 0.0,
        };
        Self {
            initial,
            kp: scaled(config.kp),
            ki: clock.rate(unit, config.ki),
            kd: scaled(config.kd),
            form: config.form,
            start: config.start,
            sign: match config.action {
                Action::Direct => 1.0,
                Action::Reverse => -1.0,
            },
            error_clip: config.error_clip.unwrap_or(f64::INFINITY),
            limits: Limits {
                minimum: config.minimum,
                maximum: config.maximum,
                slew: config.slew.map_or(f64::INFINITY, |slew| clock.rate(unit, slew)),
            },
            integrator: Integrator {
                limit: config.integral_limit.unwrap_or(f64::INFINITY),
                rule: config.anti_windup,
                tracking,
            },
            differentiator: Differentiator::new(
                config.derivative,
                difference,
                config.derivative_time,
            ),
            quantity: PhantomData,
        }
    }

    /// The errors of this step and of the last one, and the derivative.
    fn sense(&self, state: &PidState, measured: f64, setpoint: f64) -> Result<Sensed, RangeError> {
        let unclipped = RangeError::finite("error", self.sign * (measured - setpoint))?;
        let error = unclipped.clamp(-self.error_clip, self.error_clip);
        let increment = RangeError::finite("increment of the integral", self.ki * error)?;
        let Some(last) = state.last else {
            let last_error = match self.start {
                Start::Bumpless => error,
                Start::Bias => 0.0,
            };
            return Ok(Sensed { error, unclipped, last_error, increment, derivative: 0.0 });
        };
        let derivative = self.differentiator.rate(
            state.derivative,
            error - last.error,
            self.sign * (measured - last.measured),
        );
        let derivative = RangeError::finite("derivative", derivative)?;
        Ok(Sensed { error, unclipped, last_error: last.error, increment, derivative })
    }
}

/// The memory of a [`Pid`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PidState {
    pub(crate) output: f64,
    pub(crate) bias: f64,
    pub(crate) integral: f64,
    pub(crate) derivative: f64,
    pub(crate) last: Option<Last>,
    saturated_steps: u64,
}

/// What the next difference is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Last {
    error: f64,
    unclipped: f64,
    measured: f64,
}

impl PidState {
    /// The last output, or `initial` before the first step.
    pub fn output(&self) -> f64 {
        self.output
    }

    /// The integral part: in units of the output in the positional form, the plain sum of errors in
    /// the parity form, 0 in the velocity form.
    pub fn integral(&self) -> f64 {
        self.integral
    }

    /// For how many steps in a row the output has been at the limit to which the error pushes it.
    pub fn saturated_steps(&self) -> u64 {
        self.saturated_steps
    }
}

impl<Q: Scalar> Law for Pid<Q> {
    const NAME: &'static str = "pid";
    const VERSION: u32 = 1;
    type Input = (Q, Setpoint<Q>);
    type Output = Weight;
    type State = PidState;

    fn init(&self) -> PidState {
        PidState {
            output: self.initial,
            bias: self.initial,
            integral: 0.0,
            derivative: 0.0,
            last: None,
            saturated_steps: 0,
        }
    }

    fn step(
        &self,
        state: &mut PidState,
        (measured, setpoint): Self::Input,
    ) -> Result<Weight, StepError> {
        let measured = measured.get();
        let sensed = self.sense(state, measured, setpoint.get())?;
        let output = self.limits.clamp(state.output);
        let decided = match self.form {
            Form::Positional => self.positional(state, &sensed, output),
            Form::Velocity => self.velocity(state, &sensed, output),
            Form::Parity => self.parity(state, &sensed, output),
        };
        RangeError::finite("demanded weight", decided.demand)?;
        RangeError::finite("bias", decided.bias)?;
        RangeError::finite("integral", decided.integral)?;
        let weight = Weight::new(decided.output)?;

        let saturated = self.limits.saturates(decided.output, sensed.error);
        *state = PidState {
            output: decided.output,
            bias: decided.bias,
            integral: decided.integral,
            derivative: sensed.derivative,
            last: Some(Last { error: sensed.error, unclipped: sensed.unclipped, measured }),
            saturated_steps: if saturated { state.saturated_steps.saturating_add(1) } else { 0 },
        };
        Ok(weight)
    }

    fn probe(&self, state: &PidState, probe: &mut dyn Probe) {
        probe.record("output", state.output);
        if let Some(last) = state.last {
            probe.record("error", last.unclipped);
            probe.record("proportional", self.kp * last.error);
            probe.record("derivative", self.kd * state.derivative);
        }
        if self.form != Form::Velocity {
            probe.record("integral", state.integral);
        }
        probe.record("saturated_steps", state.saturated_steps as f64);
    }
}
