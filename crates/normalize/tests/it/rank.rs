//! What a rank does not depend on, and what its slope does.

use homeostat_normalize::{Normalizer, NormalizerConfig, RankConfig, RankSlope, Status, Ties};
use proptest::prelude::*;

use crate::{init, normalizer, read, uniform};

fn rank(config: RankConfig) -> Normalizer {
    init(&NormalizerConfig::Rank(RankConfig { window: 25, min_count: 2, ..config }))
}

fn ties() -> impl Strategy<Value = Ties> {
    prop::sample::select(vec![Ties::Upper, Ties::Mid, Ties::Lower])
}

/// Losses on a grid, so that there are ties and every map below keeps different losses different.
fn losses() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((-40..41_i32).prop_map(|grid| 0.1 * f64::from(grid)), 1..80)
}

/// Strictly increasing maps that are far from affine.
const MAPS: [fn(f64) -> f64; 5] =
    [|x| x.exp(), |x| x * x * x, |x| x.atan(), |x| 1e6 * x - 3e7, |x| x + (0.5 * x).sin()];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_rank_is_invariant_under_strictly_increasing_maps(
        ties in ties(), include_self: bool, losses in losses(), map in 0..MAPS.len(),
    ) {
        let rank = rank(RankConfig { ties, include_self, ..RankConfig::default() });
        let mapped: Vec<f64> = losses.iter().map(|loss| MAPS[map](*loss)).collect();
        for (first, second) in read(&rank, &losses).1.iter().zip(read(&rank, &mapped).1) {
            prop_assert_eq!(first.value, second.value);
            prop_assert_eq!(first.status, second.status);
        }
    }

    #[test]
    fn a_mid_rank_turns_its_sign_under_decreasing_maps(
        include_self: bool, losses in losses(), map in 0..MAPS.len(),
    ) {
        let rank = rank(RankConfig { include_self, ..RankConfig::default() });
        let mapped: Vec<f64> = losses.iter().map(|loss| -MAPS[map](*loss)).collect();
        for (first, second) in read(&rank, &losses).1.iter().zip(read(&rank, &mapped).1) {
            prop_assert_eq!(first.value, -second.value);
        }
    }

    #[test]
    fn a_rank_lies_in_the_range_of_its_ties(
        ties in ties(), include_self: bool, losses in losses(),
    ) {
        let rank = rank(RankConfig { ties, include_self, ..RankConfig::default() });
        for (index, reading) in read(&rank, &losses).1.iter().enumerate() {
            let count = (index + usize::from(include_self)).min(25) as f64;
            let (low, high) = match (ties, include_self) {
                (_, false) => (-1.0, 1.0),
                (Ties::Upper, _) => (-1.0 + 2.0 / count, 1.0),
                (Ties::Mid, _) => (-1.0 + 1.0 / count, 1.0 - 1.0 / count),
                (Ties::Lower, _) => (-1.0, 1.0 - 2.0 / count),
            };
            let inside = reading.value >= low - 1e-15 && reading.value <= high + 1e-15;
            prop_assert!(reading.status == Status::Warming || inside, "{reading:?}");
        }
    }

    #[test]
    fn the_slope_of_the_secant_is_inverse_to_the_unit_of_the_loss(
        power in -20..20_i32, offset in -5.0..5.0_f64, losses in losses(),
    ) {
        let factor = 2.0_f64.powi(power);
        for slope in [RankSlope::Secant, RankSlope::Density, RankSlope::DensityFloored,
            RankSlope::SoftRank] {
            let rank = rank(RankConfig { slope, ..RankConfig::default() });
            let scaled: Vec<f64> = losses.iter().map(|loss| factor * loss).collect();
            let moved: Vec<f64> = losses.iter().map(|loss| 3.0 * loss + offset).collect();
            let original = read(&rank, &losses).1;
            let scaled = read(&rank, &scaled).1;
            let moved = read(&rank, &moved).1;
            for index in 0..losses.len() {
                // Equal losses have the slope of a floor that is absolute; and 2⁻²⁰ · 0.1 is above it.
                if original[index].status != Status::Ok {
                    continue;
                }
                prop_assert_eq!(scaled[index].value, original[index].value);
                // The constraint gradient λ·s·∇ℓ is the same: s·a is the same.
                prop_assert_eq!(scaled[index].slope * factor, original[index].slope);
                prop_assert_eq!(scaled[index].scale, original[index].scale * factor);
                // A spread below a thousandth of the median is floored, and that is no affine rule.
                if original[index].scale > 0.1 {
                    let (found, expected) = (moved[index].slope * 3.0, original[index].slope);
                    prop_assert!((found - expected).abs() <= 1e-9 * expected + 1e-12);
                }
            }
        }
    }

    #[test]
    fn slope_and_scale_are_inverse_for_the_secant(losses in losses()) {
        let rank = rank(RankConfig::default());
        for reading in read(&rank, &losses).1 {
            let warming = reading.status == Status::Warming;
            prop_assert!(warming || (reading.slope * reading.scale - 1.0).abs() < 1e-15);
        }
    }
}

