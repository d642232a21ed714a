//! All goals of a model: scores, groups, and the bottleneck that is the loss.

mod config;
mod error;
mod evaluation;
mod groups;
mod reach;
mod samples;
mod state;

use homeostat_signal::OrderWindow;

use crate::calibration::{CalibrationConfig, last};
use crate::constraint::Constraint;
use crate::rules::Rules;
use crate::score::Score;

pub use config::GoalsConfig;
pub use error::{GoalsConfigError, GoalsMisfit};
pub use evaluation::{Evaluation, Unavailable};
use groups::Groups;
pub use groups::geometric_mean;
pub use reach::{Reach, Shortfall};
pub use samples::{SampleEvaluation, Samples};
pub use state::{BoxViolation, GoalsState};

/// Checked goals and their groups; made by [`GoalsConfig::init`].
///
/// `G_g = (Π s_i)^(1/|g|)` per group, `S_min = min G_g`, `loss = −ln S_min`. Goals and groups stand in
/// the order of their names; measurements are slices in that order. No call after the calibration
/// allocates.
#[derive(Clone, Debug)]
pub struct Goals {
    names: Vec<String>,
    constraints: Vec<Constraint>,
    groups: Groups,
    calibration: CalibrationConfig,
    barrier_margin: f64,
    rules: Rules,
}

