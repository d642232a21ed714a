//! Budgets: one function per theorem.

use homeostat_multiplier::{BudgetMode, project};
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Family {
    budget: f64,
    multipliers: Vec<f64>,
    weights: Vec<f64>,
    pinned: Vec<bool>,
}

impl Family {
    fn project(&self, mode: BudgetMode) -> Vec<f64> {
        let mut multipliers = self.multipliers.clone();
        let mut scratch = vec![usize::MAX; multipliers.len()];
        project(mode, self.budget, &mut multipliers, &self.weights, &self.pinned, &mut scratch);
        multipliers
    }

    fn sum(&self, multipliers: &[f64], wanted: bool) -> f64 {
        let members = multipliers.iter().zip(&self.weights).zip(&self.pinned);
        members.filter(|(_, pinned)| **pinned == wanted).map(|((value, b), _)| value * b).sum()
    }
}

fn families(members: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Family> {
    let multiplier = prop_oneof![Just(0.0), 0.0..1.0, 0.0..50.0, 0.0..1e9];
    let member = (multiplier, 0.1..5.0, prop::bool::weighted(0.2));
    (prop::collection::vec(member, members), prop_oneof![0.01..1.0, 0.1..50.0]).prop_map(
        |(members, budget)| Family {
            budget,
            multipliers: members.iter().map(|(multiplier, _, _)| *multiplier).collect(),
            weights: members.iter().map(|(_, weight, _)| *weight).collect(),
            pinned: members.iter().map(|(_, _, pinned)| *pinned).collect(),
        },
    )
}

fn modes() -> impl Strategy<Value = BudgetMode> {
    prop::sample::select(vec![BudgetMode::Euclidean, BudgetMode::Proportional])
}

/// The nearest feasible point by trying every set of members that are not 0: on each the nearest point
/// of the plane Σ bλ = room has a closed form.
fn brute_force(family: &Family) -> f64 {
    let room = (family.budget - family.sum(&family.multipliers, true)).max(0.0);
    if family.sum(&family.multipliers, false) <= room {
        return 0.0;
    }
    let free: Vec<_> = (0..family.multipliers.len()).filter(|k| !family.pinned[*k]).collect();
    let mut best = f64::INFINITY;
    for set in 0..1u32 << free.len() {
        let inside = |place: usize| set & (1 << place) != 0;
        let chosen = || free.iter().enumerate().filter(|(place, _)| inside(*place));
        let total: f64 = chosen().map(|(_, k)| family.weights[*k] * family.multipliers[*k]).sum();
        let squares: f64 = chosen().map(|(_, k)| family.weights[*k].powi(2)).sum();
        let shift = if squares > 0.0 { (total - room) / squares } else { 0.0 };
        let mut distance = 0.0;
        let mut legal = true;
        for (place, k) in free.iter().enumerate() {
            let value = if inside(place) {
                family.multipliers[*k] - shift * family.weights[*k]
            } else {
                0.0
            };
            legal &= value >= -1e-9;
            distance += (value - family.multipliers[*k]).powi(2);
        }
        if legal {
            best = best.min(distance);
        }
    }
    best.sqrt()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn the_budget_is_kept_no_multiplier_rises_and_pinned_ones_do_not_move(
        family in families(1..=12), mode in modes(),
    ) {
        let after = family.project(mode);
        let room = (family.budget - family.sum(&after, true)).max(0.0);
        prop_assert!(family.sum(&after, false) <= room * (1.0 + 1e-12));
        for (place, (after, before)) in after.iter().zip(&family.multipliers).enumerate() {
            prop_assert!((0.0..=*before).contains(after), "{} to {}", before, after);
            prop_assert!(!family.pinned[place] || after == before);
        }
    }

    #[test]
    fn a_second_projection_changes_nothing(family in families(1..=12), mode in modes()) {
        let once = family.project(mode);
        let twice = Family { multipliers: once.clone(), ..family }.project(mode);
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn a_family_within_its_budget_is_left_alone(family in families(1..=12), mode in modes()) {
        let all = family.sum(&family.multipliers, true) + family.sum(&family.multipliers, false);
        let family = Family { budget: all * (1.0 + 1e-9) + 1e-9, ..family };
        prop_assert_eq!(&family.project(mode), &family.multipliers);
    }

    #[test]
    fn the_euclidean_projection_is_the_nearest_feasible_point(family in families(1..=3)) {
        let after = family.project(BudgetMode::Euclidean);
        let moved = after.iter().zip(&family.multipliers).map(|(a, b)| (a - b).powi(2));
        let (found, expected) = (moved.sum::<f64>().sqrt(), brute_force(&family));
        prop_assert!(found <= expected * (1.0 + 1e-9) + 1e-9, "{} and {}", found, expected);
        prop_assert!(found >= expected * (1.0 - 1e-9) - 1e-9, "{} and {}", found, expected);
    }

    #[test]
    fn the_proportional_one_keeps_the_ratios(family in families(2..=6)) {
        let family = Family { pinned: vec![false; family.multipliers.len()], ..family };
        let after = family.project(BudgetMode::Proportional);
        let pairs = after.iter().zip(&family.multipliers);
        for ((a, b), (c, d)) in pairs.clone().zip(pairs.skip(1)) {
            prop_assert!((a * d - c * b).abs() <= 1e-9 * (a * d).abs());
        }
    }

    #[test]
    fn the_order_of_the_members_does_not_matter(family in families(2..=6), mode in modes()) {
        let mut backwards = family.clone();
        backwards.multipliers.reverse();
        backwards.weights.reverse();
        backwards.pinned.reverse();
        let mut after = backwards.project(mode);
        after.reverse();
        for (a, b) in after.iter().zip(family.project(mode)) {
            prop_assert!((a - b).abs() <= 1e-9 * (1.0 + b), "{} and {}", a, b);
        }
    }
}
