//! Goals as a whole: calibration, groups, tightening, and what is refused.

use std::collections::BTreeMap;

use homeostat_ceiling::{
    Constraint, GoalsConfig, GoalsConfigError, Rules, ScaleStatistic, Unavailable, table,
};
use homeostat_testkit::golden::close;
use homeostat_testkit::settings;

const SOFT: Constraint = Constraint::MinimizeSoft { scale: None };

fn config(goals: &[(&str, Constraint)], groups: &[(&str, &[&str])]) -> GoalsConfig {
    let goals = goals.iter().map(|(name, one)| ((*name).to_owned(), *one)).collect();
    let members = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let groups = groups.iter().map(|(name, names)| ((*name).to_owned(), members(names))).collect();
    GoalsConfig::new(goals, groups)
}

#[test]
fn the_table_has_the_goals_and_groups_of_every_edition() {
    for (rules, goals, groups) in
        [(Rules::Note, 32, 7), (Rules::Late, 34, 8), (Rules::Mended, 32, 9)]
    {
        let config = GoalsConfig::published(rules);
        let built = config.init().expect("legal");
        assert_eq!((built.len(), built.group_names().count()), (goals, groups), "{rules:?}");
        for group in 0..groups {
            let whole: f64 = built.members(group).map(|(_, exponent)| exponent).sum();
            close("exponents", whole, 1.0, 1e-12, 0.0);
        }
        let text = toml::to_string(&config).expect("plain data");
        assert_eq!(toml::from_str::<GoalsConfig>(&text).expect("what it wrote"), config);
    }
    let note = GoalsConfig::published(Rules::Note);
    let entry = |name: &str| note.goals[name];
    assert_eq!(
        entry("swap_appearance"),
        Constraint::BoxAsymmetric { lower: 0.0, upper: Some(0.5), healthy: 0.15 }
    );
    assert_eq!(entry("detail_cov"), Constraint::MinimizeSoft { scale: Some(1.0) });
    assert_eq!(entry("core_var_health"), Constraint::Box { lower: 0.0, upper: 1200.0 });
    let grouped: Vec<&String> =
        note.groups.values().chain(note.subgroups.values()).flatten().collect();
    assert!(!grouped.iter().any(|name| *name == "traversal"), "measured and of no group");
    assert!(table::GOALS.iter().all(|entry| !entry.measures.is_empty()));
    assert_eq!(GoalsConfig::streamlined().init().expect("legal").len(), 9);
    assert_eq!(GoalsConfig::small().init().expect("legal").group_names().count(), 7);
}

#[test]
fn a_loss_pulls_at_the_members_of_the_worst_group_alone() {
    let one = Constraint::MinimizeSoft { scale: Some(1.0) };
    let two = Constraint::MinimizeSoft { scale: Some(2.0) };
    let goals = config(&[("a", one), ("b", two), ("c", one)], &[("g", &["a", "b"]), ("h", &["c"])]);
    let goals = goals.init().expect("legal");
    let mut evaluation = goals.evaluation();
    let state = goals.init_state();
    goals.evaluate(&state, &[1.0, 3.0, 1.0], &mut evaluation).expect("a loss");
    assert_eq!((evaluation.bottleneck(), evaluation.loss()), (Some(0), Some(1.25)));
    assert_eq!(evaluation.slopes(), [0.5, 0.25, 0.0]);
    goals.evaluate(&state, &[1.0, 3.0, 2.0], &mut evaluation).expect("a loss");
    assert_eq!((evaluation.bottleneck(), evaluation.loss()), (Some(1), Some(2.0)));
    assert_eq!(evaluation.slopes(), [0.0, 0.0, 1.0]);
    goals.evaluate(&state, &[1.0, 3.0, 1.25], &mut evaluation).expect("a loss");
    assert_eq!(evaluation.bottleneck(), Some(0), "the first of equals");
}

