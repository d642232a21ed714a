//! What each rule does, case by case, and the settings that give a simpler law.

use homeostat_core::{Clock, Law, LearningRate, TimeUnit};
use homeostat_governor::{Governor, GovernorConfig, Limit, OnViolation, UpdateRatioMeasure};
use homeostat_testkit::golden::close;

use crate::{Step, probe, step};

const RATE: f64 = 1e-3;

/// A rate far from both ends, with the recovery and the plateau out of the way.
fn config() -> GovernorConfig {
    GovernorConfig {
        recovery_threshold: 0.0,
        plateau_patience: 0,
        ..GovernorConfig::new(RATE, 1.0)
    }
}

fn governor(config: &GovernorConfig) -> Governor {
    config.init(Clock::default()).expect("legal")
}

/// The rates, in units of the initial one.
fn rates(config: &GovernorConfig, steps: impl IntoIterator<Item = Step>) -> Vec<f64> {
    let governor = governor(config);
    let mut state = governor.init();
    steps.into_iter().map(|readings| step(&governor, &mut state, readings) / RATE).collect()
}

#[track_caller]
fn check(config: &GovernorConfig, steps: impl IntoIterator<Item = Step>, expected: &[f64]) {
    let found = rates(config, steps);
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        close(&format!("step {index}"), *found, *expected, 1e-12, 0.0);
    }
}

fn losses<const N: usize>(losses: [f64; N]) -> [Step; N] {
    losses.map(Step::loss)
}

#[test]
fn the_rate_grows_after_calm_windows_and_shrinks_after_spikes() {
    check(&config(), losses([2.0; 6]), &[1.0, 1.0, 1.0, 1.0, 1.02, 1.02]);
    check(&config(), losses([2.0, 3.0, 3.0, 3.0, 3.0]), &[1.0, 1.0, 1.0, 0.5, 0.5]);
    // A calm window in between, and there is no shrink.
    check(&config(), losses([2.0, 3.0, 3.0, 2.0, 3.0, 3.0]), &[1.0; 6]);
}

#[test]
fn a_positive_loss_is_a_spike_above_its_average_by_the_tolerance() {
    let config = GovernorConfig { unstable_patience: 1, ..config() };
    check(&config, losses([2.0, 2.0999]), &[1.0, 1.0]);
    check(&config, losses([2.0, 2.1001]), &[1.0, 0.5]);
}

#[test]
fn a_negative_loss_spikes_upwards_too() {
    let config = GovernorConfig { unstable_patience: 1, ..config() };
    check(&config, losses([-2.0, -1.8999]), &[1.0, 0.5]);
    check(&config, losses([-2.0, -1.8999, -2.0]), &[1.0, 0.5, 0.5]);
    check(&config, losses([-2.0, -1.9001, -2.5, -30.0]), &[1.0; 4]);
}

#[test]
fn a_loss_that_crosses_zero_is_measured_by_its_size_or_by_the_floor() {
    let config = GovernorConfig { unstable_patience: 1, ..config() };
    // The average is 0, the average size is 1: 0.04 is calm, and 0.06 is not.
    check(&config, losses([-1.0, 1.02, 0.04]), &[1.0, 0.5, 0.5]);
    let floor = GovernorConfig { loss_scale_floor: 50.0, ..config };
    check(&floor, losses([-1.0, 1.02, 0.04]), &[1.0; 3]);
}

#[test]
fn a_lasting_step_in_the_loss_costs_one_shrink() {
    let level = |step| if step < 20 { 3.0 } else { 6.0 };
    let shrinks = |config: &GovernorConfig| {
        let governor = governor(config);
        let mut state = governor.init();
        for index in 0..140 {
            let readings = Step { gradient: Some(1.0), ..Step::loss(level(index)) };
            step(&governor, &mut state, readings);
        }
        probe(&governor, &state)["shrinks"]
    };
    assert_eq!(shrinks(&config()), 1.0);
    let parity =
        GovernorConfig { minimum: 1e-12, plateau_patience: 0, ..GovernorConfig::parity(RATE, 1.0) };
    assert_eq!(shrinks(&parity), 26.0, "the reference shrinks until its average has caught up");
}

#[test]
fn a_plateau_is_reached_with_default_patiences_and_though_the_rate_grows() {
    let config = GovernorConfig { plateau_patience: 10, ..config() };
    let found = rates(&config, losses([2.0; 12]));
    close("grown twice, then halved", found[10], 0.5 * 1.02 * 1.02, 1e-12, 0.0);
    // An improvement by more than a thousandth restarts the count.
    let falling = (0..60).map(|step| Step::loss(2.0 * 0.99f64.powi(step)));
    assert!(rates(&config, falling).windows(2).all(|pair| pair[1] >= pair[0]));
}

