//! One step: which rows take part, what they are multiplied by, and whether the promise holds.

mod solve;

use crate::config::{Lambda, Normalize};
use crate::method::Graddrop;
use crate::solve::{dot, multiply};
use crate::unit::Direction;
use crate::workspace::Workspace;
use crate::{Gramian, Input, Method, Outcome, Report, RowSet, SurgeryConfig, SurgeryError};

/// What one step is about.
pub(crate) struct Decision<'a> {
    config: &'a SurgeryConfig,
    input: &'a Input<'a>,
    rows: usize,
    /// Seed and group of what is random.
    pub(crate) stream: (u64, u64),
}

/// Which rows take part, and why others do not.
#[derive(Clone, Copy, Default)]
struct Selection {
    used: RowSet,
    not_finite: RowSet,
    zero: RowSet,
}

impl<'a> Decision<'a> {
    pub(crate) fn new(
        config: &'a SurgeryConfig,
        input: &'a Input<'a>,
        rows: usize,
        stream: (u64, u64),
    ) -> Self {
        Self { config, input, rows, stream }
    }

    /// Fills `space.weights` and moves `space.draft`.
    pub(crate) fn run(
        &self,
        space: &mut Workspace,
        needs_gramian: bool,
    ) -> Result<Report, SurgeryError> {
        space.weights.fill(0.0);
        advance(&mut space.draft.counts.steps, true);
        if needs_gramian && self.input.gramian.is_none() {
            return Ok(self.cached(space));
        }
        let mut selection = self.select(space)?;
        advance(&mut space.draft.counts.not_finite, !selection.not_finite.is_empty());
        self.fill_factors(space, selection.used);
        match self.input.gramian {
            Some(gramian) => {
                let zero = space.unit.fill(gramian, selection.used, &space.factors);
                selection.zero = selection.zero.or(zero);
                selection.used = selection.used.without(zero);
                space.draft.age = 1;
                advance(&mut space.draft.counts.measured, true);
                advance(&mut space.draft.counts.conflicts, space.unit.conflict());
            }
            None => space.unit.list(selection.used),
        }
        if let Method::Graddrop(_) = self.config.method {
            return Ok(self.elementwise(space, selection));
        }
        if selection.used.is_empty() {
            return Ok(self.report(space, selection, Outcome::Empty, Direction::NONE));
        }
        let count = space.unit.rows();
        self.fill_preference(space);
        self.solve(space);
        self.smooth(space);
        let (outcome, direction) = match self.input.gramian {
            Some(_) => self.keep_promise(space),
            None => (Outcome::Combined, Direction::NONE),
        };
        space.draft.cached = space.unit.places.iter().copied().collect();
        for (place, weight) in space.unit.places.iter().zip(&space.smooth[..count]) {
            space.weights[*place] = weight * space.factors[*place];
            space.draft.held[*place] = weight * space.bases[*place];
            space.draft.known.insert(*place);
        }
        Ok(self.report(space, selection, outcome, direction))
    }

    /// The factor of a row in the Lagrangian.
    fn factor(&self, row: usize) -> f64 {
        self.input.factors.get(row).copied().unwrap_or(1.0)
    }

    fn report(
        &self,
        space: &Workspace,
        selection: Selection,
        outcome: Outcome,
        direction: Direction,
    ) -> Report {
        Report {
            outcome,
            used: selection.used,
            not_finite: selection.not_finite,
            zero: selection.zero,
            measured: self.input.gramian.is_some(),
            conflict: self.input.gramian.is_some() && space.unit.conflict(),
            norm: direction.norm,
            parts: direction.parts,
            least_cosine: direction.least,
        }
    }

    /// The weights of the last Gramian, with the multipliers of now; 0 for a row that it was not of.
    fn cached(&self, space: &mut Workspace) -> Report {
        let draft = &mut space.draft;
        advance(&mut draft.age, true);
        let used: RowSet = draft.cached.iter().filter(|row| self.factor(*row) != 0.0).collect();
        for row in used.iter() {
            space.weights[row] = match self.config.lambda {
                Lambda::Rows => draft.held[row] * self.factor(row),
                Lambda::Preference => draft.held[row] * self.factor(row).signum(),
            };
        }
        let selection = Selection { used, ..Selection::default() };
        self.report(space, selection, Outcome::Cached, Direction::NONE)
    }

    /// What GradDrop multiplies rows by.
    fn elementwise(&self, space: &mut Workspace, selection: Selection) -> Report {
        for row in selection.used.iter() {
            space.weights[row] = self.factor(row);
        }
        let (seed, group) = self.stream;
        let drop = Graddrop::new(seed, group, space.draft.counts.steps);
        self.report(space, selection, Outcome::Elementwise(drop), Direction::NONE)
    }

