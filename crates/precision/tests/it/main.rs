//! Tests of learned precisions: one file per kind.

mod config;
mod conformance;
mod goldens;
mod properties;

use homeostat_core::{Clock, Law, RawLoss};
use homeostat_precision::{Mode, Precision, PrecisionConfig, PrecisionState};

/// The law of a configuration that is known to be legal, with one step per epoch.
#[track_caller]
fn law(config: &PrecisionConfig) -> Precision {
    config.init(Clock::default()).expect("a legal configuration")
}

/// The closed form with an averaging time.
fn closed(averaging_time: f64) -> PrecisionConfig {
    PrecisionConfig::new(Mode::ClosedForm { averaging_time })
}

/// The gradient mode with a step size.
fn gradient(rate: f64) -> PrecisionConfig {
    PrecisionConfig::new(Mode::Gradient { rate })
}

/// Weight and log-variance that one step decides.
#[track_caller]
fn decide(law: &Precision, state: &mut PrecisionState, loss: f64) -> (f64, f64) {
    let loss = RawLoss::new(loss).expect("finite");
    let (weight, log_variance) = law.step(state, loss).expect("a legal step");
    (weight.get(), log_variance.get())
}
