//! The bottleneck over single samples.

use homeostat_ceiling::{
    Constraint, Goals, GoalsConfig, GoalsState, Rules, SampleEvaluation, Samples, Unavailable,
};
use proptest::prelude::*;

/// Goals of these constraints, each a group of its own, in the order given.
fn goals(constraints: &[Constraint], rules: Rules) -> (Goals, GoalsState) {
    let name = |index: usize| format!("goal_{index}");
    let all = constraints.iter().enumerate().map(|(index, one)| (name(index), *one)).collect();
    let groups = (0..constraints.len()).map(|index| (name(index), vec![name(index)])).collect();
    let goals = GoalsConfig { rules, ..GoalsConfig::new(all, groups) }.init().expect("legal");
    let state = goals.init_state();
    (goals, state)
}

fn soft(scale: f64) -> Constraint {
    Constraint::MinimizeSoft { scale: Some(scale) }
}

fn evaluate(goals: &(Goals, GoalsState), rows: &[f64], worst: usize) -> SampleEvaluation {
    let mut found = goals.0.sample_evaluation(rows.len() / goals.0.len());
    goals.0.evaluate_samples(&goals.1, rows, worst, &mut found).expect("has a loss");
    found
}

fn loss(goals: &(Goals, GoalsState), rows: &[f64], worst: usize) -> f64 {
    evaluate(goals, rows, worst).batch().loss().expect("has a loss")
}

