//! How far a point is from satisfying the conditions of Karush, Kuhn and Tucker.

use homeostat_core::RangeError;
use serde::Serialize;

/// One constraint at the point in question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KktTerm {
    /// The effective multiplier μ on the constraint as it is measured.
    pub multiplier: f64,
    /// The error in the same unit, positive where the constraint is violated; the strict one where there
    /// is a proxy.
    pub error: f64,
    /// Whether the constraint is an equality: then μ has no sign and complementarity says nothing.
    pub equality: bool,
}

/// The four residuals; all are 0 at a point that satisfies the conditions, and none is negative.
///
/// Source: Nocedal and Wright, "Numerical Optimization", 2nd edition, theorem 12.1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KktResiduals {
    /// `‖∇ℓ + Σ μ_k·∇ℓ_k‖`, where the caller measured it.
    pub stationarity: Option<f64>,
    /// The greatest violation, `max(0, e)`, of an equality `|e|`.
    pub primal_feasibility: f64,
    /// The greatest negative part of a multiplier of an inequality.
    pub dual_feasibility: f64,
    /// The greatest `|μ·e|` of an inequality.
    pub complementarity: f64,
}

impl KktResiduals {
    /// The residuals of all constraints, and of the gradient of the Lagrangian where it is known.
    pub fn new(
        terms: impl IntoIterator<Item = KktTerm>,
        gradient_norm: Option<f64>,
    ) -> Result<Self, RangeError> {
        let stationarity = gradient_norm
            .map(|norm| RangeError::finite("gradient norm", norm.abs()))
            .transpose()?;
        let mut residuals = Self {
            stationarity,
            primal_feasibility: 0.0,
            dual_feasibility: 0.0,
            complementarity: 0.0,
        };
        for term in terms {
            let multiplier = RangeError::finite("multiplier", term.multiplier)?;
            let error = RangeError::finite("error of a constraint", term.error)?;
            let raise = |residual: &mut f64, value: f64| *residual = residual.max(value);
            if term.equality {
                raise(&mut residuals.primal_feasibility, error.abs());
            } else {
                raise(&mut residuals.primal_feasibility, error);
                raise(&mut residuals.dual_feasibility, -multiplier);
                let product = (multiplier * error).abs().min(f64::MAX);
                raise(&mut residuals.complementarity, product);
            }
        }
        Ok(residuals)
    }

    /// The greatest of the residuals that are known.
    pub fn largest(&self) -> f64 {
        self.stationarity
            .unwrap_or(0.0)
            .max(self.primal_feasibility)
            .max(self.dual_feasibility)
            .max(self.complementarity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(multiplier: f64, error: f64) -> KktTerm {
        KktTerm { multiplier, error, equality: false }
    }

    #[track_caller]
    fn check(terms: &[KktTerm], expected: [f64; 3]) {
        let found = KktResiduals::new(terms.iter().copied(), Some(0.0)).expect("finite");
        let parts = [found.primal_feasibility, found.dual_feasibility, found.complementarity];
        assert_eq!(parts, expected, "{terms:?}");
    }

    #[test]
    fn each_condition_has_its_residual() {
        check(&[], [0.0, 0.0, 0.0]);
        check(&[term(2.0, 0.0), term(0.0, -3.0)], [0.0, 0.0, 0.0]);
        check(&[term(0.0, 0.5)], [0.5, 0.0, 0.0]);
        check(&[term(-0.5, 0.0)], [0.0, 0.5, 0.0]);
        check(&[term(2.0, -0.25)], [0.0, 0.0, 0.5]);
        check(&[KktTerm { equality: true, ..term(-2.0, -0.25) }], [0.25, 0.0, 0.0]);
    }

    #[test]
    fn a_gradient_that_was_not_measured_is_not_counted_as_zero() {
        let found = KktResiduals::new([term(0.0, 0.5)], None).expect("finite");
        assert_eq!((found.stationarity, found.largest()), (None, 0.5));
        let found = KktResiduals::new([term(0.0, 0.5)], Some(3.0)).expect("finite");
        assert_eq!(found.largest(), 3.0);
    }

    #[test]
    fn what_is_not_finite_is_refused() {
        assert!(KktResiduals::new([term(f64::NAN, 0.0)], None).is_err());
        assert!(KktResiduals::new([term(0.0, f64::INFINITY)], None).is_err());
        assert!(KktResiduals::new([], Some(f64::NAN)).is_err());
    }
}
