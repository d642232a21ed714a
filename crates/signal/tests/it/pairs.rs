//! The ring of pairs.

use homeostat_signal::PairRing;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn correlation_is_that_of_the_newest_pairs_and_blind_to_unit_and_offset(
        capacity in 1..20_usize,
        pairs in prop::collection::vec((-1e3..1e3_f64, -1e3..1e3_f64), 1..60),
        (scale, offset) in (0.1..10.0_f64, -1e3..1e3_f64),
    ) {
        let (mut ring, mut other) = (PairRing::new(capacity), PairRing::new(capacity));
        for (x, y) in &pairs {
            prop_assert!(ring.push(*x, *y) && other.push(offset + scale * x, -scale * y));
        }
        let newest = &pairs[pairs.len().saturating_sub(capacity)..];
        prop_assert_eq!(ring.len(), newest.len());
        let count = newest.len() as f64;
        let product: f64 = newest.iter().map(|(x, y)| x * y).sum::<f64>() / count;
        let means = newest.iter().fold((0.0, 0.0), |sum, (x, y)| (sum.0 + x, sum.1 + y));
        let covariance = product - means.0 * means.1 / (count * count);
        prop_assert!((ring.covariance() - covariance).abs() < 1e-8);
        prop_assert!((-1.0..=1.0).contains(&ring.correlation()));
        prop_assert!((ring.correlation() + other.correlation()).abs() < 1e-8);
    }
}

#[test]
fn a_constant_signal_correlates_with_nothing() {
    let mut ring = PairRing::new(8);
    assert_eq!((ring.correlation(), ring.covariance(), ring.is_empty()), (0.0, 0.0, true));
    for index in 0..8 {
        // A variance of 5e-20 is below the limit of 1e-18.
        assert!(ring.push(1.0 + 1e-10 * f64::from(index), f64::from(index)));
    }
    assert_eq!(ring.correlation(), 0.0);
    ring.clear();
    for index in 0..8 {
        ring.push(1.0 + 1e-8 * f64::from(index), f64::from(index));
    }
    assert!(ring.correlation() > 0.99);
}

#[test]
fn numbers_that_are_not_finite_do_not_enter_and_do_not_come_out() {
    let mut ring = PairRing::new(3);
    assert!(!ring.push(f64::NAN, 1.0) && !ring.push(1.0, f64::INFINITY));
    assert!(ring.push(f64::MAX, -f64::MAX) && ring.push(-f64::MAX, f64::MAX));
    assert_eq!((ring.len(), ring.correlation(), ring.covariance()), (2, 0.0, 0.0));
}

#[test]
fn a_loaded_ring_goes_on_to_the_bit() {
    for capacity in [1, 7, 8, 9, 13, 128] {
        let mut ring = PairRing::new(capacity);
        for index in 0..3 * capacity {
            let (x, y) = ((index as f64).sin() / 3.0, (index as f64 * 0.7).cos() / 7.0);
            ring.push(x, y);
            let text = serde_json::to_string(&ring).expect("plain data");
            let loaded: PairRing = serde_json::from_str(&text).expect("what was saved");
            assert_eq!(loaded.correlation().to_bits(), ring.correlation().to_bits());
            assert_eq!(loaded.covariance().to_bits(), ring.covariance().to_bits());
        }
    }
}

#[test]
fn a_ring_survives_text_and_keeps_its_capacity() {
    let mut ring = PairRing::new(3);
    for index in 0..5 {
        ring.push(f64::from(index), f64::from(index * index) / 3.0);
    }
    let text = serde_json::to_string(&ring).expect("plain data");
    let mut loaded: PairRing = serde_json::from_str(&text).expect("what was saved");
    assert_eq!((&loaded, loaded.capacity()), (&ring, 3));
    ring.push(0.5, 0.5);
    loaded.push(0.5, 0.5);
    assert_eq!(loaded, ring);
    for text in [
        r#"{"capacity":0,"oldest":0,"pairs":[]}"#,
        r#"{"capacity":1,"oldest":0,"pairs":[[1,2],[3,4]]}"#,
        r#"{"capacity":1,"oldest":0,"pairs":[[1,null]]}"#,
        r#"{"capacity":2,"oldest":1,"pairs":[[1,2]]}"#,
        r#"{"capacity":1,"oldest":1,"pairs":[[1,2]]}"#,
    ] {
        assert!(serde_json::from_str::<PairRing>(text).is_err(), "{text}");
    }
}
