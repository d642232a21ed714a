//! The outer loop: which targets should the constraints have?
//!
//! Multipliers make a model meet its targets; what the targets should be shows only in the long run, on a
//! validation set. Three ways to find out, from dear to cheap:
//!
//! | way | item | what one evaluation costs |
//! | --- | --- | --- |
//! | Bayesian optimization: try, learn a model, ask it | [`StudyConfig`], [`Study`], [`StudyState`] | a continued run of fixed length |
//! | population-based training: the worst copy the best | [`PopulationConfig`], [`Population`], [`PopulationState`] | nothing beside the members |
//! | a rule on the mean error | [`AdjustmentConfig`], [`Adjustment`], [`AdjustmentState`] | nothing |
//!
//! All three search the same kind of variables, [`VariableConfig`], and none of them ever loosens a target
//! that may only tighten. None runs anything itself: a trainer asks, trains, and tells. Where outcomes have
//! constraints of their own, [`ranking`] says which is better.
//!
//! ```
//! use homeostat_search::{Outcome, StudyConfig};
//!
//! let config: StudyConfig = toml::from_str(
//!     r#"
//!     budget = 8
//!     [variables.kl]
//!     low = 0.01
//!     high = 1.0
//!     start = 0.1
//!     scale = "log"
//!     "#,
//! )?;
//! let study = config.init()?;
//! let mut state = study.init_state();
//! while let Some(proposal) = study.ask(&state) {
//!     // A trainer would continue the run from its checkpoint with these targets.
//!     let metric = (proposal.values[0].ln() - 0.05_f64.ln()).powi(2);
//!     study.tell(&mut state, proposal, Outcome::new(metric))?;
//! }
//! let (_, best) = study.best(&state).expect("runs without constraints are feasible");
//! assert!((best.values[0] / 0.05).ln().abs() < 0.1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod adjustment;
mod design;
mod error;
mod population;
mod random;
mod ranking;
mod space;
mod study;
mod surrogate;

pub use adjustment::{Adjustment, AdjustmentConfig, AdjustmentState, Move};
pub use error::{MisfitError, SearchConfigError};
pub use population::{Exchange, Population, PopulationConfig, PopulationState};
pub use ranking::ranking;
pub use space::{Scale, Tighter, Variable, VariableConfig};
pub use study::{
    Origin, Outcome, Proposal, Report, ReportRow, Study, StudyConfig, StudyState, StudyTable, Trial,
};
