//! Which configurations are legal, and what an illegal one is told.

use homeostat_core::{Clock, TimeUnit};
use homeostat_governor::{
    CosineConfig, GateConfig, GovernorConfig, OnViolation, RampConfig, Rules, UpdateRatioMeasure,
};

#[track_caller]
fn check(change: impl Fn(&mut GovernorConfig), expected: &str) {
    let mut config = GovernorConfig::new(1e-3, 1e-2);
    change(&mut config);
    let error = config.init(Clock::default()).expect_err(expected);
    assert_eq!(error.to_string(), expected);
}

#[test]
fn every_field_is_checked_in_words() {
    check(|c| c.maximum = f64::NAN, "maximum must be above 0 and at most 1e100, got NaN");
    check(|c| c.minimum = 0.0, "minimum must be finite and above 0, got 0");
    check(|c| c.initial = Some(-1.0), "initial must be finite and above 0, got -1");
    check(|c| c.initial = Some(0.1), "initial must lie between minimum and maximum, got 0.1");
    check(|c| c.minimum = 0.002, "initial must lie between minimum and maximum, got 0.001");
    check(|c| c.window = 0.0, "window must be above 0 and less than 2^53 steps, got 0");
    check(|c| c.increase_factor = 0.9, "increase_factor must be finite and at least 1, got 0.9");
    check(|c| c.recovery_factor = 0.5, "recovery_factor must be finite and at least 1, got 0.5");
    check(|c| c.decrease_factor = 1.0, "decrease_factor must be above 0 and below 1, got 1");
    check(|c| c.stable_patience = 0, "stable_patience must be at least 1, got 0");
    check(|c| c.unstable_patience = 0, "unstable_patience must be at least 1, got 0");
    check(|c| c.fault_cooldown = 0, "fault_cooldown must be at least 1, got 0");
    for (name, field) in [
        (
            "loss_increase_tolerance",
            (|c| &mut c.loss_increase_tolerance) as fn(&mut GovernorConfig) -> &mut f64,
        ),
        ("loss_scale_floor", |c| &mut c.loss_scale_floor),
        ("plateau_tolerance", |c| &mut c.plateau_tolerance),
        ("window_epsilon", |c| &mut c.window_epsilon),
    ] {
        check(|c| *field(c) = -0.5, &format!("{name} must be finite and not negative, got -0.5"));
    }
    for (name, field) in [
        (
            "recovery_threshold",
            (|c| &mut c.recovery_threshold) as fn(&mut GovernorConfig) -> &mut f64,
        ),
        ("violation_floor", |c| &mut c.violation_floor),
    ] {
        check(|c| *field(c) = 2.0, &format!("{name} must lie between 0 and 1, got 2"));
    }
    for (name, field) in [
        ("loss_decay", (|c| &mut c.loss_decay) as fn(&mut GovernorConfig) -> &mut f64),
        ("information_decay", |c| &mut c.information_decay),
        ("update_ratio_decay", |c| &mut c.update_ratio_decay),
    ] {
        check(|c| *field(c) = 1.0, &format!("{name} must be at least 0 and below 1, got 1"));
    }
    check(
        |c| c.maximum_update_ratio = Some(0.0),
        "maximum_update_ratio must be finite and above 0, got 0",
    );
    check(
        |c| c.maximum_velocity = Some(f64::INFINITY),
        "maximum_velocity must be finite and above 0, got inf",
    );
}

#[test]
fn reference_rules_refuse_what_they_would_ignore() {
    let parity = |change: fn(&mut GovernorConfig)| {
        move |config: &mut GovernorConfig| {
            *config = GovernorConfig::parity(1e-3, 1e-2);
            change(config);
        }
    };
    check(
        parity(|c| c.on_violation = OnViolation::Shrink),
        "on_violation must be raise under reference rules, got shrink",
    );
    check(
        parity(|c| c.update_ratio_measure = UpdateRatioMeasure::Measured),
        "update_ratio_measure must be gradient under reference rules, got measured",
    );
    check(
        parity(|c| c.maximum_velocity = Some(0.5)),
        "maximum_velocity must be absent under reference rules, got 0.5",
    );
    check(
        parity(|c| c.loss_scale_floor = 0.5),
        "loss_scale_floor must be 0 under reference rules, got 0.5",
    );
}

