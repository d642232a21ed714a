//! The configuration of the governor; `check.rs` says which values are legal.

use homeostat_core::TimeUnit;
use serde::{Deserialize, Serialize};

/// What a window with too little coupling information I(X;K) does to the rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnViolation {
    /// After `unstable_patience` such windows in a row the rate shrinks, though never below
    /// `violation_floor · initial`: what the report asks for.
    #[default]
    Shrink,
    /// The rate does not grow.
    Hold,
    /// The rate is raised to `initial`, and nothing else is decided: what the reference does.
    Raise,
}

/// From which numbers the relative size of an update is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateRatioMeasure {
    /// ‖Δθ‖/‖θ‖ of the last optimizer step.
    #[default]
    Measured,
    /// η·‖∇‖/‖θ‖: the true ratio for plain gradient descent, and for no other optimizer.
    Gradient,
}

/// Which rules decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rules {
    /// The report's laws, with the reference's defects mended.
    #[default]
    Mended,
    /// The reference's controller, to the last quirk. A missing loss or gradient norm stands for a
    /// non-finite one.
    Reference,
}

/// Defaults, each of them a number of the reference unless the field says otherwise.
mod default {
    macro_rules! defaults {
        ($($name:ident: $type:ty = $value:expr;)*) => {
            $(pub(super) fn $name() -> $type { $value })*
        };
    }

    defaults! {
        minimum: f64 = 1e-6;
        window: f64 = 1.0;
        increase_factor: f64 = 1.02;
        decrease_factor: f64 = 0.5;
        stable_patience: u64 = 5;
        unstable_patience: u64 = 3;
        loss_increase_tolerance: f64 = 0.05;
        loss_decay: f64 = 0.98;
        plateau_patience: u64 = 10;
        plateau_tolerance: f64 = 1e-3;
        recovery_factor: f64 = 1.1;
        recovery_threshold: f64 = 0.1;
        window_epsilon: f64 = 0.1;
        information_decay: f64 = 0.98;
        violation_floor: f64 = 0.1;
        fault_cooldown: u64 = 10;
        update_ratio_decay: f64 = 0.98;
    }
}

