//! What the schedules do over time.

use homeostat_core::{Clock, Entropy, Law, TimeUnit, Weight};
use homeostat_governor::{ConstantConfig, CosineConfig, GateConfig, Ramp, RampConfig};
use homeostat_testkit::golden::close;
use proptest::prelude::*;

/// The weights of a ramp towards `last`, for a sequence of information readings.
fn weights(ramp: &Ramp, last: f64, readings: impl IntoIterator<Item = Option<f64>>) -> Vec<f64> {
    let mut state = ramp.init();
    let last = Weight::new(last).expect("a weight");
    let information = |value| Entropy::new(value).expect("finite");
    readings
        .into_iter()
        .map(|reading| {
            ramp.step(&mut state, (last, reading.map(information))).expect("never refused").get()
        })
        .collect()
}

#[track_caller]
fn check(config: RampConfig, last: f64, readings: &[Option<f64>], expected: &[f64]) {
    let ramp = config.init(Clock::new(2).expect("an epoch of two steps")).expect("legal");
    let found = weights(&ramp, last, readings.iter().copied());
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        close(&format!("step {index}"), *found, *expected, 1e-12, 0.0);
    }
}

#[test]
fn a_ramp_towards_nothing_stays_at_nothing() {
    check(RampConfig::new(1, 3), 0.0, &[None; 5], &[0.0; 5]);
    check(RampConfig::parity(1, 3), 0.0, &[None; 5], &[0.0, 0.01, 0.005, 0.0, 0.0]);
    check(RampConfig::new(1, 3), 0.004, &[None; 4], &[0.0, 0.004, 0.004, 0.004]);
}

#[test]
fn a_ramp_is_constant_within_a_unit_of_time() {
    let config = RampConfig { time_unit: TimeUnit::Epoch, ..RampConfig::new(1, 3) };
    check(config, 0.05, &[None; 8], &[0.0, 0.0, 0.01, 0.01, 0.03, 0.03, 0.05, 0.05]);
}

#[test]
fn a_ramp_of_no_length_is_a_switch() {
    check(RampConfig::new(2, 2), 0.3, &[None; 4], &[0.0, 0.0, 0.3, 0.3]);
    check(RampConfig::new(0, 0), 0.3, &[None; 2], &[0.3, 0.3]);
}

#[test]
fn a_closed_gate_moves_the_whole_ramp() {
    let gate = Some(GateConfig { minimum: 0.1, patience: 2 });
    let config = RampConfig { gate, ..RampConfig::new(1, 3) };
    let (low, enough) = (Some(0.0), Some(0.1));
    // It opens at the second reading in a row; a missing one does not interrupt, a low one does.
    let readings = [low, enough, low, enough, None, enough, low, low, low];
    check(config.clone(), 0.05, &readings, &[0.0, 0.0, 0.0, 0.0, 0.0, 0.01, 0.03, 0.05, 0.05]);
    // Opened before the start, it changes nothing.
    let readings = [enough, enough, low, low];
    check(config.clone(), 0.05, &readings, &[0.0, 0.01, 0.03, 0.05]);
    // Without readings it never opens.
    check(config, 0.05, &[None; 4], &[0.0; 4]);
}

#[test]
fn a_cosine_ends_at_its_minimum_and_does_not_start_again() {
    let config = CosineConfig {
        initial: Some(1e-2),
        minimum: 1e-3,
        duration: 5,
        time_unit: TimeUnit::Epoch,
    };
    let cosine = config.init(Clock::new(2).expect("an epoch of two steps")).expect("legal");
    let mut state = cosine.init();
    let rates: Vec<f64> =
        (0..40).map(|_| cosine.step(&mut state, ()).expect("never refused").get()).collect();
    close("first", rates[0], 1e-2, 1e-12, 0.0);
    close("half", rates[5], 5.5e-3, 1e-12, 0.0);
    for (step, rate) in rates.iter().enumerate().skip(10) {
        close(&format!("step {step}"), *rate, 1e-3, 1e-12, 0.0);
    }
    assert!(rates.windows(2).all(|pair| pair[1] <= pair[0]));
}

#[test]
fn a_cosine_to_its_own_start_is_a_constant() {
    let config =
        CosineConfig { initial: Some(1e-2), minimum: 1e-2, duration: 7, time_unit: TimeUnit::Step };
    let cosine = config.init(Clock::default()).expect("legal");
    let constant = ConstantConfig { rate: 1e-2 }.init(Clock::default()).expect("legal");
    let (mut state, mut other) = (cosine.init(), constant.init());
    for _ in 0..20 {
        assert_eq!(cosine.step(&mut state, ()), constant.step(&mut other, ()));
    }
}

proptest! {
    #[test]
    fn a_ramp_rises_and_never_passes_its_final_weight(
        start in 0u64..20, length in 0u64..20, first in 0.0..1.0, last in 0.0..1e3f64,
    ) {
        let config = RampConfig { first, ..RampConfig::new(start, start + length) };
        let ramp = config.init(Clock::default()).expect("legal");
        let found = weights(&ramp, last, [None; 50]);
        prop_assert!(found.iter().all(|weight| *weight <= last * (1.0 + 1e-12)));
        prop_assert!(found.windows(2).all(|pair| pair[0] <= pair[1] * (1.0 + 1e-12)));
        prop_assert_eq!(found[49], last);
    }
}
