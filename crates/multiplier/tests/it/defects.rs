//! The defects that the reference specification found in the public code, section 2: each has a test
//! that fails where it comes back.

use homeostat_multiplier::{DualConfig, Gate, Measurement};
use homeostat_normalize::{NormalizerConfig, RankConfig};
use homeostat_testkit::golden::close;

use crate::engine::{PLAIN, engine, losses, multipliers, step, text};

/// An engine whose λ is 2 and stays there, with weight 0.5, after the losses 1, 2, 3, 4.
fn after_four(constraint: &str) -> (homeostat_multiplier::Dual, homeostat_multiplier::DualState) {
    let dual = engine(&format!(
        "{PLAIN}[constraints.one]\nrate = 0.0\ninitial = 2.0\nweight = 0.5\n{constraint}\n"
    ));
    let mut state = dual.init_state();
    for loss in [1.0, 2.0, 3.0, 4.0] {
        losses(&dual, &mut state, &[loss]);
    }
    (dual, state)
}

const WINSOR: &str = "normalizer = { winsor = { min_count = 2 } }\n";
const RANK: &str = "normalizer = { rank = { min_count = 2 } }\n";

#[test]
fn defect_1_the_gradient_of_a_constraint_is_not_zero() {
    let normalized = "target = { normalized = 0.2 }\n";
    for (normalizer, value, coefficient) in [(WINSOR, 1.341641, 0.894427), (RANK, 0.75, 0.666667)] {
        let (dual, state) = after_four(&format!("{normalizer}{normalized}"));
        let (one, found) = (state.constraint(0), dual.coefficients(&state)[0]);
        close("N(4)", one.normalized(), value, 0.0, 1e-6);
        close("term", 0.5 * 2.0 * one.error(), value - 0.2, 0.0, 1e-6);
        close("coefficient", found, coefficient, 0.0, 1e-6);

        // The term as a function of a parameter θ with ℓ(θ) = 4θ², around θ = 1, its normalizer held
        // fixed: the value-exact surrogate, and the detached value of the public code.
        let loss = |theta: f64| 4.0 * theta * theta;
        let slope = one.slope().expect("measured");
        let surrogate =
            |theta: f64| 0.5 * 2.0 * (one.normalized() + slope * (loss(theta) - loss(1.0)) - 0.2);
        let detached = |_: f64| 0.5 * 2.0 * (one.normalized() - 0.2);
        let gradient = |term: &dyn Fn(f64) -> f64| (term(1.0 + 1e-6) - term(1.0 - 1e-6)) / 2e-6;
        assert_eq!(surrogate(1.0), detached(1.0), "the reported value is the same");
        assert_eq!(gradient(&detached), 0.0, "which is the defect");
        close("gradient", gradient(&surrogate), found * 8.0, 1e-8, 0.0);
    }
}

#[test]
fn the_error_modes_have_the_published_values() {
    for (constraint, error) in [
        (format!("{WINSOR}error = \"mapped\"\ntarget = {{ raw = 2.0 }}"), 1.788854),
        (format!("{RANK}error = \"mapped\"\ntarget = {{ raw = 2.0 }}"), 1.0),
        (format!("{WINSOR}error = \"scaled\"\ntarget = {{ raw = 2.0 }}"), 1.788854),
        (format!("{WINSOR}target = {{ raw = 2.0 }}"), 1.788854),
    ] {
        let (_, state) = after_four(&constraint);
        close(&constraint, state.constraint(0).error(), error, 0.0, 1e-6);
    }
}

#[test]
fn defect_3_every_order_commits_each_loss_to_its_normalizer_exactly_once() {
    let rank =
        NormalizerConfig::Rank(RankConfig { window: 16, min_count: 4, ..Default::default() });
    let normalizer = rank.init().expect("legal");
    for order in ["simultaneous", "dual-first", "primal-first", "extragradient"] {
        let dual = engine(&format!(
            "{PLAIN}order = \"{order}\"\n[constraints.one]\n\
             normalizer = {{ rank = {{ window = 16, min_count = 4 }} }}\ntarget = {{ raw = 0.0 }}\n"
        ));
        let mut state = dual.init_state();
        let mut expected = normalizer.init_state();
        for index in 0..40_u32 {
            let (loss, moved) = (f64::from(index * 7 % 11), f64::from(index % 5));
            normalizer.commit(&mut expected, loss);
            dual.observe(&mut state, &[Some(loss.into())]).expect("one");
            match order {
                "primal-first" => dual.remeasure(&mut state, &[Some(moved.into())]).expect("one"),
                "extragradient" => {
                    dual.extrapolate(&mut state);
                    dual.remeasure(&mut state, &[Some(moved.into())]).expect("one");
                }
                _ => {}
            }
            dual.update(&mut state);
        }
        assert_eq!(state.constraint(0).taken(), 40);
        let found = serde_json::to_value(&state).expect("plain data");
        let expected = serde_json::to_value(&expected).expect("plain data");
        assert_eq!(found["constraints"][0]["normalizer"], expected, "{order}");
    }
}

