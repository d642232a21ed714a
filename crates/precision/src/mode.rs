//! How the minimum of `exp(−s)·L + s` is followed.

use homeostat_core::{Clock, ConfigError, RangeError, TimeUnit};
use homeostat_signal::Ema;
use serde::{Deserialize, Serialize};

/// How the minimum of `exp(−s)·L + s` is followed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Mode {
    /// At once: `s = ln(mean of L)`.
    ClosedForm {
        /// Time constant of the mean, in time units. 0: the last loss alone.
        averaging_time: f64,
    },
    /// Downhill: `s ← s − rate·(1 − exp(−s)·L)`.
    Gradient {
        /// The step size η, per time unit. With the factor ½ of Kendall, Gal and Cipolla it would be
        /// half of theirs.
        rate: f64,
    },
}

impl Mode {
    /// Checks every field.
    pub(crate) fn validate(self, clock: Clock, unit: TimeUnit) -> Result<(), ConfigError> {
        match self {
            Self::ClosedForm { averaging_time } => {
                let field = "mode.closed-form.averaging_time";
                ConfigError::not_negative(field, averaging_time)?;
                // Beyond, the decay rounds to 1 and nothing would be averaged.
                let legal = steps(averaging_time, clock, unit) <= 1e15;
                ConfigError::unless(legal, field, "must be at most 1e15 steps", averaging_time)
            }
            Self::Gradient { rate } => ConfigError::positive("mode.gradient.rate", rate),
        }
    }

    /// The mode with numbers per step.
    pub(crate) fn per_step(self, clock: Clock, unit: TimeUnit) -> Follow {
        match self {
            Self::ClosedForm { averaging_time } => {
                // exp(−1/0) is 0: no memory.
                let decay = (-1.0 / steps(averaging_time, clock, unit)).exp();
                Follow::ClosedForm { decay }
            }
            Self::Gradient { rate } => Follow::Gradient { rate: clock.rate(unit, rate) },
        }
    }
}

/// A [`Mode`] with numbers per step.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Follow {
    ClosedForm { decay: f64 },
    Gradient { rate: f64 },
}

impl Follow {
    /// The mean and the log-variance after one more loss, before the limits.
    pub(crate) fn advance(
        self,
        mut mean: Ema,
        log_variance: f64,
        loss: f64,
    ) -> Result<(Ema, f64), RangeError> {
        let next = match self {
            Self::ClosedForm { decay } => {
                mean.observe(decay, loss);
                mean.value().unwrap_or(loss).ln()
            }
            Self::Gradient { rate } => log_variance - rate * slope(log_variance, loss),
        };
        if next.is_finite() {
            Ok((mean, next))
        } else {
            Err(RangeError { quantity: "log-variance", rule: "must be finite", value: next })
        }
    }
}

/// A time in steps; never −0.
fn steps(time: f64, clock: Clock, unit: TimeUnit) -> f64 {
    time.abs() * clock.steps(unit) as f64
}

/// The slope of `exp(−s)·L + s` in `s`: negative while `s` is below `ln L`.
fn slope(log_variance: f64, loss: f64) -> f64 {
    1.0 - (-log_variance).exp() * loss
}
