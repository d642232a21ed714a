//! A run that was saved goes on as if it had not been.

use homeostat_normalize::NormalizerState;

use crate::{KINDS, normalizer, text, uniform};

#[test]
fn every_kind_goes_on_to_the_bit_after_text() {
    for kind in KINDS {
        let normalizer = normalizer(kind);
        // Few distinct values, an outlier, both zeros.
        let stream: Vec<f64> = uniform(11, 300, -4.0, 4.0)
            .iter()
            .enumerate()
            .map(|(index, value)| match index % 17 {
                3 => value.round(),
                5 => -0.0,
                7 => 1e6 * value,
                _ => *value,
            })
            .collect();
        for cut in [0, 1, 20, 39, 40, 41, 65, 150, 200] {
            let mut whole = normalizer.init_state();
            for loss in &stream[..cut] {
                normalizer.commit(&mut whole, *loss);
            }
            let mut resumed: NormalizerState =
                serde_json::from_str(&text(&whole)).expect("what was saved");
            normalizer.load(&resumed).expect("its own state");
            for loss in &stream[cut..cut + 100] {
                let (first, second) =
                    (normalizer.commit(&mut whole, *loss), normalizer.commit(&mut resumed, *loss));
                assert_eq!(first.value.to_bits(), second.value.to_bits(), "{kind}, cut {cut}");
                assert_eq!(first.slope.to_bits(), second.slope.to_bits(), "{kind}, cut {cut}");
                assert_eq!(first, second, "{kind}, cut {cut}");
            }
            assert_eq!(text(&whole), text(&resumed), "{kind}, cut {cut}");
        }
    }
}

#[test]
fn a_state_of_other_settings_is_refused() {
    for (of, to, expected) in [
        (
            "{ rank = { window = 50 } }",
            "{ winsor = { window = 50 } }",
            "state must be the memory of a winsor normalizer, got rank",
        ),
        ("\"none\"", "\"ema\"", "state must be the memory of an ema normalizer, got none"),
        ("\"ema\"", "\"none\"", "state must be the memory of no normalizer, got ema"),
        ("\"ema\"", "\"rank\"", "state must be the memory of a rank normalizer, got ema"),
        ("\"ema\"", "\"auto\"", "state must be the memory of an auto normalizer, got ema"),
        (
            "{ rank = { window = 50 } }",
            "{ rank = { window = 60 } }",
            "state.rank.window must have the capacity of the window, got 50",
        ),
        (
            "{ winsor = { window = 50 } }",
            "{ winsor = { window = 60 } }",
            "state.winsor.window must have the capacity of the window, got 50",
        ),
        (
            "{ rank = { window = 50 } }",
            "{ rank = { window = 50, reference = { frozen = { step = 60 } } } }",
            "state.rank.frozen must be there exactly where the reference is frozen, got false",
        ),
        (
            "{ auto = { winsor = { window = 50 } } }",
            "{ auto = { winsor = { window = 60 } } }",
            "state.winsor.window must have the capacity of the window, got 50",
        ),
    ] {
        let (of, to) = (normalizer(of), normalizer(to));
        let state = of.init_state();
        of.load(&state).expect("its own state");
        assert_eq!(to.load(&state).expect_err("another's state").to_string(), expected);
    }
}

#[test]
fn moments_that_do_not_belong_to_the_window_are_refused() {
    let normalizer = normalizer("{ winsor = { window = 50 } }");
    let mut state = normalizer.init_state();
    normalizer.commit(&mut state, 1.0);
    let forged = text(&state).replace("\"values\":[1.0]", "\"values\":[1.0,2.0]");
    let forged: NormalizerState = serde_json::from_str(&forged).expect("still a state");
    let error = normalizer.load(&forged).expect_err("two values, moments of one");
    assert!(error.to_string().contains("state.winsor.moments"), "{error}");
}