#[test]
fn the_recovery_factor_acts_below_its_threshold() {
    let config = GovernorConfig { recovery_threshold: 0.1, ..config() };
    check(&config, losses([2.0; 5]), &[1.0, 1.0, 1.0, 1.0, 1.1]);
    let config = GovernorConfig { maximum: 2.0 * RATE, ..config };
    check(&config, losses([2.0; 5]), &[1.0, 1.0, 1.0, 1.0, 1.02]);
}

#[test]
fn a_violation_shrinks_with_patience_and_down_to_its_floor() {
    let violated = |count| vec![Step { information: Some(0.02), ..Step::loss(2.0) }; count];
    let found = rates(&config(), violated(30));
    assert_eq!(found[1], 1.0);
    close("after three", found[2], 0.5, 1e-12, 0.0);
    close("after many", found[29], 0.1, 1e-12, 0.0);
    let hold = GovernorConfig { on_violation: OnViolation::Hold, ..config() };
    assert_eq!(rates(&hold, violated(30)), vec![1.0; 30]);
    // A rate that is already below the floor is not raised.
    let low = governor(&config());
    let mut state = low.init_at(LearningRate::new(1e-5).expect("a rate"));
    for readings in violated(10) {
        assert_eq!(step(&low, &mut state, readings), 1e-5);
    }
    // Raised, it is the initial rate.
    let raise = governor(&GovernorConfig { on_violation: OnViolation::Raise, ..config() });
    let mut state = raise.init_at(LearningRate::new(1e-5).expect("a rate"));
    assert_eq!(step(&raise, &mut state, violated(1)[0]), RATE);
}

#[test]
fn one_grounded_window_ends_a_violation() {
    let steps = |information: [f64; 5]| {
        information.map(|value| Step { information: Some(value), ..Step::loss(2.0) })
    };
    check(&config(), steps([0.02, 0.02, 0.3, 0.02, 0.02]), &[1.0; 5]);
    check(&config(), steps([0.02, 0.02, 0.09, 0.02, 0.02]), &[1.0, 1.0, 0.5, 0.5, 0.5]);
}

#[test]
fn a_violated_window_is_not_calm_and_a_grounded_one_is_at_once() {
    let hold = GovernorConfig { on_violation: OnViolation::Hold, stable_patience: 1, ..config() };
    let information = |value| Step { information: Some(value), ..Step::loss(2.0) };
    let mut steps = vec![information(0.02); 30];
    steps.push(information(0.2)); // the average is far below the bound, the window is not
    let found = rates(&hold, steps);
    assert_eq!(found[..30], vec![1.0; 30]);
    close("grown", found[30], 1.02, 1e-12, 0.0);
}

#[test]
fn a_window_without_information_holds_the_count_of_violations() {
    let (low, none) = (Step { information: Some(0.02), ..Step::loss(2.0) }, Step::loss(2.0));
    check(&config(), [low, none, low, none, none, low], &[1.0, 1.0, 1.0, 1.0, 1.0, 0.5]);
}

#[test]
fn nothing_is_decided_while_warming_up() {
    let config = GovernorConfig { grounding_warmup: 4, ..config() };
    let steps = losses([2.0, 9.0, 9.0, 9.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
    check(&config, steps, &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.02]);
    let fault = Step { faults: 1, ..Step::default() };
    check(&config, [fault], &[0.5]); // a reflex is not a decision
}

#[test]
fn a_fault_acts_within_a_window_and_once_per_cooldown() {
    let config = GovernorConfig { window: 100.0, fault_cooldown: 3, ..config() };
    let fault = Step { faults: 2, ..Step::default() };
    let calm = Step::loss(2.0);
    check(&config, [calm, fault, fault, fault, fault, calm], &[1.0, 0.5, 0.5, 0.5, 0.25, 0.25]);
}

#[test]
fn a_fault_is_stronger_than_what_raises_the_rate() {
    // In its own step nothing raises the rate again.
    let raise = GovernorConfig { on_violation: OnViolation::Raise, ..config() };
    let fault = Step { faults: 1, ..Step::loss(2.0) };
    check(&raise, [Step { information: Some(0.02), ..fault }], &[0.5]);
    // A fault within the cooldown does not shrink, but the count of calm windows begins again.
    let calm = Step::loss(2.0);
    check(&config(), [fault, calm, calm, fault, calm, calm], &[0.5; 6]);
}

#[test]
fn the_average_follows_a_fall_down_and_sees_the_spike_below() {
    let falling = [1e6, 1e4, 1e2, 1.0, 2.0, 2.0, 2.0];
    check(&config(), losses(falling), &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5]);
}