/// Configuration of the [`Governor`](crate::Governor). Patiences and the grounding warm-up count windows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GovernorConfig {
    /// The rate before the first decision. Without it the orchestrator takes the start value of the
    /// rate that the controller writes; no other default: it belongs to the model and the optimizer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial: Option<f64>,
    /// The largest rate. No default, as above.
    pub maximum: f64,
    /// The smallest rate; it is kept even where a limit asks for less.
    #[serde(default = "default::minimum")]
    pub minimum: f64,
    /// The unit of `window`.
    #[serde(default)]
    pub time_unit: TimeUnit,
    /// How long readings are averaged before a decision, rounded to whole steps.
    #[serde(default = "default::window")]
    pub window: f64,
    /// By what the rate grows after `stable_patience` calm windows.
    #[serde(default = "default::increase_factor")]
    pub increase_factor: f64,
    /// By what the rate shrinks.
    #[serde(default = "default::decrease_factor")]
    pub decrease_factor: f64,
    /// How many calm windows in a row let the rate grow.
    #[serde(default = "default::stable_patience")]
    pub stable_patience: u64,
    /// How many spikes, or violations, in a row make it shrink.
    #[serde(default = "default::unstable_patience")]
    pub unstable_patience: u64,
    /// τ: a window is a spike when its loss is above the average by this part of the loss's size.
    #[serde(default = "default::loss_increase_tolerance")]
    pub loss_increase_tolerance: f64,
    /// Decay per window of the average loss and of its average size.
    #[serde(default = "default::loss_decay")]
    pub loss_decay: f64,
    /// The size of the loss is never taken to be smaller than this. 0 (ours) keeps the law free of
    /// scale; set it for a loss that crosses zero.
    #[serde(default)]
    pub loss_scale_floor: f64,
    /// After how many windows without improvement the rate shrinks; 0 switches the plateau off.
    #[serde(default = "default::plateau_patience")]
    pub plateau_patience: u64,
    /// Which part of the loss's size counts as an improvement.
    #[serde(default = "default::plateau_tolerance")]
    pub plateau_tolerance: f64,
    /// Growth factor, where it is larger, while the rate is below `recovery_threshold · maximum`.
    #[serde(default = "default::recovery_factor")]
    pub recovery_factor: f64,
    /// See `recovery_factor`.
    #[serde(default = "default::recovery_threshold")]
    pub recovery_threshold: f64,
    /// The coupling information, in nats, that a window needs.
    #[serde(default = "default::window_epsilon")]
    pub window_epsilon: f64,
    /// Decay per step of the average information.
    #[serde(default = "default::information_decay")]
    pub information_decay: f64,
    /// What a violated coupling window does.
    #[serde(default)]
    pub on_violation: OnViolation,
    /// A violation shrinks the rate down to this part of `initial` and no further. Ours: a decade, as
    /// for `recovery_threshold`.
    #[serde(default = "default::violation_floor")]
    pub violation_floor: f64,
    /// For how many windows nothing is decided. Reflexes and limits act all the same.
    #[serde(default)]
    pub grounding_warmup: u64,
    /// After a step with faults has shrunk the rate, for how many steps no other does. Ours: a burst
    /// of refused batches is one event.
    #[serde(default = "default::fault_cooldown")]
    pub fault_cooldown: u64,
    /// r_max: the largest ‖Δθ‖/‖θ‖. Off by default: the reference's 1e-3 belongs to a formula that
    /// reads three hundred times too low under Adam.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_update_ratio: Option<f64>,
    /// How ‖Δθ‖/‖θ‖ is found.
    #[serde(default)]
    pub update_ratio_measure: UpdateRatioMeasure,
    /// Decay per step of the average update per unit of rate.
    #[serde(default = "default::update_ratio_decay")]
    pub update_ratio_decay: f64,
    /// v_max: the largest η·‖∇‖. Off by default: no source gives a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_velocity: Option<f64>,
    /// Which rules decide.
    #[serde(default)]
    pub rules: Rules,
}

impl GovernorConfig {
    /// The defaults, with the two numbers that have none.
    pub fn new(initial: f64, maximum: f64) -> Self {
        Self {
            initial: Some(initial),
            maximum,
            minimum: default::minimum(),
            time_unit: TimeUnit::default(),
            window: default::window(),
            increase_factor: default::increase_factor(),
            decrease_factor: default::decrease_factor(),
            stable_patience: default::stable_patience(),
            unstable_patience: default::unstable_patience(),
            loss_increase_tolerance: default::loss_increase_tolerance(),
            loss_decay: default::loss_decay(),
            loss_scale_floor: 0.0,
            plateau_patience: default::plateau_patience(),
            plateau_tolerance: default::plateau_tolerance(),
            recovery_factor: default::recovery_factor(),
            recovery_threshold: default::recovery_threshold(),
            window_epsilon: default::window_epsilon(),
            information_decay: default::information_decay(),
            on_violation: OnViolation::default(),
            violation_floor: default::violation_floor(),
            grounding_warmup: 0,
            fault_cooldown: default::fault_cooldown(),
            maximum_update_ratio: None,
            update_ratio_measure: UpdateRatioMeasure::default(),
            update_ratio_decay: default::update_ratio_decay(),
            maximum_velocity: None,
            rules: Rules::default(),
        }
    }

    /// The reference's controller with its defaults: reference rules, update ratio 1e-3 from the
    /// gradient norm, a violation raises the rate. The window is one step; an epoch in the reference.
    pub fn parity(initial: f64, maximum: f64) -> Self {
        Self {
            on_violation: OnViolation::Raise,
            maximum_update_ratio: Some(1e-3),
            update_ratio_measure: UpdateRatioMeasure::Gradient,
            rules: Rules::Reference,
            ..Self::new(initial, maximum)
        }
    }
}
