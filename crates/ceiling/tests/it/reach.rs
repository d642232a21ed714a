//! Whether all goals can be met at once.

use homeostat_ceiling::{Constraint, GoalsConfig, Rules};
use homeostat_testkit::golden::close;

/// The health of a code with 3000 nats per half: a variance of 90 per dimension.
const HEALTH: [(&str, f64); 5] = [
    ("detail_ratio", 0.35),
    ("core_var_health", 90.0),
    ("detail_var_health", 90.0),
    ("core_var_max", 90.0),
    ("detail_var_max", 90.0),
];

/// Defect 23: (0.15² · e^(−1.8))^(1/5), which is below the threshold of tightening for ever.
#[test]
fn the_published_health_goals_cannot_be_met_with_the_divergence_at_its_target() {
    let note = GoalsConfig::published(Rules::Note).init().expect("legal");
    let found = note.reachable(&note.init_state(), &HEALTH, 0.5).expect("known goals");
    close("S_min", found.minimum_score, (0.15_f64.powi(2) * (-1.8_f64).exp()).powf(0.2), 1e-6, 0.0);
    assert_eq!(found.bottleneck, "health");
    let goals: Vec<&str> = found.shortfalls.iter().map(|one| one.goal).collect();
    assert_eq!(goals[..2], ["core_var_health", "detail_var_health"], "what costs most comes first");
    assert_eq!(goals[2..], ["core_var_max", "detail_var_max"], "the ratio is met");
    let line = found.shortfalls[0].to_string();
    assert_eq!(line, "core_var_health = 90 scores 0.150 and keeps health at 0.327");

    let mended = GoalsConfig::published(Rules::Mended).init().expect("legal");
    let found = mended.reachable(&mended.init_state(), &HEALTH, 0.5).expect("known goals");
    close("S_min", found.minimum_score, (-0.36_f64).exp(), 1e-12, 0.0);
    assert!(found.shortfalls.is_empty(), "nothing is below the threshold");
}

#[test]
fn the_constraints_in_force_are_asked_and_what_is_not_named_is_met() {
    let goals = GoalsConfig::small().init().expect("legal");
    let mut state = goals.init_state();
    let reach = |state: &_, values: &[(&str, f64)]| {
        goals.reachable(state, values, 0.5).map(|found| found.minimum_score)
    };
    assert_eq!(reach(&state, &[]), Ok(1.0));
    assert_eq!(reach(&state, &[("kl_core", 50.0)]), Ok(1.0), "no ceiling yet");
    let kl = goals.index("kl_core").expect("a goal");
    let target = Constraint::BoxAsymmetric { lower: 1.0, upper: Some(8.0), healthy: 6.4 };
    goals.set_constraint(&mut state, kl, target).expect("legal");
    close("S_min", reach(&state, &[("kl_core", 7.6)]).expect("known"), 0.25, 1e-12, 0.0);
    assert!(reach(&state, &[("kl_core", 50.0)]).expect("known") < 1e-9);
}

#[test]
fn a_dead_group_is_a_score_of_nothing_and_names_its_goals() {
    let goals = GoalsConfig::published(Rules::Note).init().expect("legal");
    let values = [("detail_ratio", 0.0), ("core_var_max", 50.0)];
    let found = goals.reachable(&goals.init_state(), &values, 0.5).expect("known goals");
    assert_eq!((found.minimum_score, found.bottleneck), (0.0, "health"));
    assert_eq!(found.shortfalls[0].goal, "detail_ratio");
}

#[test]
fn unknown_names_and_values_that_are_not_finite_are_refused() {
    let goals = GoalsConfig::small().init().expect("legal");
    let state = goals.init_state();
    for (values, threshold, expected) in [
        (vec![("kl", 1.0)], 0.5, "name must be that of a goal, once, got \"kl\""),
        (vec![("kl_core", 1.0), ("kl_core", 2.0)], 0.5, "name must be that of a goal, once"),
        (vec![("kl_core", f64::NAN)], 0.5, "value must be finite, got (\"kl_core\", NaN)"),
        (vec![], f64::NAN, "threshold must be finite, got NaN"),
        (vec![("pixel", 0.1)], 0.5, "goal must have a scale, or be left out until the calibration"),
    ] {
        let error = goals.reachable(&state, &values, threshold).expect_err(expected).to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
