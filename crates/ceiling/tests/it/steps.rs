//! Verdicts over steps, and the search for a step that stands.

use homeostat_ceiling::{
    Decision, Look, Outcome, Reason, SlowdownConfig, StepConfig, StepState, Unavailable, Verdict,
    violation,
};
use homeostat_testkit::settings;

fn look(loss: f64, violation: f64) -> Look {
    Look { loss: Ok(loss), violation }
}

fn lost(reason: Unavailable) -> Look {
    Look { loss: Err(reason), violation: 0.0 }
}

#[track_caller]
fn judge(config: &StepConfig, before: Look, after: Look) -> Verdict {
    config.init().expect("legal").verdict(before, after)
}

#[test]
fn every_reason_has_its_verdict() {
    let config = StepConfig { maximum_rise: Some(2.0), ..StepConfig::default() };
    let inside = look(1.0, 0.0);
    let non_finite = |goal| Reason::NonFinite { goal };
    for (before, after, expected) in [
        (inside, lost(Unavailable::NonFinite { goal: 3 }), non_finite(Some(3))),
        (inside, lost(Unavailable::Dead { group: 1 }), Reason::Dead { group: 1 }),
        (inside, lost(Unavailable::Uncalibrated { goal: 0 }), non_finite(None)),
        (inside, look(f64::NAN, 0.0), non_finite(None)),
        (inside, look(0.5, f64::NAN), non_finite(None)),
        (inside, look(0.5, 1e-9), Reason::BoxViolated { violation: 1e-9 }),
        (look(1.0, 0.10), look(0.9, 0.102), Reason::ViolationGrew { before: 0.10, after: 0.102 }),
        (inside, look(3.5, 0.0), Reason::Exploded { rise: 2.5, limit: 2.0 }),
    ] {
        assert_eq!(judge(&config, before, after), Verdict::Reject { reason: expected });
        assert!(!expected.to_string().is_empty());
    }
    for (before, after, restoration) in [
        (inside, look(2.9, 0.0), false),
        (look(1.0, 0.10), look(0.9, 0.1009), true),
        (look(1.0, 0.10), look(0.9, 0.0), true),
        (lost(Unavailable::Dead { group: 0 }), look(9.0, 0.0), false),
    ] {
        assert_eq!(judge(&config, before, after), Verdict::Accept { restoration });
    }
}

#[test]
fn the_published_rules_ask_only_for_a_loss() {
    let (inside, outside) = (look(1.0, 0.0), look(9.0, 5.0));
    let gone = lost(Unavailable::Dead { group: 0 });
    let accept = Verdict::Accept { restoration: false };
    let dead = Verdict::Reject { reason: Reason::Dead { group: 0 } };
    assert_eq!(judge(&StepConfig::parity_note(), inside, outside), accept);
    assert_eq!(judge(&StepConfig::parity_note(), inside, gone), dead);
    // The latest revision does not look ahead.
    assert_eq!(judge(&StepConfig::parity_late(), inside, gone), accept);
    assert_eq!(judge(&StepConfig::parity_late(), gone, inside), dead);
}

#[test]
fn violations_are_shares_of_the_ceilings_and_add_up() {
    assert_eq!(violation(&[5.0, 12.0], [Some(8.0), Some(8.0)]), 0.5);
    assert_eq!(violation(&[12.0, 10.0], [Some(8.0), Some(8.0)]), 0.75);
    assert_eq!(violation(&[8.0, 1e9], [Some(8.0), None]), 0.0, "no ceiling, no violation");
    assert!(violation(&[f64::NAN], [None]).is_nan());
}

#[test]
fn a_step_is_shortened_until_it_stands() {
    let search = StepConfig::default().init().expect("legal");
    let mut state = search.init_state();
    let before = look(1.0, 0.0);
    for attempt in 0..2 {
        let scale = 0.5_f64.powi(attempt + 1);
        let found = search.decide(&mut state, attempt as u32, before, look(1.0, 0.2));
        assert_eq!(found, Decision::Retry { scale });
        assert_eq!((found.outcome(), state.streak()), (None, 0));
    }
    let found = search.decide(&mut state, 2, before, look(0.9, 0.0));
    assert_eq!(found, Decision::Accept { restoration: false });
    assert_eq!((found.outcome(), state.shortened()), (Some(Outcome::Accepted), 1));
}

#[test]
fn a_step_from_nowhere_is_taken_back_at_once() {
    let search = StepConfig::default().init().expect("legal");
    let mut state = StepState::default();
    let gone = lost(Unavailable::NonFinite { goal: 2 });
    let reason = Reason::NonFinite { goal: Some(2) };
    let found = search.decide(&mut state, 0, gone, gone);
    assert_eq!(found, Decision::RollBack { reason, zero_momentum: true });
    assert_eq!((found.outcome(), state.streak()), (Some(Outcome::Rejected), 1));
}

#[test]
fn after_a_rollback_the_rate_is_smaller_for_some_steps() {
    let slowdown = Some(SlowdownConfig { factor: 0.5, steps: 3 });
    let search = StepConfig { slowdown, halvings: 0, ..StepConfig::default() };
    let search = search.init().expect("legal");
    let mut state = search.init_state();
    let (before, outside) = (look(1.0, 0.0), look(1.0, 0.2));
    assert_eq!(search.rate_factor(&state), 1.0);
    search.decide(&mut state, 0, before, outside);
    for _ in 0..3 {
        assert_eq!(search.rate_factor(&state), 0.5);
        search.decide(&mut state, 0, before, before);
    }
    assert_eq!(search.rate_factor(&state), 1.0);
}

#[test]
fn illegal_settings_are_named_with_rule_and_value() {
    let read = |text: &str| settings::read(text, |config: &StepConfig| config.init().map(drop));
    for (text, expected) in [
        ("halvings = 31", "halvings must be at most 30, got 31"),
        ("tolerance = -0.1", "tolerance must be finite and not negative, got -0.1"),
        ("maximum_rise = 0.0", "maximum_rise must be finite and above 0, got 0"),
        ("slowdown = { factor = 1.0, steps = 3 }", "slowdown.factor must be above 0 and below 1"),
        ("slowdown = { factor = 0.5, steps = 0 }", "slowdown.steps must be at least 1, got 0"),
        ("patience = 0", "patience must be at least 1, got 0"),
        ("momentum = \"half\"", "unknown variant `half`"),
        ("halving = 2", "unknown field `halving`"),
    ] {
        settings::refused(text, read(text), expected);
    }
    for config in [StepConfig::default(), StepConfig::parity_note(), StepConfig::parity_late()] {
        let text = toml::to_string(&config).expect("plain data");
        assert_eq!(read(&text).expect("legal"), config);
    }
}
