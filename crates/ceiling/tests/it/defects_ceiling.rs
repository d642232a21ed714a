//! The defects of the published controller, section 6 of the specification; see `defects.rs`.

use homeostat_ceiling::{
    Batch, CeilingConfig, CeilingTarget, Decision, Look, Outcome, Pace, Phase, Rejections, Rules,
    Squeeze, StepConfig,
};

use crate::{BATCHES, ceiling, epoch, observe, upper};

/// The intended note and its code.
fn both() -> [CeilingConfig; 2] {
    [CeilingConfig::note(), CeilingConfig::parity_note()]
}

#[test]
fn defect_4_the_best_value_stays_below_the_ceiling_to_the_end() {
    let last = |config: &CeilingConfig| {
        let ceiling = ceiling(config);
        let mut state = ceiling.init_state();
        for _ in 0..20 {
            epoch(&ceiling, &mut state, 42358.2, 0.6, 0);
        }
        state.goals()[0].bounds()
    };
    let [mended, published] = both().map(|config| last(&config));
    assert!(published.upper.expect("one") < published.healthy, "D_u is negative");
    assert_eq!((mended.upper, mended.healthy, mended.lower), (Some(3000.0), 2400.0, 100.0));
}

#[test]
fn defect_6_one_batch_does_not_set_the_ceiling_of_both_halves() {
    let discover = |config: CeilingConfig| {
        let ceiling = ceiling(&config);
        let mut state = ceiling.init_state();
        for batch in 0..BATCHES {
            let core = if batch == 80 { 250_000.0 } else { 40_000.0 };
            let batch = Batch {
                values: &[core, 30_000.0],
                minimum_score: None,
                outcome: Some(Outcome::Accepted),
            };
            ceiling.observe(&mut state, batch).expect("two values");
        }
        ceiling.end_epoch(&mut state, &mut |_| {});
        state.ceilings().flatten().collect::<Vec<_>>()
    };
    assert_eq!(discover(CeilingConfig::parity_note()), [250_000.0, 250_000.0]);
    let target = CeilingTarget::Absolute(3000.0);
    let goals = CeilingConfig::note().goals;
    let found = discover(CeilingConfig { goals, ..CeilingConfig::new(target) });
    assert!((found[0] - 44_000.0).abs() < 1e-9 && (found[1] - 33_000.0).abs() < 1e-9, "{found:?}");
}

#[test]
fn defect_7_a_backoff_slows_the_schedule_down() {
    let after = |config: &CeilingConfig| {
        let ceiling = ceiling(config);
        let mut state = ceiling.init_state();
        for number in 1..=8 {
            epoch(&ceiling, &mut state, 42358.2, 0.6, if number == 8 { 18 } else { 0 });
        }
        ceiling.begin_epoch(&mut state, &mut |_| {});
        upper(&state).expect("a ceiling")
    };
    let [mended, published] = both().map(|config| after(&config));
    assert_eq!(published, 5200.0, "the next epoch's number, whatever happened");
    assert_eq!(mended, 6500.0, "half of the refused way from 7000 to 6000");
}

#[test]
fn defect_8_a_low_ceiling_is_not_raised_to_the_schedule() {
    for (config, expected) in both().iter().zip([2800.0, 13000.0]) {
        let ceiling = ceiling(config);
        let mut state = ceiling.init_state();
        epoch(&ceiling, &mut state, 2800.0, 0.6, 0);
        epoch(&ceiling, &mut state, 2800.0, 0.6, 0);
        ceiling.begin_epoch(&mut state, &mut |_| {});
        assert_eq!(upper(&state), Some(expected));
        let early = config.rules == Rules::Mended;
        assert_eq!(state.phase() == Phase::Target, early, "early convergence is detected");
    }
}

#[test]
fn defect_9_an_epoch_without_an_accepted_step_has_failed() {
    let rejections = Rejections { accepted: 47, restored: 0, rejected: 348 };
    assert!(rejections.rate(Rules::Note) > 7.4, "740 %");
    assert_eq!(rejections.rate(Rules::Mended), 348.0 / 395.0);
    let all = Rejections { accepted: 0, restored: 0, rejected: 395 };
    assert_eq!((all.rate(Rules::Note), all.rate(Rules::Mended)), (0.0, 1.0));

    let [mended, published] = both().map(|config| {
        let ceiling = ceiling(&config);
        let mut state = ceiling.init_state();
        for number in 1..=6 {
            epoch(&ceiling, &mut state, 42358.2, 0.6, if number == 6 { 100 } else { 0 });
        }
        state
    });
    assert_eq!(published.tightenings(), 1, "nothing accepted counts as healthy");
    assert_eq!((mended.tightenings(), mended.increment()), (0, 0.5), "a failure");
}

#[test]
fn defect_9_a_discovery_without_samples_tries_again() {
    for (config, expected) in both().iter().zip([None, Some(0.0)]) {
        let ceiling = ceiling(config);
        let mut state = ceiling.init_state();
        epoch(&ceiling, &mut state, f64::NAN, 0.6, 100);
        assert_eq!(upper(&state), expected, "the published code takes the maximum of nothing");
        if config.rules == Rules::Mended {
            epoch(&ceiling, &mut state, 5000.0, 0.6, 0);
            assert_eq!(upper(&state), Some(5000.0));
        }
    }
}

