//! The decision at the end of a window: the report's laws with the reference's defects mended.

use homeostat_signal::{Ema, EmaStart};

use crate::config::{GovernorConfig, OnViolation};
use crate::law::GovernorState;
use crate::reading::Means;

/// What a window's loss says.
#[derive(Clone, Copy)]
struct Verdict {
    loss: f64,
    spike: bool,
    improved: bool,
}

/// Moves the rate of `state` by what the window has shown. Counters hold where there is no reading.
pub(crate) fn decide(config: &GovernorConfig, state: &mut GovernorState, means: &Means) {
    let verdict = means.loss.map(|loss| judge(config, state, loss));
    if let (Some(Verdict { improved: true, .. }), Some(average)) = (verdict, state.loss.value()) {
        state.best = Some(average);
    }
    if state.windows < config.grounding_warmup {
        return;
    }
    let violated = violated(config, state, means);
    if violated == Some(true) && config.on_violation == OnViolation::Raise {
        state.rate = state.rate.max(config.first_rate());
        state.forget_counts();
        return;
    }
    count(config, state, verdict, violated);
    let spikes = state.unstable >= config.unstable_patience;
    let plateau = config.plateau_patience > 0 && state.plateau >= config.plateau_patience;
    if spikes || plateau {
        state.shrink(config.decrease_factor, config.minimum);
        rebase(config, state, verdict.filter(|_| spikes));
    } else if state.ungrounded >= config.unstable_patience {
        let floor = config.minimum.max(config.violation_floor * config.first_rate());
        state.shrink(config.decrease_factor, floor);
    } else if state.stable >= config.stable_patience {
        let slow = state.rate < config.recovery_threshold * config.maximum;
        let recovery = if slow { config.recovery_factor } else { 1.0 };
        state.grow(config.increase_factor.max(recovery), config.maximum);
    }
}

/// Compares the loss with what came before, then takes it into the averages.
fn judge(config: &GovernorConfig, state: &mut GovernorState, loss: f64) -> Verdict {
    let size =
        |state: &GovernorState| state.loss_size.value().unwrap_or(0.0).max(config.loss_scale_floor);
    let before = state.loss.value();
    let spike =
        before.is_some_and(|average| loss - average > config.loss_increase_tolerance * size(state));
    state.falling &= before.is_none_or(|average| loss < average);
    if state.falling {
        begin(config, state, loss);
    } else {
        state.loss.observe(config.loss_decay, loss);
        state.loss_size.observe(config.loss_decay, loss.abs());
    }
    let average = state.loss.value().unwrap_or(loss);
    let improved =
        state.best.is_none_or(|best| best - average > config.plateau_tolerance * size(state));
    Verdict { loss, spike, improved }
}

/// A violation needs both the window's mean and the slow average to be low: it is slow to begin, and
/// one grounded window ends it. `None` without a reading.
fn violated(config: &GovernorConfig, state: &GovernorState, means: &Means) -> Option<bool> {
    let mean = means.information?;
    let largest = state.information.value().map_or(mean, |average| average.max(mean));
    Some(largest < config.window_epsilon)
}

fn count(
    config: &GovernorConfig,
    state: &mut GovernorState,
    verdict: Option<Verdict>,
    violated: Option<bool>,
) {
    match violated {
        Some(true) if config.on_violation == OnViolation::Shrink => state.ungrounded += 1,
        Some(_) => state.ungrounded = 0,
        None => {}
    }
    let violated = violated == Some(true);
    if violated {
        state.stable = 0;
    }
    let Some(verdict) = verdict else { return };
    if verdict.spike {
        state.unstable += 1;
        state.stable = 0;
    } else {
        state.unstable = 0;
        state.stable += u64::from(!violated);
    }
    state.plateau = if verdict.improved { 0 } else { state.plateau + 1 };
}

/// Begins the averages at this loss. They follow it down until it first rises: the average would lag
/// behind the fall after a divergence (or a bad start) by hundreds of windows, and see no spike below.
fn begin(config: &GovernorConfig, state: &mut GovernorState, loss: f64) {
    for (average, value) in [(&mut state.loss, loss), (&mut state.loss_size, loss.abs())] {
        *average = Ema::new(EmaStart::Debiased);
        average.observe(config.loss_decay, value);
    }
    state.falling = true;
}

/// After a shrink the next one needs new evidence: `best` is taken again from here, and after spikes
/// the averages begin anew at the level that was reached. Without this, one lasting step in the loss
/// (another controller raised a weight) would shrink the rate until the average had caught up.
fn rebase(config: &GovernorConfig, state: &mut GovernorState, spike: Option<Verdict>) {
    if let Some(Verdict { loss, .. }) = spike {
        begin(config, state, loss);
    }
    state.best = state.loss.value();
}
