//! The table `[dual]`: what every constraint takes that does not say otherwise.

use std::fmt;

use homeostat_core::{ConfigError, TimeUnit};
use serde::{Deserialize, Serialize};

use crate::arithmetic::{DeadzoneMode, LeakWhen, OnSpike};
use crate::config::MultiplierConfig;
use crate::pause::PauseConfig;
use crate::resume::ResumeConfig;
use crate::rule::RuleConfig;
use crate::slope::SlopeConfig;
use crate::smoothing::SmoothingStart;
use crate::spike::SpikeConfig;
use crate::switch::Switch;
use crate::verdict::JudgeConfig;

/// In which order parameters and multipliers are updated; [`Dual`](super::Dual) has the calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UpdateOrder {
    /// Both from the losses before the step: one forward pass per step.
    #[default]
    Simultaneous,
    /// The multipliers first.
    DualFirst,
    /// The parameters first: the losses are measured again after the primal step.
    PrimalFirst,
    /// Both from the losses at an extrapolated point: two forward and backward passes per step.
    Extragradient,
}

/// As in a file.
impl fmt::Display for UpdateOrder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Simultaneous => "simultaneous",
            Self::DualFirst => "dual-first",
            Self::PrimalFirst => "primal-first",
            Self::Extragradient => "extragradient",
        })
    }
}

/// What the primal gradient is divided by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PrimalRescale {
    /// Nothing.
    #[default]
    None,
    /// `1 + Σ |a_k|` (Stooke et al. 2020, section 4).
    OnePlusSum,
}

/// Defaults of all constraints of an engine.
///
/// The numbers are those of the design note (dual optimizer note §4 and §9) where it has one, else those that
/// the reference specification of the dual optimizer chose. `leak_when` is its recommendation: the
/// note's leak acts always and leaves a violation of `ρ λ / η`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DualDefaults {
    /// η. Default 5e-3.
    #[serde(alias = "eta", alias = "eta_lambda")]
    pub rate: f64,
    /// The unit of the rates and of baselines' warm-ups. Default: step.
    pub time_unit: TimeUnit,
    /// λ_max. Default 50.
    #[serde(alias = "lambda_max")]
    pub maximum: f64,
    /// λ_max of hard constraints. Default: ten times `maximum`, ours.
    #[serde(alias = "lambda_max_hard", skip_serializing_if = "Option::is_none")]
    pub hard_maximum: Option<f64>,
    /// λ at the start. Default 0.
    #[serde(alias = "lambda_init")]
    pub initial: f64,
    /// Bound of every error. Default: 3 where the error is `scaled`, none elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_clip: Option<f64>,
    /// α, the weight of the newest error. Default 0.1; 1 is no smoothing.
    #[serde(alias = "ema_alpha")]
    pub smoothing: f64,
    /// What the average says in the beginning. Default: the first error.
    #[serde(alias = "ema_init")]
    pub smoothing_start: SmoothingStart,
    /// ε. Default 0.02.
    pub deadzone: f64,
    /// What the deadzone does. Default: hold.
    pub deadzone_mode: DeadzoneMode,
    /// ρ. Default 1e-4.
    pub leak: f64,
    /// When the leak acts. Default: where the constraint is satisfied.
    pub leak_when: LeakWhen,
    /// How an error moves λ. Default: ascent.
    pub rule: RuleConfig,
    /// Every constraint is updated every so many steps. Default 1.
    pub every: u32,
    /// Whether the updates are spread over those steps, by the offsets `⌊k · every / K⌋`, instead
    /// of all in the same one. Default: no.
    pub stagger: bool,
    /// λ is held until so many losses were taken in. Default 0: the normalizers warm up themselves.
    pub warmup: u64,
    /// The order of the updates. Default: simultaneous.
    pub order: UpdateOrder,
    /// Default: none.
    pub primal_rescale: PrimalRescale,
    /// Freezing after a jump. Default: on.
    pub spike: Switch<SpikeConfig>,
    /// What the primal does in a jump. Default: leaves the row out.
    pub on_spike: OnSpike,
    /// Pausing while λ and an ease rise together. Default: on; it acts where an ease is given.
    pub pause: Switch<PauseConfig>,
    /// Smaller steps after a resume.
    pub resume: ResumeConfig,
    /// What is made of the normalizers' slopes. Default: they change by at most 5 % per loss.
    pub slope: SlopeConfig,
    /// When a constraint counts as one that cannot be satisfied. Default: on.
    pub verdict: Switch<JudgeConfig>,
    /// Seed of what is drawn on behalf of the engine. Default 0.
    pub seed: u64,
}

