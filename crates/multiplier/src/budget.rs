//! Budgets: a family of constraints whose multipliers share a cap, `Σ b_k·λ_k ≤ B`.

use serde::{Deserialize, Serialize};

/// How a family that is above its budget comes back to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetMode {
    /// The nearest point within the budget, `λ_k ← max(0, λ_k − θ·b_k)`: the step stays one of projected
    /// ascent, and small multipliers go to 0 first. The default.
    #[default]
    Euclidean,
    /// `λ_k ← λ_k · B / Σ b_k·λ_k`: the ratios of the multipliers are kept.
    Proportional,
}

/// Rounding of the sum, relative, per member: within it the budget counts as kept, so that a second
/// projection changes nothing.
const ROUNDING: f64 = 4.0 * f64::EPSILON;

/// Lowers the multipliers of a family that are not pinned until `Σ weights·multipliers ≤ budget`.
///
/// Pinned members are left bit-identical and their share is taken from the budget first; where they
/// alone are above it the others go to 0. No multiplier is ever raised, so that a cap that held before
/// holds after. Multipliers are not negative, weights and budget are above 0. All slices are as long as the
/// family; `scratch` is overwritten.
pub fn project(
    mode: BudgetMode,
    budget: f64,
    multipliers: &mut [f64],
    weights: &[f64],
    pinned: &[bool],
    scratch: &mut [usize],
) {
    let share = |multipliers: &[f64], wanted: bool| -> f64 {
        (multipliers.iter().zip(weights).zip(pinned))
            .filter(|(_, pinned)| **pinned == wanted)
            .map(|((multiplier, weight), _)| weight * multiplier)
            .sum()
    };
    let room = (budget - share(multipliers, true)).max(0.0);
    let limit = room * (1.0 + ROUNDING * multipliers.len() as f64);
    if share(multipliers, false) <= limit {
        return;
    }
    if mode == BudgetMode::Euclidean && room > 0.0 {
        shift(room, multipliers, weights, pinned, scratch);
    }
    // Proportional; and what the rounding of the shift leaves where the multipliers are many orders above
    // the budget.
    let sum = share(multipliers, false);
    if sum > limit {
        for (multiplier, _) in multipliers.iter_mut().zip(pinned).filter(|(_, pinned)| !**pinned) {
            *multiplier *= room / sum;
        }
    }
}

/// Subtracts θ·b_k, with θ from the sorted breakpoints λ_k / b_k at which a member reaches 0.
fn shift(
    room: f64,
    multipliers: &mut [f64],
    weights: &[f64],
    pinned: &[bool],
    scratch: &mut [usize],
) {
    let mut free = 0;
    for member in (0..multipliers.len()).filter(|member| !pinned[*member]) {
        scratch[free] = member;
        free += 1;
    }
    let free = &mut scratch[..free];
    let breakpoint = |member: &usize| multipliers[*member] / weights[*member];
    free.sort_unstable_by(|a, b| breakpoint(b).total_cmp(&breakpoint(a)).then(a.cmp(b)));

    let (mut weighted, mut squares, mut theta) = (0.0, 0.0, 0.0);
    for member in free.iter() {
        let weight = weights[*member];
        if squares > 0.0 && theta >= breakpoint(member) {
            break;
        }
        weighted += weight * multipliers[*member];
        squares += weight * weight;
        theta = (weighted - room) / squares;
    }
    for member in free.iter() {
        let lowered = multipliers[*member] - theta.max(0.0) * weights[*member];
        multipliers[*member] = lowered.max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(mode: BudgetMode, before: [f64; 3], pinned: [bool; 3], expected: [f64; 3]) {
        let mut multipliers = before;
        project(mode, 5.0, &mut multipliers, &[1.0; 3], &pinned, &mut [0; 3]);
        for (found, expected) in multipliers.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{mode:?} of {before:?}: {multipliers:?}");
        }
    }

    #[test]
    fn the_examples_of_the_design_note() {
        let (euclidean, proportional) = (BudgetMode::Euclidean, BudgetMode::Proportional);
        let none = [false; 3];
        check(euclidean, [6.0, 3.0, 1.0], none, [4.0, 1.0, 0.0]);
        check(proportional, [6.0, 3.0, 1.0], none, [3.0, 1.5, 0.5]);
        check(euclidean, [6.0, 0.5, 0.25], none, [5.0, 0.0, 0.0]);
        check(proportional, [6.0, 0.5, 0.25], none, [4.444444, 0.37037, 0.185185]);
        check(euclidean, [2.0, 1.0, 1.0], none, [2.0, 1.0, 1.0]);
        check(proportional, [2.0, 1.0, 1.0], none, [2.0, 1.0, 1.0]);
    }

    #[test]
    fn pinned_members_stay_and_the_others_share_the_rest() {
        for mode in [BudgetMode::Euclidean, BudgetMode::Proportional] {
            check(mode, [3.0, 4.0, 0.0], [true, false, false], [3.0, 2.0, 0.0]);
            check(mode, [6.0, 4.0, 1.0], [true, false, false], [6.0, 0.0, 0.0]);
        }
    }
}
