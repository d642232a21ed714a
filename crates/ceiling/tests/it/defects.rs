//! The defects of the published scores, section 6 of the specification: each test shows the defect under
//! the published rules, and fails where it comes back under the mended ones.
//!
//! Not here, because no number of this crate is concerned: D12 (the look ahead draws the same noise), D17
//! (soft counts are metrics of a model) and D18 (the minimum over samples: goals take one number per
//! batch).

use std::collections::BTreeMap;

use homeostat_ceiling::{
    Constraint, Evaluation, Goals, GoalsConfig, Rules, Score, StepConfig, Unavailable, Verdict,
    adam_response, geometric_mean, table, violation,
};
use homeostat_testkit::golden::close;

const KL: Constraint =
    Constraint::BoxAsymmetric { lower: 100.0, upper: Some(42358.2), healthy: 3000.0 };

fn score(constraint: &Constraint, rules: Rules, x: f64) -> Score {
    Score::of(constraint, rules, 0.05, x)
}

/// Goals of one group each.
fn singles(rules: Rules, goals: &[(&str, Constraint)]) -> Goals {
    let names = || goals.iter().map(|(name, _)| (*name).to_owned());
    let groups: BTreeMap<_, _> = names().map(|name| (name.clone(), vec![name])).collect();
    let goals = names().zip(goals.iter().map(|(_, constraint)| *constraint)).collect();
    GoalsConfig { rules, ..GoalsConfig::new(goals, groups) }.init().expect("legal")
}

fn evaluate(goals: &Goals, measured: &[f64]) -> (Evaluation, Result<(), Unavailable>) {
    let mut evaluation = goals.evaluation();
    let result = goals.evaluate(&goals.init_state(), measured, &mut evaluation);
    (evaluation, result)
}

#[test]
fn defect_1_the_gradient_is_finite_where_the_branch_that_was_not_taken_overflows() {
    assert!(score(&KL, Rules::Note, 20_000.0).slope.is_nan());
    assert!(score(&KL, Rules::Late, 200_000.0).slope.is_nan());
    for x in (0..=1000).map(|index| f64::from(index) * 1000.0).chain([12964.0, 12966.0]) {
        let found = score(&KL, Rules::Mended, x);
        assert!((found.log as f32).is_finite() && (found.log_slope as f32).is_finite(), "{x}");
    }
}

/// Section 7.2: likewise below u − (88.7228/k)·D_u, where the tail beyond the ceiling overflows.
#[test]
fn defect_1_the_gradient_is_finite_below_the_ceiling_of_a_narrow_box() {
    for (rules, steepness, width) in [(Rules::Note, 20.0, 500.0), (Rules::Late, 2.0, 10.0)] {
        let upper = 3000.0 + width;
        let narrow =
            Constraint::BoxAsymmetric { lower: 100.0, upper: Some(upper), healthy: 3000.0 };
        let threshold = upper - 88.7228 / steepness * width;
        assert!(threshold > 100.0 && threshold < 3000.0, "inside the box");
        for x in [100.5, threshold - 1.0] {
            assert!(score(&narrow, rules, x).slope.is_nan(), "{rules:?}, {x}");
        }
        for x in [threshold + 1.0, 2999.0] {
            let found = score(&narrow, rules, x).slope;
            close("slope", found, 1.0 / 2900.0, 1e-6, 0.0);
        }
        for x in [0.0, 100.5, threshold - 1.0, threshold + 1.0, 2999.0] {
            assert!((score(&narrow, Rules::Mended, x).log_slope as f32).is_finite());
        }
    }
}

#[test]
fn defect_2_crossing_the_ceiling_is_not_rewarded() {
    let crossing = |rules| score(&KL, rules, 42358.3).value - score(&KL, rules, 42358.2).value;
    assert!(crossing(Rules::Note) > 0.9 && crossing(Rules::Late) > 0.9);
    assert!(crossing(Rules::Mended) < 0.0);
}