/// What the step search does with attempts that are all refused.
fn refused(config: &StepConfig) -> Vec<Decision> {
    let search = config.init().expect("legal");
    let mut state = search.init_state();
    let before = Look { loss: Ok(0.5), violation: 0.0 };
    let lost = homeostat_ceiling::Unavailable::NonFinite { goal: 0 };
    let after = Look { loss: Err(lost), violation: 0.5 };
    let mut decisions = Vec::new();
    for attempt in 0.. {
        decisions.push(search.decide(&mut state, attempt, before, after));
        if decisions.last().is_some_and(|decision| decision.outcome().is_some()) {
            break;
        }
    }
    decisions
}

#[test]
fn defect_10_a_refused_step_is_shortened_and_then_forgets_its_momentum() {
    let scales: Vec<f64> = refused(&StepConfig::default())
        .iter()
        .filter_map(|decision| match decision {
            Decision::Retry { scale } => Some(*scale),
            _ => None,
        })
        .collect();
    assert_eq!(scales, [0.5, 0.25, 0.125, 0.0625]);
    let last = |config: StepConfig| match refused(&config).last() {
        Some(Decision::RollBack { zero_momentum, .. }) => *zero_momentum,
        other => panic!("{other:?}"),
    };
    assert!(last(StepConfig::default()));
    assert!(!last(StepConfig::parity_note()), "the same weights, momentum and rate for ever");
    assert_eq!(refused(&StepConfig::parity_note()).len(), 1);
}

#[test]
fn defect_13_a_batch_that_begins_outside_is_led_back_and_counted_apart() {
    let search = StepConfig::default().init().expect("legal");
    let mut state = search.init_state();
    let look = |violation| Look { loss: Ok(2.0), violation };
    let decision = search.decide(&mut state, 0, look(0.30), look(0.25));
    assert_eq!(decision.outcome(), Some(Outcome::Restored));
    let mut rejections = Rejections::default();
    rejections.record(Outcome::Restored);
    assert_eq!((rejections.accepted, rejections.restored, rejections.rejected), (1, 1, 0));
    let worse = search.decide(&mut state, 0, look(0.30), look(0.35));
    assert_eq!(worse, Decision::Retry { scale: 0.5 });
}

#[test]
fn defect_19_many_rejections_do_not_end_the_training() {
    for (config, stops) in both().iter().zip([false, true]) {
        let ceiling = ceiling(config);
        let mut state = ceiling.init_state();
        for number in 1..=8 {
            epoch(&ceiling, &mut state, 42358.2, 0.6, if number == 7 { 7 } else { 0 });
        }
        assert_eq!(state.is_stopped(), stops);
    }
    let mut config = CeilingConfig::note();
    config.backoff.give_up = Some(3);
    let ceiling = ceiling(&config);
    let mut state = ceiling.init_state();
    epoch(&ceiling, &mut state, 42358.2, 0.6, 0);
    epoch(&ceiling, &mut state, 42358.2, 0.6, 0);
    for failed in 1..=3 {
        epoch(&ceiling, &mut state, 42358.2, 0.6, 100);
        assert_eq!(state.is_stopped(), failed == 3, "only after three failed epochs");
    }
}

#[test]
fn defect_20_the_saved_memory_holds_phase_bounds_and_history() {
    let config = CeilingConfig { pace: Pace::Batch, ..CeilingConfig::note() };
    let ceiling = ceiling(&config);
    let mut state = ceiling.init_state();
    for _ in 0..4 {
        epoch(&ceiling, &mut state, 42358.2, 0.6, 0);
    }
    observe(&ceiling, &mut state, 9000.0, 0.6, Outcome::Accepted);
    let saved = serde_json::to_value(&state).expect("plain data");
    for field in [
        "phase",
        "epoch",
        "batch",
        "sigma",
        "increment",
        "goals",
        "history",
        "rejections",
        "tightenings",
        "stopped",
    ] {
        assert!(saved.get(field).is_some(), "{field}");
    }
    assert!(saved["goals"][1]["samples"].is_null(), "of no more use after the discovery");
}

#[test]
fn defect_21_rejected_batches_are_samples_as_well() {
    let discovered = |rules, squeeze| {
        let config = CeilingConfig { rules, squeeze, ..CeilingConfig::note() };
        let ceiling = ceiling(&config);
        let mut state = ceiling.init_state();
        for batch in 0..BATCHES {
            let rejected = batch >= 90;
            let outcome = if rejected { Outcome::Rejected } else { Outcome::Accepted };
            let value = if rejected { 9000.0 } else { 4000.0 };
            observe(&ceiling, &mut state, value, 0.6, outcome);
        }
        ceiling.end_epoch(&mut state, &mut |_| {});
        upper(&state)
    };
    assert_eq!(discovered(Rules::Note, Squeeze::note()), Some(4000.0));
    assert_eq!(discovered(Rules::Mended, Squeeze::note()), Some(9000.0));
}
