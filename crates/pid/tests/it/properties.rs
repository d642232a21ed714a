//! One function per theorem.

use homeostat_core::Law;
use homeostat_pid::{Action, AntiWindup, Derivative, Form, PidConfig, Start};
use proptest::prelude::*;

use crate::{decide, input, law};

const SCALES: [f64; 10] = [0.0, 1e-10, 1e-6, 1e-3, 1.0, 1e3, 1e6, 1e9, 1e12, 1e15];

fn values() -> impl Strategy<Value = f64> {
    (prop::sample::select(SCALES.to_vec()), -10.0..10.0).prop_map(|(scale, factor)| scale * factor)
}

fn configs() -> impl Strategy<Value = PidConfig> {
    let anti_windup = prop::sample::select(vec![
        AntiWindup::Conditional,
        AntiWindup::BackCalculation { tracking_time: 3.0 },
        AntiWindup::None,
    ]);
    let choices = (
        prop::sample::select(vec![Form::Positional, Form::Velocity]),
        prop::sample::select(vec![Action::Direct, Action::Reverse]),
        prop::sample::select(vec![Start::Bumpless, Start::Bias]),
        prop::sample::select(vec![Derivative::Measurement, Derivative::Error]),
        anti_windup,
        prop::option::of(0.01..2.0),
    );
    let gains = (0.0..2.0, 1e-6..1.0, 0.0..1.0, 0.2..=3.0);
    (choices, gains).prop_map(|(choices, (kp, ki, kd, initial))| {
        let (form, action, start, derivative, anti_windup, slew) = choices;
        let velocity = form == Form::Velocity;
        PidConfig {
            kd,
            form,
            action,
            start,
            derivative,
            anti_windup: if velocity { AntiWindup::default() } else { anti_windup },
            slew,
            minimum: 0.2,
            maximum: 3.0,
            ..PidConfig::new(initial, kp, ki)
        }
    })
}

proptest! {
    #[test]
    fn the_weight_never_leaves_its_limits_and_never_moves_faster_than_the_slew(
        config in configs(),
        steps in prop::collection::vec((values(), values()), 1..40),
    ) {
        let law = law(&config, 1);
        let mut state = law.init();
        let mut last = config.initial.expect("given");
        for (measured, setpoint) in steps {
            let weight = decide(&law, &mut state, measured, setpoint);
            prop_assert!((0.2..=3.0).contains(&weight));
            prop_assert!((weight - last).abs() <= config.slew.unwrap_or(9.0) * (1.0 + 1e-12));
            last = weight;
        }
    }

    #[test]
    fn a_larger_measurement_never_lowers_the_weight_of_a_direct_controller(
        config in configs(),
        history in prop::collection::vec(-2.0..2.0, 1..20),
        (first, second) in (values(), values()),
    ) {
        let law = law(&config, 1);
        let mut state = law.init();
        for measured in history {
            decide(&law, &mut state, measured, 0.1);
        }
        let weight = |measured| decide(&law, &mut state.clone(), measured, 0.1);
        let (low, high) = (weight(first.min(second)), weight(first.max(second)));
        let (low, high) =
            if config.action == Action::Direct { (low, high) } else { (high, low) };
        prop_assert!(low <= high + 1e-9);
    }

    #[test]
    fn under_conditional_integration_the_output_leaves_a_limit_at_the_first_contrary_error(
        ki in 1e-3..1.0, error in 1e-3..1e3, long in 1_usize..200,
    ) {
        let law = law(&PidConfig { maximum: 3.0, ..PidConfig::new(2.9, 0.0, ki) }, 1);
        let mut state = law.init();
        for _ in 0..long {
            decide(&law, &mut state, error, 0.0);
        }
        let before = state.output();
        prop_assert!(decide(&law, &mut state, -error, 0.0) < before);
    }

    #[test]
    fn a_bumpless_start_moves_by_the_integral_alone(
        config in configs(), measured in -1.0..1.0,
    ) {
        let config = PidConfig {
            start: Start::Bumpless, slew: None, minimum: 0.0, maximum: 10.0, ..config
        };
        let law = law(&config, 1);
        let weight = decide(&law, &mut law.init(), measured, 0.0);
        let sign = if config.action == Action::Direct { 1.0 } else { -1.0 };
        let expected = (config.initial.expect("given") + config.ki * sign * measured).clamp(0.0, 10.0);
        prop_assert!((weight - expected).abs() < 1e-12);
    }

    #[test]
    fn a_setpoint_jump_does_not_kick_a_derivative_on_the_measurement(
        jump in values(), kd in 1e-3..1e3,
    ) {
        let config = PidConfig { kd, ..PidConfig::new(1.0, 0.0, 1e-30) };
        let law = law(&config, 1);
        let mut state = law.init();
        decide(&law, &mut state, 0.5, 0.0);
        prop_assert!((decide(&law, &mut state, 0.5, jump) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_memory_from_wider_limits_continues_from_the_new_limit(
        form in prop::sample::select(vec![Form::Positional, Form::Velocity]),
        kp in 0.0..1.0, ki in 1e-3..0.5,
    ) {
        let wide = PidConfig { form, ..PidConfig::new(9.0, kp, ki) };
        let narrow = PidConfig { maximum: 2.0, initial: Some(1.0), ..wide.clone() };
        let mut state = law(&wide, 1).init();
        decide(&law(&wide, 1), &mut state, 0.5, 0.0);
        prop_assert!(state.output() >= 9.0);
        let weight = decide(&law(&narrow, 1), &mut state, -0.1, 0.0);
        let expected = (2.0 - 0.6 * kp - 0.1 * ki).max(0.0);
        prop_assert!((weight - expected).abs() < 1e-9, "{} instead of {}", weight, expected);
    }

    #[test]
    fn the_integral_part_stays_within_its_limit(
        config in configs(), steps in prop::collection::vec(values(), 1..40), limit in 0.01..5.0,
    ) {
        let config = PidConfig { form: Form::Positional, integral_limit: Some(limit), ..config };
        let law = law(&config, 1);
        let mut state = law.init();
        for measured in steps {
            decide(&law, &mut state, measured, 0.0);
            prop_assert!(state.integral().abs() <= limit);
        }
    }

    #[test]
    fn a_refused_step_changes_nothing(
        config in configs(), warm in prop::collection::vec(-2.0..2.0, 0..20),
    ) {
        let law = law(&config, 1);
        let mut state = law.init();
        for measured in warm {
            decide(&law, &mut state, measured, 0.0);
        }
        let before = state;
        prop_assert!(law.step(&mut state, input(f64::MAX, -f64::MAX)).is_err());
        prop_assert_eq!(before, state);
    }
}
