//! Limits that act on every step: on what is handed out, not on what the governor has decided.

use serde::{Deserialize, Serialize};

use crate::config::{GovernorConfig, UpdateRatioMeasure};
use crate::law::GovernorState;
use crate::reading::{Reading, storable};

/// Keeps v_max/(‖∇‖ + ε) finite; the reference's ε wherever it divides by a norm.
pub(crate) const NORM_EPSILON: f64 = 1e-12;

/// What held the rate in a step. The code is what the probe `limit` shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Nothing.
    #[default]
    None,
    /// The configured maximum.
    Maximum,
    /// The configured minimum.
    Minimum,
    /// ‖Δθ‖/‖θ‖ would be too large.
    UpdateRatio,
    /// η·‖∇‖ would be too large.
    Velocity,
    /// A step with faults does not hand out more than the step before.
    Fault,
}

impl Limit {
    /// 0 none, 1 maximum, 2 minimum, 3 update ratio, 4 velocity, 5 fault.
    pub fn code(self) -> u8 {
        self as u8
    }
}

/// The largest rate that the limits allow in this step, and which of them says so.
pub(crate) fn ceiling(
    config: &GovernorConfig,
    state: &mut GovernorState,
    reading: &Reading,
) -> (f64, Limit) {
    let mut lowest = (config.maximum, Limit::Maximum);
    let mut limit = |cap: f64, limit| {
        if cap < lowest.0 {
            lowest = (cap, limit);
        }
    };
    if let Some(maximum) = config.maximum_update_ratio {
        // An update of nothing (a skipped step) says nothing about the next.
        let now = update_per_rate(config, state, reading).filter(|now| *now > 0.0);
        if let Some(now) = now.filter(|now| storable(*now)) {
            state.update_per_rate.observe(config.update_ratio_decay, now);
        }
        // The larger of the last step's and the average: a larger update is answered at once, and one
        // small update by chance does not open the cap.
        let average = state.update_per_rate.value();
        if let Some(largest) = now.into_iter().chain(average).reduce(f64::max) {
            limit(maximum / largest, Limit::UpdateRatio);
        }
    }
    if let (Some(maximum), Some(gradient)) = (config.maximum_velocity, reading.gradient) {
        limit(maximum / (gradient + NORM_EPSILON), Limit::Velocity);
    }
    if let (true, Some(applied)) = (reading.faults > 0, state.applied) {
        limit(applied, Limit::Fault);
    }
    lowest
}

/// ‖Δθ‖/‖θ‖ per unit of rate; the gradient norm is of the update to come.
fn update_per_rate(
    config: &GovernorConfig,
    state: &GovernorState,
    reading: &Reading,
) -> Option<f64> {
    let parameters = reading.parameters.filter(|norm| *norm > 0.0)?;
    match config.update_ratio_measure {
        UpdateRatioMeasure::Measured => {
            let rate = reading.update_rate.or(state.applied).filter(|rate| *rate > 0.0)?;
            Some(reading.update? / parameters / rate)
        }
        UpdateRatioMeasure::Gradient => Some(reading.gradient? / parameters),
    }
}
