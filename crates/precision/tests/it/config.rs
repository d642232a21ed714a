//! What a file may say.

use homeostat_core::{Clock, TimeUnit};
use homeostat_precision::{Mode, PrecisionConfig};
use homeostat_testkit::settings;

/// Parses and checks a configuration; the error of either as text.
fn read(text: &str) -> Result<PrecisionConfig, String> {
    settings::read(text, |config: &PrecisionConfig| config.init(Clock::default()))
}

#[track_caller]
fn check(text: &str, expected: &str) {
    settings::refused(text, read(text), expected);
}

#[test]
fn an_illegal_field_is_named_with_its_rule_and_value() {
    for (text, expected) in [
        ("", "missing field `mode`"),
        ("mode = \"closed\"", "unknown variant `closed`"),
        ("mode = { gradient = {} }", "missing field `rate`"),
        ("mode = { gradient = { rate = 0.0 } }", "mode.gradient.rate must be finite and above 0"),
        (
            "mode = { closed-form = { averaging_time = -1.0 } }",
            "mode.closed-form.averaging_time must be finite and not negative, got -1",
        ),
        (
            "mode = { closed-form = { averaging_time = 1e300 } }",
            "mode.closed-form.averaging_time must be at most 1e15 steps",
        ),
    ] {
        check(text, expected);
    }
    for (field, expected) in [
        ("minimum = -inf", "minimum must be finite and at most 700 in size, got -inf"),
        ("maximum = nan", "maximum must be finite and at most 700 in size, got NaN"),
        ("minimum = 1.0\nmaximum = 1.0", "maximum must be above minimum, got 1 with minimum 1"),
        ("initial = 11.0", "initial must lie between minimum and maximum"),
        ("time = 1.0", "unknown field `time`"),
    ] {
        check(&format!("mode = {{ gradient = {{ rate = 0.1 }} }}\n{field}"), expected);
    }
}

#[test]
fn every_choice_can_be_written() {
    let written = read(
        "mode = { closed-form = { averaging_time = 2.0 } }\ntime_unit = \"epoch\"\n\
         initial = 0.5\nminimum = -3.0\nmaximum = 3.0",
    )
    .expect("legal");
    assert_eq!(written.mode, Mode::ClosedForm { averaging_time: 2.0 });
    assert_eq!(written.time_unit, TimeUnit::Epoch);
    let text = toml::to_string(&written).expect("plain data");
    assert_eq!(read(&text).expect("legal"), written);
}
