//! Every field is checked, and the error says where.

use homeostat_search::{AdjustmentConfig, PopulationConfig, StudyConfig};

#[track_caller]
fn check_study(text: &str, expected: &str) {
    let config: StudyConfig = toml::from_str(text).expect("typed");
    assert_eq!(config.init().expect_err(text).to_string(), expected);
}

#[test]
fn a_wrong_study_is_refused_with_its_variable() {
    let variable = |fields: &str| format!("budget = 10\n[variables.kl]\n{fields}");
    let plain = "low = 0.0\nhigh = 1.0\nstart = 0.5";
    check_study("budget = 10\nvariables = {}", "variables must name at least one, got none");
    for (fields, expected) in [
        ("low = nan\nhigh = 1.0\nstart = 0.5", "low must be finite, got NaN"),
        ("low = 0.0\nhigh = inf\nstart = 0.5", "high must be finite, got inf"),
        ("low = 0.0\nhigh = 1.0\nstart = nan", "start must be finite, got NaN"),
        ("low = 1.0\nhigh = 1.0\nstart = 1.0", "high must be above low, got 1 with low 1"),
        ("low = -1e308\nhigh = 1e308\nstart = 1.0", "high must be above low, got "),
        (
            "low = 0.0\nhigh = 1.0\nstart = 2.0",
            "start must lie between low and high, got 2 outside 0 … 1",
        ),
        (
            "low = 0.0\nhigh = 1.0\nstart = 0.5\nscale = \"log\"",
            "low must be above 0 for the scale \"log\", got 0",
        ),
        (
            "low = 0.0\nhigh = 1.0\nstart = 0.0\ntighten_only = true",
            "start must leave room to tighten, got 0",
        ),
    ] {
        let config: StudyConfig = toml::from_str(&variable(fields)).expect("typed");
        let error = config.init().expect_err(fields).to_string();
        assert!(error.starts_with(&format!("[variables.kl] {expected}")), "{error}");
    }
    check_study(
        &variable(plain).replace("10", "3"),
        "budget must be at least the initial design, got 3 with 4 initial trials",
    );
    let one = variable(plain).replace("budget = 10", "budget = 10\ninitial = 1");
    check_study(&one, "initial must be at least 2, got 1");
    let unknown = variable(plain).replace("start", "begin");
    toml::from_str::<StudyConfig>(&unknown).expect_err("an unknown field");
}

#[test]
fn a_wrong_population_is_refused() {
    let text = "size = 10\nevery = 5\n[variables.kl]\nlow = 0.0\nhigh = 1.0\nstart = 0.5";
    let legal: PopulationConfig = toml::from_str(text).expect("typed");
    legal.init().expect("legal");
    type Change = fn(&mut PopulationConfig);
    let changes: [(Change, &str); 6] = [
        (|one| one.size = 1, "size must be at least 2, got 1"),
        (|one| one.every = 0, "every must be at least 1, got 0"),
        (|one| one.fraction = 0.0, "fraction must be above 0 and at most 0.5, got 0"),
        (|one| one.fraction = 0.6, "fraction must be above 0 and at most 0.5, got 0.6"),
        (|one| one.factors[1] = -1.0, "factors must be finite and above 0, got -1"),
        (|one| one.shift = f64::NAN, "shift must be finite and above 0, got NaN"),
    ];
    for (change, expected) in changes {
        let mut config = legal.clone();
        change(&mut config);
        assert_eq!(config.init().expect_err(expected).to_string(), expected);
    }
}

#[test]
fn a_wrong_adjustment_is_refused() {
    let text = "step = 0.1\ntarget = { low = 0.0, high = 1.0, start = 0.5 }";
    let legal: AdjustmentConfig = toml::from_str(text).expect("typed");
    legal.init().expect("legal");
    assert_eq!((legal.every, legal.upper, legal.lower), (100, 0.1, -0.1));
    type Change = fn(&mut AdjustmentConfig);
    let changes: [(Change, &str); 4] = [
        (|one| one.step = 0.0, "step must be finite and above 0, got 0"),
        (|one| one.every = 0, "every must be at least 1, got 0"),
        (|one| one.upper = -0.2, "upper must be above lower, got -0.2 with lower -0.1"),
        (|one| one.target.start = 3.0, "start must lie between low and high, got 3 outside 0 … 1"),
    ];
    for (change, expected) in changes {
        let mut config = legal;
        change(&mut config);
        assert_eq!(config.init().expect_err(expected).to_string(), expected);
    }
}
