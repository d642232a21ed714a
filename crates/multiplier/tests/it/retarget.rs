//! Other targets for a run that goes on: the memory stays, a long jump begins the resume warm-up, and what
//! is hard only tightens.

use homeostat_multiplier::{Dual, DualConfig, DualState, LoadPolicy, Measurement};
use homeostat_testkit::Splitmix;

use crate::engine::losses;

const TEXT: &str = r#"
[dual]
rate = 0.05
deadzone = 0.02
spike = "off"
resume = { steps = 20 }
[constraints.ranked]
target = { normalized = 0.2 }
normalizer = { rank = { window = 64, min_count = 4 } }
[constraints.soft]
target = { raw = 0.5 }
normalizer = "none"
error_clip = 0.4
[constraints.hard]
hard = true
target = { raw = 0.8 }
normalizer = "none"
[constraints.hard-least]
hard = true
sense = "ge"
target = { raw = 0.1 }
normalizer = "none"
[constraints.equal]
sense = "eq"
target = { raw = 0.5 }
normalizer = "none"
[constraints.equal-hard]
sense = "eq"
hard = true
target = { raw = 0.5 }
normalizer = "none"
[constraints.between]
sense = "range"
target = { raw = [0.3, 0.6] }
normalizer = "none"
[constraints.course]
target = { raw = { linear = { from = 0.9, to = 0.1, duration = 10 } } }
normalizer = "none"
"#;

fn config() -> DualConfig {
    toml::from_str(TEXT).unwrap_or_else(|error| panic!("{error}"))
}

/// A run of some steps.
fn run(dual: &Dual, state: &mut DualState, steps: usize, random: &mut Splitmix) {
    for _ in 0..steps {
        let values: Vec<f64> = (0..dual.len()).map(|_| random.uniform()).collect();
        losses(dual, state, &values);
    }
}

/// A run, then the same engine with other targets over a copy of its memory.
fn copied(targets: &[(&str, f64)]) -> (Dual, DualState, DualState) {
    let dual = config().init().expect("legal");
    let mut state = dual.init_state();
    run(&dual, &mut state, 60, &mut Splitmix(5));
    let text = serde_json::to_string(&state).expect("plain data");
    let other = config().retargeted(targets.iter().copied()).expect("legal targets");
    let other = other.init().expect("legal");
    let saved = serde_json::from_str(&text).expect("plain data");
    let copy = other.load(saved, LoadPolicy::default()).expect("the same settings");
    (other, copy, state)
}

fn at(dual: &Dual, name: &str) -> usize {
    dual.index(name).expect("configured")
}

#[test]
fn the_same_targets_change_nothing_to_the_bit() {
    let (other, mut copy, mut state) = copied(&[("soft", 0.5), ("ranked", 0.2), ("hard", 0.8)]);
    let dual = config().init().expect("legal");
    let (mut one, mut two) = (Splitmix(9), Splitmix(9));
    for _ in 0..40 {
        run(&dual, &mut state, 1, &mut one);
        run(&other, &mut copy, 1, &mut two);
        let texts = [&state, &copy].map(|state| serde_json::to_string(state).expect("plain data"));
        assert_eq!(texts[0], texts[1]);
    }
}

#[test]
fn windows_and_averages_go_on_and_only_the_errors_move() {
    let (other, mut copy, mut state) = copied(&[("ranked", -0.3)]);
    let dual = config().init().expect("legal");
    run(&dual, &mut state, 1, &mut Splitmix(11));
    run(&other, &mut copy, 1, &mut Splitmix(11));
    let index = at(&dual, "ranked");
    let (one, two) = (state.constraint(index), copy.constraint(index));
    assert_eq!(one.normalized().to_bits(), two.normalized().to_bits(), "the rank does not jump");
    assert!((two.error() - one.error() - 0.5).abs() < 1e-15);
    // The average of 0.1 · error: as if all errors had been measured against the new target.
    assert!((two.smoothed_error() - one.smoothed_error() - 0.5).abs() < 1e-12);
    // Without its window the same loss has no rank yet.
    let mut fresh = other.init_state();
    run(&other, &mut fresh, 1, &mut Splitmix(11));
    assert_ne!(fresh.constraint(index).normalized(), two.normalized());
}

#[test]
fn a_jump_of_more_than_five_deadzones_begins_the_resume_warm_up() {
    for (target, expected) in [(0.5 - 0.099, None), (0.5 - 0.101, Some(1)), (0.5 + 0.101, Some(1))]
    {
        let (other, mut copy, _) = copied(&[("soft", target)]);
        let index = at(&other, "soft");
        assert_eq!(copy.constraint(index).resume_updates(), None);
        let far: Vec<_> = vec![Some(Measurement::new(0.95)); other.len()];
        other.observe(&mut copy, &far).expect("as many as constraints");
        other.update(&mut copy);
        assert_eq!(copy.constraint(index).resume_updates(), expected, "{target}");
    }
}

#[test]
fn what_is_hard_only_tightens() {
    let config = config().retargeted([("hard", 0.6), ("hard-least", 0.3)]).expect("tighter");
    for (name, target, found) in [("hard", 0.7, "0.6 → 0.7"), ("hard-least", 0.2, "0.3 → 0.2")]
    {
        let error = config.retargeted([(name, target)]).expect_err("looser").to_string();
        let rule = "must not loosen, because the constraint is hard";
        assert_eq!(error, format!("[constraints.{name}] target {rule}, got {found}"));
    }
    // Even where the settings say more, the memory keeps the tightest target that it has seen.
    let (other, mut copy, _) = copied(&[("hard", 0.3)]);
    run(&other, &mut copy, 1, &mut Splitmix(2));
    let first = self::config().init().expect("legal");
    let mut back = first.load(copy, LoadPolicy::default()).expect("the same settings");
    run(&first, &mut back, 1, &mut Splitmix(2));
    assert_eq!(back.constraint(at(&first, "hard")).target(), 0.3);
}

#[test]
fn only_what_is_one_fixed_number_gets_another() {
    assert_eq!(config().fixed_target("ranked"), Ok(0.2));
    assert!(config().retargeted([("equal", 0.7)]).is_ok(), "a soft equality may move");
    for (name, target, words) in [
        ("between", 0.5, "one fixed number where it is searched, got [0.3, 0.6]"),
        ("course", 0.5, "one fixed number where it is searched, got { linear = … }"),
        ("equal-hard", 0.4, "must not loosen, because the constraint is hard, got 0.5 → 0.4"),
        ("soft", f64::NAN, "must be finite, got NaN"),
        (
            "sotf",
            0.1,
            "[dual] constraints must hold the constraint whose target is asked for, got 'sotf'",
        ),
    ] {
        let error = config().retargeted([(name, target)]).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
}
