//! The decision of the reference's controller, quirks included. For comparison, not for use.
//!
//! What it does that the mended rules do not: a NaN loss stays in the average for ever, after which
//! no spike is seen and the rate still grows; the spike test compares ln(1 + L); a violation raises
//! the rate, above the cap if need be; calm windows reset the plateau counter; the cap takes η·‖∇‖
//! for the length of a step, and lowers the rate for good.

use homeostat_signal::{Ema, EmaStart};

use crate::config::GovernorConfig;
use crate::law::GovernorState;
use crate::limit::{Limit, NORM_EPSILON};
use crate::reading::Means;

/// States A (warm-up), B (violation) and C (otherwise) of the reference, in its order.
pub(crate) fn decide(config: &GovernorConfig, state: &mut GovernorState, means: &Means) {
    let loss = means.loss.filter(|_| means.all_losses);
    let previous = average_before(state);
    let spike = is_spike(config, loss, previous);
    observe(config, state, loss);

    let information = means.information.into_iter().chain(state.information.value());
    let violated = information.reduce(f64::max).is_some_and(|now| now < config.window_epsilon);
    if state.windows < config.grounding_warmup {
        state.forget_counts();
        state.unstable = u64::from(violated);
        start_best(state);
    } else if violated {
        state.rate = state.rate.max(config.first_rate());
        state.forget_counts();
        start_best(state);
    } else {
        let gradient = means.gradient.filter(|_| means.all_gradients);
        control(config, state, spike || gradient.is_none(), gradient, means.parameters);
    }
}

/// The average before this window: `None` before the first, and where it is NaN. An average of
/// exactly 0 counts as not begun.
fn average_before(state: &mut GovernorState) -> Option<f64> {
    if state.loss.value() == Some(0.0) {
        state.loss = Ema::new(EmaStart::FirstValue);
    }
    state.loss.value().filter(|_| !state.poisoned)
}

/// At L ≤ −1 the reference stops with a domain error; here the window is bad.
fn is_spike(config: &GovernorConfig, loss: Option<f64>, previous: Option<f64>) -> bool {
    let Some(loss) = loss else { return true };
    let previous = previous.unwrap_or(loss);
    let bound = previous.ln_1p() * (1.0 + config.loss_increase_tolerance);
    loss <= -1.0 || previous <= -1.0 || loss.ln_1p() > bound
}

fn observe(config: &GovernorConfig, state: &mut GovernorState, loss: Option<f64>) {
    match loss {
        Some(loss) => {
            state.loss.observe(config.loss_decay, loss);
        }
        None => state.poisoned = true,
    }
}

fn start_best(state: &mut GovernorState) {
    if state.best.is_none_or(|best| best <= 0.0) {
        state.best = state.loss.value().filter(|_| !state.poisoned);
    }
}

fn control(
    config: &GovernorConfig,
    state: &mut GovernorState,
    bad: bool,
    gradient: Option<f64>,
    parameters: Option<f64>,
) {
    if bad {
        state.unstable += 1;
        state.stable = 0;
        state.plateau = 0;
    } else {
        state.stable += 1;
        state.unstable = 0;
    }
    let plateau = on_plateau(config, state, bad);

    let cap = cap(config, gradient, parameters);
    let slow = state.rate < config.maximum * config.recovery_threshold;
    let recovery = if slow { config.recovery_factor } else { 1.0 };
    let floor = config.minimum.max(NORM_EPSILON);
    let before = state.rate;
    if state.unstable >= config.unstable_patience || plateau {
        state.rate = (state.rate * config.decrease_factor).max(floor);
        state.shrinks += u64::from(state.rate < before);
        state.forget_counts();
    } else if state.stable >= config.stable_patience {
        state.rate = cap.min(state.rate * config.increase_factor.max(recovery));
        state.grows += u64::from(state.rate > before);
        state.stable = 0;
        state.plateau = 0;
    }
    state.rate = state.rate.min(cap).max(floor);
    state.cap = cap;
    state.limit = match state.rate {
        rate if rate <= floor => Limit::Minimum,
        rate if rate < cap => Limit::None,
        _ if cap < config.maximum => Limit::UpdateRatio,
        _ => Limit::Maximum,
    };
}

fn on_plateau(config: &GovernorConfig, state: &mut GovernorState, bad: bool) -> bool {
    let Some(next) = state.loss.value().filter(|_| !state.poisoned) else { return false };
    let Some(best) = state.best.filter(|best| *best > 0.0) else {
        state.best = Some(next);
        state.plateau = 0;
        return false;
    };
    if config.plateau_patience == 0 {
        return false;
    }
    if bad {
        state.plateau = 0;
    } else if (best - next) / best.abs().max(1e-8) > config.plateau_tolerance {
        state.best = Some(next);
        state.plateau = 0;
    } else {
        state.plateau += 1;
    }
    let reached = state.plateau >= config.plateau_patience;
    if reached {
        state.plateau = 0;
    }
    reached
}

/// A gradient norm that is missing is infinite, which makes the cap 0.
fn cap(config: &GovernorConfig, gradient: Option<f64>, parameters: Option<f64>) -> f64 {
    let (Some(ratio), Some(parameters)) = (config.maximum_update_ratio, parameters) else {
        return config.maximum;
    };
    let gradient = gradient.unwrap_or(f64::INFINITY);
    if gradient > 0.0 && parameters > 0.0 {
        config.maximum.min(ratio * parameters / (gradient + NORM_EPSILON))
    } else {
        config.maximum
    }
}
