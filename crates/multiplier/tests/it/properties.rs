//! One function per theorem.

use homeostat_core::Law;
use homeostat_multiplier::{Baseline, ErrorMode, MultiplierConfig, Sense, Target};
use proptest::prelude::*;

use crate::{decide, input, law, text};

const SCALES: [f64; 10] = [0.0, 1e-10, 1e-6, 1e-3, 1.0, 1e3, 1e6, 1e9, 1e12, 1e15];

fn modes() -> impl Strategy<Value = (ErrorMode, Sense)> {
    let error =
        prop::sample::select(vec![ErrorMode::Absolute, ErrorMode::Relative, ErrorMode::LogRatio]);
    (error, prop::sample::select(vec![Sense::Le, Sense::Ge]))
}

fn values() -> impl Strategy<Value = f64> {
    (prop::sample::select(SCALES.to_vec()), 0.1..10.0).prop_map(|(scale, factor)| scale * factor)
}

proptest! {
    #[test]
    fn the_weight_never_leaves_its_limits(
        (error, sense) in modes(),
        steps in prop::collection::vec((values(), values()), 1..40),
        rate in prop::sample::select(SCALES[1..].to_vec()),
    ) {
        let law = law(&MultiplierConfig {
            error: Some(error),
            sense,
            minimum: Some(0.2),
            maximum: Some(3.0),
            ..MultiplierConfig::new(0.5, rate)
        });
        let mut state = law.init();
        for (measured, target) in steps {
            let weight = decide(&law, &mut state, measured, Some(target));
            prop_assert!((0.2..=3.0).contains(&weight));
            prop_assert_eq!(weight, state.weight());
        }
    }

    #[test]
    fn a_larger_measurement_never_lowers_the_weight_of_an_upper_bound(
        (error, sense) in modes(),
        (first, second, target) in (values(), values(), values()),
        rate in 1e-6..10.0,
    ) {
        let law = law(&MultiplierConfig {
            error: Some(error),
            sense,
            ..MultiplierConfig::new(0.5, rate)
        });
        let weight = |measured| decide(&law, &mut law.init(), measured, Some(target));
        let (low, high) = (weight(first.min(second)), weight(first.max(second)));
        let (low, high) = if sense == Sense::Le { (low, high) } else { (high, low) };
        prop_assert!(low <= high);
    }

    #[test]
    fn the_two_senses_mirror_each_other(
        (error, _) in modes(),
        (measured, target) in (values(), values()),
    ) {
        let change = |sense| {
            let config = MultiplierConfig { error: Some(error), sense, ..MultiplierConfig::new(5.0, 1e-18) };
            let law = law(&config);
            let mut state = law.init();
            decide(&law, &mut state, measured, Some(target));
            state.error()
        };
        prop_assert_eq!(change(Sense::Le), -change(Sense::Ge));
    }

    #[test]
    fn the_log_ratio_weighs_a_factor_the_same_in_both_directions(
        target in 1e-2..1e15, factor in 1.0..1e3,
    ) {
        let law = law(&MultiplierConfig {
            error: Some(ErrorMode::LogRatio),
            ..MultiplierConfig::new(5.0, 0.1)
        });
        let error = |measured| {
            let mut state = law.init();
            decide(&law, &mut state, measured, Some(target));
            state.error()
        };
        // The floor of 1e-6 is the only asymmetry.
        let skew = 1e-6 * factor / target;
        prop_assert!((error(target * factor) + error(target / factor)).abs() < 1e-9 + 2.0 * skew);
    }

    #[test]
    fn a_step_of_a_clipped_error_is_bounded(
        (error, sense) in modes(),
        (measured, target) in (values(), values()),
        clip in 1e-3..10.0,
    ) {
        let law = law(&MultiplierConfig {
            error: Some(error),
            sense,
            error_clip: Some(clip),
            ..MultiplierConfig::new(5.0, 0.05)
        });
        let weight = decide(&law, &mut law.init(), measured, Some(target));
        prop_assert!((weight - 5.0).abs() <= 0.05 * clip * (1.0 + 1e-12) + 1e-15);
    }

    #[test]
    fn a_refused_step_changes_nothing(
        (error, sense) in modes(),
        warm in prop::collection::vec(0.1..10.0, 0..20),
    ) {
        let law = law(&MultiplierConfig {
            error: Some(error), sense, ..MultiplierConfig::new(0.5, 1e300)
        });
        let mut state = law.init();
        for measured in warm {
            let _ = law.step(&mut state, input(measured, Some(1.0)));
        }
        let before = text(&state);
        prop_assert!(law.step(&mut state, input(1.0, None)).is_err());
        let overflow = law.step(&mut state, input(-f64::MAX, Some(f64::MAX)));
        // The relative error alone stays finite there; it is a legal step of −1.
        prop_assert!(overflow.is_err() || error == ErrorMode::Relative);
        if overflow.is_err() {
            prop_assert_eq!(before, text(&state));
        }
    }

    #[test]
    fn the_weight_is_held_during_the_warm_up(values in prop::collection::vec(values(), 1..60)) {
        let law = law(&MultiplierConfig {
            target: Some(Target::Baseline(Baseline { warmup: 25.0, ..Baseline::default() })),
            ..MultiplierConfig::new(0.5, 0.1)
        });
        let mut state = law.init();
        for (step, value) in values.into_iter().enumerate() {
            let weight = decide(&law, &mut state, value, None);
            prop_assert!(step >= 25 || weight == 0.5);
        }
    }
}
