//! The verdict on a constraint: when it is given, and when it is taken back.

use homeostat_multiplier::{Judge, JudgeConfig, JudgeReading, JudgeState, Verdict};
use proptest::prelude::*;

fn judge() -> Judge {
    JudgeConfig::default().init().expect("the defaults are legal")
}

fn reading(multiplier: f64, violation: f64) -> JudgeReading {
    JudgeReading { multiplier, maximum: 10.0, held: false, violation, tolerance: 0.0 }
}

/// Observes the readings and gives the verdict after the last.
fn feed(state: &mut JudgeState, readings: impl IntoIterator<Item = JudgeReading>) -> Verdict {
    let judge = judge();
    for reading in readings {
        judge.observe(state, reading);
    }
    judge.verdict(state)
}

fn is_stuck(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Unsatisfiable(_))
}

/// Deterministic noise in ±1.
fn noise(step: u32) -> f64 {
    f64::from(step.wrapping_mul(2_654_435_761) >> 8) / f64::from(1_u32 << 23) - 1.0
}

fn stuck() -> JudgeState {
    let mut state = judge().init_state();
    let verdict = feed(&mut state, (0..200).map(|step| reading(10.0, 1.0 + 0.3 * noise(step))));
    assert!(is_stuck(verdict), "{verdict:?}");
    state
}

#[test]
fn the_four_verdicts() {
    let mut state = judge().init_state();
    assert_eq!(judge().verdict(&state), Verdict::Unmeasured);
    assert_eq!(feed(&mut state, [reading(0.0, -0.5)]), Verdict::Satisfied);
    let rising = (0..30).map(|step| reading(0.1 * f64::from(step), 1.0));
    assert_eq!(feed(&mut state, rising), Verdict::Converging);
    assert_eq!(feed(&mut state, vec![reading(10.0, 1.0); 49]), Verdict::Converging);
    let Verdict::Unsatisfiable(evidence) = feed(&mut state, [reading(10.0, 1.0)]) else {
        panic!("fifty updates at the cap");
    };
    assert_eq!((evidence.multiplier, evidence.updates, evidence.since), (10.0, 50, 81));
    assert_eq!((evidence.mean_violation, evidence.slope, evidence.t_value), (1.0, 0.0, 0.0));
    // One hundredth below the cap still counts as being there.
    let verdict = feed(&mut state, vec![reading(9.91, 1.0); 30]);
    assert!(matches!(verdict, Verdict::Unsatisfiable(e) if e.since == 81 && e.updates == 80));
}

#[test]
fn a_violation_that_still_falls_at_the_cap_is_converging() {
    let mut state = judge().init_state();
    let falling =
        (0..400).map(|step| reading(10.0, 5.0 - 0.01 * f64::from(step) + 0.3 * noise(step)));
    for reading in falling {
        assert_eq!(feed(&mut state, [reading]), Verdict::Converging);
    }
    // It stops falling; once the window has mostly forgotten the fall, it is stuck.
    let flat = (0..800).map(|step| reading(10.0, 1.0 + 0.3 * noise(step)));
    assert!(is_stuck(feed(&mut state, flat)));
}

#[test]
fn a_constraint_that_is_satisfied_now_and_then_is_not_stuck() {
    let mut state = judge().init_state();
    let now_and_then = (0..400).map(|step| reading(10.0, if step % 10 == 0 { -0.1 } else { 1.0 }));
    assert_eq!(feed(&mut state, now_and_then), Verdict::Converging);
}

#[test]
fn a_multiplier_without_a_cap_is_stuck_when_it_rises_without_effect() {
    let uncapped = |multiplier, violation| JudgeReading {
        maximum: f64::INFINITY,
        ..reading(multiplier, violation)
    };
    let mut state = judge().init_state();
    let rising = (0..60).map(|step| uncapped(f64::from(step), 1.0));
    assert!(is_stuck(feed(&mut state, rising)));
    assert!(is_stuck(feed(&mut state, vec![uncapped(60.0, 1.0); 40])));
    assert_eq!(feed(&mut state, vec![uncapped(60.0, 1.0); 20]), Verdict::Converging);
    let mut state = judge().init_state();
    let effective = (0..100).map(|step| uncapped(f64::from(step), 0.99_f64.powi(step)));
    assert_eq!(feed(&mut state, effective), Verdict::Converging);
}

#[test]
fn the_verdict_is_taken_back_when_the_constraint_is_satisfied() {
    let mut state = stuck();
    let verdicts: Vec<_> = (0..60).map(|_| feed(&mut state, [reading(10.0, -0.2)])).collect();
    assert!(is_stuck(verdicts[0]), "one satisfied update is not enough");
    assert_eq!(verdicts[59], Verdict::Satisfied);
}

