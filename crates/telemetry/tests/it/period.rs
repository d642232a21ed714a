//! The detector of periods against closed forms.

use homeostat_telemetry::{Oscillation, dominant_period};
use homeostat_testkit::Splitmix;
use proptest::prelude::*;

fn sine(count: usize, period: f64, phase: f64) -> Vec<f64> {
    let wave = |i| (std::f64::consts::TAU * i as f64 / period + phase).sin();
    (0..count).map(wave).collect()
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} instead of {expected}");
}

#[test]
fn a_sine_over_whole_periods_has_the_autocorrelation_of_the_closed_form() {
    // Σ sin²(ωi) over whole periods is n/2, and over n − T values (n − T)/2: r(T) = 1 − T/n. Half a
    // period later the sign is turned: r(T/2) = −(1 − T/2n).
    for (count, period) in [(512, 32), (512, 64), (512, 128), (500, 50), (360, 90), (300, 20)] {
        let (n, t) = (count as f64, period as f64);
        let found = dominant_period(&sine(count, t, 0.0)).expect("it swings");
        close(found.autocorrelation, 1.0 - t / n, 1e-12);
        close(found.trough, -(1.0 - t / (2.0 * n)), 1e-12);
        close(found.period, t, 1e-3 * t);
    }
}

#[test]
fn a_period_is_found_to_a_fraction_of_a_value() {
    for period in [7.3, 21.7, 41.5, 88.9, 130.2] {
        for phase in [0.0, 1.0, 2.5] {
            let found = dominant_period(&sine(512, period, phase)).expect("it swings");
            close(found.period, period, 0.01 * period);
        }
    }
}

#[test]
fn what_never_turns_has_no_period() {
    let line: Vec<f64> = (0..512).map(f64::from).collect();
    assert_eq!(dominant_period(&line).filter(|found| found.autocorrelation > 0.0), None);
    assert_eq!(dominant_period(&[0.1; 512]), None);
    assert_eq!(dominant_period(&[1.0, -1.0, 1.0]), None);
    assert_eq!(dominant_period(&[f64::INFINITY; 20]), None);
    assert_eq!(dominant_period(&[f64::NAN; 20]), None);
}

#[test]
fn a_sine_in_noise_of_its_own_size_keeps_its_period() {
    let mut random = Splitmix(3);
    let noisy: Vec<f64> =
        sine(512, 40.0, 0.3).iter().map(|value| value + random.between(-1.0, 1.0)).collect();
    let Oscillation { period, autocorrelation, trough } =
        dominant_period(&noisy).expect("it swings");
    close(period, 40.0, 2.0);
    // Half of the variance is signal: a sine has 1/2, uniform noise 1/3.
    close(autocorrelation, 0.6 * (1.0 - 40.0 / 512.0), 0.1);
    close(trough, -0.6 * (1.0 - 20.0 / 512.0), 0.1);
}

proptest! {
    #[test]
    fn neither_scale_nor_offset_of_a_series_changes_its_period(
        period in 6.0..150.0, phase in 0.0..6.0, scale in -300_i32..300, offset in -10.0..10.0,
    ) {
        let plain = sine(512, period, phase);
        let scale = 2_f64.powi(scale);
        let moved: Vec<f64> = plain.iter().map(|value| (value + offset) * scale).collect();
        let found = dominant_period(&moved).expect("it swings");
        let expected = dominant_period(&plain).expect("it swings");
        prop_assert!((found.period - expected.period).abs() < 1e-6 * period);
        prop_assert!((found.autocorrelation - expected.autocorrelation).abs() < 1e-9);
    }
}
