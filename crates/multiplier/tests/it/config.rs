//! What a file may say.

use homeostat_core::{Clock, Metric};
use homeostat_multiplier::{Baseline, ErrorMode, MultiplierConfig, Sense, Target};
use homeostat_testkit::settings;

/// Parses and checks a configuration; the error of either as text.
fn read(text: &str) -> Result<MultiplierConfig, String> {
    settings::read(text, |config: &MultiplierConfig| config.init::<Metric>(Clock::default()))
}

#[track_caller]
fn check(text: &str, expected: &str) {
    settings::refused(text, read(text), expected);
}

#[test]
fn an_illegal_field_is_named_with_its_rule_and_value() {
    for (text, expected) in [
        ("initial = -1.0\nrate = 0.1", "initial must be finite and not negative, got -1"),
        ("initial = 0.1\nrate = 0.0", "rate must be finite and above 0, got 0"),
        ("initial = 0.1\nrate = nan", "rate must be finite and above 0, got NaN"),
        ("initial = 20.0\nrate = 0.1", "initial must lie between minimum and maximum"),
        ("initial = 0.0\nrate = 0.1\nminimum = 1.0", "initial must lie between"),
        (
            "initial = 1.0\nrate = 0.1\nminimum = 1.0\nmaximum = 1.0",
            "maximum must be above minimum",
        ),
        ("initial = 1.0\nrate = 0.1\nmaximum = inf", "maximum must be finite"),
        ("initial = 1.0\nrate = 0.1\nerror_clip = 0.0", "error_clip must be finite and above 0"),
        (
            "initial = 1.0\nrate = 0.1\ntarget = { baseline = { ema_decay = 1.0 } }",
            "target.baseline.ema_decay must be at least 0 and below 1",
        ),
        (
            "initial = 1.0\nrate = 0.1\ntarget = { baseline = { ratio = 0.0 } }",
            "target.baseline.ratio must be finite and above 0",
        ),
        (
            "initial = 1.0\nrate = 0.1\ntarget = { baseline = { minimum = 0.0 } }",
            "target.baseline.minimum must be finite and above 0",
        ),
        (
            "initial = 1.0\nrate = 0.1\ntarget = { baseline = { warmup = -1.0 } }",
            "target.baseline.warmup must be finite and not negative",
        ),
        ("initial = 1.0\nrate = 0.1\nsense = \"above\"", "unknown variant `above`"),
        ("initial = 1.0\nrate = 0.1\nlamda = 1.0", "unknown field `lamda`"),
        ("rate = 0.1", "initial must be given, here or as the start value"),
        ("initial = 0.1", "rate must be given, got nothing"),
        ("initial = 0.1\nrate = 0.1\nsense = \"eq\"", "sense must be \"le\" or \"ge\" where"),
        (
            "initial = 0.1\nrate = 0.1\nfamily = \"f\"",
            "family belongs to a constraint of the engine",
        ),
        (
            "initial = 0.1\nrate = 0.1\nerror = \"scaled\"",
            "normalizer must be given where the error",
        ),
    ] {
        check(text, expected);
    }
}

#[test]
fn every_choice_can_be_written() {
    let written = read(
        "initial = 0.1\nrate = 0.05\ntime_unit = \"epoch\"\nsense = \"ge\"\nerror = \"log-ratio\"\n\
         error_clip = 2.0\nminimum = 0.0\nmaximum = 5.0\n\
         target = { baseline = { ratio = 0.5 } }",
    )
    .expect("legal");
    assert_eq!(
        written.target,
        Some(Target::Baseline(Baseline { ratio: 0.5, ..Baseline::default() }))
    );
    assert_eq!((written.sense, written.error), (Sense::Ge, Some(ErrorMode::LogRatio)));
    let text = toml::to_string(&written).expect("plain data");
    assert_eq!(read(&text).expect("legal"), written);
}

#[test]
fn a_setpoint_is_wired_exactly_where_the_target_is_one() {
    let setpoint = MultiplierConfig::new(0.1, 0.1);
    let baseline = MultiplierConfig::parity_baseline(0.1);
    assert!(setpoint.check_setpoint(true).is_ok() && baseline.check_setpoint(false).is_ok());
    let message = |config: &MultiplierConfig, wired| {
        config.check_setpoint(wired).expect_err("the wiring does not fit").to_string()
    };
    assert_eq!(message(&setpoint, false), "target \"setpoint\" needs a wired setpoint, got none");
    assert_eq!(
        message(&baseline, true),
        "target \"baseline\" leaves no use for a wired setpoint, got a wired setpoint"
    );
}
