//! What a person or a doctor asks an engine.

use homeostat_normalize::Health;

use super::{Dual, DualState};

impl Dual {
    /// The part of the Lagrangian that the constraints add: `Σ w_k λ_k e_k`, over the rows that are in
    /// the gradient. With `order = "extragradient"` at the trial multipliers.
    pub fn penalty(&self, state: &DualState) -> f64 {
        let parts = self.constraints.iter().zip(&state.constraints);
        let sum: f64 = parts.map(|(constraint, state)| constraint.penalty(state)).sum();
        sum.clamp(-f64::MAX, f64::MAX)
    }

    /// Whether the reference of a constraint's normalizer is still the right one; `None` without a
    /// normalizer. It sorts a window: ask once in a while.
    pub fn health(&self, state: &DualState, index: usize) -> Option<Health> {
        self.constraints[index].health(&state.constraints[index])
    }
}
