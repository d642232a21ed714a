//! Settings that must give a simpler law, or the same law in other words.

use homeostat_core::{Law, TimeUnit};
use homeostat_pid::{Action, AntiWindup, Derivative, Form, PidConfig, Start};
use homeostat_testkit::Splitmix;
use homeostat_testkit::golden::close;

use crate::{decide, law, respond};

#[track_caller]
fn check(what: &str, tolerance: f64, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}: another number of values");
    for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
        close(&format!("{what}, step {step}"), *found, *expected, tolerance, tolerance);
    }
}

fn errors(count: usize, size: f64) -> Vec<f64> {
    let mut random = Splitmix(3);
    (0..count).map(|_| random.between(-size, size)).collect()
}

#[test]
fn velocity_with_the_integral_alone_is_dual_ascent() {
    let errors = errors(2_000, 3.0);
    let mut multiplier = 0.5;
    let ascent: Vec<f64> = errors
        .iter()
        .map(|error| {
            multiplier = (multiplier + 0.3 * error).clamp(0.0, 10.0);
            multiplier
        })
        .collect();
    assert!(ascent.contains(&0.0) && ascent.iter().any(|weight| *weight > 5.0));
    for start in [Start::Bumpless, Start::Bias] {
        let config = PidConfig { form: Form::Velocity, start, ..PidConfig::new(0.5, 0.0, 0.3) };
        check("velocity", 1e-12, &respond(&config, 1, &errors), &ascent);
    }
    // Conditional integration gives the positional form the same projection.
    check("positional", 1e-12, &respond(&PidConfig::new(0.5, 0.0, 0.3), 1, &errors), &ascent);
}

#[test]
fn positional_is_velocity_while_nothing_saturates() {
    let errors = errors(500, 0.5);
    for start in [Start::Bumpless, Start::Bias] {
        for derivative in [Derivative::Measurement, Derivative::Error] {
            for derivative_time in [None, Some(0.3)] {
                for time_unit in [TimeUnit::Step, TimeUnit::Epoch] {
                    let positional = PidConfig {
                        kd: 0.02,
                        time_unit,
                        start,
                        derivative,
                        derivative_time,
                        ..PidConfig::new(5.0, 0.3, 0.02)
                    };
                    let velocity = PidConfig { form: Form::Velocity, ..positional.clone() };
                    let found = respond(&velocity, 20, &errors);
                    assert!(found.iter().all(|weight| (0.1..9.9).contains(weight)));
                    check("velocity", 1e-12, &found, &respond(&positional, 20, &errors));
                }
            }
        }
    }
}

#[test]
fn anti_windup_makes_no_difference_while_nothing_saturates() {
    let errors = errors(500, 0.5);
    let plain = PidConfig { anti_windup: AntiWindup::None, ..PidConfig::new(5.0, 0.3, 0.02) };
    let expected = respond(&plain, 1, &errors);
    let tracking = AntiWindup::BackCalculation { tracking_time: 3.0 };
    for anti_windup in [AntiWindup::Conditional, tracking] {
        let found = respond(&PidConfig { anti_windup, ..plain.clone() }, 1, &errors);
        check("positional", 0.0, &found, &expected);
    }
}

#[test]
fn kp_alone_is_proportional() {
    let errors = errors(100, 4.0);
    let expected: Vec<f64> = errors.iter().map(|error| 5.0 + 0.5 * error).collect();
    let config = PidConfig { start: Start::Bias, ..PidConfig::new(5.0, 0.5, 0.0) };
    check("bias", 1e-12, &respond(&config, 1, &errors), &expected);
    // With a bumpless start the same, counted from the first error.
    let config = PidConfig { start: Start::Bumpless, ..config };
    let expected: Vec<f64> = errors.iter().map(|error| 5.0 + 0.5 * (error - errors[0])).collect();
    check("bumpless", 1e-12, &respond(&config, 1, &errors), &expected);
}

#[test]
fn reverse_action_is_direct_action_of_the_negated_error() {
    let errors = errors(300, 4.0);
    let negated: Vec<f64> = errors.iter().map(|error| -error).collect();
    let direct = PidConfig { kd: 0.1, ..PidConfig::new(1.0, 0.2, 0.05) };
    let reverse = PidConfig { action: Action::Reverse, ..direct.clone() };
    check("reverse", 0.0, &respond(&reverse, 1, &errors), &respond(&direct, 1, &negated));
}

/// The weight after one epoch in which the measurement rises evenly from `first` to `last`.
fn after_an_epoch(config: &PidConfig, steps: u64, first: f64, last: f64) -> f64 {
    let law = law(config, steps);
    let mut state = law.init();
    let measured = |step| first + (last - first) * step as f64 / (steps - 1) as f64;
    (0..steps).map(|step| decide(&law, &mut state, measured(step), 0.0)).last().expect("steps")
}

#[test]
fn the_gain_per_epoch_does_not_depend_on_the_batches_of_an_epoch() {
    for form in [Form::Positional, Form::Velocity] {
        for start in [Start::Bumpless, Start::Bias] {
            let config = PidConfig {
                time_unit: TimeUnit::Epoch,
                form,
                start,
                ..PidConfig::new(1.0, 0.5, 0.8)
            };
            let small = after_an_epoch(&config, 10, 0.7, 0.7);
            check("250 steps", 1e-12, &[after_an_epoch(&config, 250, 0.7, 0.7)], &[small]);
            // The integral of a straight line is exact too, whatever the number of steps.
            let small = after_an_epoch(&config, 10, 0.2, 1.2);
            check("250 steps, ramp", 1e-12, &[after_an_epoch(&config, 250, 0.2, 1.2)], &[small]);
        }
    }
    // The reference: the same epoch gives another weight (its defect 4).
    let parity = PidConfig::parity(0.1);
    let (small, large) =
        (after_an_epoch(&parity, 10, 0.7, 0.7), after_an_epoch(&parity, 250, 0.7, 0.7));
    assert!(large - 0.1 > 8.0 * (small - 0.1), "{small} and {large}");
}