#[test]
fn an_identity_slope_breaks_the_invariance() {
    let rank = rank(RankConfig { slope: RankSlope::Identity, ..RankConfig::default() });
    for factor in [1e-3, 1.0, 1e3] {
        let losses: Vec<f64> = uniform(1, 30, 0.0, factor).to_vec();
        let last = read(&rank, &losses).1[29];
        assert_eq!(last.slope, 1.0);
        assert!((last.scale / factor - 0.5).abs() < 0.1, "the scale is still that of the losses");
    }
}

#[test]
fn a_density_is_steep_in_the_middle_and_flat_in_the_tail() {
    let losses = uniform(2, 400, 0.0, 1.0);
    let slope = |name: &str, at: f64| {
        let text = format!("{{ rank = {{ slope = \"{name}\" }} }}");
        let normalizer = normalizer(&text);
        let (state, _) = read(&normalizer, &losses);
        normalizer.reading(&state, at).slope
    };
    // A uniform density on the unit interval is 1, and N = 2F − 1.
    for name in ["density", "density-floored", "soft-rank", "secant"] {
        assert!((slope(name, 0.5) - 2.0).abs() < 0.3, "{name}: {}", slope(name, 0.5));
    }
    assert!(slope("density", 3.0) < 1e-9 && slope("soft-rank", 3.0) < 1e-6);
    assert!((slope("density-floored", 3.0) - 0.25 * slope("secant", 3.0)).abs() < 1e-15);
}

#[test]
fn a_soft_rank_has_the_slope_of_its_own_value() {
    let normalizer = normalizer("{ rank = { slope = \"soft-rank\" } }");
    let (state, _) = read(&normalizer, &uniform(3, 200, -2.0, 5.0));
    for x in [-3.0, -1.5, 0.0, 2.2, 4.9, 8.0] {
        let reading = normalizer.reading(&state, x);
        let step = 1e-5;
        let (above, below) = (normalizer.map(&state, x + step), normalizer.map(&state, x - step));
        let difference = (above - below) / (2.0 * step);
        assert!((reading.slope - difference).abs() < 1e-8, "{x}: {reading:?} {difference}");
        assert!((-1.0..=1.0).contains(&reading.value));
    }
}

#[test]
fn a_loss_that_is_mostly_zero_has_a_slope_of_its_range_and_not_of_the_floor() {
    let losses: Vec<f64> = (0..100).map(|index| f64::from(u8::from(index % 20 == 0))).collect();
    let last = read(&normalizer("\"rank\""), &losses).1[99];
    assert_eq!((last.status, last.slope), (Status::Ok, 2.0));
    let zeros = read(&normalizer("\"rank\""), &[0.0; 40]).1[39];
    assert_eq!((zeros.status, zeros.slope), (Status::Degenerate, 1.6e12));
    let hundreds = read(&normalizer("\"rank\""), &[-100.0; 40]).1[39];
    assert_eq!((hundreds.status, hundreds.slope), (Status::Degenerate, 16.0));
    // While warming there is no spread to be sure of.
    assert_eq!(read(&normalizer("\"rank\""), &[0.0; 20]).1[19].slope, 0.0);
}

#[test]
fn a_stationary_loss_ranks_0_on_average_whatever_its_level() {
    for level in [0.0, 10.0, -1e5] {
        let (_, readings) =
            read(&normalizer("{ rank = { window = 500 } }"), &uniform(4, 3000, level, level + 1.0));
        let mean = readings.iter().map(|reading| reading.value).sum::<f64>() / 3000.0;
        assert!(mean.abs() < 0.03, "level blindness: {mean}");
    }
}
