//! What every law must do, for every law and mode of this crate.

use homeostat_core::{Clock, Entropy, Law, TimeUnit, Weight};
use homeostat_governor::{
    ConstantConfig, CosineConfig, GateConfig, GovernorConfig, OnViolation, RampConfig,
    UpdateRatioMeasure,
};
use homeostat_testkit::{Splitmix, conformance};

use crate::Step;

/// Readings that come and go, with spikes, faults, violations and drifting norms.
fn readings(step: u64) -> Step {
    let mut random = Splitmix(step);
    let mut maybe = |value: f64| (random.uniform() < 0.8).then_some(value);
    let wave = (step as f64 * 0.7).sin();
    Step {
        loss: maybe(3.0 - 0.01 * step as f64 + if step % 17 < 4 { 2.0 } else { 0.1 * wave }),
        gradient: maybe(0.5 + 0.4 * wave),
        parameters: maybe(14.0 + wave),
        update: maybe(0.02 + 0.01 * wave),
        update_rate: maybe(1e-3 + 1e-4 * wave),
        information: maybe(0.1 + 0.1 * (step as f64 * 0.05).sin()),
        faults: u64::from(step % 41 == 7),
    }
}

#[track_caller]
fn check(config: GovernorConfig) {
    let clock = Clock::new(4).expect("an epoch of four steps");
    conformance(
        || config.init(clock).expect("legal"),
        |step| readings(step).input(),
        Vec::new(), // no input is refused, see `properties`
    );
}

#[test]
fn the_governor_conforms_in_every_mode() {
    let base = GovernorConfig::new(1e-3, 1e-2);
    for on_violation in [OnViolation::Shrink, OnViolation::Hold, OnViolation::Raise] {
        for update_ratio_measure in [UpdateRatioMeasure::Measured, UpdateRatioMeasure::Gradient] {
            for (window, time_unit) in
                [(1.0, TimeUnit::Step), (3.0, TimeUnit::Step), (0.5, TimeUnit::Epoch)]
            {
                check(GovernorConfig {
                    on_violation,
                    update_ratio_measure,
                    window,
                    time_unit,
                    grounding_warmup: 2,
                    maximum_update_ratio: Some(1e-3),
                    maximum_velocity: Some(2e-3),
                    ..base.clone()
                });
            }
        }
    }
    check(base);
}

#[test]
fn the_governor_conforms_under_reference_rules() {
    check(GovernorConfig::parity(1e-3, 1e-2));
    check(GovernorConfig {
        window: 5.0,
        grounding_warmup: 3,
        ..GovernorConfig::parity(1e-3, 1e-2)
    });
}

#[test]
fn the_schedules_conform() {
    let clock = Clock::new(2).expect("an epoch of two steps");
    conformance(|| ConstantConfig { rate: 1e-3 }.init(clock).expect("legal"), |_| (), Vec::new());
    for time_unit in [TimeUnit::Step, TimeUnit::Epoch] {
        let config = CosineConfig { initial: Some(1e-2), minimum: 1e-4, duration: 80, time_unit };
        conformance(|| config.init(clock).expect("legal"), |_| (), Vec::new());
    }
}

#[test]
fn the_ramp_conforms_in_every_mode() {
    let clock = Clock::new(2).expect("an epoch of two steps");
    let input = |step: u64| -> <homeostat_governor::Ramp as Law>::Input {
        let information = Entropy::new(0.001 * step as f64).expect("finite");
        (
            Weight::new(0.1 + 0.001 * step as f64).expect("a weight"),
            (!step.is_multiple_of(3)).then_some(information),
        )
    };
    for config in [
        RampConfig::new(5, 50),
        RampConfig::parity(5, 50),
        RampConfig { time_unit: TimeUnit::Epoch, ..RampConfig::new(5, 50) },
        RampConfig {
            gate: Some(GateConfig { minimum: 0.1, patience: 4 }),
            ..RampConfig::new(5, 50)
        },
    ] {
        conformance(|| config.init(clock).expect("legal"), input, Vec::new());
    }
}
