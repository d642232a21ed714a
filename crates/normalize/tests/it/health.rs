//! A normalizer can say that its reference no longer fits.

use homeostat_normalize::Health;

use crate::{normalizer, read, uniform};

#[test]
fn a_stationary_window_is_healthy_and_one_with_a_jump_is_not() {
    for kind in [
        "{ rank = { window = 800 } }",
        "{ winsor = { window = 800 } }",
        "{ auto = { warmup = 64, rank = { window = 800 }, winsor = { window = 800 } } }",
    ] {
        let normalizer = normalizer(kind);
        let mut losses = uniform(1, 1000, 0.0, 1.0);
        let (state, _) = read(&normalizer, &losses);
        let health = normalizer.health(&state);
        assert!(!health.drifted(), "{kind}: {health:?}");
        assert!(health.rise.is_some() && health.population.is_some());
        losses.extend(uniform(2, 400, 0.7, 1.7));
        let health = normalizer.health(&read(&normalizer, &losses).0);
        for finding in [health.rise, health.distribution, health.population] {
            assert!(finding.is_some_and(|drift| drift.found()), "{kind}: {health:?}");
        }
    }
}

#[test]
fn a_fixed_reference_is_compared_with_the_window_as_a_whole() {
    let frozen = normalizer("{ rank = { window = 400, reference = { frozen = { step = 400 } } } }");
    let mut losses = uniform(3, 400, 0.0, 1.0);
    // The window turns over completely: within itself it is stationary.
    losses.extend(uniform(4, 400, 0.3, 1.3));
    let rolling = normalizer("{ rank = { window = 400 } }");
    assert!(!rolling.health(&read(&rolling, &losses).0).drifted());
    let health = frozen.health(&read(&frozen, &losses).0);
    assert!(health.distribution.is_some_and(|drift| drift.found()), "{health:?}");
    assert!(health.population.is_some_and(|drift| drift.found()), "{health:?}");
    assert!(health.rise.is_some_and(|drift| !drift.found()), "{health:?}");
}

#[test]
fn without_a_window_or_with_few_values_there_is_no_finding() {
    for (kind, count) in [("\"none\"", 500), ("\"ema\"", 500), ("\"rank\"", 20)] {
        let normalizer = normalizer(kind);
        let (state, _) = read(&normalizer, &uniform(5, count, 0.0, 1.0));
        assert_eq!(normalizer.health(&state), Health::default());
    }
}
