//! The law and its memory.

use std::marker::PhantomData;

use homeostat_core::{Law, Probe, RangeError, Scalar, Setpoint, StepError, Weight};

use crate::constraint::{Constraint, Measurement, MultiplierState};

/// Dual ascent on one constraint of a measured `Q`; decides the weight of its loss term.
///
/// The weight is λ, and with a normalizer `w · λ · slope`, so that what it multiplies may be the raw
/// loss.
#[derive(Clone, Debug)]
pub struct Multiplier<Q> {
    constraint: Constraint,
    quantity: PhantomData<fn() -> Q>,
}

impl<Q: Scalar> Multiplier<Q> {
    /// The law of checked settings.
    pub(crate) fn new(constraint: Constraint) -> Self {
        Self { constraint, quantity: PhantomData }
    }
}

impl<Q: Scalar> Law for Multiplier<Q> {
    const NAME: &'static str = "multiplier";
    const VERSION: u32 = 2;
    type Input = (Q, Option<Setpoint<Q>>);
    type Output = Weight;
    type State = MultiplierState;

    fn init(&self) -> MultiplierState {
        self.constraint.start()
    }

    fn step(
        &self,
        state: &mut MultiplierState,
        (measured, setpoint): Self::Input,
    ) -> Result<Weight, StepError> {
        let setpoint = setpoint.map(Setpoint::get);
        match (self.constraint.aim.reads_setpoint(), setpoint) {
            (true, None) => return Err(StepError::Missing(Q::SETPOINT)),
            (false, Some(value)) => {
                let rule = "must not be wired where the target is none";
                return Err(RangeError { quantity: Q::SETPOINT, rule, value }.into());
            }
            _ => {}
        }
        let measurement = Measurement { setpoint, ..Measurement::new(measured.get()) };
        self.constraint.observe(state, Some(measurement))?;
        self.constraint.update(state);
        self.constraint.settle(state);
        Ok(Weight::new(self.constraint.magnitude(state))?)
    }

    fn probe(&self, state: &MultiplierState, probe: &mut dyn Probe) {
        probe.record("multiplier", state.weight());
        if state.taken() > 0 {
            probe.record("target", state.target());
            probe.record("error", state.error());
            probe.record("smoothed_error", state.smoothed_error());
            probe.record("gate", state.gate().code());
        }
        if let Some(rate) = state.satisfaction().rate() {
            probe.record("satisfaction", rate);
        }
        if let Some(slope) = state.slope().filter(|_| self.constraint.normalizer.is_some()) {
            probe.record("slope", slope);
        }
        probe.record("saturated_steps", state.saturated_steps() as f64);
        if let Some(left) = self.constraint.aim.warmup_left(state.taken()) {
            probe.record("warmup_steps_left", left as f64);
        }
    }
}
