//! What a z-score does not depend on, and where it is clipped.

use homeostat_normalize::{
    Centre, Infinity, NormalizerConfig, Scale, Status, WinsorConfig, WinsorSlope,
};
use proptest::prelude::*;

use crate::{init, normalizer, read, uniform};

fn configs() -> impl Strategy<Value = WinsorConfig> {
    let centre = prop::sample::select(vec![Centre::Mean, Centre::Median]);
    let scale = prop::sample::select(vec![Scale::Std, Scale::Mad, Scale::Iqr]);
    (centre, scale, any::<bool>()).prop_map(|(centre, scale, include_self)| WinsorConfig {
        window: 25,
        min_count: 3,
        centre,
        scale,
        include_self,
        ..WinsorConfig::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn errors_are_invariant_under_a_joint_affine_map_of_loss_and_target(
        config in configs(),
        losses in prop::collection::vec(-1.0..1.0_f64, 1..80),
        target in -1.0..1.0_f64,
        power in -12..12_i32,
        (factor, offset) in (0.1..10.0_f64, -10.0..10.0_f64),
    ) {
        let normalizer = init(&NormalizerConfig::Winsor(config));
        let two = 2.0_f64.powi(power);
        let maps: [(f64, f64, f64); 2] = [(two, 0.0, 0.0), (factor, offset, 1e-9)];
        for (factor, offset, tolerance) in maps {
            let (mut plain, mut mapped) = (normalizer.init_state(), normalizer.init_state());
            for loss in &losses {
                let other = factor * loss + offset;
                let goal = factor * target + offset;
                let anchors = (
                    normalizer.map_after(&plain, *loss, target),
                    normalizer.map_after(&mapped, other, goal),
                );
                let first = normalizer.commit(&mut plain, *loss);
                let second = normalizer.commit(&mut mapped, other);
                if first.status != Status::Ok {
                    continue;
                }
                let near = |found: f64, expected: f64, size: f64| {
                    // Twenty-five losses may lie close together: then their offset costs digits.
                    let tolerance = tolerance * size.max(1.0 / first.scale);
                    (found - expected).abs() <= tolerance
                };
                prop_assert!(near(second.value, first.value, 1.0), "{first:?} {second:?}");
                prop_assert!(near(anchors.1, anchors.0, 1.0), "{anchors:?}");
                // Scaled error.
                let errors = ((loss - target) / first.scale, (other - goal) / second.scale);
                prop_assert!(near(errors.1, errors.0, errors.0.abs()), "{errors:?}");
                // The constraint gradient λ·s·∇ℓ.
                prop_assert!(near(second.slope * factor, first.slope, first.slope));
                prop_assert_eq!(second.status, first.status);
            }
        }
    }

    #[test]
    fn a_z_score_stays_within_tau_and_its_own_bound(
        losses in prop::collection::vec(
            prop_oneof![4 => -1.0..1.0_f64, 1 => Just(1e6), 1 => Just(-1e9)], 1..80),
        tau in 0.5..6.0_f64,
    ) {
        let config = WinsorConfig { window: 25, min_count: 2, tau, ..WinsorConfig::default() };
        let normalizer = init(&NormalizerConfig::Winsor(config));
        for (index, reading) in read(&normalizer, &losses).1.iter().enumerate() {
            let count = (index + 1).min(25) as f64;
            // Samuelson 1968: a value of the sample is at most √(n − 1) deviations from the mean.
            prop_assert!(reading.value.abs() <= tau.min((count - 1.0).sqrt() * (1.0 + 1e-6)));
        }
    }
}

#[test]
fn nothing_is_clipped_at_three_before_the_eleventh_loss() {
    for (count, clipped) in [(10, false), (11, true)] {
        let mut losses = vec![0.0; count];
        losses[count - 1] = 1.0;
        let wide = normalizer("{ winsor = { min_count = 2, tau = 100 } }");
        let value = read(&wide, &losses).1[count - 1].value;
        assert_eq!(value > 3.0 + 1e-12, clipped, "{value} with {count}");
        assert!((value - (count as f64 - 1.0).sqrt()).abs() < 1e-12);
    }
    // Without itself in the window an outlier is clipped from the third loss on.
    let without = normalizer("{ winsor = { min_count = 2, include_self = false } }");
    assert_eq!(read(&without, &[0.0, 1.0, 9.0]).1[2].value, 3.0);
}

#[test]
fn the_rules_for_the_slope_differ_outside_the_clip_only() {
    let losses = uniform(5, 300, -1.0, 1.0);
    let slopes = |rule: &str| {
        let normalizer = normalizer(&format!("{{ winsor = {{ slope = \"{rule}\" }} }}"));
        let (state, _) = read(&normalizer, &losses);
        [-9.0, -0.5, 0.5, 9.0].map(|x| {
            let reading = normalizer.reading(&state, x);
            reading.slope * reading.scale
        })
    };
    let close = |found: [f64; 4], expected: [f64; 4]| {
        found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-15)
    };
    assert!(close(slopes("straight-through"), [1.0, 1.0, 1.0, 1.0]));
    assert!(close(slopes("zero"), [0.0, 1.0, 1.0, 0.0]));
    assert!(close(slopes("hinge"), [0.0, 1.0, 1.0, 1.0]));
    assert_eq!(WinsorConfig::default().slope, WinsorSlope::StraightThrough);
}

#[test]
fn a_robust_scale_of_zero_falls_back_to_the_deviation_and_then_to_the_floor() {
    for scale in ["mad", "iqr"] {
        let normalizer = normalizer(&format!(
            "{{ winsor = {{ min_count = 4, centre = \"median\", scale = \"{scale}\" }} }}"
        ));
        let mut losses = [2.0; 40];
        losses[39] = 3.0;
        let readings = read(&normalizer, &losses).1;
        let (equal, outlier) = (readings[38], readings[39]);
        assert_eq!((equal.status, equal.value, equal.slope), (Status::Degenerate, 0.0, 500.0));
        let deviation = 39.0_f64.sqrt() / 40.0;
        assert_eq!((outlier.status, outlier.value), (Status::Ok, 3.0));
        assert!((outlier.scale - deviation).abs() < 1e-15);
        assert_eq!(readings[2].slope, 0.0, "nothing is known while warming");
    }
    let zeros = read(&normalizer("{ winsor = { min_count = 2 } }"), &[0.0; 5]).1[4];
    assert_eq!((zeros.status, zeros.value, zeros.slope), (Status::Degenerate, 0.0, 1e12));
}

#[test]
fn one_outlier_moves_the_deviation_and_not_the_robust_scale() {
    let mut losses = uniform(6, 200, 0.0, 1.0);
    let scale = |preset: WinsorConfig, losses: &[f64]| {
        read(&init(&NormalizerConfig::Winsor(preset)), losses).1[losses.len() - 1].scale
    };
    let (spec, robust) = (WinsorConfig::spec(), WinsorConfig::robust());
    let before = (scale(spec.clone(), &losses), scale(robust.clone(), &losses));
    losses.push(1e4);
    let after = (scale(spec, &losses), scale(robust, &losses));
    assert!(after.0 > 1000.0 * before.0 && (after.1 / before.1 - 1.0).abs() < 0.05);
    let repo = WinsorConfig::repo();
    assert_eq!((repo.centre, repo.scale, repo.min_count), (Centre::Median, Scale::Std, 2));
}

#[test]
fn an_infinite_loss_is_held_or_reads_as_the_largest_value() {
    for (kind, most) in [
        ("{ rank = { min_count = 4, infinity = \"saturate\" } }", 1.0),
        ("{ rank = { min_count = 4, slope = \"soft-rank\", infinity = \"saturate\" } }", 1.0),
        ("{ winsor = { min_count = 4, tau = 2.5, infinity = \"saturate\" } }", 2.5),
        ("{ ema = { min_count = 4, tau = 2.0, infinity = \"saturate\" } }", 2.0),
        ("{ auto = { warmup = 8, winsor = { infinity = \"saturate\", tau = 1.5 } } }", 1.5),
    ] {
        let saturating = normalizer(kind);
        let holding = normalizer(&kind.replace("saturate", "hold"));
        let losses = uniform(7, 40, 0.0, 1.0);
        let (mut state, _) = read(&saturating, &losses);
        let before = crate::text(&state);
        for infinite in [f64::INFINITY, f64::MAX] {
            assert_eq!(holding.commit(&mut state, infinite).status, Status::NonFinite);
            let reading = saturating.commit(&mut state, infinite);
            assert_eq!((reading.value, reading.status), (most, Status::Ok), "{kind}");
            assert_eq!(saturating.peek(&state, infinite), reading);
        }
        for bad in [f64::NEG_INFINITY, f64::NAN, f64::MIN] {
            assert_eq!(saturating.commit(&mut state, bad).status, Status::NonFinite, "{kind}");
        }
        assert_eq!(crate::text(&state), before, "an infinity is never taken in");
        let mut fresh = saturating.init_state();
        let reading = saturating.commit(&mut fresh, f64::INFINITY);
        assert!(reading.status != Status::Ok && reading.value == 0.0, "{kind}: {reading:?}");
    }
    assert_eq!(WinsorConfig::default().infinity, Infinity::Hold);
}

#[test]
fn the_exponential_normalizer_follows_a_level_and_knows_constants() {
    let normalizer = normalizer("{ ema = { beta = 0.05 } }");
    let mut losses = uniform(8, 400, 0.0, 1.0);
    losses.extend(uniform(9, 400, 100.0, 101.0));
    let (state, readings) = read(&normalizer, &losses);
    assert_eq!(readings[30].status, Status::Warming);
    assert_eq!(readings[400].value, 3.0, "a jump is clipped");
    assert!((normalizer.map(&state, 100.5)).abs() < 1.0, "and then followed");
    let constant = read(&normalizer, &[0.3; 60]).1[59];
    assert_eq!((constant.status, constant.value), (Status::Degenerate, 0.0));
    let mut later = losses;
    later.extend([5.0; 3000]);
    let last = *read(&normalizer, &later).1.last().expect("readings");
    assert_eq!(last.status, Status::Degenerate, "the variance has died away: {last:?}");
    assert!(last.value.abs() < 1e-6 && last.slope <= 1e12);
}
