//! One function per theorem about the engine.

use homeostat_multiplier::{
    Dual, DualConfig, DualState, Gate, LeakWhen, Measurement, MultiplierConfig,
};
use proptest::prelude::*;

use crate::engine::{PLAIN, engine, multipliers, step};

/// Settings of one constraint, over all senses, errors, normalizers and tricks.
fn constraint() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec![
        "sense = \"le\"\ntarget = { raw = 0.5 }",
        "sense = \"ge\"\ntarget = { raw = 0.5 }",
        "sense = \"eq\"\ntarget = { raw = 0.5 }",
        "sense = \"range\"\ntarget = { raw = [0.3, 0.6] }",
        "error = \"mapped\"\ntarget = { raw = 0.5 }",
        "error = \"mapped\"\nsense = \"range\"\ntarget = { raw = [0.3, 0.6] }",
        "target = { normalized = 0.1 }",
        "target = { raw = { linear = { from = 0.9, to = 0.1, duration = 30 } } }",
        "target = { raw = 0.5 }\nhard = true",
    ]);
    let normalizer = prop::sample::select(vec![
        "normalizer = \"none\"",
        "normalizer = { rank = { window = 16, min_count = 3 } }",
        "normalizer = { winsor = { window = 16, min_count = 3 } }",
        "normalizer = { ema = { min_count = 3 } }",
    ]);
    let rule = prop::sample::select(vec![
        "",
        "rule = { nu-pi = { proportional = 1.0 } }",
        "rule = { pid = { proportional = 0.5, derivative = 0.2 } }",
        "rule = { augmented = { penalty = 0.3 } }",
    ]);
    let tricks = prop::sample::select(vec![
        "",
        "smoothing_start = \"debias\"\ndeadzone_mode = \"soft\"",
        "smoothing_start = \"zero\"\nevery = 3\non_spike = \"keep\"",
        "leak_when = \"always\"\nleak = 0.2",
        "slope = \"frozen\"\nspike = \"off\"",
    ]);
    (kind, normalizer, rule, tricks).prop_map(|(kind, normalizer, rule, tricks)| {
        format!("{kind}\n{normalizer}\n{rule}\n{tricks}\nease = \"ease\"\n")
    })
}

/// Numbers as they come from training, and as they should not.
fn value() -> impl Strategy<Value = Option<f64>> {
    prop_oneof![
        8 => (-2.0..2.0).prop_map(Some),
        1 => prop::sample::select(vec![0.0, -0.0, 1e-300, 1e12, -1e12, 1e300, f64::MAX, f64::MIN])
            .prop_map(Some),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]).prop_map(Some),
        1 => Just(None),
    ]
}

fn build(constraints: &[String], more: &str) -> Dual {
    let mut text = String::from(
        "[dual]\nrate = 0.3\nmaximum = 2.0\nsmoothing = 0.5\ndeadzone = 0.05\nleak = 0.01\n\
         spike = { window = 8, minimum = 4, freeze = 2, maximum_freeze = 3 }\n\
         pause = { window = 6, minimum = 3, threshold = 0.4, release = 0.2 }\n",
    );
    for (index, constraint) in constraints.iter().enumerate() {
        text += &format!("[constraints.c{index}]\n{constraint}\n");
    }
    engine(&(text + more))
}

fn measured(values: &[Option<f64>], step: usize) -> Vec<Option<Measurement>> {
    let ease = Some((step % 7) as f64);
    values.iter().map(|value| value.map(|value| Measurement { ease, ..value.into() })).collect()
}

