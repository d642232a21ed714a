//! What a file may say.

use homeostat_core::{Clock, Metric, TimeUnit};
use homeostat_pid::{Action, AntiWindup, Derivative, Form, PidConfig, Start};
use homeostat_testkit::settings;

/// Parses and checks a configuration; the error of either as text.
fn read(text: &str) -> Result<PidConfig, String> {
    settings::read(text, |config: &PidConfig| config.init::<Metric>(Clock::default()))
}

#[track_caller]
fn check(text: &str, expected: &str) {
    settings::refused(text, read(text), expected);
}

#[test]
fn an_illegal_field_is_named_with_its_rule_and_value() {
    for (field, expected) in [
        ("kp = -1.0", "kp must be finite and not negative, got -1"),
        ("ki = nan", "ki must be finite and not negative, got NaN"),
        ("kd = inf", "kd must be finite and not negative, got inf"),
        ("minimum = -1.0\nki = 1.0", "minimum must be finite and not negative"),
        ("maximum = inf\nki = 1.0", "maximum must be finite"),
        ("minimum = 0.5\nmaximum = 0.5\nki = 1.0", "maximum must be above minimum"),
        ("minimum = 0.6\nki = 1.0", "initial must lie between minimum and maximum"),
        ("slew = 0.0\nki = 1.0", "slew must be finite and above 0"),
        ("integral_limit = 0.0\nki = 1.0", "integral_limit must be finite and above 0"),
        ("derivative_time = -1.0\nki = 1.0", "derivative_time must be finite and above 0"),
        ("error_clip = 0.0\nki = 1.0", "error_clip must be finite and above 0"),
        (
            "ki = 1.0\nanti_windup = { back-calculation = { tracking_time = 0.0 } }",
            "anti_windup.back-calculation.tracking_time must be finite and above 0",
        ),
        ("", "kp, ki or kd must be above 0, got 0 for all three"),
        ("ki = 1.0\nform = \"velocity\"\nintegral_limit = 1.0", "belongs to the positional form"),
        ("ki = 1.0\nform = \"velocity\"\nanti_windup = \"none\"", "cannot wind up"),
        ("ki = 1.0\nform = \"parity\"", "anti_windup must be \"none\" in the parity form"),
        (
            "ki = 1.0\nform = \"parity\"\nanti_windup = \"none\"",
            "start must be \"bias\" in the parity form",
        ),
        (
            "ki = 1.0\nform = \"parity\"\nanti_windup = \"none\"\nstart = \"bias\"",
            "derivative must be \"error\" in the parity form",
        ),
        ("ki = 1.0\naction = \"up\"", "unknown variant `up`"),
        ("ki = 1.0\nkpp = 1.0", "unknown field `kpp`"),
    ] {
        check(&format!("initial = 0.5\n{field}"), expected);
    }
    check("ki = 1.0", "initial must be given, here or as the start value");
}

#[test]
fn every_choice_can_be_written() {
    let written = read(
        "initial = 0.1\nkp = 0.05\nki = 0.01\nkd = 0.02\ntime_unit = \"epoch\"\n\
         form = \"positional\"\naction = \"reverse\"\nstart = \"bias\"\nminimum = 0.05\n\
         maximum = 5.0\nslew = 1.0\nintegral_limit = 2.0\nderivative = \"error\"\n\
         derivative_time = 0.5\nerror_clip = 2.0\n\
         anti_windup = { back-calculation = { tracking_time = 2.0 } }",
    )
    .expect("legal");
    assert_eq!((written.form, written.action), (Form::Positional, Action::Reverse));
    assert_eq!((written.start, written.derivative), (Start::Bias, Derivative::Error));
    assert_eq!(written.anti_windup, AntiWindup::BackCalculation { tracking_time: 2.0 });
    assert_eq!(written.time_unit, TimeUnit::Epoch);
    let text = toml::to_string(&written).expect("plain data");
    assert_eq!(read(&text).expect("legal"), written);
    let parity = toml::to_string(&PidConfig::parity(0.1)).expect("plain data");
    assert_eq!(read(&parity).expect("legal"), PidConfig::parity(0.1));
}
