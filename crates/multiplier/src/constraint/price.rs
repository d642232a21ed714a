//! From multipliers to the factor of the gradient.

use super::state::Side;
use super::{Constraint, MultiplierState};

impl Constraint {
    /// `a = w · price · slope`, with the sign that makes `a ∇ℓ` the constraint's row: negative where
    /// the loss must rise. 0 where the row is to be left out.
    pub(crate) fn coefficient(&self, state: &MultiplierState) -> f64 {
        if state.row { self.effective(state) } else { 0.0 }
    }

    /// μ: the multiplier of the raw constraint, as the coefficient is where the row is in.
    pub(crate) fn effective(&self, state: &MultiplierState) -> f64 {
        let signs = self.sense.sides().iter();
        let sum: f64 =
            signs.zip(&state.sides).map(|(sign, side)| sign * self.term(state, side)).sum();
        // The sum turns −0 into 0.
        sum.clamp(-f64::MAX, f64::MAX) + 0.0
    }

    /// What a law writes that weighs a penalty: the coefficient without its sign. `range` and `eq`
    /// are never used so.
    pub(crate) fn magnitude(&self, state: &MultiplierState) -> f64 {
        self.term(state, &state.sides[0])
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
