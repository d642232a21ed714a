//! What a person or a doctor asks an engine.

use homeostat_normalize::Health;

use super::{Dual, DualState};
use crate::constraint::EffectiveSettings;
use crate::residuals::KktResiduals;

impl Dual {
    /// The settings of a constraint as they act.
    pub fn effective(&self, index: usize) -> EffectiveSettings {
        self.constraints[index].settings()
    }

    /// How far the newest measurements and the present multipliers are from satisfying the
    /// conditions of Karush, Kuhn and Tucker, in the units of the measurements: with μ, and with the
    /// strict quantity where there is one. A range counts as its two bounds; a normalized target as
    /// `error · S`. Constraints that have no error yet are left out.
    ///
    /// `stationarity` is `‖∇ℓ + Σ μ_k·∇ℓ_k‖`, which only the caller can measure; one that is not
    /// finite counts as not measured.
    pub fn kkt(&self, state: &DualState, stationarity: Option<f64>) -> KktResiduals {
        let parts = self.constraints.iter().zip(&state.constraints);
        let terms = parts.flat_map(|(constraint, state)| constraint.kkt_terms(state));
        KktResiduals::new(terms, stationarity.filter(|norm| norm.is_finite()))
            .expect("what is measured and the multipliers are finite")
    }

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
