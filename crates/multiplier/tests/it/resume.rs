//! What is saved goes on as if nothing had happened, and what does not belong is refused.

use homeostat_multiplier::{Dual, DualLoadError, DualState, LoadPolicy, Measurement};
use homeostat_testkit::Splitmix;

use crate::engine::{engine, multipliers, step, text};

/// Every trick, sense, normalizer and kind of target at once.
pub(crate) const EVERYTHING: &str = r#"
[dual]
rate = 0.05
maximum = 5.0
deadzone = 0.02
leak = 1e-3
spike = { threshold = 4.0, window = 32, minimum = 8, freeze = 3, maximum_freeze = 5 }
pause = { threshold = 0.5, release = 0.2, window = 16, minimum = 8 }
resume = { steps = 20 }
every = 2
stagger = true
[constraints.a]
target = { raw = 0.4 }
normalizer = { rank = { window = 64, min_count = 4 } }
family = "both"
ease = "ease"
[constraints.b]
target = { normalized = 0.1 }
normalizer = { winsor = { window = 32, min_count = 4, centre = "median", scale = "mad" } }
family = "both"
rule = { nu-pi = { proportional = 1.0, decay = 0.5 } }
smoothing_start = "debias"
[constraints.c]
sense = "eq"
target = { raw = 0.5 }
normalizer = { ema = { min_count = 4 } }
rule = { augmented = { penalty = 0.1, growth = { factor = 1.01 }, maximum_penalty = 1.0 } }
deadzone_mode = "soft"
[constraints.d]
sense = "range"
target = { raw = [0.3, 0.6] }
normalizer = { auto = { warmup = 16 } }
error = "mapped"
deadzone_mode = "leak-inside"
leak_when = "always"
restart_after = 5
[constraints.e]
sense = "ge"
target = { raw = { sigmoid = { from = 0.1, to = 0.9, width = 100, midpoint = 60 } } }
normalizer = "none"
strict = "true-e"
rule = { pid = { proportional = 0.5, derivative = 0.1 } }
smoothing_start = "zero"
on_spike = "keep"
[constraints.f]
hard = true
target = "setpoint"
normalizer = "winsor"
rule = "multiplicative"
slope = "frozen"
[constraints.g]
target = { baseline = { warmup = 10.0 } }
normalizer = "none"
error = "log-ratio"
measure_every = 3
[families.both]
budget = 1.5
weights = { a = 2.0 }
"#;

/// The measurements of a step, with spikes, numbers that are not finite, and gaps.
pub(crate) fn measurements(step: u64) -> Vec<Option<Measurement>> {
    let mut random = Splitmix(step.wrapping_mul(977));
    (0..7)
        .map(|index| {
            let value = match random.uniform() {
                chance if chance < 0.05 => f64::NAN,
                chance if chance < 0.10 => 40.0,
                chance if chance < 0.15 => return None,
                _ => random.uniform(),
            };
            let ease = (index == 0).then(|| random.uniform() + 0.01 * step as f64);
            let strict = (index == 4).then(|| random.uniform());
            let setpoint = (index == 5).then_some(0.5);
            Some(Measurement { value, strict, ease, setpoint })
        })
        .collect()
}

fn run(dual: &Dual, state: &mut DualState, steps: std::ops::Range<u64>) {
    for index in steps {
        step(dual, state, &measurements(index));
        if index == 40 {
            dual.resume(state);
        }
    }
}

#[test]
fn a_saved_run_goes_on_to_the_bit_for_a_hundred_steps_with_every_trick_on() {
    let dual = engine(EVERYTHING);
    for at in [0, 3, 17, 50, 120] {
        let mut whole = dual.init_state();
        run(&dual, &mut whole, 0..at);
        let saved: DualState = serde_json::from_str(&text(&whole)).expect("plain data");
        let mut resumed = dual.load(saved, LoadPolicy::default()).expect("its own memory");
        for index in at..at + 100 {
            run(&dual, &mut whole, index..index + 1);
            run(&dual, &mut resumed, index..index + 1);
            let same = dual.coefficients(&whole) == dual.coefficients(&resumed);
            assert!(same, "saved at {at}, step {index}");
        }
        assert_eq!(text(&whole), text(&resumed), "saved at {at}");
        assert!(multipliers(&whole).iter().any(|multiplier| *multiplier != 0.0));
    }
}

