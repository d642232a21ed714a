//! What stands in a file about one constraint and its multiplier.

use homeostat_core::{Clock, ConfigError, Scalar, TimeUnit};
use homeostat_normalize::NormalizerConfig;
use serde::{Deserialize, Serialize};

use crate::arithmetic::{DeadzoneMode, LeakWhen, OnSpike};
use crate::constraint::{Constraint, Use};
use crate::law::Multiplier;
use crate::pause::PauseConfig;
use crate::resume::ResumeConfig;
use crate::rule::RuleConfig;
use crate::slope::SlopeConfig;
use crate::smoothing::SmoothingStart;
use crate::spike::SpikeConfig;
use crate::supply::Supply;
use crate::switch::Switch;
use crate::target::{Baseline, Target};
use crate::verdict::JudgeConfig;
use crate::violation::{ErrorMode, Sense};

/// Configuration of one constraint and its [`Multiplier`].
///
/// ```toml
/// law.multiplier = { initial = 0.1, rate = 0.05, time_unit = "epoch" }
/// ```
///
/// The same settings make a constraint of the engine, `[constraints.NAME]` of a
/// [`DualConfig`](crate::DualConfig). There, what is not given comes from `[dual]`, and `target` and
/// `normalizer` must be given. Used alone, what is not given is off: plain dual ascent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MultiplierConfig {
    /// The weight before the first step. Alone, and without it, the orchestrator takes the start
    /// value of the weight that the controller writes.
    #[serde(alias = "lambda_init", skip_serializing_if = "Option::is_none")]
    pub initial: Option<f64>,
    /// The dual step size η, per time unit. Must be given where the constraint is used alone.
    #[serde(alias = "eta", alias = "eta_lambda", skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// The unit of `rate` and of a baseline's warm-up. Alone: step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_unit: Option<TimeUnit>,
    /// Where the target comes from. Alone: the setpoint on the board.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Which side of the target is legal. Default: at most the target.
    pub sense: Sense,
    /// The unit of the violation. With a normalizer: `scaled` for a raw target, `normalized` for a
    /// normalized one. Without: `absolute`, because that is dual ascent; but `log-ratio` for a
    /// baseline, which has no unit that one could know beforehand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorMode>,
    /// The normalizer of the loss. Alone: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub normalizer: Option<NormalizerConfig>,
    /// The violation is clipped to ± this. Default: not at all; in the engine 3 where the error is
    /// `scaled`, because nothing else bounds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_clip: Option<f64>,
    /// λ_min. Alone: 1 % of `initial`, because at 0 a term is often no longer computed and then its
    /// weight never returns. In the engine 0, and −λ_max for `eq`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// λ_max. Alone 10, that of `fragile`'s topoencoder.
    #[serde(alias = "lambda_max", skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// w, the factor of the constraint in the objective; does not enter the dual step. Default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// α, the weight of the newest error in the average that moves λ; 1 is no smoothing.
    #[serde(alias = "ema_alpha", skip_serializing_if = "Option::is_none")]
    pub smoothing: Option<f64>,
    /// What the average says in the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smoothing_start: Option<SmoothingStart>,
    /// ε: where the average is smaller than this, λ is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadzone: Option<f64>,
    /// What the deadzone does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadzone_mode: Option<DeadzoneMode>,
    /// ρ, the share of λ that each update takes away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leak: Option<f64>,
    /// When the leak acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leak_when: Option<LeakWhen>,
    /// How an error moves λ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<RuleConfig>,
    /// λ is updated every so many steps, with the mean of the errors since the last update.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u32>,
    /// By how many steps the updates come earlier, so that those of several constraints spread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u32>,
    /// The loss is measured every so many steps. Default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measure_every: Option<u32>,
    /// λ is held until so many losses were taken in, beside the normalizer's own warm-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmup: Option<u64>,
    /// After so many measured steps in a row with an error below −ε λ restarts from its minimum.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restart_after: Option<u32>,
    /// Freezing after a jump.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spike: Option<Switch<SpikeConfig>>,
    /// What the primal does in a jump.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_spike: Option<OnSpike>,
    /// Pausing while λ and the ease rise together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<Switch<PauseConfig>>,
    /// Smaller steps after a resume or a jump of the target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resume: Option<ResumeConfig>,
    /// What is made of the normalizer's slopes. Alone: raw.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slope: Option<SlopeConfig>,
    /// When the constraint counts as one that cannot be satisfied. Alone: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Switch<JudgeConfig>>,
    /// A hard constraint: its target may only tighten; no leak, no deadzone, no pause; its λ comes
    /// first in a budget; reaching its maximum is a reason to stop.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hard: bool,
    /// λ_max of a hard constraint. Default: ten times `maximum`.
    #[serde(alias = "lambda_max_hard", skip_serializing_if = "Option::is_none")]
    pub hard_maximum: Option<f64>,
    /// The family whose budget the multiplier shares. Engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// The signal that is measured. Engine only; default: the constraint's own name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<String>,
    /// A second number that drives λ, where the one with a gradient is only a proxy: `true`, or the
    /// name of its signal. Engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strict: Option<Supply>,
    /// A number that grows when the constraint becomes easier: `true`, or the name of its signal.
    /// Engine only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ease: Option<Supply>,
}

impl MultiplierConfig {
    /// Defaults around an initial weight and a dual step size per step.
    pub fn new(initial: f64, rate: f64) -> Self {
        Self { initial: Some(initial), rate: Some(rate), ..Self::default() }
    }

    /// A constraint of the engine: a target, a normalizer, and the rest from `[dual]`.
    pub fn constraint(target: Target, normalizer: NormalizerConfig) -> Self {
        Self { target: Some(target), normalizer: Some(normalizer), ..Self::default() }
    }

    /// The reference with its defects: η = 0.05 per epoch, clip at 2, λ in `[0, 10]`, and for a
    /// baseline the relative error.
    pub fn parity(initial: f64, target: Target) -> Self {
        let error = match target {
            Target::Baseline(_) => ErrorMode::Relative,
            _ => ErrorMode::Absolute,
        };
        Self {
            time_unit: Some(TimeUnit::Epoch),
            target: Some(target),
            error: Some(error),
            error_clip: Some(2.0),
            minimum: Some(0.0),
            ..Self::new(initial, 0.05)
        }
    }

    /// The reference's baseline target: see [`Baseline`].
    pub fn parity_baseline(initial: f64) -> Self {
        Self::parity(initial, Target::Baseline(Baseline::default()))
    }

    /// Whether the constraint needs a setpoint on the board.
    pub fn reads_setpoint(&self) -> bool {
        matches!(self.target, None | Some(Target::Setpoint))
    }

    /// For whoever wires the law: a setpoint must be wired exactly where the target is one.
    pub fn check_setpoint(&self, wired: bool) -> Result<(), ConfigError> {
        let rule = match &self.target {
            None | Some(Target::Setpoint) => "\"setpoint\" needs a wired setpoint",
            Some(Target::Baseline(_)) => "\"baseline\" leaves no use for a wired setpoint",
            Some(Target::Raw(_)) => "\"raw\" leaves no use for a wired setpoint",
            Some(Target::Normalized(_)) => "\"normalized\" leaves no use for a wired setpoint",
        };
        let found = if wired { "a wired setpoint" } else { "none" };
        ConfigError::unless(wired == self.reads_setpoint(), "target", rule, found)
    }

    /// Checks every field and makes the law.
    pub fn init<Q: Scalar>(&self, clock: Clock) -> Result<Multiplier<Q>, ConfigError> {
        Ok(Multiplier::new(Constraint::new(self, clock, Use::Alone)?))
    }
}
