//! A peek is the commit that follows it, and changes nothing.

use homeostat_normalize::Status;
use proptest::prelude::*;

use crate::{KINDS, normalizer, text};

fn losses() -> impl Strategy<Value = Vec<f64>> {
    let loss = prop_oneof![
        6 => -3.0..3.0_f64,
        2 => (-2..3_i32).prop_map(f64::from),
        1 => prop::sample::select(vec![
            -0.0, 1e9, -1e9, 1e139, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 1e-300,
        ]),
    ];
    prop::collection::vec(loss, 1..110)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn peek_equals_the_following_commit_to_the_bit_and_is_pure(
        kind in prop::sample::select(KINDS.to_vec()),
        stream in losses(),
        target in -3.0..3.0_f64,
    ) {
        let normalizer = normalizer(kind);
        let mut state = normalizer.init_state();
        for loss in stream {
            let before = text(&state);
            let peeked = normalizer.peek(&state, loss);
            prop_assert_eq!(peeked, normalizer.peek(&state, loss));
            let planned = normalizer.map_after(&state, loss, target);
            normalizer.reading(&state, loss);
            normalizer.map(&state, loss);
            prop_assert_eq!(&before, &text(&state), "{} is not pure", kind);

            let reading = normalizer.commit(&mut state, loss);
            prop_assert_eq!(peeked, reading, "{}", kind);
            prop_assert_eq!(peeked.value.to_bits(), reading.value.to_bits());
            prop_assert_eq!(peeked.slope.to_bits(), reading.slope.to_bits());
            prop_assert!(reading.value.is_finite() && reading.scale.is_finite(), "{reading:?}");
            prop_assert!(reading.slope.is_finite() && reading.slope >= 0.0, "{reading:?}");
            prop_assert!(reading.scale > 0.0);
            prop_assert_eq!(reading.status == Status::NonFinite, before == text(&state));
            let with_self = !kind.contains("include_self = false");
            // The choice of `auto` and the freezing of a window act from the next commit on.
            let steady = !kind.contains("auto") && !kind.contains("frozen");
            if with_self && steady {
                prop_assert_eq!(planned.to_bits(), normalizer.map(&state, target).to_bits());
            }
        }
    }

    #[test]
    fn a_mapped_error_is_violated_exactly_where_the_loss_is_above_the_target(
        kind in prop::sample::select(KINDS.to_vec()),
        stream in prop::collection::vec(-3.0..3.0_f64, 40..80),
        target in -3.0..3.0_f64,
    ) {
        let normalizer = normalizer(kind);
        let mut state = normalizer.init_state();
        for loss in stream {
            let mapped = normalizer.map_after(&state, loss, target);
            let error = normalizer.commit(&mut state, loss).value - mapped;
            prop_assert!(if loss <= target { error <= 0.0 } else { error >= 0.0 }, "{}", kind);
        }
    }
}
