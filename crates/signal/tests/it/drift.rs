//! The drift tests find a drift, and mostly nothing else.

use homeostat_signal::{kolmogorov_smirnov, page_hinkley, population_stability, wilson_interval};

/// Sums of four uniform numbers: nearly normal, with standard deviation 0.577.
fn noise(seed: u64, count: usize) -> Vec<f64> {
    let mut random = seed;
    let mut uniform = || {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (random >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count).map(|_| (0..4).map(|_| uniform()).sum::<f64>() - 2.0).collect()
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

#[test]
fn a_stationary_signal_rarely_drifts() {
    let (mut rises, mut distributions, mut populations) = (0, 0, 0);
    for seed in 0..100 {
        let values = noise(seed, 1000);
        let (first, second) = (sorted(values[..500].to_vec()), sorted(values[500..].to_vec()));
        rises += u32::from(page_hinkley(values.iter().copied()).is_some_and(|d| d.found()));
        distributions += u32::from(kolmogorov_smirnov(&first, &second).is_some_and(|d| d.found()));
        populations += u32::from(population_stability(&first, &second).is_some_and(|d| d.found()));
    }
    // By design 8 % of the first test and 5 % of the second.
    let counts = (rises, distributions, populations);
    assert!(rises <= 12 && distributions <= 12 && populations == 0, "{counts:?}");
}

#[test]
fn a_jump_is_found_by_all_three_and_a_fall_is_no_rise() {
    let mut values = noise(5, 600);
    for value in &mut values[300..] {
        *value += 1.0;
    }
    let (first, second) = (sorted(values[..300].to_vec()), sorted(values[300..].to_vec()));
    for found in [
        page_hinkley(values.iter().copied()),
        kolmogorov_smirnov(&first, &second),
        population_stability(&first, &second),
    ] {
        assert!(found.is_some_and(|drift| drift.found()), "{found:?}");
    }
    let fall = page_hinkley(values.iter().map(|value| -value));
    assert!(fall.is_some_and(|drift| !drift.found()), "{fall:?}");
}

#[test]
fn the_statistics_are_those_of_the_formulas() {
    // Half of the second sample lies above the first, the rest equals it.
    let first: Vec<f64> = (0..16).map(f64::from).collect();
    let second: Vec<f64> = (8..24).map(f64::from).collect();
    let found = kolmogorov_smirnov(&first, &second).expect("enough values");
    assert_eq!(found.statistic, 0.5);
    assert!((found.threshold - 1.358 * (32.0_f64 / 256.0).sqrt()).abs() < 1e-15);
    let equal = kolmogorov_smirnov(&first, &first).expect("enough values");
    assert_eq!(equal.statistic, 0.0);
    // Two constants that differ are as far apart as can be; ties step together.
    for (level, expected) in [(2.0, 1.0), (1.0, 0.0)] {
        let constants = kolmogorov_smirnov(&[1.0; 20], &[level; 30]).expect("enough values");
        assert_eq!(constants.statistic, expected);
    }

    // All of the current values in the last of ten bins: nine bins give (0.1 − 1e-4)·ln(1000), one
    // (0.1 − 1)·ln(0.1).
    let reference: Vec<f64> = (0..1000).map(f64::from).collect();
    let found = population_stability(&reference, &[2000.0; 200]).expect("enough values");
    let expected = 9.0 * (0.1 - 1e-4) * 1000.0_f64.ln() + 0.9 * 10.0_f64.ln();
    assert!((found.statistic - expected).abs() < 1e-9, "{found:?}");

    // 16 zeros, 16 ones: σ = 1/2, running means 1/(i + 1) … ; the sum rises in the second half alone.
    let values: Vec<f64> = (0..32).map(|index| f64::from(u8::from(index >= 16))).collect();
    let found = page_hinkley(values.iter().copied()).expect("enough values");
    let rise: f64 = (17..=32).map(|i| 2.0 * 16.0 / f64::from(i) - 0.05).sum();
    assert!((found.statistic - rise).abs() < 1e-9, "{found:?} {rise}");
}

#[test]
fn few_or_equal_values_say_nothing() {
    assert_eq!(page_hinkley([1.0; 100].iter().copied()), None);
    assert_eq!(page_hinkley(noise(1, 31).into_iter()), None);
    assert_eq!(page_hinkley(std::iter::empty::<f64>()), None);
    assert_eq!(kolmogorov_smirnov(&[1.0; 15], &[1.0; 100]), None);
    assert_eq!(population_stability(&[1.0; 199], &[1.0; 500]), None);
    let constant = population_stability(&[1.0; 200], &[1.0; 200]).expect("enough values");
    assert_eq!(constant.statistic, 0.0);
}

#[test]
fn a_wilson_interval_covers_the_rate_and_narrows() {
    let mut width = 1.0;
    for trials in [1, 5, 20, 100, 1000] {
        let (low, high) = wilson_interval(trials * 4 / 5, trials, 1.96);
        let rate = (trials * 4 / 5) as f64 / trials as f64;
        assert!(low <= rate && rate <= high && low >= 0.0 && high <= 1.0);
        assert!(high - low < width);
        width = high - low;
    }
    let (low, high) = wilson_interval(10, 10, 1.96);
    assert!(high == 1.0 && (low - 10.0 / (10.0 + 1.96 * 1.96)).abs() < 1e-15);
    let (low, high) = wilson_interval(0, 10, 1.96);
    assert!(low == 0.0 && high > 0.25 && high < 0.3);
}
