//! Update rules: how a multiplier moves when an error has been measured.
//!
//! A rule is a plug-in. Whoever holds the multiplier measures, smooths, gates and clips; the rule only
//! says where λ goes next and which price the primal pays. Its memory is an array of plain numbers, so
//! that it is saved with everything else.

mod ascent;
mod augmented;
mod config;
mod multiplicative;
mod nu_pi;
mod pid;
mod read;
mod softplus;

pub use augmented::{AugmentedConfig, PenaltyGrowth, PenaltyStep};
pub use config::RuleConfig;
pub use multiplicative::MultiplicativeConfig;
pub use nu_pi::{NuPiConfig, NuPiStart};
pub use pid::{MAXIMUM_DERIVATIVE_DELAY, PidRuleConfig};
pub use softplus::SoftplusConfig;

/// How many numbers a rule may remember.
pub const RULE_MEMORY: usize = 16;

/// What a rule remembers between two updates; the meaning of each number is the rule's own.
pub type RuleMemory = [f64; RULE_MEMORY];

/// What a rule is told about one update.
#[derive(Clone, Copy, Debug)]
pub struct DualStep {
    /// λ before the update.
    pub multiplier: f64,
    /// The error after smoothing and deadzone; positive means violated, and finite.
    pub error: f64,
    /// The dual step size η, times the factor of a resume where there is one.
    pub rate: f64,
    /// The factor of a resume that is under way, else 1; `rate` has it already. For a rule whose step
    /// size is its own.
    pub factor: f64,
    /// ρ, or 0 where the leak does not act in this update.
    pub leak: f64,
    /// λ_min: 0 for an inequality, negative for an equality.
    pub minimum: f64,
    /// λ_max.
    pub maximum: f64,
    /// Whether this multiplier has never been updated before.
    pub first: bool,
}

/// An update rule. See [`RuleConfig`] for those that are built in.
///
/// The caller clips what [`propose`](Self::propose) returns to `[minimum, maximum]`, and puts
/// [`start`](Self::start) in the place of the memory where it sets λ to another value itself, as a dual
/// restart does. The memory stays finite for every finite error.
pub trait UpdateRule: Send + Sync + std::fmt::Debug {
    /// The name in a configuration file.
    fn name(&self) -> &'static str;

    /// The memory before the first update.
    fn start(&self) -> RuleMemory {
        [0.0; RULE_MEMORY]
    }

    /// How many numbers at the front of the memory the rule uses.
    fn memory_used(&self) -> usize {
        RULE_MEMORY
    }

    /// λ before the clip to `[minimum, maximum]`. It may be infinite, never NaN.
    fn propose(&self, memory: &mut RuleMemory, step: DualStep) -> f64;

    /// The price that the primal pays: λ for most rules, `max(0, λ + c·e)` for the augmented
    /// Lagrangian.
    fn price(&self, _memory: &RuleMemory, multiplier: f64, _error: f64) -> f64 {
        multiplier
    }

    /// Once per update, after λ is decided: growth of a penalty from the strict violation.
    fn settle(&self, _memory: &mut RuleMemory, _strict_error: f64, _multiplier: f64) {}
}

/// A number that stays finite when a few of them are added: errors may be as large as `f64` allows, and
/// a memory that is not finite could not be saved.
fn bounded(value: f64) -> f64 {
    const LIMIT: f64 = f64::MAX / 16.0;
    value.clamp(-LIMIT, LIMIT)
}