#[test]
fn a_file_needs_only_the_two_rates_and_its_keys_are_checked() {
    let config: GovernorConfig = toml::from_str("initial = 1e-3\nmaximum = 1e-2").expect("enough");
    assert_eq!(config, GovernorConfig::new(1e-3, 1e-2));
    let error = toml::from_str::<GovernorConfig>("initial = 1e-3").expect_err("no maximum");
    assert!(error.to_string().contains("missing field `maximum`"), "{error}");
    let text = "initial = 1e-3\nmaximum = 1e-2\nwindows = 1";
    let error = toml::from_str::<GovernorConfig>(text).expect_err("mistyped");
    assert!(error.to_string().contains("unknown field `windows`"), "{error}");
    let text = "initial = 1e-3\nmaximum = 1e-2\ntime_unit = \"epoch\"\non_violation = \"hold\"\n\
                update_ratio_measure = \"gradient\"\nrules = \"mended\"\nmaximum_velocity = 0.1";
    let config: GovernorConfig = toml::from_str(text).expect("legal");
    assert_eq!(
        (config.time_unit, config.on_violation, config.rules, config.maximum_velocity),
        (TimeUnit::Epoch, OnViolation::Hold, Rules::Mended, Some(0.1))
    );
    for config in [config, GovernorConfig::parity(1e-3, 1e-2)] {
        let text = toml::to_string(&config).expect("plain data");
        assert_eq!(toml::from_str::<GovernorConfig>(&text).expect("what was written"), config);
    }
}

#[test]
fn durations_that_do_not_fit_are_refused() {
    let clock = Clock::new(1 << 40).expect("a long epoch");
    let config = GovernorConfig {
        window: 2_f64.powi(40),
        time_unit: TimeUnit::Epoch,
        ..GovernorConfig::new(1e-3, 1e-2)
    };
    assert!(config.init(clock).is_err());
    let config = RampConfig { time_unit: TimeUnit::Epoch, ..RampConfig::new(0, 1 << 40) };
    assert!(config.init(clock).is_err());
}

#[test]
fn the_schedules_check_their_fields() {
    let cosine = |initial, minimum, duration| CosineConfig {
        initial: Some(initial),
        minimum,
        duration,
        time_unit: TimeUnit::Step,
    };
    let clock = Clock::default();
    assert!(cosine(1e-2, 1e-3, 10).init(clock).is_ok());
    for (config, expected) in [
        (cosine(0.0, 0.0, 10), "initial must be finite and above 0, got 0"),
        (cosine(1e-3, 1e-2, 10), "minimum must not be above initial, got 0.01"),
        (cosine(1e-2, 1e-3, 0), "duration must be at least 1, got 0"),
    ] {
        assert_eq!(config.init(clock).expect_err(expected).to_string(), expected);
    }
    let gate = |minimum, patience| RampConfig {
        gate: Some(GateConfig { minimum, patience }),
        ..RampConfig::new(1, 2)
    };
    for (config, expected) in [
        (RampConfig::new(3, 2), "end must not be before start, got 2"),
        (
            RampConfig { first: -0.1, ..RampConfig::new(1, 2) },
            "first must be finite and not negative, got -0.1",
        ),
        (gate(f64::NAN, 1), "gate.minimum must be finite, got NaN"),
        (gate(0.1, 0), "gate.patience must be at least 1, got 0"),
    ] {
        assert_eq!(config.init(clock).expect_err(expected).to_string(), expected);
    }
    let text = "start = 5\nend = 50\ntime_unit = \"epoch\"\ngate = { patience = 3 }";
    let config: RampConfig = toml::from_str(text).expect("legal");
    assert_eq!(config.gate, Some(GateConfig { minimum: 0.1, patience: 3 }));
}