#[test]
fn defect_4_a_target_and_a_normalizer_must_be_given() {
    let message = |text: &str| {
        let config: DualConfig = toml::from_str(text).expect("every field is known");
        config.init().expect_err("something is missing").to_string()
    };
    assert_eq!(
        message("[constraints.kl]\nnormalizer = \"none\""),
        "[constraints.kl] target must be given: every constraint of the engine has its own, got \
         nothing"
    );
    assert_eq!(
        message("[constraints.kl]\ntarget = { raw = 0.05 }"),
        "[constraints.kl] normalizer must be given: every constraint of the engine has its own, got \
         nothing"
    );
}

#[test]
fn defects_7_and_8_a_loss_that_is_not_finite_moves_nothing() {
    for normalizer in ["\"rank\"", "\"winsor\"", "\"none\""] {
        let dual = engine(&format!(
            "[dual]\nrate = 0.1\nwarmup = 2\n[constraints.one]\n\
             normalizer = {normalizer}\ntarget = {{ raw = 1.0 }}\n"
        ));
        let mut state = dual.init_state();
        for index in 0..60_u32 {
            losses(&dual, &mut state, &[1.5 + f64::from(index % 7)]);
        }
        let before = state.clone();
        let multiplier = before.constraint(0).multiplier();
        assert!(multiplier > 0.0 && multiplier < 50.0, "{normalizer}: {multiplier}");
        for loss in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut state = before.clone();
            losses(&dual, &mut state, &[loss]);
            let one = state.constraint(0);
            assert_eq!(one.gate(), Gate::NonFinite);
            assert_eq!(one.multiplier().to_bits(), multiplier.to_bits());
            assert_eq!(dual.coefficients(&state), [0.0], "its row is left out");
            assert_eq!(one.counters().non_finite, 1);
            // A missing loss leaves the same memory, but for the count and the name of the gate.
            let mut missing = before.clone();
            step(&dual, &mut missing, &[None]);
            let counted = text(&state)
                .replace("\"non_finite\":1", "\"non_finite\":0")
                .replace("\"non_finite_streak\":1", "\"non_finite_streak\":0")
                .replace("\"non-finite\"", "\"missing\"");
            assert_eq!(counted, text(&missing), "{normalizer} {loss}");
        }
    }
}

#[test]
fn defect_13_a_row_is_weighted_once() {
    let (dual, state) = after_four(&format!("{WINSOR}target = {{ raw = 2.0 }}"));
    let one = state.constraint(0);
    let expected = 0.5 * one.multiplier() * one.slope().expect("measured");
    assert_eq!(dual.coefficients(&state), [expected], "w λ s, and neither factor twice");
    assert_eq!(dual.effective_multipliers(&state), [expected]);
}

#[test]
fn defect_14_a_weight_is_a_rate_and_a_cap_in_the_effective_multiplier() {
    let run = |constraint: &str| {
        let dual = engine(&format!(
            "{PLAIN}[constraints.one]\nnormalizer = \"none\"\ntarget = {{ raw = 0.0 }}\n{constraint}\n"
        ));
        let mut state = dual.init_state();
        let mut trace = Vec::new();
        for loss in [0.5, 1.0, 1.0, 1.0, -0.25, 1.0, 1.0, -1.0] {
            losses(&dual, &mut state, &[loss]);
            trace.push(dual.effective_multipliers(&state)[0]);
        }
        trace
    };
    // The weight does not enter the dual step, so that it scales the cap too.
    let weighted = run("weight = 0.5\nrate = 0.25\nmaximum = 0.75");
    assert_eq!(weighted, run("weight = 1.0\nrate = 0.125\nmaximum = 0.375"));
    assert!(weighted.contains(&0.375), "the cap was reached: {weighted:?}");
}

#[test]
fn defect_15_a_hard_constraint_has_its_own_cap_and_no_exemptions_from_its_duty() {
    let dual = engine(
        r#"
        [dual]
        rate = 0.5
        smoothing = 1.0
        deadzone = 0.3
        leak = 0.5
        leak_when = "always"
        maximum = 2.0
        spike = "off"
        pause = { threshold = 0.1, release = 0.05, window = 4, minimum = 2 }
        [constraints.hard]
        hard = true
        hard_maximum = 6.0
        family = "both"
        ease = "ease"
        target = { raw = 0.0 }
        normalizer = "none"
        [constraints.soft]
        family = "both"
        target = { raw = 0.0 }
        normalizer = "none"
        [families.both]
        budget = 3.0
        "#,
    );
    let mut state = dual.init_state();
    let measured = |loss: f64, ease: f64| {
        [Some(Measurement { ease: Some(ease), ..loss.into() }), Some(1.0.into())]
    };
    // Inside the deadzone of everybody else, and with an ease that rises with λ: no hold, no leak.
    step(&dual, &mut state, &measured(0.2, 0.0));
    for index in 1..10 {
        step(&dual, &mut state, &measured(0.2, f64::from(index)));
        let one = state.constraint(0);
        assert_eq!(one.gate(), Gate::Update);
        close("λ", one.multiplier(), 0.1 * f64::from(index + 1), 1e-12, 0.0);
    }
    assert!(state.constraint(0).paused(), "the gate is reported, and does not act");
    assert_eq!(dual.stops(&state).count(), 0);
    // Its λ passes the ordinary cap and the budget, of which it takes its share first.
    for _ in 0..20 {
        step(&dual, &mut state, &measured(1.0, 0.0));
    }
    assert_eq!(multipliers(&state), [6.0, 0.0]);
    assert_eq!(dual.stops(&state).collect::<Vec<_>>(), ["hard"], "no silent clip");
    assert!(dual.is_hard(0) && !dual.is_hard(1));
}