#[test]
fn two_engines_of_the_same_file_agree_to_the_bit_on_any_thread() {
    let run = || {
        let dual = engine(EVERYTHING);
        let mut state = dual.init_state();
        run(&dual, &mut state, 0..150);
        text(&state)
    };
    let here = run();
    let there: Vec<_> = (0..4).map(|_| std::thread::spawn(run)).collect();
    for thread in there {
        assert_eq!(thread.join().expect("no panic"), here);
    }
}

/// Why a memory is refused where no difference is allowed.
#[track_caller]
fn refusal(dual: &Dual, saved: DualState) -> DualLoadError {
    match dual.load(saved, LoadPolicy::default()) {
        Ok(_) => panic!("the memory was accepted"),
        Err(error) => error,
    }
}

#[test]
fn what_does_not_belong_is_refused_by_name() {
    let dual = engine(EVERYTHING);
    let mut state = dual.init_state();
    run(&dual, &mut state, 0..30);
    let without = |name: &str, more: &str| {
        let start = EVERYTHING.find(&format!("[constraints.{name}]")).expect("known");
        let end = EVERYTHING[start + 1..].find("\n[").expect("not the last") + start + 2;
        engine(&format!("{}{}{more}", &EVERYTHING[..start], &EVERYTHING[end..]))
    };
    let fewer = without("c", "");
    let error = refusal(&fewer, state.clone());
    assert_eq!(error, DualLoadError::Unknown { name: "c".into() });
    let allow = LoadPolicy { allow_drop: true, allow_new: false };
    let dropped = fewer.load(state.clone(), allow).expect("dropped");
    assert_eq!(dropped.names(), ["a", "b", "d", "e", "f", "g"]);
    assert_eq!(dropped.constraint(2).multiplier(), state.constraint(3).multiplier());

    let error = refusal(&dual, dropped.clone());
    assert_eq!(error, DualLoadError::Missing { name: "c".into() });
    let allow = LoadPolicy { allow_drop: false, allow_new: true };
    let renewed = dual.load(dropped, allow).expect("started anew");
    assert_eq!(renewed.constraint(2).multiplier(), 0.0);
    assert_eq!(renewed.constraint(2).resume_updates(), Some(0), "with the resume warm-up");
    assert_eq!(renewed.steps(), state.steps());

    for (name, replacement) in [
        ("normalizer = { ema = { min_count = 4 } }", "normalizer = \"rank\""),
        ("sense = \"range\"\ntarget = { raw = [0.3, 0.6] }", "target = { raw = 0.6 }"),
        ("strict = \"true-e\"\n", ""),
        ("maximum = 5.0", "maximum = 1e-9"),
        ("window = 32, minimum = 8", "window = 33, minimum = 8"),
        ("window = 16, minimum = 8", "window = 17, minimum = 8"),
    ] {
        let other = engine(&EVERYTHING.replacen(name, replacement, 1));
        let error = refusal(&other, state.clone());
        assert!(matches!(error, DualLoadError::Misfit { .. }), "{name}: {error}");
    }
    let older = text(&state).replacen("\"version\":1", "\"version\":0", 1);
    let older: DualState = serde_json::from_str(&older).expect("the same shape");
    let error = refusal(&dual, older);
    assert_eq!(error, DualLoadError::OtherVersion { expected: 1, found: 0 });
}

#[test]
fn the_method_of_multipliers_starts_gently_too() {
    let dual = engine(&format!(
        "{}rate = 0.0\nrule = {{ augmented = {{ penalty = 2.0 }} }}\n\
         resume = {{ factor = 0.1, steps = 10 }}\n[constraints.one]\nnormalizer = \"none\"\n\
         target = {{ raw = 0.0 }}\n",
        crate::engine::PLAIN.replace("rate = 0.1\n", "")
    ));
    assert_eq!(dual.warnings(), [], "the rate has no use here");
    let mut state = dual.init_state();
    dual.resume(&mut state);
    crate::engine::losses(&dual, &mut state, &[1.0]);
    assert_eq!(state.constraint(0).multiplier(), 0.2);
    for _ in 0..9 {
        crate::engine::losses(&dual, &mut state, &[0.0]);
    }
    crate::engine::losses(&dual, &mut state, &[1.0]);
    assert!((state.constraint(0).multiplier() - 2.2).abs() < 1e-12, "whole again");
}
