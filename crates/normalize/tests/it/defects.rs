//! The defects of the note and its code, each as a test. Numbers are those of the reference
//! specification, section 2.

use homeostat_normalize::{NormalizerConfig, Status};

use crate::{KINDS, normalizer, parse, read, text, uniform};

#[test]
fn defect_3_peeks_do_not_pollute_the_window_and_a_commit_is_one_push() {
    for kind in KINDS {
        let normalizer = normalizer(kind);
        let (mut peeked, mut plain) = (normalizer.init_state(), normalizer.init_state());
        for loss in uniform(3, 120, 0.0, 1.0) {
            for other in [loss, 0.3, 7.0] {
                normalizer.peek(&peeked, other);
                normalizer.map(&peeked, other);
                normalizer.reading(&peeked, other);
            }
            let reading = normalizer.commit(&mut peeked, loss);
            // What was normalized already is never taken in again.
            normalizer.peek(&peeked, reading.value);
            assert_eq!(reading, normalizer.commit(&mut plain, loss), "{kind}");
        }
        assert_eq!(text(&peeked), text(&plain), "{kind}");
        assert_eq!(peeked.commits(), 120);
    }
}

#[test]
fn defect_5_an_unknown_name_is_an_error_and_none_is_the_identity() {
    for name in ["\"quantile\"", "{ quantile = {} }"] {
        let text = format!("normalizer = {name}");
        let error = toml::from_str::<std::collections::BTreeMap<String, NormalizerConfig>>(&text)
            .expect_err("no such normalizer")
            .to_string();
        for known in ["quantile", "none", "rank", "winsor", "ema", "auto"] {
            assert!(error.contains(known), "{error}");
        }
    }
    assert_eq!(parse("\"none\""), NormalizerConfig::None);
    let none = normalizer("\"none\"");
    let (_, readings) = read(&none, &[0.05, -3.0, 1e200]);
    for (reading, loss) in readings.iter().zip([0.05, -3.0, 1e200]) {
        assert_eq!((reading.value, reading.slope, reading.status), (loss, 1.0, Status::Ok));
    }
}

#[test]
fn defect_6_a_constant_loss_has_rank_0_and_not_the_worst() {
    let normalizer = normalizer("{ rank = { window = 100 } }");
    for level in [0.0, 0.7, -1e6] {
        let (_, readings) = read(&normalizer, &[level; 250]);
        assert!(readings.iter().all(|reading| reading.value == 0.0));
        assert_eq!(readings[30].status, Status::Warming);
        assert_eq!(readings[31].status, Status::Degenerate);
        assert_eq!(readings[249].status, Status::Degenerate);
    }
}

#[test]
fn defect_7_a_nan_is_not_taken_in_and_is_no_perfect_rank() {
    let normalizer = normalizer("{ rank = { window = 20, min_count = 2 } }");
    let stream = uniform(7, 60, 1.0, 2.0);
    let (mut clean, mut dirty) = (normalizer.init_state(), normalizer.init_state());
    for loss in stream {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let reading = normalizer.commit(&mut dirty, bad);
            assert_eq!((reading.value, reading.status), (0.0, Status::NonFinite));
        }
        let reading = normalizer.commit(&mut clean, loss);
        assert_eq!(normalizer.commit(&mut dirty, loss), reading);
    }
    assert_eq!(text(&clean), text(&dirty));
}

#[test]
fn defect_8_a_nan_through_winsor_leaves_no_trace() {
    for kind in ["{ winsor = { window = 20, min_count = 2 } }", "{ ema = { min_count = 2 } }"] {
        let normalizer = normalizer(kind);
        let (mut state, _) = read(&normalizer, &uniform(8, 30, 1.0, 2.0));
        let before = text(&state);
        let reading = normalizer.commit(&mut state, f64::NAN);
        assert_eq!((reading.value, reading.slope, reading.status), (0.0, 0.0, Status::NonFinite));
        assert_eq!(text(&state), before);
        let next = normalizer.commit(&mut state, 1.5);
        assert!(next.status == Status::Ok && next.value.abs() < 1.0, "{next:?}");
    }
}

#[test]
fn defect_9_centre_and_scale_are_parameters() {
    let stream = [1.0, 2.0, 3.0, 10.0];
    let value = |settings: &str| {
        let text = format!("{{ winsor = {{ window = 9, min_count = 4, tau = 50, {settings} }} }}");
        read(&normalizer(&text), &stream).1[3].value
    };
    let deviation = 12.5_f64.sqrt();
    for (settings, expected) in [
        ("centre = \"mean\", scale = \"std\"", 6.0 / deviation),
        ("centre = \"median\", scale = \"std\"", 7.5 / deviation),
        ("centre = \"mean\", scale = \"mad\"", 6.0 / 1.4826),
        ("centre = \"median\", scale = \"mad\"", 7.5 / 1.4826),
        ("centre = \"mean\", scale = \"iqr\"", 6.0 * 1.349 / 3.0),
        ("centre = \"median\", scale = \"iqr\"", 7.5 * 1.349 / 3.0),
    ] {
        assert!((value(settings) - expected).abs() < 1e-12, "{settings}");
    }
}

#[test]
fn defect_18_auto_decides_once_and_feeds_both() {
    let normalizer = normalizer(
        "{ auto = { warmup = 64, rank = { window = 100 }, winsor = { window = 100 } } }",
    );
    // First uniform, then with ever heavier tails: the note's rule would switch back and forth.
    let mut state = normalizer.init_state();
    for (index, loss) in uniform(18, 600, -1.0, 1.0).into_iter().enumerate() {
        let loss = if index < 64 { loss } else { loss.powi(9) * 100.0 };
        let reading = normalizer.commit(&mut state, loss);
        let decided = index >= 63;
        assert_eq!(state.choice(), decided.then_some(homeostat_normalize::Choice::Winsor));
        assert_eq!(reading.status == Status::Warming, index < 64, "step {index}");
    }
    let saved: serde_json::Value = serde_json::from_str(&text(&state)).expect("plain data");
    for child in ["rank", "winsor"] {
        let values = &saved["memory"]["auto"][child]["window"]["values"];
        assert_eq!(values.as_array().map(Vec::len), Some(100), "{child} is fed");
    }
}