#[test]
fn defect_16_a_hard_target_only_tightens_and_a_violated_one_never_gets_looser() {
    let dual = engine(&format!(
        "{PLAIN}[constraints.ceiling]\nhard = true\ntarget = \"setpoint\"\nnormalizer = \"none\"\n\
         [constraints.floor]\nsense = \"ge\"\nhard = true\ntarget = \"setpoint\"\n\
         normalizer = \"none\"\n\
         [constraints.gated]\nnormalizer = \"none\"\n\
         target = {{ raw = {{ linear = {{ from = 0.5, to = 0.1, duration = 10, advance_at = 0.9 }} }} }}\n"
    ));
    let mut state = dual.init_state();
    let measure = |setpoint: f64| {
        let with = Measurement { setpoint: Some(setpoint), ..1.0.into() };
        [Some(with), Some(with), Some(1.0.into())]
    };
    for (setpoint, ceiling, floor) in
        [(0.5, 0.5, 0.5), (0.4, 0.4, 0.5), (0.9, 0.4, 0.9), (0.3, 0.3, 0.9), (0.6, 0.3, 0.9)]
    {
        step(&dual, &mut state, &measure(setpoint));
        let targets = [0, 1, 2].map(|index| state.constraint(index).target());
        assert_eq!(targets, [ceiling, floor, 0.5], "setpoint {setpoint}");
    }
}

/// Every trick of the design note changes what it is there to change, against plain ascent.
#[test]
fn defect_19_every_trick_does_something() {
    let run = |constraint: &str, families: &str| {
        let dual = engine(&format!(
            "{PLAIN}[constraints.one]\nnormalizer = \"none\"\nerror = \"absolute\"\n\
             target = {{ raw = 0.0 }}\n{constraint}\n{families}\n"
        ));
        let mut state = dual.init_state();
        let mut trace = Vec::new();
        for index in 0..60_u32 {
            let value = if index == 40 { 90.0 } else { 0.2 + 0.1 * f64::from(index % 3) };
            let value = if index % 10 == 9 { 0.01 } else { value };
            let ease = f64::from(index);
            let measurement = Measurement { ease: Some(ease), ..value.into() };
            step(&dual, &mut state, &[Some(measurement)]);
            trace.push(state.constraint(0).multiplier());
        }
        trace
    };
    let plain = run("", "");
    for (trick, families) in [
        ("maximum = 0.5", ""),
        ("smoothing = 0.1", ""),
        ("rate = 0.2", ""),
        ("leak = 0.01\nleak_when = \"always\"", ""),
        ("deadzone = 0.02", ""),
        ("ease = \"ease\"\npause = {}", ""),
        ("family = \"all\"", "[families.all]\nbudget = 0.5"),
        ("spike = {}", ""),
    ] {
        assert_ne!(run(trick, families), plain, "{trick} does nothing");
    }
}

/// A normalized target over the run's own history does not see the level of the loss; a scaled error
/// does. The published three numbers; the stream is Knuth's MMIX generator with seed 42.
#[test]
fn defect_20_a_normalized_target_is_blind_to_the_level_and_a_scaled_error_is_not() {
    let run = |constraint: &str, level: f64| {
        let dual = engine(&format!(
            "{PLAIN}rate = 5e-3\n[constraints.one]\nnormalizer = {{ rank = {{ min_count = 2 }} }}\n\
             {constraint}\n"
        ).replacen("rate = 0.1\n", "", 1));
        let mut state = dual.init_state();
        let mut bits = 42_u64;
        let mut sum = 0.0;
        for _ in 0..5000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005);
            bits = bits.wrapping_add(1_442_695_040_888_963_407);
            losses(&dual, &mut state, &[level + bits as f64 / 2.0_f64.powi(64)]);
            sum += state.constraint(0).normalized();
        }
        (state.constraint(0).multiplier(), sum / 5000.0)
    };
    for (target, multiplier) in [(-0.2, 4.902), (0.0, 0.003), (0.2, 0.0)] {
        for level in [10.0, 0.0] {
            let (found, mean) = run(&format!("target = {{ normalized = {target} }}"), level);
            close("multiplier, whatever the level", found, multiplier, 0.0, 5e-4);
            close("mean rank", mean, -0.004, 0.0, 5e-4);
        }
    }
    // The cure: a raw target. A loss that is far above it is violated, one that is below is not.
    let raw = "target = { raw = 5.0 }";
    assert!(run(raw, 10.0).0 > 40.0);
    assert_eq!(run(raw, 0.0).0, 0.0);
}
