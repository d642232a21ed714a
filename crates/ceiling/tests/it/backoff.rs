//! Fault injection: forced rejections drive the backoff as specified.

use homeostat_ceiling::{
    Batch, Ceiling, CeilingConfig, CeilingState, CeilingTarget, DiscoveryConfig,
    DiscoveryStatistic, Event, Look, Pace, Phase, StepConfig, StepState, Unavailable,
};

use crate::{BATCHES, ceiling, epoch, observe, upper};

/// C = 100, T = 20, in the third epoch's start position.
fn squeezing(pace: Pace) -> (Ceiling, CeilingState) {
    let discovery = DiscoveryConfig {
        statistic: DiscoveryStatistic::Maximum,
        headroom: 1.0,
        ..DiscoveryConfig::default()
    };
    let config =
        CeilingConfig { discovery, pace, ..CeilingConfig::new(CeilingTarget::Absolute(20.0)) };
    let ceiling = ceiling(&config);
    let mut state = ceiling.init_state();
    epoch(&ceiling, &mut state, 100.0, 0.2, 0);
    epoch(&ceiling, &mut state, 100.0, 0.2, 0);
    (ceiling, state)
}

/// An epoch whose steps are judged by a step search; `forced` says at which batches the look ahead finds no
/// loss.
fn judged(ceiling: &Ceiling, state: &mut CeilingState, forced: impl Fn(u64) -> bool) {
    let search = StepConfig::default().init().expect("legal");
    let mut steps = StepState::default();
    ceiling.begin_epoch(state, &mut |_| {});
    let before = Look { loss: Ok(0.5), violation: 0.0 };
    for batch in 0..BATCHES {
        let after = if forced(batch) {
            Look { loss: Err(Unavailable::NonFinite { goal: 0 }), ..before }
        } else {
            before
        };
        let outcome = (0..)
            .find_map(|attempt| search.decide(&mut steps, attempt, before, after).outcome())
            .expect("a decision");
        observe(ceiling, state, 50.0, 0.2, outcome);
    }
    ceiling.end_epoch(state, &mut |_| {});
}

#[test]
fn when_every_step_is_rejected_the_ceiling_stands_and_the_increment_falls_to_an_eighth() {
    for pace in [Pace::Epoch, Pace::Batch] {
        let (ceiling, mut state) = squeezing(pace);
        for expected in [0.5, 0.25, 0.125, 0.125, 0.125] {
            judged(&ceiling, &mut state, |_| true);
            assert_eq!(state.rejections().rejected, BATCHES);
            assert_eq!((upper(&state), state.sigma()), (Some(100.0), 2.0));
            assert_eq!(state.increment(), expected);
            assert_eq!(state.phase(), Phase::Squeeze);
        }
        // When the faults are over the schedule speeds up again and reaches its target.
        let mut increments = Vec::new();
        for _ in 0..30 {
            judged(&ceiling, &mut state, |_| false);
            increments.push(state.increment());
        }
        assert_eq!(increments[..3], [0.1875, 0.28125, 0.421875]);
        assert_eq!((state.phase(), upper(&state)), (Phase::Target, Some(20.0)));
    }
}

#[test]
fn a_burst_counts_by_its_share_of_the_epoch() {
    // Rejected batches, increment and clock afterwards.
    for (burst, increment, sigma) in
        [(4, 1.0, 3.0), (5, 1.0, 3.0), (15, 1.0, 3.0), (16, 0.5, 2.0), (40, 0.5, 2.0)]
    {
        for start in [0, 37, 60] {
            for pace in [Pace::Epoch, Pace::Batch] {
                let (ceiling, mut state) = squeezing(pace);
                judged(&ceiling, &mut state, |batch| (start..start + burst).contains(&batch));
                let found = (state.increment(), state.sigma());
                assert_eq!(found, (increment, sigma), "{burst} from {start}");
                let expected = if sigma == 2.0 { 100.0 } else { 20.0 + 80.0 * 10.0 / 12.0 };
                assert!((upper(&state).expect("one") - expected).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn sixteen_per_cent_of_an_epoch_scattered_are_a_backoff_and_five_hold_the_increment() {
    let (ceiling, mut state) = squeezing(Pace::Epoch);
    judged(&ceiling, &mut state, |batch| batch % 25 < 4);
    assert_eq!((state.increment(), state.sigma()), (0.5, 2.0));
    judged(&ceiling, &mut state, |batch| batch % 20 == 0);
    assert_eq!((state.increment(), state.sigma()), (0.5, 2.5), "at the limit: kept, not faster");
    judged(&ceiling, &mut state, |batch| batch % 25 == 0);
    assert_eq!((state.increment(), state.sigma()), (0.75, 3.0));
}

#[test]
fn a_backoff_takes_the_last_tightening_back() {
    let (ceiling, mut state) = squeezing(Pace::Epoch);
    for _ in 3..=7 {
        epoch(&ceiling, &mut state, 50.0, 0.6, 0);
    }
    assert_eq!(state.tightenings(), 2, "epochs 6 and 7");
    assert!((ceiling.softness(&state) - 0.95 * 0.95).abs() < 1e-15);
    epoch(&ceiling, &mut state, 50.0, 0.6, 16);
    assert_eq!(state.tightenings(), 1);
}

#[test]
fn the_published_tightening_never_reaches_a_soft_scale() {
    for config in [CeilingConfig::parity_note(), CeilingConfig::parity_late()] {
        let ceiling = ceiling(&config);
        let mut state = ceiling.init_state();
        for _ in 1..=8 {
            epoch(&ceiling, &mut state, 42358.2, 0.6, 0);
        }
        assert!(state.tightenings() >= 3);
        assert_eq!(ceiling.softness(&state), 1.0);
    }
}

#[test]
fn a_calibration_that_lasts_into_the_samples_is_refused() {
    // Fifty of a hundred batches pass before samples count.
    let (ceiling, _) = squeezing(Pace::Epoch);
    assert_eq!(ceiling.check_calibration(50), Ok(()));
    let error = ceiling.check_calibration(51).expect_err("too long").to_string();
    assert!(error.starts_with("calibration.batches must be over before samples"), "{error}");
    assert!(error.ends_with("got 51"), "{error}");
}

#[test]
fn an_unstable_score_tightens_nothing() {
    let (ceiling, mut state) = squeezing(Pace::Epoch);
    // Means of three: 0.47, 0.49, 0.51.
    for score in [0.2, 0.45, 0.47, 0.49, 0.51] {
        epoch(&ceiling, &mut state, 50.0, score, 0);
        assert_eq!(state.tightenings(), 0, "{score}");
    }
    epoch(&ceiling, &mut state, 50.0, 0.53, 0);
    assert_eq!(state.tightenings(), 1, "epoch 8, mean 0.51");
}

#[test]
fn an_epoch_without_a_judged_step_is_no_failure() {
    let (ceiling, mut state) = squeezing(Pace::Epoch);
    let mut backed_off = false;
    ceiling.begin_epoch(&mut state, &mut |_| {});
    for _ in 0..BATCHES {
        let batch = Batch { values: &[50.0], minimum_score: None, outcome: None };
        ceiling.observe(&mut state, batch).expect("one value");
    }
    ceiling.end_epoch(&mut state, &mut |event| {
        backed_off |= matches!(event, Event::BackedOff { .. });
    });
    assert!(!backed_off && !state.is_stopped());
    assert_eq!((state.sigma(), state.increment()), (3.0, 1.0));
}