fn sides(state: &DualState) -> Vec<u64> {
    let all = state.constraints().iter().flat_map(|one| one.multipliers());
    all.map(f64::to_bits).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_multiplier_never_leaves_its_limits_and_no_number_stops_being_finite(
        constraints in prop::collection::vec(constraint(), 1..4),
        stream in prop::collection::vec(prop::collection::vec(value(), 3), 1..60),
    ) {
        let dual = build(&constraints, "");
        let mut state = dual.init_state();
        for (index, values) in stream.iter().enumerate() {
            step(&dual, &mut state, &measured(&values[..constraints.len()], index));
            for (one, text) in state.constraints().iter().zip(&constraints) {
                let low = if text.contains("\"eq\"") { -2.0 } else { 0.0 };
                let high = if text.contains("hard") { 20.0 } else { 2.0 };
                for multiplier in one.multipliers() {
                    prop_assert!((low..=high).contains(&multiplier), "{multiplier} of {text}");
                }
            }
            let all = dual.coefficients(&state).iter().chain(dual.effective_multipliers(&state));
            prop_assert!(all.clone().all(|number| number.is_finite()));
        }
        let text = serde_json::to_string(&state).expect("plain data");
        let back: DualState = serde_json::from_str(&text).expect("no number became null");
        prop_assert_eq!(text, serde_json::to_string(&back).expect("plain data"));
    }

    #[test]
    fn a_closed_gate_holds_every_multiplier_to_the_bit_within_a_budget_too(
        constraints in prop::collection::vec(constraint(), 2..4),
        stream in prop::collection::vec(prop::collection::vec(value(), 3), 1..60),
        mode in prop::sample::select(vec!["euclidean", "proportional"]),
    ) {
        let members: Vec<_> = constraints
            .iter()
            .map(|one| match one.contains("\"eq\"") {
                true => one.clone(),
                false => format!("{one}family = \"all\"\n"),
            })
            .collect();
        prop_assume!(members.iter().any(|one| one.contains("family")));
        let dual = build(&members, &format!("[families.all]\nbudget = 1.0\nmode = \"{mode}\"\n"));
        let mut state = dual.init_state();
        for (index, values) in stream.iter().enumerate() {
            let before = state.clone();
            step(&dual, &mut state, &measured(&values[..constraints.len()], index));
            for (before, after) in before.constraints().iter().zip(state.constraints()) {
                if after.gate() != Gate::Update {
                    let held = before.multipliers().map(f64::to_bits)
                        .eq(after.multipliers().map(f64::to_bits));
                    prop_assert!(held, "{:?}", after.gate());
                }
            }
        }
    }

    #[test]
    fn a_larger_error_never_gives_a_smaller_multiplier(
        sense in prop::sample::select(vec!["le", "ge"]),
        tricks in prop::sample::select(vec![
            "smoothing = 0.3", "leak = 0.1\nleak_when = \"always\"", "deadzone_mode = \"soft\"", "",
            "deadzone = 0.0\nleak_when = \"satisfied\"\nleak = 0.3", "restart_after = 2",
        ]),
        past in prop::collection::vec(-1.0..1.0, 0..20),
        (first, second) in (-2.0..2.0, -2.0..2.0),
    ) {
        let text = format!(
            "sense = \"{sense}\"\ntarget = {{ raw = 0.0 }}\nnormalizer = \"none\"\nspike = \"off\"\n\
             pause = \"off\"\n{tricks}\n"
        );
        // A hold is a jump of the leak, and at its edge a leak of 0.01 outweighs an error of 0.05.
        let leak = if tricks.contains("leak") { "" } else { "leak = 0.0\n" };
        let dual = build(&[text + leak], "");
        let mut state = dual.init_state();
        for value in past {
            step(&dual, &mut state, &measured(&[Some(value)], 0));
        }
        let after = |value: f64| {
            let mut state = state.clone();
            step(&dual, &mut state, &measured(&[Some(value)], 0));
            let one = state.constraint(0);
            (one.error(), one.multiplier(), one.gate())
        };
        let mut both = [after(first), after(second)];
        both.sort_by(|a, b| a.0.total_cmp(&b.0));
        let held = both.iter().any(|(_, _, gate)| *gate == Gate::Deadzone);
        prop_assume!(!(held && tricks.contains("leak = ")));
        prop_assert!(both[0].1 <= both[1].1, "{both:?}");
    }

    #[test]
    fn an_update_moves_a_multiplier_by_at_most_the_rate_times_the_error_and_the_leak(
        constraints in prop::collection::vec(constraint(), 1..2),
        stream in prop::collection::vec(value(), 1..60),
        clip in 0.1..2.0,
    ) {
        // The bound is one of plain ascent.
        let ascent = constraints[0].lines().filter(|line| !line.starts_with("rule"));
        let text = ascent.chain([format!("error_clip = {clip}").as_str()]).collect::<Vec<_>>().join("\n");
        let leak = if text.contains("hard") { 0.0 } else if text.contains("0.2") { 0.2 } else { 0.01 };
        let dual = build(&[text], "");
        let mut state = dual.init_state();
        for (index, value) in stream.into_iter().enumerate() {
            let before: Vec<_> = state.constraint(0).multipliers().collect();
            step(&dual, &mut state, &measured(&[value], index));
            for (before, after) in before.iter().zip(state.constraint(0).multipliers()) {
                let bound = 0.3 * clip + leak * before.abs();
                prop_assert!((after - before).abs() <= bound * (1.0 + 1e-9) + 1e-12);
            }
        }
    }

    #[test]
    fn renaming_the_constraints_permutes_the_results(
        constraints in prop::collection::vec(constraint(), 3),
        stream in prop::collection::vec(prop::collection::vec(value(), 3), 1..40),
        order in Just(vec![0_usize, 1, 2]).prop_shuffle(),
    ) {
        let permuted: Vec<_> = order.iter().map(|index| constraints[*index].clone()).collect();
        let (dual, other) = (build(&constraints, ""), build(&permuted, ""));
        let (mut state, mut twin) = (dual.init_state(), other.init_state());
        for (index, values) in stream.iter().enumerate() {
            let moved: Vec<_> = order.iter().map(|index| values[*index]).collect();
            step(&dual, &mut state, &measured(values, index));
            step(&other, &mut twin, &measured(&moved, index));
            for (place, index) in order.iter().enumerate() {
                let (one, two) = (state.constraint(*index), twin.constraint(place));
                prop_assert!(one.multipliers().map(f64::to_bits).eq(two.multipliers().map(f64::to_bits)));
                prop_assert_eq!(one.gate(), two.gate());
                let (a, b) = (dual.coefficients(&state)[*index], other.coefficients(&twin)[place]);
                prop_assert_eq!(a.to_bits(), b.to_bits());
            }
        }
    }

    #[test]
    fn a_leak_alone_decays_in_closed_form(
        initial in 0.01..2.0, leak in 1e-6..0.5, steps in 1..200_usize,
    ) {
        let mut config: DualConfig = toml::from_str(PLAIN).expect("legal");
        config.constraints.insert("one".into(), MultiplierConfig {
            initial: Some(initial),
            leak: Some(leak),
            leak_when: Some(LeakWhen::Always),
            ..toml::from_str("target = { raw = 0.5 }\nnormalizer = \"none\"").expect("legal")
        });
        let dual = config.init().expect("legal");
        let mut state = dual.init_state();
        for _ in 0..steps {
            step(&dual, &mut state, &[Some(0.5.into())]);
        }
        let expected = initial * (1.0 - leak).powi(steps as i32);
        let found = multipliers(&state)[0];
        prop_assert!((found - expected).abs() <= 1e-12 * expected, "{found} {expected}");
    }

    #[test]
    fn a_raw_target_and_its_loss_may_change_their_unit_together(
        mode in prop::sample::select(vec!["scaled", "mapped"]),
        normalizer in prop::sample::select(vec![
            "{ rank = { window = 16, min_count = 3 } }",
            "{ winsor = { window = 16, min_count = 3 } }",
            "{ winsor = { window = 16, min_count = 3, centre = \"median\", scale = \"mad\" } }",
        ]),
        stream in prop::collection::vec(-2.0..2.0, 4..60),
        target in -1.0..1.0,
        power in -8..8_i32,
        (factor, shift) in (0.1..10.0, -5.0..5.0),
    ) {
        let run = |factor: f64, shift: f64| {
            let target = factor * target + shift;
            let dual = build(&[format!(
                "error = \"{mode}\"\ntarget = {{ raw = {target:?} }}\nnormalizer = {normalizer}\n\
                 spike = \"off\"\nsmoothing = 1.0\ndeadzone = 0.0\nslope = \"raw\"\n"
            )], "");
            let mut state = dual.init_state();
            let mut trace = Vec::new();
            for value in &stream {
                step(&dual, &mut state, &measured(&[Some(factor * value + shift)], 0));
                trace.push((multipliers(&state)[0], factor * dual.coefficients(&state)[0]));
            }
            trace
        };
        let (one, doubled) = (run(1.0, 0.0), run(2.0_f64.powi(power), 0.0));
        prop_assert_eq!(&one, &doubled, "a power of two is exact, λ and a_k ∇ℓ alike");
        for ((a, _), (b, _)) in one.iter().zip(run(factor, shift)) {
            prop_assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs()), "{a} {b}");
        }
    }

    #[test]
    fn the_gradient_of_a_constraint_does_not_depend_on_the_unit_of_its_loss(
        stream in prop::collection::vec(-2.0..2.0, 6..40),
        factor in 0.01..100.0,
    ) {
        let run = |normalizer: &str, slope: &str, factor: f64| {
            let dual = build(&[format!(
                "target = {{ normalized = -0.5 }}\nnormalizer = {{ {normalizer} }}\nspike = \"off\"\n\
                 slope = {slope}\n"
            )], "");
            let mut state = dual.init_state();
            for value in &stream {
                step(&dual, &mut state, &measured(&[Some(factor * value)], 0));
            }
            // a ∇ℓ: the gradient of a loss in another unit is that many times as large.
            factor * dual.coefficients(&state)[0]
        };
        for slope in ["\"raw\"", "{ limit = 1.05 }", "\"frozen\""] {
            for normalizer in [
                "rank = { window = 16, min_count = 3 }",
                "winsor = { window = 16, min_count = 3 }",
            ] {
                let (one, other) = (run(normalizer, slope, 1.0), run(normalizer, slope, factor));
                prop_assert!((one - other).abs() <= 1e-9 * one.abs(), "{one} {other}");
            }
        }
        // The straight-through slope has the wrong unit.
        let identity = "rank = { window = 16, min_count = 3, slope = \"identity\" }";
        let (one, other) = (run(identity, "\"raw\"", 1.0), run(identity, "\"raw\"", factor));
        prop_assert!((other - factor * one).abs() <= 1e-9 * other.abs());
    }

    #[test]
    fn a_budget_is_kept_and_never_raises_a_multiplier(
        stream in prop::collection::vec(prop::collection::vec(-1.0..2.0, 3), 1..60),
        mode in prop::sample::select(vec!["euclidean", "proportional"]),
        budget in 0.1..4.0,
    ) {
        let one = "target = { raw = 0.0 }\nnormalizer = \"none\"\nspike = \"off\"\npause = \"off\"\n\
                   deadzone = 0.0\n".to_owned();
        let members = vec![format!("{one}family = \"all\"\n"); 3];
        let dual = build(&members, &format!(
            "[families.all]\nbudget = {budget}\nmode = \"{mode}\"\nweights = {{ c1 = 2.0 }}\n"
        ));
        let free = build(&vec![one; 3], "");
        let mut state = dual.init_state();
        for values in stream {
            let values: Vec<_> = values.into_iter().map(Some).collect();
            let mut candidate = state.clone();
            step(&free, &mut candidate, &measured(&values, 0));
            step(&dual, &mut state, &measured(&values, 0));
            let (found, before) = (multipliers(&state), multipliers(&candidate));
            prop_assert!(found.iter().zip(&before).all(|(found, before)| found <= before));
            let sum = found[0] + 2.0 * found[1] + found[2];
            prop_assert!(sum <= budget * (1.0 + 1e-12), "{sum} above {budget}");
        }
        prop_assert_eq!(sides(&state).len(), 3);
    }
}
