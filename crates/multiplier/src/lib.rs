//! Primal-dual multipliers: the weight of a loss term as the price of a constraint.
//!
//! A loss that must stay below (or above, at, or between) a target gets the multiplier `λ`, which rises
//! while the constraint is violated and falls while it holds; the model pays `w · λ · slope` times the
//! gradient of the loss:
//!
//! `m ← (1 − α) m + α e`, `λ ← clamp((1 − ρ) λ + η m, λ_min, λ_max)`
//!
//! Source: dual ascent (Arrow, Hurwicz and Uzawa 1958) with the stability tricks of the design note, seed
//! 000 §4, and, for a constraint alone, `fragile`'s topoencoder, commit 2f7a0570. The page
//! `docs/mechanisms/multiplier.md` has the order of a step, the variants and the reasons.
//!
//! | concept | item |
//! | --- | --- |
//! | one constraint in a file | [`MultiplierConfig`] |
//! | where the target comes from | [`Target`], [`Schedule`], [`Baseline`] |
//! | how far a measurement is from its target | [`ErrorMode`], [`Sense`] |
//! | how an error moves λ | [`RuleConfig`], [`UpdateRule`] |
//! | gates | [`Gate`], [`SpikeConfig`], [`PauseConfig`], [`DeadzoneMode`] |
//! | one constraint on the board, its memory | [`Multiplier`], [`MultiplierState`] |
//! | all constraints of a model | [`Dual`], [`DualConfig`], [`DualState`], [`Warning`] |
//! | the engine on the board | [`DualController`] |
//! | how well it goes | [`Satisfaction`], [`Verdict`], [`KktResiduals`], [`BestIterate`] |
//! | one multiplier per sample | [`IndexedMultipliers`] |
//!
//! ```
//! use homeostat_core::{Clock, Law, RawLoss, Setpoint};
//! use homeostat_multiplier::MultiplierConfig;
//!
//! let law = MultiplierConfig::new(0.5, 0.1).init::<RawLoss>(Clock::default())?;
//! let mut state = law.init();
//! let weight = law.step(&mut state, (RawLoss::new(3.0)?, Some(Setpoint::new(1.0)?)))?;
//! assert_eq!(weight.get(), 0.5 + 0.1 * 2.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aim;
mod arithmetic;
mod best;
mod budget;
mod config;
mod constraint;
mod dual;
mod gate;
mod indexed;
mod law;
mod pause;
mod proxy;
mod residuals;
mod resume;
mod rule;
mod satisfaction;
mod schedule;
mod slope;
mod smoothing;
mod spike;
mod supply;
mod switch;
mod target;
mod verdict;
mod violation;

pub use arithmetic::{DeadzoneMode, LeakWhen, OnSpike};
pub use best::{BestConfig, BestIterate, BestState, Iterate};
pub use budget::{BudgetMode, project};
pub use config::MultiplierConfig;
pub use constraint::{EffectiveSettings, Measurement, MultiplierState};
pub use dual::{
    ConstraintInputs, Dual, DualConfig, DualConfigError, DualController, DualDefaults,
    DualLoadError, DualState, FamilyConfig, Input, LoadPolicy, PrimalRescale, UpdateOrder, Warning,
};
pub use gate::{Counters, Gate};
pub use indexed::{IndexedConfig, IndexedMultipliers, IndexedState};
pub use law::Multiplier;
pub use pause::PauseConfig;
pub use residuals::{KktResiduals, KktTerm};
pub use resume::ResumeConfig;
pub use rule::{
    AugmentedConfig, DualStep, MAXIMUM_DERIVATIVE_DELAY, MultiplicativeConfig, NuPiConfig,
    NuPiStart, PenaltyGrowth, PenaltyStep, PidRuleConfig, RULE_MEMORY, RuleConfig, RuleMemory,
    SoftplusConfig, UpdateRule,
};
pub use satisfaction::Satisfaction;
pub use schedule::{
    Bound, Linear, Percentile, Schedule, ScheduleState, Sigmoid, StepPoint, Steps, TargetSchedule,
};
pub use slope::SlopeConfig;
pub use smoothing::SmoothingStart;
pub use spike::SpikeConfig;
pub use supply::Supply;
pub use switch::Switch;
pub use target::{Baseline, Target};
pub use verdict::{Evidence, Judge, JudgeConfig, JudgeReading, JudgeState, Verdict};
pub use violation::{ErrorMode, Sense};

/// The code on the page of this mechanism, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/mechanisms/multiplier.md")]
struct Page;
