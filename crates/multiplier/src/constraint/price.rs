//! From multipliers to the factor of the gradient.

use homeostat_normalize::Health;

use super::state::Side;
use super::{Constraint, MultiplierState};
use crate::residuals::KktTerm;
use crate::violation::ErrorMode;

impl Constraint {
    /// μ = w · price · slope: the multiplier of the raw constraint, with the sign that makes `μ ∇ℓ` the
    /// constraint's row. Negative where the loss must rise.
    pub(crate) fn effective(&self, state: &MultiplierState) -> f64 {
        let signs = self.sense.sides().iter();
        let sum: f64 =
            signs.zip(&state.sides).map(|(sign, side)| sign * self.term(state, side)).sum();
        // The sum turns −0 into 0.
        sum.clamp(-f64::MAX, f64::MAX) + 0.0
    }

    /// One condition per multiplier, in the unit of the measurement.
    pub(crate) fn kkt_terms<'a>(
        &'a self,
        state: &'a MultiplierState,
    ) -> impl Iterator<Item = KktTerm> + 'a {
        let sides = self.sense.sides().iter().zip(&state.sides);
        sides.filter(|_| state.compared).map(move |(sign, side)| {
            let error = match self.mode {
                ErrorMode::Normalized => side.error * state.scale,
                _ => sign * (state.driver - side.target),
            };
            KktTerm {
                multiplier: self.term(state, side),
                error: error.clamp(-f64::MAX, f64::MAX),
                equality: self.sense.signed(),
            }
        })
    }

    /// What a law writes that weighs a penalty: the coefficient without its sign. `range` and `eq`
    /// are never used so.
    pub(crate) fn magnitude(&self, state: &MultiplierState) -> f64 {
        self.term(state, &state.sides[0])
    }

    /// w λ e of all sides, where the row is in the gradient: what the constraint adds to the value of
    /// the Lagrangian.
    pub(crate) fn penalty(&self, state: &MultiplierState) -> f64 {
        let sides = state.sides.iter().filter(|_| state.row && state.gate.measured());
        let sum: f64 = sides.map(|side| self.price(state, side) * side.error).sum();
        let penalty = self.weight * sum;
        if penalty.is_nan() { 0.0 } else { penalty }
    }

    /// What the drift tests find over the window of the number that drives λ.
    pub(crate) fn health(&self, state: &MultiplierState) -> Option<Health> {
        let memory = state.driving_normalizer();
        Some(self.normalizer.as_ref()?.health(memory?))
    }

    /// What the primal pays per unit of error.
    pub(crate) fn price(&self, state: &MultiplierState, side: &Side) -> f64 {
        let multiplier = side.trial.unwrap_or(side.dual.multiplier);
        let error = if state.gate.open() { side.clipped } else { 0.0 };
        self.rule.price(&side.dual.rule, multiplier, error)
    }

    fn term(&self, state: &MultiplierState, side: &Side) -> f64 {
        let price = self.price(state, side);
        // A slope that is not known yet must not turn a price of 0 into NaN.
        let slope = if self.unit_slope {
            1.0
        } else if self.mode.normalizes() {
            state.slope.unwrap_or(0.0)
        } else {
            self.mode.plain_slope(state.value, side.target)
        };
        let term = self.weight * price * slope;
        if term.is_nan() { 0.0 } else { term.clamp(-f64::MAX, f64::MAX) }
    }
}