impl Goals {
    /// The names of the goals, in the order of every slice.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The place of a goal.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.names.binary_search_by(|known| known.as_str().cmp(name)).ok()
    }

    /// How many goals there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Never: without goals there is no loss.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names of the groups, in the order of [`Evaluation::group_logs`].
    pub fn group_names(&self) -> impl Iterator<Item = &str> {
        self.groups.names()
    }

    /// The goals of a group, each with the power with which its score enters the group.
    pub fn members(&self, group: usize) -> impl Iterator<Item = (usize, f64)> {
        self.groups.members(group)
    }

    /// Room for what [`evaluate`](Self::evaluate) finds.
    pub fn evaluation(&self) -> Evaluation {
        Evaluation::new(self.len(), self.groups.subgroups(), self.groups.len())
    }

    /// The memory before the first batch.
    pub fn init_state(&self) -> GoalsState {
        let calibrated = self.constraints.iter().any(Constraint::is_calibrated);
        let batches = if calibrated { self.calibration.batches } else { 0 };
        GoalsState {
            names: self.names.clone(),
            constraints: self.constraints.clone(),
            scales: vec![None; self.len()],
            samples: vec![OrderWindow::new(batches as usize); self.len()],
            batches,
            margin: true,
            tightening: 1.0,
        }
    }

    /// Takes over a saved memory.
    ///
    /// # Errors
    ///
    /// A memory of other goals, or with numbers that these goals could not have made.
    pub fn load(&self, saved: GoalsState) -> Result<GoalsState, GoalsMisfit> {
        saved.check(self)?;
        Ok(saved)
    }

    /// Takes in the values of one batch of the calibration window; those that are not finite are left
    /// out. True when the window is complete and the scales are there: from then on it does nothing.
    ///
    /// # Errors
    ///
    /// Another number of values than goals.
    pub fn calibrate(&self, state: &mut GoalsState, measured: &[f64]) -> Result<bool, GoalsMisfit> {
        GoalsMisfit::count("number of values", self.len(), measured.len())?;
        if state.batches == 0 {
            return Ok(true);
        }
        for (samples, value) in state.samples.iter_mut().zip(measured) {
            samples.push(*value);
        }
        state.batches -= 1;
        if state.batches > 0 {
            return Ok(false);
        }
        let parts = state.scales.iter_mut().zip(&state.constraints).zip(&state.samples);
        for ((scale, constraint), samples) in parts {
            *scale = constraint.is_calibrated().then(|| self.calibration.scale(samples));
        }
        Ok(true)
    }

    /// The goals whose values in the calibration window left the bounds of the configuration: a warning,
    /// nothing else. A ceiling that moves later changes nothing about it.
    pub fn box_violations<'a>(
        &'a self,
        state: &'a GoalsState,
    ) -> impl Iterator<Item = BoxViolation<'a>> {
        self.names.iter().zip(&self.constraints).zip(&state.samples).filter_map(
            |((goal, constraint), samples)| {
                let (lower, upper) = constraint.bounds();
                let (minimum, maximum) = (samples.select(0)?, last(samples)?);
                let left = lower.is_some_and(|lower| minimum < lower)
                    || upper.is_some_and(|upper| maximum > upper);
                left.then_some(BoxViolation { goal, minimum, maximum, lower, upper })
            },
        )
    }

    /// Takes the margin of the first epoch out of the calibrated scales. Call it when the second begins.
    pub fn remove_margin(&self, state: &mut GoalsState) {
        state.margin = false;
    }

    /// Makes scales smaller by a factor, so that the same value scores less.
    ///
    /// Mended: every soft scale, calibrated or given; nothing else, because a bound has its own owner.
    /// Published: what a specification says is tightened, but soft scores are rebuilt from the stored
    /// table, so that in fact only the boxes shrink, by half the share, about their centres.
    pub fn tighten(&self, state: &mut GoalsState, factor: f64) {
        match self.rules {
            Rules::Mended => state.tightening *= factor,
            Rules::Note | Rules::Late => {
                state.constraints.iter_mut().for_each(|one| shrink(one, factor));
            }
        }
    }

    /// The factor that [`tighten`](Self::tighten) has made so far, set anew: what a backoff takes back,
    /// `CeilingState::softness`. The published rules take constraints back instead, see
    /// [`set_constraint`](Self::set_constraint).
    pub fn set_tightening(&self, state: &mut GoalsState, factor: f64) {
        state.tightening = factor;
    }

    /// Puts other numbers into a constraint: a ceiling that has moved. Scores read their constants where
    /// they stand, so that nothing has to be rebuilt.
    ///
    /// # Errors
    ///
    /// Another kind of constraint, or numbers that are not legal. Nothing has changed then.
    pub fn set_constraint(
        &self,
        state: &mut GoalsState,
        goal: usize,
        constraint: Constraint,
    ) -> Result<(), GoalsConfigError> {
        let name = || self.names[goal].clone();
        if std::mem::discriminant(&constraint) != std::mem::discriminant(&self.constraints[goal]) {
            return Err(GoalsConfigError::OtherKind { goal: name() });
        }
        constraint
            .check(self.rules)
            .map_err(|source| GoalsConfigError::Goal { name: name(), source })?;
        state.constraints[goal] = constraint;
        Ok(())
    }

    /// The scale that a goal's score uses now; `None` before the calibration, and for a goal without.
    pub fn scale(&self, state: &GoalsState, goal: usize) -> Option<f64> {
        let constraint = &state.constraints[goal];
        let margin = if state.margin { self.calibration.margin } else { 1.0 };
        let Constraint::MinimizeSoft { scale: own } = *constraint else { return None };
        // The published rules read the table, which holds a given scale as it was given.
        let given = match self.rules {
            Rules::Mended => own,
            Rules::Note | Rules::Late => match self.constraints[goal] {
                Constraint::MinimizeSoft { scale } => scale,
                _ => None,
            },
        };
        let calibrating = self.rules == Rules::Late && state.batches > 0;
        let found = match given {
            Some(scale) if calibrating => PROVISIONAL_FACTOR * scale,
            Some(scale) => scale,
            None if calibrating => PROVISIONAL_SCALE,
            None => state.scales[goal]? * margin,
        };
        let least = if self.rules == Rules::Mended { f64::MIN_POSITIVE } else { 0.0 };
        Some((found * state.tightening).max(least))
    }

    /// Scores, groups and the bottleneck of measured values.
    ///
    /// # Errors
    ///
    /// The loss is undefined: a value, a score or a group is not finite or dead, or the goals are not
    /// calibrated yet. `evaluation` holds what was found on the way.
    pub fn evaluate(
        &self,
        state: &GoalsState,
        measured: &[f64],
        evaluation: &mut Evaluation,
    ) -> Result<(), Unavailable> {
        evaluation.forget();
        if measured.len() != self.len() {
            return Err(Unavailable::OtherCount { expected: self.len(), found: measured.len() });
        }
        for (goal, x) in measured.iter().enumerate() {
            if !x.is_finite() {
                return Err(Unavailable::NonFinite { goal });
            }
            let constraint = match state.constraints[goal] {
                Constraint::MinimizeSoft { .. } => match self.scale(state, goal) {
                    None => return Err(Unavailable::Uncalibrated { goal }),
                    scale => Constraint::MinimizeSoft { scale },
                },
                other => other,
            };
            let score = Score::of(&constraint, self.rules, self.barrier_margin, *x);
            evaluation.scores[goal] = score;
            if score.value.is_nan() || score.log == f64::INFINITY {
                return Err(Unavailable::NonFinite { goal });
            }
        }
        self.groups.combine(self.rules, evaluation)
    }
}

/// The latest revision trains during its calibration, with scales that hardly press.
const PROVISIONAL_SCALE: f64 = 1000.0;
const PROVISIONAL_FACTOR: f64 = 10.0;

/// The published tightening of one specification.
fn shrink(constraint: &mut Constraint, factor: f64) {
    match constraint {
        Constraint::MinimizeSoft { scale: Some(scale) } => *scale *= factor,
        Constraint::Box { lower, upper }
        | Constraint::BoxAsymmetric { lower, upper: Some(upper), .. } => {
            (*lower, *upper) = shrunk(*lower, *upper, factor);
        }
        _ => {}
    }
}

/// A box whose half width is multiplied by (1 + factor)/2.
pub(crate) fn shrunk(lower: f64, upper: f64, factor: f64) -> (f64, f64) {
    let (centre, half) = ((lower + upper) / 2.0, (upper - lower) / 2.0);
    let half = half * (1.0 - (1.0 - factor) / 2.0);
    (centre - half, centre + half)
}