    fn select(&self, space: &mut Workspace) -> Result<Selection, SurgeryError> {
        let all = RowSet::all(self.rows);
        let mut used = self.input.gramian.map_or(all, Gramian::present);
        let mut selection = Selection {
            not_finite: self.input.gramian.map_or(RowSet::EMPTY, Gramian::not_finite),
            ..Selection::default()
        };
        if let Method::MomentumConfig(_) = self.config.method {
            let draft = &mut space.draft;
            let turn = draft.turn(self.rows, |row| self.factor(row) != 0.0);
            advance(&mut draft.renewals[turn], used.contains(turn));
            draft.turn = (turn + 1) % self.rows;
            used = used.iter().filter(|row| draft.renewals[*row] > 0).collect();
        }
        used = used.iter().filter(|row| self.factor(*row) != 0.0).collect();
        let normalized = matches!(self.config.normalize, Normalize::Loss | Normalize::LossUnit);
        if normalized || self.config.method.needs_losses() {
            for row in used.iter() {
                let value = self.input.losses[row];
                if !value.is_finite() {
                    selection.not_finite.insert(row);
                } else if value < 0.0 {
                    return Err(SurgeryError::Loss { row, value });
                } else if value == 0.0 {
                    selection.zero.insert(row);
                }
            }
        }
        selection.used = used.without(selection.not_finite).without(selection.zero);
        Ok(selection)
    }

    /// What each row is multiplied by: its normalization, the correction of an average, its multiplier.
    fn fill_factors(&self, space: &mut Workspace, used: RowSet) {
        space.factors.fill(1.0);
        space.bases.fill(1.0);
        for row in used.iter() {
            let length = || {
                let length = self.input.gramian.map_or(1.0, |gramian| gramian.length(row));
                if length > 0.0 { length } else { 1.0 }
            };
            let correction = match &self.config.method {
                Method::MomentumConfig(config) => {
                    let renewals = space.draft.renewals[row].min(1 << 20) as i32;
                    1.0 / (1.0 - config.decay.powi(renewals))
                }
                _ => 1.0,
            };
            let base = match self.config.normalize {
                Normalize::None => correction,
                Normalize::Unit => 1.0 / length(),
                Normalize::Loss => correction / self.input.losses[row],
                Normalize::LossUnit => 1.0 / length() / self.input.losses[row],
            };
            let factor = self.factor(row);
            (space.factors[row], space.bases[row]) = match self.config.lambda {
                Lambda::Rows => (base * factor, base),
                Lambda::Preference => (base * factor.signum(), base),
            };
        }
    }

    fn fill_preference(&self, space: &mut Workspace) {
        let count = space.unit.rows();
        let default = match self.config.method {
            Method::Config(_) | Method::MomentumConfig(_) => 1.0,
            _ => 1.0 / count as f64,
        };
        let given = self.config.method.listed().map(|(_, values)| values);
        for (preference, place) in space.preference.iter_mut().zip(&space.unit.places) {
            *preference = given.map_or(default, |values| values[*place]);
            if self.config.lambda == Lambda::Preference {
                *preference *= self.factor(*place).abs();
            }
        }
    }

    /// Averages the weights with those of the steps before, without their multipliers.
    fn smooth(&self, space: &mut Workspace) {
        let share = self.config.smoothing;
        for (place, row) in space.unit.places.iter().enumerate() {
            let fresh = space.fresh[place];
            let known = share > 0.0 && space.draft.known.contains(*row);
            space.smooth[place] = match known {
                true => {
                    share * (space.draft.held[*row] / space.bases[*row]) + (1.0 - share) * fresh
                }
                false => fresh,
            };
        }
    }

    /// Checks d and answers a broken promise. What is to be done ends in `space.smooth`.
    fn keep_promise(&self, space: &mut Workspace) -> (Outcome, Direction) {
        let Workspace { unit, solvers, fresh, smooth, draft, .. } = space;
        let count = unit.rows();
        let (fresh, smooth) = (&fresh[..count], &mut smooth[..count]);
        let parts = &mut solvers.vectors[0][..count];
        let kept = |direction: &Direction| {
            !direction.cancelled
                && direction.norm.is_finite()
                && direction.least >= -self.config.tolerance
        };
        let direction = unit.direction(smooth, parts);
        if !self.config.method.promises_no_conflict() || kept(&direction) {
            return (Outcome::Combined, direction);
        }
        let own = match self.config.smoothing > 0.0 {
            true => unit.direction(fresh, parts),
            false => direction,
        };
        if self.config.smoothing > 0.0 && kept(&own) {
            smooth.copy_from_slice(fresh);
            advance(&mut draft.counts.unsmoothed, true);
            return (Outcome::Unsmoothed, own);
        }
        if own.cancelled {
            smooth.fill(0.0);
            advance(&mut draft.counts.stationary, true);
            return (Outcome::Stationary, Direction::NONE);
        }
        advance(&mut draft.counts.violations, true);
        // The point of least norm of the unit rows.
        parts.fill(1.0);
        smooth.copy_from_slice(solvers.minimum.solve(&unit.cosines, parts));
        multiply(&unit.cosines, smooth, parts);
        let norm = dot(smooth, parts).max(0.0).sqrt();
        let shortest = unit.lengths.iter().copied().fold(1.0, f64::min);
        let wanted = (own.norm / unit.scale).min(1.0).max(shortest);
        unit.stretch(smooth);
        smooth.iter_mut().for_each(|weight| *weight *= wanted / norm);
        let direction = unit.direction(smooth, parts);
        if kept(&direction) {
            return (Outcome::Fallback, direction);
        }
        smooth.fill(0.0);
        advance(&mut draft.counts.refused, true);
        (Outcome::Refused, Direction::NONE)
    }
}

/// Counts up, but not past the end, which a file may hold.
fn advance(counter: &mut u64, event: bool) {
    *counter = counter.saturating_add(u64::from(event));
}