#[test]
fn without_a_loss_the_reason_is_given() {
    let fixed = Constraint::MinimizeHard { scale: 1.0 };
    let goals = config(&[("a", SOFT), ("b", fixed)], &[("g", &["a"]), ("h", &["b"])]);
    let built = goals.init().expect("legal");
    let mut state = built.init_state();
    let mut evaluation = built.evaluation();
    let mut evaluate =
        |state: &_, measured: &[f64]| built.evaluate(state, measured, &mut evaluation);
    assert_eq!(evaluate(&state, &[1.0, 1.0]), Err(Unavailable::Uncalibrated { goal: 0 }));
    assert_eq!(evaluate(&state, &[1.0]), Err(Unavailable::OtherCount { expected: 2, found: 1 }));
    for _ in 0..10 {
        built.calibrate(&mut state, &[2.0, 1.0]).expect("two values");
    }
    assert_eq!(evaluate(&state, &[1.0, f64::NAN]), Err(Unavailable::NonFinite { goal: 1 }));
    assert_eq!(evaluate(&state, &[f64::INFINITY, 0.0]), Err(Unavailable::NonFinite { goal: 0 }));
    assert_eq!(evaluate(&state, &[1.0, 1.0]), Ok(()));
    assert_eq!(evaluate(&state, &[f64::MAX, f64::MAX]), Ok(()), "however far");
    assert!(built.calibrate(&mut state, &[2.0]).is_err());
    // In the published code a score of 0 ends the run.
    let bound = Constraint::Upper { upper: 1.0, margin: None };
    let dead = GoalsConfig { rules: Rules::Note, ..config(&[("a", bound)], &[("g", &["a"])]) };
    let dead = dead.init().expect("legal");
    let mut evaluation = dead.evaluation();
    let found = dead.evaluate(&dead.init_state(), &[2.0], &mut evaluation);
    assert_eq!(found, Err(Unavailable::Dead { group: 0 }));
    assert_eq!((evaluation.loss(), evaluation.bottleneck()), (None, None));
}

/// The range that the documentation states: finite to 1e300 scales, dead and not NaN beyond.
#[test]
fn a_score_is_finite_to_ten_to_the_three_hundred_scales() {
    let soft = |scale| Constraint::MinimizeSoft { scale: Some(scale) };
    let goals = |one| config(&[("a", one)], &[("g", &["a"])]).init().expect("legal");
    for scale in [1e-5, 0.4, 1.0, 7.0] {
        let goals = goals(soft(scale));
        let mut evaluation = goals.evaluation();
        let far = 1e300 * scale;
        goals.evaluate(&goals.init_state(), &[far], &mut evaluation).expect("a loss");
        assert!(
            evaluation.slopes()[0].is_finite() && evaluation.loss().is_some_and(f64::is_finite)
        );
    }
    let goals = goals(soft(0.4));
    let mut evaluation = goals.evaluation();
    let found = goals.evaluate(&goals.init_state(), &[1e308], &mut evaluation);
    assert_eq!(found, Err(Unavailable::Dead { group: 0 }));
}

#[test]
fn calibration_leaves_out_what_is_not_finite_and_knows_three_statistics() {
    let mut goals = config(&[("a", SOFT), ("b", SOFT)], &[("g", &["a", "b"])]);
    goals.calibration.batches = 4;
    goals.calibration.margin = 1.0;
    for (statistic, expected) in [
        (ScaleStatistic::Median, 2.0),
        (ScaleStatistic::Maximum, 3.0),
        (ScaleStatistic::UpperQuantile, 2.9),
    ] {
        goals.calibration.statistic = statistic;
        let built = goals.init().expect("legal");
        let mut state = built.init_state();
        for value in [1.0, f64::NAN, 2.0, 3.0] {
            assert!(!state.is_calibrated());
            built.calibrate(&mut state, &[value, f64::INFINITY]).expect("two values");
        }
        assert!(state.is_calibrated());
        close("scale", built.scale(&state, 0).expect("found"), expected, 1e-12, 0.0);
        assert_eq!(built.scale(&state, 1), Some(1.0), "no sample: the fallback");
        assert!(built.calibrate(&mut state, &[9.0, 9.0]).expect("two values"));
        close(
            "later values do nothing",
            built.scale(&state, 0).expect("found"),
            expected,
            1e-12,
            0.0,
        );
    }
}

#[test]
fn the_latest_revision_trains_with_provisional_scales_while_it_calibrates() {
    let fixed = Constraint::MinimizeSoft { scale: Some(0.4) };
    let mut goals = config(&[("a", SOFT), ("b", fixed)], &[("g", &["a", "b"])]);
    goals.rules = Rules::Late;
    let built = goals.init().expect("legal");
    let mut state = built.init_state();
    assert_eq!((built.scale(&state, 0), built.scale(&state, 1)), (Some(1000.0), Some(4.0)));
    for _ in 0..10 {
        built.calibrate(&mut state, &[2.0, 1.0]).expect("two values");
    }
    close("calibrated", built.scale(&state, 0).expect("found"), 2.2, 1e-12, 0.0);
    assert_eq!(built.scale(&state, 1), Some(0.4));
}