#[test]
fn defect_3_a_value_above_the_ceiling_is_a_violation_however_large_its_score() {
    let goals = singles(Rules::Note, &[("kl", KL)]);
    let (outside, result) = evaluate(&goals, &[42400.0]);
    assert!(result.is_ok() && outside.minimum_score().is_some_and(|score| score > 0.97));
    let beyond = violation(&[42400.0], [Some(42358.2)]);
    close("violation", beyond, 41.8 / 42358.2, 1e-12, 0.0);
    let before = homeostat_ceiling::Look { loss: Ok(0.7), violation: 0.0 };
    let after = homeostat_ceiling::Look { loss: Ok(0.1), violation: beyond };
    let verdict = |config: StepConfig| config.init().expect("legal").verdict(before, after);
    assert_eq!(verdict(StepConfig::parity_note()), Verdict::Accept { restoration: false });
    assert!(matches!(verdict(StepConfig::default()), Verdict::Reject { .. }));
}

#[test]
fn defect_4_a_box_without_room_below_its_ceiling_is_refused() {
    for upper in [3000.0, 2963.75] {
        let broken =
            Constraint::BoxAsymmetric { lower: 100.0, upper: Some(upper), healthy: 3000.0 };
        assert!(broken.check(Rules::Note).is_ok());
        let error = broken.check(Rules::Mended).expect_err("broken").to_string();
        assert_eq!(error, format!("upper must be above healthy, got {upper}"));
    }
    // The published score of such a box at its healthy value, and one step beyond.
    let broken = Constraint::BoxAsymmetric { lower: 136.25, upper: Some(2963.75), healthy: 3000.0 };
    assert!(score(&broken, Rules::Note, 3000.0).value > 1e8);
}

#[test]
fn defect_5_without_a_ceiling_nothing_pushes_a_divergence_up() {
    let late = Constraint::BoxAsymmetric { lower: 0.0, upper: Some(1e9), healthy: 1e8 };
    assert!(score(&late, Rules::Late, 5000.0).slope > 0.0, "the published barrier pushes up");
    let open = Constraint::BoxAsymmetric { lower: 1.0, upper: None, healthy: 1.5 };
    for x in [1.5, 5.0, 128.0, 5000.0, 1e6] {
        let found = score(&open, Rules::Mended, x);
        assert_eq!((found.log, found.log_slope), (0.0, 0.0), "{x}");
    }
    assert!(score(&open, Rules::Mended, 1.2).log_slope > 0.0, "the guard does");
}

#[test]
fn defect_7_tightening_reaches_soft_goals_and_leaves_bounds_alone() {
    let soft = Constraint::MinimizeSoft { scale: Some(0.4) };
    for rules in [Rules::Note, Rules::Mended] {
        let goals = singles(rules, &[("kl", KL), ("soft", soft)]);
        let mut state = goals.init_state();
        let mut evaluation = goals.evaluation();
        goals.evaluate(&state, &[3000.0, 0.4], &mut evaluation).expect("a loss");
        let before = evaluation.scores()[1].value;
        goals.tighten(&mut state, 0.95);
        goals.evaluate(&state, &[3000.0, 0.4], &mut evaluation).expect("a loss");
        let after = evaluation.scores()[1].value;
        let kept = state.constraints()[0] == KL;
        if rules == Rules::Note {
            assert_eq!(after, before, "the published tightening has no effect");
            assert!(!kept && state.constraints()[1] != soft, "but on what is not read");
        } else {
            close("tightened", after.ln(), before.ln() / 0.95, 1e-12, 0.0);
            assert!(kept, "a ceiling has another owner");
        }
    }
}

#[test]
fn defect_11_a_smaller_second_moment_decay_takes_the_kick_out_of_adam() {
    let kick = |beta_2| adam_response(0.9, beta_2, 1e-3, 60).1;
    assert!(kick(0.999) > 30.0 && kick(0.95) < 7.0);
}

