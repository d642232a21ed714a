//! One function per theorem.

use homeostat_core::{Clock, Law, RawLoss, TimeUnit};
use homeostat_precision::PrecisionConfig;
use homeostat_testkit::Splitmix;
use homeostat_testkit::golden::close;
use proptest::prelude::*;

use crate::{closed, decide, gradient, law};

const SCALES: [f64; 9] = [1e-10, 1e-6, 1e-3, 1.0, 1e3, 1e6, 1e9, 1e12, 1e15];

fn losses() -> impl Strategy<Value = f64> {
    (prop::sample::select(SCALES.to_vec()), 0.1..10.0).prop_map(|(scale, factor)| scale * factor)
}

fn configs() -> impl Strategy<Value = PrecisionConfig> {
    prop_oneof![(0.0..100.0).prop_map(closed), (1e-4..0.5).prop_map(gradient)]
}

/// A constant loss leads to `s = ln L` and to a weighted loss of 1.
#[track_caller]
fn check(config: &PrecisionConfig, loss: f64) {
    let law = law(config);
    let mut state = law.init();
    for _ in 0..20_000 {
        decide(&law, &mut state, loss);
    }
    let (weight, log_variance) = decide(&law, &mut state, loss);
    close("s", log_variance, loss.ln(), 1e-9, 1e-9);
    close("weighted loss", weight * loss, 1.0, 1e-9, 0.0);
    assert_eq!(state.limited_steps(), 0);
}

#[test]
fn both_modes_converge_to_the_logarithm_of_a_constant_loss() {
    for loss in [1e-3, 0.04, 0.5, 1.0, 3.0, 50.0, 2_000.0] {
        for config in [closed(0.0), closed(100.0), gradient(0.01), gradient(0.1)] {
            check(&config, loss);
        }
    }
    // With wide limits the closed form does so at any scale.
    for loss in SCALES {
        check(&PrecisionConfig { minimum: -100.0, maximum: 100.0, ..closed(30.0) }, loss);
    }
}

#[test]
fn a_loss_that_vanishes_stops_at_the_greatest_weight() {
    for config in [closed(10.0), gradient(0.05)] {
        let law = law(&PrecisionConfig { minimum: -2.0, ..config });
        let mut state = law.init();
        for _ in 0..500 {
            decide(&law, &mut state, 1e-12);
        }
        assert_eq!(decide(&law, &mut state, 1e-12), (2.0_f64.exp(), -2.0));
        assert!(state.limited_steps() > 100);
    }
}

#[test]
fn a_rate_per_epoch_is_shared_among_its_steps() {
    let after_an_epoch = |config: PrecisionConfig, steps: u64| {
        let config = PrecisionConfig { time_unit: TimeUnit::Epoch, ..config };
        let law = config.init(Clock::new(steps).expect("a step")).expect("legal");
        let mut state = law.init();
        for step in 0..2 * steps {
            decide(&law, &mut state, if step < steps { 1.0 } else { 1.5 });
        }
        state.log_variance()
    };
    // The closed form's mean decays by the same factor; the gradient's steps are Euler steps.
    for (config, tolerance) in [(closed(2.0), 1e-12), (gradient(0.1), 2e-3)] {
        let small = after_an_epoch(config.clone(), 10);
        close("250 steps", after_an_epoch(config, 250), small, 0.0, tolerance);
    }
}

proptest! {
    #[test]
    fn the_log_variance_never_leaves_its_limits_and_the_weight_is_its_precision(
        config in configs(),
        losses in prop::collection::vec(losses(), 1..60),
    ) {
        let law = law(&config);
        let mut state = law.init();
        for loss in losses {
            let (weight, log_variance) = decide(&law, &mut state, loss);
            prop_assert!((-10.0..=10.0).contains(&log_variance));
            prop_assert_eq!(weight, (-log_variance).exp());
        }
    }

    #[test]
    fn a_larger_loss_never_lowers_the_log_variance(
        config in configs(),
        history in prop::collection::vec(0.1..10.0, 0..20),
        (first, second) in (losses(), losses()),
    ) {
        let law = law(&config);
        let mut state = law.init();
        for loss in history {
            decide(&law, &mut state, loss);
        }
        let log_variance = |loss| decide(&law, &mut state.clone(), loss).1;
        prop_assert!(log_variance(first.min(second)) <= log_variance(first.max(second)));
    }

    #[test]
    fn scaling_the_loss_shifts_the_log_variance_and_keeps_the_weighted_loss(
        config in configs(), scale in prop::sample::select(SCALES.to_vec()), seed in 0_u64..1000,
    ) {
        // The gradient mode starts where the scaled problem starts; the closed form forgets.
        let wide = PrecisionConfig { minimum: -100.0, maximum: 100.0, ..config };
        let shifted = PrecisionConfig { initial: scale.ln(), ..wide.clone() };
        let (plain, scaled) = (law(&wide), law(&shifted));
        let (mut first, mut second) = (plain.init(), scaled.init());
        let mut random = Splitmix(seed);
        for _ in 0..50 {
            let loss = random.between(0.1, 5.0);
            let (weight, log_variance) = decide(&plain, &mut first, loss);
            let (scaled_weight, scaled_log_variance) = decide(&scaled, &mut second, scale * loss);
            close("s", scaled_log_variance, log_variance + scale.ln(), 1e-9, 1e-9);
            close("weighted loss", scaled_weight * scale * loss, weight * loss, 1e-9, 0.0);
        }
    }

    #[test]
    fn a_refused_step_changes_nothing(
        config in configs(),
        warm in prop::collection::vec(losses(), 0..20),
        bad in prop::sample::select(vec![0.0, -0.0, -1e-10, -1.0, -1e15, f64::MIN]),
    ) {
        let law = law(&config);
        let mut state = law.init();
        for loss in warm {
            decide(&law, &mut state, loss);
        }
        let before = state;
        let error = law.step(&mut state, RawLoss::new(bad).expect("finite")).expect_err("refused");
        prop_assert!(error.to_string().starts_with("raw loss of a learned precision must be above 0"));
        prop_assert_eq!(before, state);
    }
}
