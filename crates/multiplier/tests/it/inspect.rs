//! What a watcher can ask an engine.

use homeostat_core::Clock;
use homeostat_multiplier::{Dual, DualConfig, DualState, EffectiveSettings, Measurement};
use homeostat_normalize::Status;

use crate::engine::{PLAIN, engine, losses, step};

#[test]
fn the_settings_are_shown_as_they_act() {
    let text = r#"
        [dual]
        rate = 1.0
        time_unit = "epoch"
        leak_when = "always"
        [constraints.hard]
        target = { raw = 0.1 }
        normalizer = "none"
        hard = true
        [constraints.soft]
        target = { raw = 0.1 }
        normalizer = "none"
        maximum = 7.0
        smoothing = 0.5
        leak_when = "satisfied"
    "#;
    let config: DualConfig = toml::from_str(text).expect("a legal file");
    let clock = Clock::new(10).expect("positive");
    let dual = config.init_with(clock).expect("legal");
    let hard = EffectiveSettings {
        rate: 0.1,
        leak: 0.0,
        leak_always: true,
        deadzone: 0.0,
        maximum: 500.0,
        smoothing: 0.1,
        hard: true,
    };
    assert_eq!(dual.effective(0), hard);
    let soft = EffectiveSettings {
        leak: 1e-4,
        leak_always: false,
        deadzone: 0.02,
        maximum: 7.0,
        smoothing: 0.5,
        hard: false,
        ..hard
    };
    assert_eq!(dual.effective(1), soft);
}

#[test]
fn the_status_and_the_scale_of_the_normalizer_are_shown_and_saved() {
    let dual = engine(&format!(
        "{PLAIN}[constraints.one]\ntarget = {{ raw = 0.0 }}\n\
         normalizer = {{ winsor = {{ min_count = 4 }} }}\n"
    ));
    let mut state = dual.init_state();
    let seen = |state: &homeostat_multiplier::DualState| {
        (state.constraint(0).status(), state.constraint(0).scale())
    };
    assert_eq!(seen(&state), (Status::Warming, 1.0));
    for loss in [0.0, 2.0, 4.0, 6.0, 8.0, 9.0] {
        losses(&dual, &mut state, &[loss]);
    }
    let (status, scale) = seen(&state);
    let one = state.constraint(0);
    assert_eq!(status, Status::Ok);
    assert!((one.error() - 9.0 / scale).abs() < 1e-12, "the error is in units of S = {scale}");
    step(&dual, &mut state, &[None]);
    assert_eq!(seen(&state), (Status::Ok, scale), "a missing loss tells nothing");
    losses(&dual, &mut state, &[f64::NAN]);
    assert_eq!(seen(&state), (Status::NonFinite, scale));
    let text = serde_json::to_string(&state).expect("plain data");
    let loaded = serde_json::from_str(&text).expect("the same shape");
    let loaded = dual.load(loaded, Default::default()).expect("its own memory");
    assert_eq!(seen(&loaded), seen(&state));
    let dual = engine("[constraints.one]\ntarget = { raw = 0.0 }\nnormalizer = \"none\"\n");
    assert_eq!(seen(&dual.init_state()), (Status::Ok, 1.0));
}

fn residuals(dual: &Dual, state: &DualState, norm: Option<f64>) -> [f64; 3] {
    let found = dual.kkt(state, norm);
    [found.primal_feasibility, found.dual_feasibility, found.complementarity]
}

