//! The law and its memory.

use homeostat_core::{Clock, Law, LogVariance, Probe, RangeError, RawLoss, StepError, Weight};
use homeostat_signal::{Ema, EmaStart};
use serde::{Deserialize, Serialize};

use crate::config::PrecisionConfig;
use crate::mode::Follow;

/// The learned precision of one loss term; decides its weight `exp(−s)` and the term `+ s`.
#[derive(Clone, Debug)]
pub struct Precision {
    initial: f64,
    minimum: f64,
    maximum: f64,
    follow: Follow,
}

impl Precision {
    /// The law of a checked configuration.
    pub(crate) fn new(config: &PrecisionConfig, clock: Clock) -> Self {
        Self {
            initial: config.initial,
            minimum: config.minimum,
            maximum: config.maximum,
            follow: config.mode.per_step(clock, config.time_unit),
        }
    }
}

/// The memory of a [`Precision`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrecisionState {
    log_variance: f64,
    /// The mean of the losses; unused in the gradient mode.
    mean: Ema,
    /// The last weighted loss.
    weighted: Option<f64>,
    limited_steps: u64,
}

impl PrecisionState {
    /// The log-variance s.
    pub fn log_variance(&self) -> f64 {
        self.log_variance
    }

    /// For how many steps in a row a limit of s has been in force.
    pub fn limited_steps(&self) -> u64 {
        self.limited_steps
    }
}

impl Law for Precision {
    const NAME: &'static str = "precision";
    const VERSION: u32 = 1;
    type Input = RawLoss;
    type Output = (Weight, LogVariance);
    type State = PrecisionState;

    fn init(&self) -> PrecisionState {
        PrecisionState {
            log_variance: self.initial,
            mean: Ema::new(EmaStart::Debiased),
            weighted: None,
            limited_steps: 0,
        }
    }

    fn step(
        &self,
        state: &mut PrecisionState,
        loss: RawLoss,
    ) -> Result<(Weight, LogVariance), StepError> {
        let loss = positive(loss)?;
        let (mean, wanted) = self.follow.advance(state.mean, state.log_variance, loss)?;
        let log_variance = wanted.clamp(self.minimum, self.maximum);
        let weight = (-log_variance).exp();
        let weighted = weight * loss;
        if !weighted.is_finite() {
            let (quantity, rule) = ("weighted loss", "must be finite");
            return Err(RangeError { quantity, rule, value: weighted }.into());
        }
        let decided = (Weight::new(weight)?, LogVariance::new(log_variance)?);

        let limited = wanted != log_variance;
        *state = PrecisionState {
            log_variance,
            mean,
            weighted: Some(weighted),
            limited_steps: if limited { state.limited_steps.saturating_add(1) } else { 0 },
        };
        Ok(decided)
    }

    fn probe(&self, state: &PrecisionState, probe: &mut dyn Probe) {
        probe.record("log_variance", state.log_variance);
        probe.record("weight", (-state.log_variance).exp());
        if let Some(weighted) = state.weighted {
            probe.record("weighted_loss", weighted);
        }
        probe.record("limited_steps", state.limited_steps as f64);
    }
}

/// The minimum in `s` exists only for a loss above 0.
fn positive(loss: RawLoss) -> Result<f64, RangeError> {
    let value = loss.get();
    if value > 0.0 {
        Ok(value)
    } else {
        let (quantity, rule) = ("raw loss of a learned precision", "must be above 0");
        Err(RangeError { quantity, rule, value })
    }
}