#[test]
fn defect_14_a_divergence_is_a_group_of_its_own() {
    let exponent = |rules| {
        let goals = GoalsConfig::published(rules).init().expect("legal");
        let goal = goals.index("kl_core").expect("a goal");
        let groups = 0..goals.group_names().count();
        let members = groups.flat_map(|group| goals.members(group).collect::<Vec<_>>());
        members.filter(|(member, _)| *member == goal).map(|(_, exponent)| exponent).sum::<f64>()
    };
    assert_eq!(exponent(Rules::Note), 1.0 / 16.0);
    close("latest", exponent(Rules::Late), 1.0 / 20.0, 1e-12, 0.0);
    assert_eq!(exponent(Rules::Mended), 1.0);
}

#[test]
fn defect_15_a_lower_bound_has_no_better_side_than_inside() {
    let lower = Constraint::Lower { lower: -10.0, margin: Some(100.0) };
    assert!(score(&lower, Rules::Late, 89.9).value > 2.7);
    let values = [-60.0, -10.0, 0.0, 50.0, 89.9, 90.0, 500.0];
    let found: Vec<f64> = values.iter().map(|x| score(&lower, Rules::Mended, *x).value).collect();
    assert!(found.is_sorted() && found.iter().all(|value| *value <= 1.0), "{found:?}");
    assert_eq!(found[5..], [1.0, 1.0]);
}

#[test]
fn defect_16_no_score_is_above_one_and_hides_another() {
    let soft = Constraint::MinimizeSoft { scale: Some(0.4) };
    // A deficit of −5.4: 407 "effective" dimensions of 64.
    let published = score(&soft, Rules::Late, (64.0 - 407.0) / 64.0).value;
    assert!(published > 1e5 && geometric_mean(Rules::Late, &[published, 1e-4]) > 1.0);
    assert_eq!(score(&soft, Rules::Mended, -5.4).value, 1.0);
    // Nor do ten small scores vanish in a product of single precision.
    let tens = [1e-5; 10];
    assert_eq!(geometric_mean(Rules::Note, &tens), 0.0);
    close("ten", geometric_mean(Rules::Mended, &tens), 1e-5, 1e-12, 0.0);
}

#[test]
fn defect_22_a_setting_that_nothing_reads_is_refused() {
    let text = "box-asymmetric = { lower = 100.0, healthy = 3000.0, lower_scale = 2.0 }";
    let error = toml::from_str::<Constraint>(text).expect_err("unknown").to_string();
    assert!(error.contains("lower_scale"), "{error}");
}

#[test]
fn defect_23_a_range_check_has_no_optimum_in_its_middle() {
    // At 3000 nats per half, 46.9 per dimension, no variance is above some 90.
    let entry = |name: &str| {
        *table::GOALS.iter().find(|entry| entry.name == name).expect("a goal of the table")
    };
    let health = |rules: Rules| {
        let measured = [
            ("detail_ratio", 0.35),
            ("core_var_health", 90.0),
            ("detail_var_health", 90.0),
            ("core_var_max", 90.0),
            ("detail_var_max", 90.0),
        ];
        let scores: Vec<f64> = measured
            .iter()
            .map(|(name, x)| score(&entry(name).constraint(rules).expect("known"), rules, *x).value)
            .collect();
        geometric_mean(rules, &scores)
    };
    close("published", health(Rules::Note), 0.3267, 1e-3, 0.0);
    assert!(health(Rules::Mended) > 0.5, "the stability test can pass: {}", health(Rules::Mended));
    let appearance = entry("swap_appearance");
    let at = |rules, x| score(&appearance.constraint(rules).expect("known"), rules, x).value;
    assert_eq!((at(Rules::Note, 0.0), at(Rules::Note, 0.15)), (0.0, 1.0));
    assert_eq!((at(Rules::Mended, 0.0), at(Rules::Mended, 0.15)), (1.0, 1.0));
}