#[test]
fn the_verdict_is_taken_back_when_the_multiplier_has_long_been_below_its_cap() {
    let mut state = stuck();
    assert!(is_stuck(feed(&mut state, vec![reading(9.5, 1.0); 300])), "close below does not count");
    assert!(is_stuck(feed(&mut state, vec![reading(5.0, 1.0); 49])));
    assert!(!is_stuck(feed(&mut state, vec![reading(5.0, 1.0)])));
}

#[test]
fn the_verdict_is_taken_back_when_the_violation_falls_again() {
    let mut state = stuck();
    let falling = (0..300).map(|step| reading(10.0, 1.0 - 0.003 * f64::from(step)));
    assert_eq!(feed(&mut state, falling), Verdict::Converging);
}

proptest! {
    #[test]
    fn noise_at_the_target_is_never_unsatisfiable(scale in 1e-6..1e6, level in 0.0..9.8) {
        let mut state = judge().init_state();
        for step in 0..300 {
            let violation = scale * noise(step);
            prop_assert!(!is_stuck(feed(&mut state, [reading(level, violation)])));
            prop_assert!(!is_stuck(feed(&mut state, [reading(10.0, violation)])));
        }
    }

    #[test]
    fn the_verdict_does_not_depend_on_the_unit_of_the_violation(
        values in prop::collection::vec(-0.2..1.0, 60..200), power in -20..20i32,
    ) {
        let unit = 2.0_f64.powi(power);
        let (mut state, mut scaled) = (judge().init_state(), judge().init_state());
        for value in values {
            let one = feed(&mut state, [reading(10.0, value)]);
            let other = feed(&mut scaled, [reading(10.0, unit * value)]);
            prop_assert_eq!(std::mem::discriminant(&one), std::mem::discriminant(&other));
        }
    }

    #[test]
    fn a_saved_verdict_goes_on_to_the_bit(
        values in prop::collection::vec((9.85..10.0, -0.2..1.0), 1..800), cut in 0..800usize,
    ) {
        let judge = JudgeConfig { window: 64, ..JudgeConfig::default() }.init().expect("legal");
        let (mut state, mut resumed) = (judge.init_state(), judge.init_state());
        for (step, (multiplier, violation)) in values.into_iter().enumerate() {
            if step == cut {
                let text = toml::to_string(&state).expect("writes");
                resumed = toml::from_str(&text).expect("reads");
                judge.check(&resumed).expect("belongs to the judge");
            }
            for state in [&mut state, &mut resumed] {
                judge.observe(state, reading(multiplier, violation));
            }
        }
        prop_assert_eq!(state, resumed);
    }

    #[test]
    fn enormous_violations_leave_the_memory_finite(
        values in prop::collection::vec(
            prop::sample::select(vec![f64::MAX, -f64::MAX, 1e200, 0.0, 1.0]), 1..200,
        ),
    ) {
        let mut state = judge().init_state();
        for value in values {
            let verdict = feed(&mut state, [reading(10.0, value)]);
            if let Verdict::Unsatisfiable(evidence) = verdict {
                let numbers = [evidence.mean_violation, evidence.slope, evidence.t_value];
                prop_assert!(numbers.iter().all(|number| number.is_finite()), "{:?}", evidence);
            }
        }
        let text = toml::to_string(&state).expect("writes");
        prop_assert!(!text.contains("inf") && !text.contains("nan"), "{}", text);
    }
}

#[test]
fn a_number_out_of_range_is_refused_with_its_field() {
    let refused = |change: fn(&mut JudgeConfig), message: &str| {
        let mut config = JudgeConfig::default();
        change(&mut config);
        assert_eq!(config.init().expect_err("not legal").to_string(), message);
    };
    refused(|c| c.cap_share = 0.0, "verdict.cap_share must be above 0 and at most 1, got 0");
    refused(|c| c.release_share = 1.0, "verdict.release_share must not be above cap_share, got 1");
    refused(
        |c| c.updates = 2,
        "verdict.updates must be at least 3, because a trend needs as many, got 2",
    );
    refused(
        |c| c.window = 2,
        "verdict.window must be at least 3, because a trend needs as many, got 2",
    );
    refused(|c| c.falling = 0.0, "verdict.falling must be finite and below 0, got 0");
    refused(
        |c| c.satisfied_share = 1.0,
        "verdict.satisfied_share must be at least 0 and below 1, got 1",
    );
    refused(|c| c.smoothing = 0.0, "verdict.smoothing must be above 0 and at most 1, got 0");
}