#[test]
fn a_step_without_readings_decides_nothing() {
    check(&config(), [Step::default(); 50], &[1.0; 50]);
    let [calm, none] = [Step::loss(2.0), Step::default()];
    let steps = [calm, none, calm, none, calm, none, calm, none, calm];
    check(&config(), steps, &[1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.02]);
}

#[test]
fn a_window_of_equal_readings_is_one_step_in_slow_motion() {
    let signal = |index: usize| 3.0 + (index as f64 * 0.9).sin() - 0.02 * index as f64;
    let fast = rates(&config(), (0..80).map(|index| Step::loss(signal(index))));
    for (window, time_unit) in
        [(4.0, TimeUnit::Step), (2.0, TimeUnit::Epoch), (1.9, TimeUnit::Epoch)]
    {
        let config = GovernorConfig { window, time_unit, ..config() };
        let slow = config.init(Clock::new(2).expect("two steps")).expect("legal");
        let mut state = slow.init();
        let steps = (0..320).map(|index| Step::loss(signal(index / 4)));
        let found: Vec<f64> = steps.map(|readings| step(&slow, &mut state, readings)).collect();
        for (index, fast) in fast.iter().enumerate() {
            close(&format!("window {index}"), found[4 * index + 3] / RATE, *fast, 1e-12, 0.0);
        }
    }
}

#[test]
fn a_limit_names_itself_and_does_not_wind_the_rate_up() {
    let config = GovernorConfig { maximum_velocity: Some(0.5 * RATE), ..config() };
    let limited = governor(&config);
    let mut state = limited.init();
    let calm = Step { gradient: Some(1.0), ..Step::loss(2.0) };
    for _ in 0..500 {
        close("limited", step(&limited, &mut state, calm), 0.5 * RATE, 1e-9, 0.0);
    }
    let numbers = probe(&limited, &state);
    assert_eq!(numbers["limit"], f64::from(Limit::Velocity.code()));
    assert!(numbers["rate"] <= RATE, "the rate behind the limit has grown");
    // Three spikes halve what was handed out, not what stood behind the limit.
    let spike = Step { gradient: Some(1.0), ..Step::loss(9.0) };
    let last = [spike; 3].map(|readings| step(&limited, &mut state, readings))[2];
    close("shrunk", last, 0.25 * RATE, 1e-9, 0.0);
}

#[test]
fn the_measured_and_the_gradient_ratio_agree_for_plain_descent() {
    let base = GovernorConfig { maximum_update_ratio: Some(1e-4), ..config() };
    let measured = governor(&base);
    let gradient = GovernorConfig { update_ratio_measure: UpdateRatioMeasure::Gradient, ..base };
    let gradient = governor(&gradient);
    let (mut one, mut other) = (measured.init(), gradient.init());
    let mut update = None;
    for index in 0..50 {
        let norms = Step { gradient: Some(2.0), parameters: Some(10.0), ..Step::loss(2.0) };
        let first = step(&measured, &mut one, Step { update, ..norms });
        let second = step(&gradient, &mut other, norms);
        update = Some(2.0 * first);
        if index > 0 {
            close("cap r_max·‖θ‖/‖∇‖", second, 5e-4, 1e-9, 0.0);
            close("measured", first, second, 1e-9, 0.0);
        }
    }
}

#[test]
fn the_cap_falls_at_once_opens_slowly_and_ignores_a_skipped_update() {
    let config = GovernorConfig { maximum_update_ratio: Some(1e-4), ..config() };
    let norms = |update| Step { parameters: Some(1.0), update, ..Step::default() };
    // ‖Δθ‖/‖θ‖ = 0.2 per unit of rate asks for 0.5 times the initial rate, 0.4 for 0.25.
    let usual = Some(0.2 * RATE);
    let governor = governor(&config);
    let mut state = governor.init();
    let mut next = |update| step(&governor, &mut state, norms(update)) / RATE;
    close("unmeasured", next(None), 1.0, 1e-12, 0.0);
    close("measured", next(usual), 0.5, 1e-12, 0.0);
    close("kept", next(Some(0.0)), 0.5, 1e-12, 0.0);
    close("kept", next(None), 0.5, 1e-12, 0.0);
    close("at once", next(Some(0.2 * RATE)), 0.25, 1e-12, 0.0); // 0.4 per unit of rate 0.5
    let after = next(Some(0.05 * RATE)); // 0.2 again, and the average is (0.2 + 0.4 + 0.2)/3
    close("slowly", after, 0.375, 0.02, 0.0);
}
