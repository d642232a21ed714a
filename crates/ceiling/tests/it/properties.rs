//! One function per theorem about scores and groups.

use homeostat_ceiling::{Constraint, GoalsConfig, Rules, Score, extended_barrier, geometric_mean};
use proptest::prelude::*;

const SCALES: [f64; 8] = [1e-3, 1.0, 8.0, 100.0, 3000.0, 42358.2, 1e6, 1e9];

/// A number of any size and sign.
fn numbers() -> impl Strategy<Value = f64> {
    (prop::sample::select(SCALES.to_vec()), -10.0..10.0).prop_map(|(scale, factor)| scale * factor)
}

/// Three rising numbers, none of them much closer to the next than to 0.
fn rising() -> impl Strategy<Value = [f64; 3]> {
    (prop::sample::select(vec![1.0, 100.0, 3000.0]), 0.01..1.0, 1.1..3.0, 1.1..10.0).prop_map(
        |(scale, low, healthy, upper)| {
            let lower = scale * low;
            [lower, lower * healthy, lower * healthy * upper]
        },
    )
}

/// Every kind of constraint.
fn constraints() -> impl Strategy<Value = Constraint> {
    (0..9_usize, rising(), 0.01..0.5).prop_map(|(kind, [lower, healthy, upper], share)| {
        let margin = share * (upper - lower);
        match kind {
            0 => Constraint::Upper { upper, margin: None },
            1 => Constraint::Upper { upper, margin: Some(margin) },
            2 => Constraint::Lower { lower, margin: Some(margin) },
            3 => Constraint::Box { lower, upper },
            4 => Constraint::BoxAsymmetric { lower, upper: Some(upper), healthy },
            5 => Constraint::BoxAsymmetric { lower, upper: None, healthy },
            6 => Constraint::Range { lower, upper, margin },
            7 => Constraint::MinimizeSoft { scale: Some(upper) },
            _ => Constraint::MinimizeHard { scale: upper },
        }
    })
}

fn score(constraint: &Constraint, x: f64) -> Score {
    Score::of(constraint, Rules::Mended, 0.05, x)
}