#[test]
fn a_ceiling_that_moved_is_in_force_at_once_and_an_illegal_one_changes_nothing() {
    let kl = Constraint::BoxAsymmetric { lower: 1.0, upper: None, healthy: 1.5 };
    let goals = config(&[("kl", kl)], &[("g", &["kl"])]).init().expect("legal");
    let mut state = goals.init_state();
    let mut evaluation = goals.evaluation();
    let mut loss = |state: &_| {
        goals.evaluate(state, &[12.0], &mut evaluation).expect("a loss");
        (evaluation.loss().expect("one"), evaluation.slopes()[0])
    };
    assert_eq!(loss(&state), (0.0, 0.0));
    let moved = Constraint::BoxAsymmetric { lower: 1.0, upper: Some(8.0), healthy: 6.4 };
    goals.set_constraint(&mut state, 0, moved).expect("legal");
    // g(s) at s = −2.5 with δ = 0.05, and its slope 1/(δ D_u).
    let (value, slope) = loss(&state);
    close("loss", value, -(0.05_f64.ln() - 51.0), 1e-12, 0.0);
    close("slope", slope, 1.0 / (0.05 * 1.6), 1e-12, 0.0);
    let broken = Constraint::BoxAsymmetric { lower: 1.0, upper: Some(6.0), healthy: 6.4 };
    let error = goals.set_constraint(&mut state, 0, broken).expect_err("u < h").to_string();
    assert_eq!(error, "[goals.kl] upper must be above healthy, got 6");
    let other = goals.set_constraint(&mut state, 0, SOFT).expect_err("another kind");
    assert_eq!(other, GoalsConfigError::OtherKind { goal: "kl".to_owned() });
    assert_eq!(state.constraints(), [moved]);
}

#[test]
fn what_a_backoff_takes_back_is_set_anew() {
    let goals = config(&[("a", Constraint::MinimizeSoft { scale: Some(2.0) })], &[("g", &["a"])]);
    let goals = goals.init().expect("legal");
    let mut state = goals.init_state();
    goals.tighten(&mut state, 0.5);
    goals.tighten(&mut state, 0.5);
    assert_eq!(goals.scale(&state, 0), Some(0.5));
    goals.set_tightening(&mut state, 0.5);
    assert_eq!((goals.scale(&state, 0), state.tightening()), (Some(1.0), 0.5));
}

#[test]
fn illegal_goals_are_named_with_rule_and_value() {
    let read = |text: &str| settings::read(text, |config: &GoalsConfig| config.init().map(drop));
    let base = "[goals]\na.minimize-soft = {}\nb.box = { lower = 0.0, upper = 1.0 }\n";
    for (text, expected) in [
        ("[groups]\ng = [\"a\", \"x\"]", "groups.g must name goals or subgroups, got x"),
        ("[groups]\ng = []", "groups.g must have members, got none"),
        ("[groups]", "groups.* must be given: the loss is that of the worst group, got none"),
        (
            "[groups]\ng = [\"a\"]\n[subgroups]\ns = [\"b\"]",
            "groups.s must be the member of a group",
        ),
        ("[groups]\ng = [\"s\"]\n[subgroups]\ns = []", "groups.s must name goals, got []"),
        (
            "[groups]\ng = [\"a\"]\n[subgroups]\na = [\"b\"]",
            "groups.a must not have the name of a goal",
        ),
        (
            "[groups]\ng = [\"a\"]\n[calibration]\nbatches = 0",
            "calibration.batches must be at least 1",
        ),
        (
            "[groups]\ng = [\"a\"]\n[calibration]\nmargin = 0.5",
            "calibration.margin must be finite and at least 1",
        ),
        (
            "[groups]\ng = [\"a\"]\n[calibration]\nfloor = 0.0",
            "calibration.floor must be finite and above 0",
        ),
        ("[groups]\ng = [\"a\"]\n[calibration]\nfallback = nan", "calibration.fallback must be"),
        (
            "[groups]\ng = [\"a\"]\n[calibration]\ndegenerate = -1.0",
            "calibration.degenerate must be",
        ),
        ("[groups]\ng = [\"a\"]\n[calibration]\nstatistic = \"mode\"", "unknown variant `mode`"),
    ] {
        let text = format!("{base}{text}");
        settings::refused(&text, read(&text), expected);
    }
    let text = format!("barrier_margin = 1.0\n{base}[groups]\ng = [\"a\"]");
    settings::refused(&text, read(&text), "barrier_margin must be above 0 and below 1, got 1");
    for (constraint, expected) in [
        ("box = { lower = 1.0, upper = 1.0 }", "[goals.a] upper must be above lower, got 1"),
        ("box = { lower = nan, upper = 1.0 }", "[goals.a] lower must be finite, got NaN"),
        ("upper = { upper = 0.0 }", "[goals.a] upper must be above 0 where no margin is given"),
        ("lower = { lower = -1.0 }", "[goals.a] lower must be above 0 where no margin is given"),
        ("lower = { lower = -1.0, margin = 0.0 }", "[goals.a] margin must be finite and above 0"),
        ("minimize-soft = { scale = 0.0 }", "[goals.a] scale must be finite and above 0, got 0"),
        ("minimize-hard = { scale = -1.0 }", "[goals.a] scale must be finite and above 0, got -1"),
        (
            "box-asymmetric = { lower = 1.0, healthy = 1.0 }",
            "[goals.a] healthy must be above lower, got 1",
        ),
        (
            "range = { lower = 0.0, upper = 1.0, margin = 0.6 }",
            "[goals.a] margin must be at most half of the distance",
        ),
    ] {
        let text = format!("[goals]\na.{constraint}\n[groups]\ng = [\"a\"]");
        settings::refused(&text, read(&text), expected);
    }
    let text = "rules = \"late\"\n[goals]\na.range = { lower = 0.0, upper = 1.0, margin = 0.1 }\n\
                [groups]\ng = [\"a\"]";
    settings::refused(text, read(text), "[goals.a] range must be another constraint");
}

