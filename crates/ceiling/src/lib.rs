//! Ceilings that are discovered, not guessed: goals with scores, the logarithmic bottleneck over them, a
//! controller that finds a ceiling and brings it down, and the verdict over a step.
//!
//! Every measured number x gets a score `s = f(x)`, 1 perfect and 0 dead; groups of goals are combined by
//! their geometric mean and the loss is that of the worst group, `−ln min G`. The ceiling of a goal is what
//! the first epoch showed; then it is held, and comes down as long as few steps are rejected. The page
//! `docs/mechanisms/ceiling.md` has the formulas, the states and the reasons.
//!
//! Source: the design note "v17d: Adaptive KL Ceiling Discovery", seed 002, and the public repository
//! `caseymrobbins/bom_vea`, revisions a7a9d73 and 0bffbb8, whose tables [`Rules::Note`] and [`Rules::Late`]
//! reproduce.
//!
//! | concept | item |
//! | --- | --- |
//! | what is asked of a number, and what it scores | [`Constraint`], [`Score`], [`extended_barrier`] |
//! | all goals of a model in a file, and their memory | [`GoalsConfig`], [`Goals`], [`GoalsState`] |
//! | scores, worst group, loss, slopes | [`Evaluation`], [`Unavailable`], [`geometric_mean`] |
//! | the same over single samples | [`Samples`], [`SampleEvaluation`] |
//! | whether all goals can be met at once | [`Goals::reachable`], [`Reach`], [`Shortfall`] |
//! | scales from the first batches | [`CalibrationConfig`], [`ScaleStatistic`] |
//! | the goals of the published model | [`table`] |
//! | ceilings in a file, and their memory | [`CeilingConfig`], [`Ceiling`], [`CeilingState`], [`Phase`] |
//! | how a ceiling comes down | [`Squeeze`], [`Interpolation`], [`Pace`], [`BackoffConfig`] |
//! | what happened, in the note's words | [`Event`], [`BoxViolation`], [`Rejections`] |
//! | one ceiling as a law on the board | [`CeilingLaw`] |
//! | whether a step stands | [`StepConfig`], [`StepSearch`], [`Look`], [`Verdict`], [`Decision`] |
//!
//! ```
//! use homeostat_ceiling::{Constraint, Rules, Score};
//!
//! // A divergence of 12 nats under a ceiling of 8: the barrier is finite and pushes back.
//! let kl = Constraint::BoxAsymmetric { lower: 1.0, upper: Some(8.0), healthy: 6.4 };
//! let score = Score::of(&kl, Rules::Mended, 0.05, 12.0);
//! assert!(score.log.is_finite() && score.log_slope < 0.0);
//!
//! // As a term of a loss its gradient is that of `−log_slope · kl`, with the slope as a constant.
//! let nearer = Score::of(&kl, Rules::Mended, 0.05, 11.0);
//! assert!((nearer.log - score.log + score.log_slope).abs() < 1e-9);
//! ```

mod adam;
mod barrier;
mod calibration;
mod ceiling;
mod constraint;
mod goals;
mod literal;
mod rejections;
mod rules;
mod score;
mod step;
pub mod table;
mod verdict;

pub use adam::adam_response;
pub use barrier::extended_barrier;
pub use calibration::{CalibrationConfig, ScaleStatistic};
pub use ceiling::{
    BackoffConfig, Batch, Bounds, Ceiling, CeilingConfig, CeilingGoal, CeilingInput, CeilingLaw,
    CeilingState, CeilingTarget, DiscoveryConfig, DiscoveryStatistic, Event, Interpolation,
    NOTE_CEILINGS, Pace, Phase, Scope, Squeeze, TighteningConfig,
};
pub use constraint::Constraint;
pub use goals::{
    BoxViolation, Evaluation, Goals, GoalsConfig, GoalsConfigError, GoalsMisfit, GoalsState, Reach,
    SampleEvaluation, Samples, Shortfall, Unavailable, geometric_mean,
};
pub use rejections::{Outcome, Rejections};
pub use rules::Rules;
pub use score::Score;
pub use step::{Decision, Momentum, SlowdownConfig, StepConfig, StepSearch, StepState};
pub use verdict::{Look, Reason, Verdict, violation};

/// The code on the page of this mechanism, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/mechanisms/ceiling.md")]
struct Page;