proptest! {
    #[test]
    fn scores_and_slopes_are_finite_and_at_most_one_even_in_single_precision(
        constraint in constraints(), x in numbers(),
    ) {
        let found = score(&constraint, x);
        for value in [found.value, found.slope, found.log, found.log_slope] {
            prop_assert!((value as f32).is_finite(), "{:?} at {}: {:?}", constraint, x, found);
        }
        prop_assert!((0.0..=1.0).contains(&found.value) && found.log <= 0.0);
    }

    #[test]
    fn a_divergence_from_zero_to_a_million_has_a_finite_gradient_in_single_precision(
        [lower, healthy, upper] in rising(), x in 0.0..=1e6_f64,
    ) {
        let constraint = Constraint::BoxAsymmetric { lower, upper: Some(upper), healthy };
        let found = score(&constraint, x);
        prop_assert!((found.log as f32).is_finite() && (found.log_slope as f32).is_finite());
        if x > upper {
            prop_assert!(found.log_slope < 0.0, "beyond the ceiling it is pushed back");
        }
    }

    #[test]
    fn the_barrier_rises_to_the_healthy_value_and_falls_from_there(
        [lower, healthy, upper] in rising(), (first, second) in (0.0..2.0, 0.0..2.0),
    ) {
        let constraint = Constraint::BoxAsymmetric { lower, upper: Some(upper), healthy };
        let (near, far) = (f64::min(first, second), f64::max(first, second));
        let below = |distance: f64| score(&constraint, healthy - distance * (healthy - lower)).log;
        let above = |distance: f64| score(&constraint, healthy + distance * (upper - healthy)).log;
        prop_assert!(below(far) <= below(near) && above(far) <= above(near));
        prop_assert_eq!(score(&constraint, healthy).value, 1.0);
    }

    #[test]
    fn the_extended_barrier_is_continuous_with_its_slope_and_strictly_rises(
        margin in 0.001..0.9, slack in -100.0..1.0, step in 1e-6..1.0,
    ) {
        let (at, slope) = extended_barrier(margin, margin);
        let (below, slope_below) = extended_barrier(margin * (1.0 - 1e-9), margin);
        prop_assert!((at - below).abs() < 1e-8 && (slope - slope_below).abs() < 1e-6 * slope);
        prop_assert!(extended_barrier(slack + step, margin).0 > extended_barrier(slack, margin).0);
        prop_assert!(slope >= extended_barrier(slack + step, margin).1 * (1.0 - 1e-12));
    }

    #[test]
    fn a_slope_is_the_derivative_of_its_score(constraint in constraints(), share in -2.0..3.0) {
        // Near the numbers of the constraint, where neither rounding nor kinks decide.
        let (lower, upper) = constraint.bounds();
        let width = upper.or(lower).map_or(100.0, f64::abs);
        let x = share * width;
        let step = 1e-6 * width;
        let (left, right) = (score(&constraint, x - step), score(&constraint, x + step));
        let smooth = (left.log_slope - right.log_slope).abs() <= 1e-3 * right.log_slope.abs();
        prop_assume!(smooth);
        let found = score(&constraint, x).log_slope;
        let expected = (right.log - left.log) / (2.0 * step);
        prop_assert!((found - expected).abs() <= 1e-3 * expected.abs() + 1e-9 / width);
    }

    #[test]
    fn a_geometric_mean_does_not_depend_on_the_order_and_lies_between_its_scores(
        scores in prop::collection::vec(1e-6..1.0_f64, 1..12), seed in 0..1000_usize,
    ) {
        let mut turned = scores.clone();
        turned.rotate_left(seed % scores.len());
        turned.reverse();
        for rules in [Rules::Mended, Rules::Late] {
            let (one, other) = (geometric_mean(rules, &scores), geometric_mean(rules, &turned));
            prop_assert!((one - other).abs() <= 1e-12 * one);
            let least = scores.iter().copied().fold(1.0, f64::min);
            let most = scores.iter().copied().fold(0.0, f64::max);
            prop_assert!(least * (1.0 - 1e-12) <= one && one <= most * (1.0 + 1e-12));
        }
    }

    #[test]
    fn the_slopes_of_the_loss_are_its_gradient_and_only_the_worst_group_has_any(
        values in prop::collection::vec(0.05..3.0_f64, 14), which in 0..14_usize,
    ) {
        let mut config = GoalsConfig::small();
        for constraint in config.goals.values_mut() {
            if constraint.is_calibrated() {
                *constraint = Constraint::MinimizeSoft { scale: Some(0.7) };
            }
        }
        let kl = Constraint::BoxAsymmetric { lower: 0.01, upper: Some(2.0), healthy: 1.6 };
        config.goals.insert("kl_core".to_owned(), kl);
        let goals = config.init().expect("legal");
        let measured: Vec<f64> = (0..goals.len()).map(|goal| values[goal % 14] + 0.01 * goal as f64).collect();
        let state = goals.init_state();
        let mut evaluation = goals.evaluation();
        goals.evaluate(&state, &measured, &mut evaluation).expect("a loss");
        let (loss, worst) = (evaluation.loss().expect("one"), evaluation.bottleneck().expect("one"));
        let slopes = evaluation.slopes().to_vec();
        let members: Vec<usize> = goals.members(worst).map(|(goal, _)| goal).collect();
        for (goal, slope) in slopes.iter().enumerate() {
            prop_assert!(members.contains(&goal) || *slope == 0.0);
        }
        let mut moved = measured;
        let goal = which % goals.len();
        let step = 1e-7;
        moved[goal] += step;
        goals.evaluate(&state, &moved, &mut evaluation).expect("a loss");
        // At a kink another group, or another branch, takes over.
        prop_assume!(evaluation.bottleneck() == Some(worst));
        let found = (evaluation.loss().expect("one") - loss) / step;
        let kink = (evaluation.slopes()[goal] - slopes[goal]).abs() > 1e-3;
        prop_assert!(kink || (found - slopes[goal]).abs() < 1e-3 + 1e-3 * slopes[goal].abs());
    }
}
