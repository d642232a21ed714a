//! What a file may say, and what a run may be.

use homeostat_telemetry::{ConstraintProfile, DoctorConfig, FamilyProfile, Rule, RunProfile};
use homeostat_testkit::settings;

/// Parses and checks thresholds; the error of either as text.
fn read(text: &str) -> Result<DoctorConfig, String> {
    settings::read(text, |config: &DoctorConfig| config.init(RunProfile::default()))
}

#[track_caller]
fn check(text: &str, expected: &str) {
    settings::refused(text, read(text), expected);
}

#[test]
fn an_illegal_field_is_named_with_its_rule_and_value() {
    for (text, expected) in [
        ("window = 63", "window must be 64 to 1048576, got 63"),
        ("minimum = 513", "minimum must be at least 32 and at most the window, got 513"),
        ("minimum = 31", "minimum must be at least 32"),
        ("every = 0", "every must be at least 1, got 0"),
        ("repeat = 0", "repeat must be at least 1"),
        ("calm = 0", "calm must be at least 1"),
        ("silent = [\"r1\"]", "unknown variant `r1`"),
        (
            "oscillation.crossings = 0",
            "oscillation.crossings must be at least 1 and at most the window",
        ),
        ("oscillation.autocorrelation = 1.1", "must be at least 0 and at most 1, got 1.1"),
        ("oscillation.trough = nan", "oscillation.trough must be at least 0"),
        ("oscillation.spread = 0.0", "oscillation.spread must be finite and above 0"),
        ("satisfaction.count = 513", "satisfaction.count must be"),
        (
            "satisfaction.alert = 0.9",
            "satisfaction.clear must not be below satisfaction.alert, got 0.85",
        ),
        ("satisfaction.never = -0.1", "satisfaction.never must be"),
        ("starvation.ratio = inf", "starvation.ratio must be finite and above 0"),
        ("starvation.steps = 0", "starvation.steps must be at least 1"),
        ("wireheading.jitter = 0.6", "wireheading.jitter must be above 0 and at most 0.5, got 0.6"),
        ("wireheading.denominator = 0.0", "wireheading.denominator must be finite and above 0"),
        ("conflict.cosine = -0.2", "conflict.cosine must be at least 0"),
        ("conflict.count = 0", "conflict.count must be"),
        ("pinned.clear = 0.995", "pinned.clear must not be above pinned.share, got 0.995"),
        ("idle.level = 2.0", "idle.level must be"),
        ("budget.raise = 1.0", "budget.raise must be finite and above 1, got 1"),
        ("faults.raise = nan", "faults.raise must be finite and above 1, got NaN"),
        ("faults.streak = 0", "faults.streak must be at least 1"),
        ("level_blind.trend = 0.0", "level_blind.trend must be finite and above 0"),
        ("over_constraint.rate = 2.0", "over_constraint.rate must be"),
        ("over_constraint = { rates = 0.1 }", "unknown field `rates`"),
        ("everyy = 3", "unknown field `everyy`"),
    ] {
        check(text, expected);
    }
}

#[test]
fn every_threshold_can_be_written_and_the_defaults_are_those_of_the_reference() {
    let defaults = read("").expect("legal");
    assert_eq!(defaults, DoctorConfig::default());
    let text = toml::to_string(&defaults).expect("plain data");
    assert_eq!(read(&text).expect("legal"), defaults);
    // Reference, sections 12 and 13.3.
    assert_eq!((defaults.window, defaults.every), (512, 100));
    let swing = &defaults.oscillation;
    assert_eq!((swing.crossings, swing.autocorrelation, swing.spread), (6, 0.4, 0.5));
    let satisfaction = &defaults.satisfaction;
    assert_eq!((satisfaction.never, satisfaction.trend), (0.05, 2.0));
    assert_eq!((satisfaction.alert, satisfaction.clear, satisfaction.count), (0.8, 0.85, 200));
    assert_eq!((defaults.starvation.ratio, defaults.starvation.steps), (10.0, 100));
    let gaming = &defaults.wireheading;
    assert_eq!((gaming.denominator, gaming.jitter, gaming.freeze), (0.2, 0.25, 200));
    assert_eq!((defaults.conflict.cosine, defaults.conflict.share), (0.2, 0.5));
    let pinned = &defaults.pinned;
    assert_eq!((pinned.share, pinned.updates, pinned.clear), (0.99, 50, 0.95));
    assert_eq!((defaults.idle.share, defaults.idle.satisfaction), (0.95, 0.99));
    assert_eq!(defaults.budget.share, 0.5);
    let faults = &defaults.faults;
    assert_eq!((faults.nonfinite, faults.streak, faults.stop), (0.01, 10, 50));
    assert_eq!((faults.frozen, faults.raise), (0.3, 1.5));
    assert_eq!(defaults.over_constraint.rate, 0.01);
    let some = read("silent = [\"idle\", \"leak-bound\"]\nidle = { share = 0.9 }").expect("legal");
    assert_eq!(some.silent, [Rule::Idle, Rule::LeakBound]);
    assert_eq!((some.idle.share, some.idle.satisfaction), (0.9, 0.99));
}

#[test]
fn an_illegal_run_is_refused() {
    let new = || ConstraintProfile::new("kl");
    let family = |budget| FamilyProfile { name: "f".to_owned(), budget, proportional: false };
    for (constraints, families, expected) in [
        (vec![new(), new()], vec![], "constraints.name must be used once, got kl"),
        (vec![], vec![family(0.0)], "families.budget must be finite and above 0"),
        (vec![], vec![family(1.0), family(1.0)], "families.name must be used once"),
        (
            vec![ConstraintProfile { family: Some(0), ..new() }],
            vec![],
            "constraints.family must be the index of a family, got 0",
        ),
        (vec![ConstraintProfile { weight: 0.0, ..new() }], vec![], "constraints.weight must be"),
        (
            vec![ConstraintProfile { smoothing: 0.0, ..new() }],
            vec![],
            "constraints.smoothing must be",
        ),
        (
            vec![ConstraintProfile { smoothing: 1.1, ..new() }],
            vec![],
            "constraints.smoothing must be",
        ),
        (vec![ConstraintProfile { jitter: -1.0, ..new() }], vec![], "constraints.jitter must be"),
        (
            vec![ConstraintProfile { window: Some(1), ..new() }],
            vec![],
            "constraints.window must be",
        ),
        (
            vec![ConstraintProfile { spike_threshold: 0.0, ..new() }],
            vec![],
            "constraints.spike.threshold must be",
        ),
        (
            vec![ConstraintProfile { maximum_freeze: 0, ..new() }],
            vec![],
            "constraints.spike.maximum_freeze must be at least 1",
        ),
    ] {
        let profile = RunProfile { constraints, families, surgery: None };
        let error = DoctorConfig::default().init(profile).expect_err("illegal").to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}