#[test]
fn a_goal_may_belong_to_two_groups() {
    let one = Constraint::MinimizeSoft { scale: Some(1.0) };
    let mut both = config(&[("a", one), ("b", one)], &[("g", &["a", "s"])]);
    both.subgroups = BTreeMap::from([("s".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);
    let goals = both.init().expect("legal");
    let mut evaluation = goals.evaluation();
    goals.evaluate(&goals.init_state(), &[1.0, 1.0], &mut evaluation).expect("a loss");
    assert_eq!(evaluation.slopes(), [0.75, 0.25]);
}

#[test]
fn mended_scores_have_their_closed_forms() {
    let ln = f64::ln;
    let beyond = |slack: f64| ln(0.05) + (slack - 0.05) / 0.05;
    let range = Constraint::Range { lower: -10.0, upper: 10.0, margin: 4.0 };
    let boxed = Constraint::Box { lower: -10.0, upper: 10.0 };
    let upper = Constraint::Upper { upper: 2.0, margin: None };
    let edge = Constraint::Upper { upper: 2.0, margin: Some(0.5) };
    let lower = Constraint::Lower { lower: 3.0, margin: None };
    let hard = Constraint::MinimizeHard { scale: 2.0 };
    // Constraint, x, g and dg/dx.
    for (constraint, x, log, slope) in [
        (range, 0.0, 0.0, 0.0),
        (range, 6.0, 0.0, 0.0),
        (range, 8.0, ln(0.5), -0.5),
        (range, -9.0, ln(0.25), 1.0),
        (range, 12.0, beyond(-0.5), -5.0),
        (range, -12.0, beyond(-0.5), 5.0),
        (boxed, 0.0, 0.0, 0.0),
        (boxed, 5.0, ln(0.5), -0.2),
        (boxed, -5.0, ln(0.5), 0.2),
        (boxed, 15.0, beyond(-0.5), -2.0),
        (upper, -1.0, 0.0, 0.0),
        (upper, 1.0, ln(0.5), -1.0),
        (upper, 3.0, beyond(-0.5), -10.0),
        (edge, 1.5, 0.0, 0.0),
        (edge, 1.75, ln(0.5), -4.0),
        (lower, 4.5, ln(0.5), 1.0 / 1.5),
        (lower, 6.0, 0.0, 0.0),
        (hard, -1.0, 0.0, 0.0),
        (hard, 2.0, -ln(2.0), -0.5),
        (hard, 4.0, -ln(5.0), -0.4),
        (Constraint::Reciprocal, -1.0, 0.0, 0.0),
        (Constraint::Reciprocal, 3.0, -ln(4.0), -0.25),
    ] {
        let found = homeostat_ceiling::Score::of(&constraint, Rules::Mended, 0.05, x);
        close(&format!("{constraint:?} at {x}"), found.log, log, 1e-12, 1e-12);
        close(&format!("slope of {constraint:?} at {x}"), found.log_slope, slope, 1e-12, 0.0);
        close("value", found.value, log.exp(), 1e-12, 0.0);
    }
}
