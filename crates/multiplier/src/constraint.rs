//! One constraint: its checked settings. The machine that follows from them stands in the files of
//! this folder, and is the same whether the constraint is used alone or in the engine.

mod check;
mod observe;
mod price;
mod read;
mod report;
mod settings;
mod state;
mod step;

use std::sync::Arc;

use homeostat_normalize::Normalizer;

use crate::aim::Aim;
use crate::arithmetic::{DeadzoneMode, LeakWhen, OnSpike};
use crate::pause::PauseConfig;
use crate::resume::ResumeConfig;
use crate::rule::UpdateRule;
use crate::slope::SlopeConfig;
use crate::smoothing::Smoothing;
use crate::spike::SpikeGate;
use crate::verdict::Judge;
use crate::violation::{ErrorMode, Sense};

pub(crate) use read::identity;
pub use settings::EffectiveSettings;
pub use state::MultiplierState;

/// Who holds the constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// A law on the board, whose output is one weight.
    Alone,
    /// The engine, whose output multiplies the gradient of the loss.
    Engine,
}

/// What was measured of a constraint in one step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measurement {
    /// The loss that has a gradient. NaN and infinities are legal: they close a gate.
    pub value: f64,
    /// The true quantity, where the loss is only a proxy of it. Read where the constraint's
    /// `strict` is set: it drives λ, and the loss gets the gradient.
    pub strict: Option<f64>,
    /// A number that grows when the constraint becomes easier for another reason than a better
    /// model.
    pub ease: Option<f64>,
    /// The target, where it is a setpoint.
    pub setpoint: Option<f64>,
}

impl Measurement {
    /// A loss and nothing else.
    pub fn new(value: f64) -> Self {
        Self { value, ..Self::default() }
    }
}

impl From<f64> for Measurement {
    fn from(value: f64) -> Self {
        Self::new(value)
    }
}

/// The checked settings of a constraint. Never changes.
#[derive(Clone, Debug)]
pub(crate) struct Constraint {
    pub(crate) sense: Sense,
    pub(crate) mode: ErrorMode,
    pub(crate) aim: Aim,
    pub(crate) normalizer: Option<Normalizer>,
    pub(crate) strict: bool,
    pub(crate) error_clip: f64,
    pub(crate) warmup: u64,
    pub(crate) weight: f64,
    /// Alone and without a normalizer the output is λ itself, in whatever unit the error has.
    pub(crate) unit_slope: bool,
    pub(crate) initial: f64,
    pub(crate) minimum: f64,
    pub(crate) maximum: f64,
    pub(crate) rate: f64,
    pub(crate) smoothing: Smoothing,
    pub(crate) smoothing_weight: f64,
    pub(crate) deadzone: f64,
    pub(crate) deadzone_mode: DeadzoneMode,
    /// A jump of the target by more than this, in units of the error, restarts the resume warm-up.
    pub(crate) target_jump: f64,
    pub(crate) leak: f64,
    pub(crate) leak_when: LeakWhen,
    pub(crate) rule: Arc<dyn UpdateRule>,
    pub(crate) every: u64,
    pub(crate) offset: u64,
    pub(crate) measure_every: u64,
    pub(crate) restart_after: Option<u32>,
    pub(crate) spike: Option<SpikeGate>,
    pub(crate) on_spike: OnSpike,
    pub(crate) pause: Option<PauseConfig>,
    pub(crate) resume: Option<ResumeConfig>,
    pub(crate) slope: SlopeConfig,
    pub(crate) judge: Option<Judge>,
    pub(crate) hard: bool,
}
