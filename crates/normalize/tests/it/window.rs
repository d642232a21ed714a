//! The window grows by one per commit, and by nothing else.

use homeostat_normalize::Status;
use proptest::prelude::*;

use crate::{KINDS, normalizer};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_window_grows_by_exactly_one_per_finite_commit(
        kind in prop::sample::select(KINDS.to_vec()),
        stream in prop::collection::vec(
            prop_oneof![5 => -3.0..3.0_f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)], 1..90,
        ),
    ) {
        let normalizer = normalizer(kind);
        let mut state = normalizer.init_state();
        let mut expected = 0_u64;
        for loss in stream {
            normalizer.peek(&state, loss);
            let status = normalizer.commit(&mut state, loss).status;
            expected += u64::from(loss.is_finite());
            prop_assert_eq!(status == Status::NonFinite, !loss.is_finite());
            prop_assert_eq!(state.commits(), expected);
            if let Some(count) = state.window_len() {
                prop_assert_eq!(count as u64, expected.min(40));
            }
        }
    }
}

#[test]
fn jitter_uses_the_newest_part_of_the_window_and_forgets_nothing() {
    // Old losses are 0, new ones are uniform: with all of the window half of it is below 0.5.
    let normalizer = normalizer(
        "{ rank = { window = 1000, min_count = 2, jitter = 0.5, include_self = false } }",
    );
    let mut state = normalizer.init_state();
    for index in 0..1000 {
        normalizer.commit(&mut state, if index < 500 { 0.0 } else { 1.0 });
    }
    let shares: Vec<f64> = (0..200)
        .map(|_| {
            let mut copy = state.clone();
            let reading = normalizer.peek(&state, 0.5);
            assert_eq!(reading, normalizer.commit(&mut copy, 0.5));
            // Only the count of commits moves the draw: two losses keep the window balanced.
            normalizer.commit(&mut state, 0.0);
            normalizer.commit(&mut state, 1.0);
            reading.value
        })
        .collect();
    let different: std::collections::BTreeSet<u64> =
        shares.iter().map(|share| share.to_bits()).collect();
    assert!(different.len() > 100, "{} different draws", different.len());
    // Never more than the window, never fewer than half of it: F is between 0 and 1/2.
    assert!(shares.iter().all(|share| (-1.0..=0.3).contains(share)));
    assert_eq!(state.window_len(), Some(1000));
}
