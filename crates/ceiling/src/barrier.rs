//! A logarithmic barrier that goes on beyond its bound.

/// ln s for a slack s that may be negative, and its slope:
///
/// `g(s) = ln s` for `s ≥ δ`, `g(s) = ln δ + (s − δ)/δ` below.
///
/// The line is the tangent at δ = `margin`, so that g is continuous with its slope, strictly increasing,
/// and 1/δ steep outside the bounds: a value beyond a ceiling is always pushed back, and no exponential
/// is there to overflow. Source: Kervadec et al. 2019, "Constrained deep networks: Lagrangian optimization
/// via log-barrier extensions", whose ψ with t = 1/√δ has the same shape.
pub fn extended_barrier(slack: f64, margin: f64) -> (f64, f64) {
    if slack >= margin {
        (slack.ln(), slack.recip())
    } else {
        (margin.ln() + (slack - margin) / margin, margin.recip())
    }
}