impl Default for DualDefaults {
    fn default() -> Self {
        Self {
            rate: 5e-3,
            time_unit: TimeUnit::Step,
            maximum: 50.0,
            hard_maximum: None,
            initial: 0.0,
            error_clip: None,
            smoothing: 0.1,
            smoothing_start: SmoothingStart::First,
            deadzone: 0.02,
            deadzone_mode: DeadzoneMode::Hold,
            leak: 1e-4,
            leak_when: LeakWhen::Satisfied,
            rule: RuleConfig::default(),
            every: 1,
            stagger: false,
            warmup: 0,
            order: UpdateOrder::default(),
            primal_rescale: PrimalRescale::default(),
            spike: Switch::On(SpikeConfig::default()),
            on_spike: OnSpike::default(),
            pause: Switch::On(PauseConfig::default()),
            resume: ResumeConfig::default(),
            slope: SlopeConfig::default(),
            verdict: Switch::On(JudgeConfig::default()),
            seed: 0,
        }
    }
}

impl DualDefaults {
    /// The settings of a constraint with all that it does not say. `place` of `count` decides the
    /// offset where the updates are staggered.
    pub(super) fn fill(
        &self,
        config: &MultiplierConfig,
        place: usize,
        count: usize,
    ) -> MultiplierConfig {
        let every = config.every.unwrap_or(self.every);
        let staggered = (place as u64 * u64::from(every) / count.max(1) as u64) as u32;
        MultiplierConfig {
            // A constraint that asks for a minimum need not say that it starts there.
            initial: config.initial.or(Some(self.initial.max(config.minimum.unwrap_or(f64::MIN)))),
            rate: config.rate.or(Some(self.rate)),
            time_unit: config.time_unit.or(Some(self.time_unit)),
            error_clip: config.error_clip.or(self.error_clip),
            maximum: config.maximum.or(Some(self.maximum)),
            smoothing: config.smoothing.or(Some(self.smoothing)),
            smoothing_start: config.smoothing_start.or(Some(self.smoothing_start)),
            deadzone: config.deadzone.or(Some(self.deadzone)),
            deadzone_mode: config.deadzone_mode.or(Some(self.deadzone_mode)),
            leak: config.leak.or(Some(self.leak)),
            leak_when: config.leak_when.or(Some(self.leak_when)),
            rule: config.rule.or(Some(self.rule)),
            every: Some(every),
            offset: config.offset.or(self.stagger.then_some(staggered)),
            warmup: config.warmup.or(Some(self.warmup)),
            spike: config.spike.or(Some(self.spike)),
            on_spike: config.on_spike.or(Some(self.on_spike)),
            pause: config.pause.or(Some(self.pause)),
            resume: config.resume.or(Some(self.resume)),
            slope: config.slope.or(Some(self.slope)),
            verdict: config.verdict.or(Some(self.verdict)),
            hard_maximum: config.hard_maximum.or(self.hard_maximum),
            ..config.clone()
        }
    }

    /// Checks what no constraint may override, and what all would get wrong alike.
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::not_negative("rate", self.rate)?;
        ConfigError::positive("maximum", self.maximum)?;
        ConfigError::unless(self.every >= 1, "every", "must be at least 1", self.every)
    }
}