#[test]
fn the_conditions_are_met_at_the_end_of_the_toy_problem_and_not_at_its_start() {
    // min (x − 2)² / 2 with x ≤ 1: x = 1, μ = 1.
    let dual = engine(&format!(
        "{PLAIN}[constraints.bound]\ntarget = {{ raw = 1.0 }}\nnormalizer = \"none\"\n"
    ));
    let mut state = dual.init_state();
    assert_eq!(dual.kkt(&state, None).largest(), 0.0, "nothing was measured");
    let (mut x, mut first) = (3.0, None);
    for _ in 0..2000 {
        dual.observe(&mut state, &[Some(x.into())]).expect("one measurement");
        let gradient = x - 2.0 + dual.coefficients(&state)[0];
        let found = dual.kkt(&state, Some(gradient.abs()));
        first.get_or_insert(found);
        x -= 0.1 * gradient;
        dual.update(&mut state);
    }
    let first = first.expect("there were steps");
    assert_eq!((first.stationarity, first.primal_feasibility), (Some(1.0), 2.0));
    let gradient = x - 2.0 + dual.effective_multipliers(&state)[0];
    let last = dual.kkt(&state, Some(gradient.abs()));
    assert!(last.largest() < 1e-9, "{last:?}");
    assert_eq!(dual.kkt(&state, Some(f64::NAN)).stationarity, None);
}

#[test]
fn the_conditions_are_in_the_unit_of_the_measurement() {
    let dual = engine(&format!(
        "{PLAIN}initial = 0.5\n\
         [constraints.a]\nnormalizer = \"none\"\nsense = \"range\"\ntarget = {{ raw = [1.0, 2.0] }}\n\
         [constraints.b]\nnormalizer = \"none\"\nsense = \"ge\"\nerror = \"relative\"\n\
         target = {{ raw = 4.0 }}\n\
         [constraints.c]\nnormalizer = \"none\"\nsense = \"eq\"\ntarget = {{ raw = 0.0 }}\n\
         [constraints.d]\nnormalizer = \"none\"\nstrict = \"true-d\"\ntarget = {{ raw = 1.0 }}\n"
    ));
    let mut state = dual.init_state();
    let mut observe = |values: [Option<Measurement>; 4]| {
        dual.observe(&mut state, &values).expect("four measurements");
        residuals(&dual, &state, None)
    };
    let strict = Measurement { strict: Some(1.5), ..9.0.into() };
    // Above the upper bound by 1 and the lower one by 2, which is not used up at λ = 0.5.
    assert_eq!(observe([Some(3.0.into()), None, None, None]), [1.0, 0.0, 1.0]);
    // μ = 0.5 / 4 of a relative error; the measurement misses its target by 6.
    let found = observe([Some(1.0.into()), Some((-2.0).into()), None, None]);
    assert!((found[0] - 6.0).abs() < 1e-12 && (found[2] - 0.75).abs() < 1e-6, "{found:?}");
    let found = observe([None, Some(4.0.into()), Some((-7.0).into()), Some(strict)]);
    assert_eq!(found, [7.0, 0.0, 0.5], "an equality has no complementarity");
    let found = observe([None, None, Some(0.0.into()), Some(strict)]);
    assert_eq!(found[0], 0.5, "the strict number counts");
}

#[test]
fn the_conditions_of_a_scaled_and_a_normalized_error_are_in_the_unit_of_the_measurement() {
    let winsor = "normalizer = { winsor = { min_count = 4 } }";
    let dual = engine(&format!(
        "{PLAIN}initial = 1.0\n[constraints.a]\n{winsor}\ntarget = {{ raw = 1.0 }}\n\
         [constraints.b]\n{winsor}\ntarget = {{ normalized = 0.0 }}\n"
    ));
    let mut state = dual.init_state();
    for loss in [0.0, 2.0, 4.0, 6.0, 8.0, 6.0] {
        losses(&dual, &mut state, &[loss, 0.0]);
    }
    assert_eq!(residuals(&dual, &state, None)[0], 5.0);
    let dual_of_b = engine(&format!(
        "{PLAIN}initial = 1.0\n[constraints.b]\n{winsor}\ntarget = {{ normalized = 0.0 }}\n"
    ));
    let mut state = dual_of_b.init_state();
    for loss in [0.0, 2.0, 4.0, 6.0, 8.0, 6.0] {
        losses(&dual_of_b, &mut state, &[loss]);
    }
    let one = state.constraint(0);
    let expected = one.error() * one.scale();
    assert!(expected > 0.0 && expected != one.error());
    assert_eq!(residuals(&dual_of_b, &state, None)[0], expected);
}