#[test]
fn the_loss_is_the_mean_over_the_worst_samples_of_their_worst_groups() {
    // With scale 1 the loss of a group is its value.
    let goals = goals(&[soft(1.0), soft(1.0)], Rules::Mended);
    let rows = [1.0, 2.0, 3.0, 1.0, 0.5, 2.5];
    let one = evaluate(&goals, &rows, 1);
    assert_eq!(one.losses(), [2.0, 3.0, 2.5]);
    assert_eq!(one.bottlenecks(), [1, 0, 1]);
    assert_eq!(one.batch().loss(), Some(3.0));
    assert_eq!(one.slopes(), [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(one.batch().minimum_score(), Some((-3.0_f64).exp()));
    // Two of three samples have the second group as their worst, though the loss is that of the first.
    assert_eq!(one.batch().bottleneck(), Some(1));
    let logs = one.batch().group_logs();
    assert!((logs[0] + 1.5).abs() < 1e-12 && (logs[1] + 5.5 / 3.0).abs() < 1e-12, "{logs:?}");
    let two = evaluate(&goals, &rows, 2);
    assert_eq!(two.batch().loss(), Some(2.75));
    assert_eq!(two.slopes(), [0.0, 0.0, 0.5, 0.0, 0.0, 0.5]);
    assert_eq!(two.batch().slopes(), [0.5, 0.5]);
    let all = evaluate(&goals, &rows, 3);
    assert!((all.batch().loss().expect("has one") - 2.5).abs() < 1e-12);
    let third = 1.0 / 3.0;
    assert_eq!(all.slopes(), [0.0, third, third, 0.0, 0.0, third]);
    assert!((all.batch().scores()[0].log + 1.5).abs() < 1e-12);
    assert!((all.batch().scores()[0].value - (-1.5_f64).exp()).abs() < 1e-12);
}

#[test]
fn of_equals_the_first_counts() {
    let goals = goals(&[soft(1.0), soft(1.0)], Rules::Mended);
    let found = evaluate(&goals, &[2.0, 2.0, 2.0, 1.0, 1.0, 2.0], 2);
    assert_eq!(found.slopes(), [0.5, 0.0, 0.5, 0.0, 0.0, 0.0]);
    assert_eq!(found.bottlenecks(), [0, 0, 1]);
    let tied = evaluate(&goals, &[1.0, 2.0, 2.0, 1.0], 1);
    assert_eq!(tied.batch().bottleneck(), Some(0));
    // Filling it again forgets what was there.
    let mut again = found;
    let rows = [0.0, 1.0, 0.0, 1.0, 0.0, 4.0];
    goals.0.evaluate_samples(&goals.1, &rows, 1, &mut again).expect("has a loss");
    assert_eq!(again, evaluate(&goals, &rows, 1));
}

#[test]
fn the_latest_revision_takes_the_worst_sample_of_the_worst_group() {
    // UPPER m = 0.3 at 0.45 and 0.6 and SOFT τ = 0.5 at 0.25, table 7.1: 0.606531, 0.367879, 0.606531.
    let upper = Constraint::Upper { upper: 0.3, margin: None };
    let goals = goals(&[upper, soft(0.5)], Rules::Late);
    let rows = [0.45, 0.1, 0.6, 0.25, 0.0, 0.25];
    let found = evaluate(&goals, &rows, 1);
    let score = found.batch().minimum_score().expect("has one");
    assert!((score - 0.367_879).abs() < 1e-6, "{score}");
    // One sample of one group has the whole gradient: d(−ln s)/dx = 1/m beyond the bound.
    let slope = found.slopes()[2];
    assert!((slope - 1.0 / 0.3).abs() < 1e-4, "{slope}");
    assert_eq!(found.slopes().iter().filter(|slope| **slope != 0.0).count(), 1);
    // A single dead sample leaves the whole batch without a loss.
    let healthy = Constraint::BoxAsymmetric { lower: 1.0, upper: Some(8.0), healthy: 6.4 };
    let boxes = self::goals(&[healthy], Rules::Late);
    let mut room = boxes.0.sample_evaluation(3);
    let dead = boxes.0.evaluate_samples(&boxes.1, &[4.0, 8.0, 5.0], 1, &mut room);
    assert_eq!(dead, Err(Unavailable::Dead { group: 0 }));
    assert_eq!((room.batch().loss(), room.batch().bottleneck()), (None, None));
}

#[test]
fn what_has_no_loss_is_said() {
    let goals = goals(&[soft(1.0), soft(1.0)], Rules::Mended);
    let mut room = goals.0.sample_evaluation(2);
    let mut evaluate = |rows: &[f64]| goals.0.evaluate_samples(&goals.1, rows, 1, &mut room);
    let expected = Err(Unavailable::OtherCount { expected: 4, found: 3 });
    assert_eq!(evaluate(&[1.0; 3]), expected);
    assert_eq!(evaluate(&[1.0, 1.0, 1.0, f64::NAN]), Err(Unavailable::NonFinite { goal: 1 }));
    assert_eq!(evaluate(&[1.0; 4]), Ok(()));
    let nothing = goals.0.evaluate_samples(&goals.1, &[], 1, &mut goals.0.sample_evaluation(0));
    assert_eq!(nothing, Err(Unavailable::OtherCount { expected: 0, found: 0 }));
}

#[test]
fn a_share_of_a_batch_is_at_least_one_sample() {
    for (share, batch, expected) in
        [(1.0, 128, 128), (0.5, 128, 64), (0.05, 128, 7), (1e-9, 128, 1), (0.3, 0, 1)]
    {
        assert_eq!(Samples::Worst(share).count(batch), Some(expected), "{share} of {batch}");
    }
    assert_eq!(Samples::Mean.count(128), None);
    for share in [0.0, -0.5, 1.5, f64::NAN] {
        let error = Samples::Worst(share).check("lbo.samples.worst").expect_err("is not legal");
        assert!(error.to_string().contains("lbo.samples.worst must be above 0"), "{error}");
    }
    assert!(Samples::Worst(1.0).check("samples").is_ok() && Samples::Mean.check("samples").is_ok());
}

/// Every constraint whose −ln s is convex: all but `minimize-hard` and `reciprocal`.
fn convex() -> impl Strategy<Value = Constraint> {
    (0..7_usize, 0.5..2.0, 1.2..3.0, 1.2..4.0).prop_map(|(kind, lower, healthy, upper)| {
        let (healthy, upper) = (lower * healthy, lower * healthy * upper);
        match kind {
            0 => Constraint::Upper { upper, margin: None },
            1 => Constraint::Lower { lower, margin: Some(lower / 2.0) },
            2 => Constraint::Box { lower, upper },
            3 => Constraint::BoxAsymmetric { lower, upper: Some(upper), healthy },
            4 => Constraint::BoxAsymmetric { lower, upper: None, healthy },
            5 => Constraint::Range { lower, upper, margin: (upper - lower) / 4.0 },
            _ => soft(upper),
        }
    })
}

/// Two to four goals and one to six samples of them, values inside and outside the bounds.
fn batches() -> impl Strategy<Value = (Vec<Constraint>, Vec<f64>)> {
    (prop::collection::vec(convex(), 2..5), 1..7_usize).prop_flat_map(|(constraints, samples)| {
        let values = prop::collection::vec(-2.0..30.0_f64, samples * constraints.len());
        (Just(constraints), values)
    })
}

proptest! {
    #[test]
    fn the_loss_over_samples_is_never_below_that_of_the_means_and_falls_with_the_share(
        (constraints, rows) in batches(),
    ) {
        let goals = goals(&constraints, Rules::Mended);
        let (width, samples) = (constraints.len(), rows.len() / constraints.len());
        let means: Vec<f64> = (0..width)
            .map(|goal| rows.iter().skip(goal).step_by(width).sum::<f64>() / samples as f64)
            .collect();
        let mut room = goals.0.evaluation();
        goals.0.evaluate(&goals.1, &means, &mut room).expect("has a loss");
        let losses: Vec<f64> = (1..=samples).map(|worst| loss(&goals, &rows, worst)).collect();
        prop_assert!(losses.windows(2).all(|pair| pair[1] <= pair[0] + 1e-12 * pair[0].abs()));
        let (least, of_means) = (losses[samples - 1], room.loss().expect("has a loss"));
        prop_assert!(least >= of_means - 1e-9 * of_means.abs().max(1.0), "{} {}", least, of_means);
    }

    #[test]
    fn a_further_sample_never_lowers_the_loss_of_the_worst_one(
        (constraints, rows) in batches(),
    ) {
        let goals = goals(&constraints, Rules::Mended);
        let most = loss(&goals, &rows, 1);
        let fewer = &rows[..rows.len() - constraints.len()];
        if !fewer.is_empty() {
            prop_assert!(loss(&goals, fewer, 1) <= most);
        }
        // One sample alone is a batch.
        let one = &rows[..constraints.len()];
        let mut room = goals.0.evaluation();
        goals.0.evaluate(&goals.1, one, &mut room).expect("has a loss");
        let found = evaluate(&goals, one, 1);
        prop_assert_eq!(found.batch().loss(), room.loss());
        prop_assert_eq!(found.slopes(), room.slopes());
    }

    #[test]
    fn slopes_are_those_of_finite_differences(
        (constraints, rows) in batches(), share in 0.01..=1.0_f64,
    ) {
        let goals = goals(&constraints, Rules::Mended);
        let worst = Samples::Worst(share).count(rows.len() / constraints.len()).expect("a count");
        let found = evaluate(&goals, &rows, worst);
        for (place, slope) in found.slopes().iter().enumerate() {
            let at = |shift: f64| {
                let mut rows = rows.clone();
                rows[place] += shift;
                evaluate(&goals, &rows, worst)
            };
            let (below, above) = (at(-1e-6), at(1e-6));
            // Where another sample or another group becomes the worst, or a piece of a score changes, the
            // loss has a corner.
            let corner = [&below, &above].iter().any(|other| {
                other.slopes().iter().zip(found.slopes()).any(|(a, b)| (a - b).abs() > 1e-3 * b.abs().max(1e-3))
            });
            if !corner {
                let loss = |one: &SampleEvaluation| one.batch().loss().expect("has a loss");
                let quotient = (loss(&above) - loss(&below)) / 2e-6;
                prop_assert!((quotient - slope).abs() <= 1e-4 * slope.abs().max(1.0), "{}: {}", quotient, slope);
            }
        }
    }
}
