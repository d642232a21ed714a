//! The spike gate over losses that are mostly one and the same number.

use homeostat_multiplier::{Dual, DualState, Gate};
use homeostat_testkit::Splitmix;

use crate::engine::{engine, losses, multipliers};

/// The design note's defaults, with the spike gate on.
fn hard() -> Dual {
    engine("[constraints.one]\nhard = true\ntarget = { raw = 0.0 }\nnormalizer = \"none\"\n")
}

fn run(dual: &Dual, state: &mut DualState, random: &mut Splitmix, steps: usize) {
    for _ in 0..steps {
        let violated = random.uniform() < 0.3;
        let loss = if violated { 0.5 + 0.5 * random.uniform() } else { 0.0 };
        losses(dual, state, &[loss]);
    }
}

#[test]
fn a_loss_that_is_mostly_zero_still_raises_its_multiplier() {
    // Both with violations and without any among the first measurements.
    for zeros in [0, 100] {
        let (dual, mut random) = (hard(), Splitmix(3));
        let mut state = dual.init_state();
        for _ in 0..zeros {
            losses(&dual, &mut state, &[0.0]);
        }
        run(&dual, &mut state, &mut random, 2000);
        let one = state.constraint(0);
        // 2000 steps of η = 5e-3 with a mean error of 0.3 · 0.75.
        assert!(multipliers(&state)[0] > 1.5, "{zeros}: {}", multipliers(&state)[0]);
        let rate = one.satisfaction().rate().expect("measured");
        assert!((0.65..0.75).contains(&rate), "{zeros}: {rate}");
        assert_eq!(one.counters().spikes, 0, "{zeros}");
    }
}

#[test]
fn an_outage_of_a_loss_that_is_mostly_zero_is_a_spike() {
    let (dual, mut random) = (hard(), Splitmix(3));
    let mut state = dual.init_state();
    run(&dual, &mut state, &mut random, 200);
    let before = multipliers(&state);
    losses(&dual, &mut state, &[75.0]);
    assert_eq!((state.constraint(0).gate(), multipliers(&state)), (Gate::Spike, before.clone()));
    losses(&dual, &mut state, &[0.5]);
    assert_eq!((state.constraint(0).gate(), multipliers(&state)), (Gate::Frozen, before));
}

#[test]
fn an_outage_after_noisy_losses_is_a_spike() {
    let (dual, mut random) = (hard(), Splitmix(5));
    let mut state = dual.init_state();
    for _ in 0..100 {
        losses(&dual, &mut state, &[1.0 + 0.1 * random.uniform()]);
    }
    let before = multipliers(&state);
    losses(&dual, &mut state, &[100.0]);
    assert_eq!((state.constraint(0).gate(), multipliers(&state)), (Gate::Spike, before));
}

#[test]
fn a_window_of_equal_numbers_knows_no_spike() {
    let dual = hard();
    let mut state = dual.init_state();
    for _ in 0..64 {
        losses(&dual, &mut state, &[0.0]);
    }
    losses(&dual, &mut state, &[1.0]);
    assert_eq!(state.constraint(0).gate(), Gate::Update);
    // The one that differs is a measure for the next: 8 times as far is still none.
    losses(&dual, &mut state, &[8.0]);
    assert_eq!(state.constraint(0).gate(), Gate::Update);
    losses(&dual, &mut state, &[100.0]);
    assert_eq!(state.constraint(0).gate(), Gate::Spike);
}
