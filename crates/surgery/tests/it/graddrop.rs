//! GradDrop, coordinate by coordinate.

use homeostat_surgery::{
    Graddrop, GraddropConfig, Input, Method, Outcome, SurgeryConfig, SurgeryError,
};

use proptest::prelude::*;

use crate::{fresh, gramian, step, surgery};

const COUNT: usize = 40_000;

/// What a step draws, and the weights.
fn draw(config: GraddropConfig, steps: usize, factors: &[f64]) -> (Graddrop, Vec<f64>) {
    let surgery = surgery(SurgeryConfig::from(Method::Graddrop(config)));
    let mut state = fresh(&surgery, 2);
    let request = surgery.request(&state, 0);
    assert!(request.elementwise && !request.gramian && !request.losses);
    let input = Input { factors, ..Input::default() };
    let mut last = None;
    for _ in 0..steps {
        let (report, weights) = step(&surgery, &mut state, &input).expect("legal");
        let Outcome::Elementwise(drop) = report.outcome else { panic!("{report:?}") };
        last = Some((drop, weights));
    }
    last.expect("a step")
}

#[test]
fn where_signs_agree_the_rows_are_added() {
    let (drop, weights) = draw(GraddropConfig::default(), 1, &[]);
    assert_eq!(weights, [1.0, 1.0]);
    let (one, other) = ([1.0, -2.0, 0.0, 0.0, 3.0], [0.5, -1.0, 0.0, -4.0, 0.0]);
    let mut combined = [f32::NAN; 5];
    drop.combine(&[&one, &other], &weights, &[], 0, &mut combined).expect("legal");
    assert_eq!(combined, [1.5, -3.0, 0.0, -4.0, 3.0]);
}

#[test]
fn where_signs_conflict_one_is_drawn_in_proportion() {
    let (drop, weights) = draw(GraddropConfig::default(), 1, &[]);
    let (one, other) = (vec![3.0_f32; COUNT], vec![-1.0_f32; COUNT]);
    let mut combined = vec![0.0; COUNT];
    drop.combine(&[&one, &other], &weights, &[], 0, &mut combined).expect("legal");
    assert!(combined.iter().all(|x| *x == 3.0 || *x == -1.0));
    let share = combined.iter().filter(|x| **x == 3.0).count() as f64 / COUNT as f64;
    // P = ½·(1 + 2/4), within five standard deviations.
    assert!((share - 0.75).abs() < 5.0 * (0.75 * 0.25 / COUNT as f64).sqrt(), "{share}");
    // Neighbours are independent: pairs of draws come in proportion, too.
    let both = combined.windows(2).filter(|pair| pair == &[3.0, 3.0]).count() as f64 / COUNT as f64;
    assert!((both - 0.5625).abs() < 0.015, "{both}");
}

#[test]
fn leaks_are_never_dropped_and_factors_come_first() {
    let leak = vec![0.25, 1.0];
    let config = GraddropConfig { leak: Some(leak.clone()), ..GraddropConfig::default() };
    let (drop, weights) = draw(config.clone(), 1, &[2.0, 1.0]);
    assert_eq!(weights, [2.0, 1.0]);
    let surgery = surgery(Method::Graddrop(config));
    assert_eq!(surgery.leaks(), leak);
    let (one, other) = (vec![1.0_f32; COUNT], vec![-2.0_f32; COUNT]);
    let mut combined = vec![0.0; COUNT];
    drop.combine(&[&one, &other], &weights, surgery.leaks(), 0, &mut combined).expect("legal");
    // Plus: 2 − 2 of the second, which leaks whole; minus: a quarter of 2, and −2.
    assert!(combined.iter().all(|x| *x == 0.0 || *x == -1.5));
    let share = combined.iter().filter(|x| **x == 0.0).count() as f64 / COUNT as f64;
    assert!((share - 0.5).abs() < 0.02, "{share}");
    // A row of weight 0 may hold anything.
    let nan = [f32::NAN; 1];
    let mut combined = [0.0];
    drop.combine(&[&[2.0], &nan], &[1.0, 0.0], &[], 0, &mut combined).expect("legal");
    assert_eq!(combined, [2.0]);
}

#[test]
fn what_is_drawn_does_not_depend_on_slices_but_on_seed_step_and_group() {
    let (drop, weights) = draw(GraddropConfig::default(), 1, &[]);
    let (one, other) = (vec![1.0_f32; 1000], vec![-1.0_f32; 1000]);
    let mut whole = vec![0.0; 1000];
    drop.combine(&[&one, &other], &weights, &[], 0, &mut whole).expect("legal");
    let mut pieces = vec![0.0; 1000];
    for start in [600, 0, 350] {
        let end = match start {
            600 => 1000,
            0 => 350,
            _ => 600,
        };
        let rows: [&[f32]; 2] = [&one[start..end], &other[start..end]];
        drop.combine(&rows, &weights, &[], start as u64, &mut pieces[start..end]).expect("legal");
    }
    assert_eq!(whole, pieces);
    assert_eq!(drop, draw(GraddropConfig::default(), 1, &[]).0);
    assert_ne!(drop, draw(GraddropConfig::default(), 2, &[]).0);
    assert_ne!(drop, draw(GraddropConfig { seed: 1, leak: None }, 1, &[]).0);
    for coordinate in 0..1000 {
        let uniform = drop.uniform(coordinate);
        assert!(uniform > 0.0 && uniform < 1.0);
    }
    let mean: f32 = (0..10_000).map(|coordinate| drop.uniform(coordinate)).sum::<f32>() / 1e4;
    assert!((mean - 0.5).abs() < 0.015, "{mean}");
}

#[test]
fn slices_of_different_lengths_are_refused() {
    let (drop, weights) = draw(GraddropConfig::default(), 1, &[]);
    let mut out = [7.0; 2];
    let error = drop.combine(&[&[1.0, 2.0], &[1.0]], &weights, &[], 0, &mut out);
    assert_eq!(
        error,
        Err(SurgeryError::Length { what: "a slice of a gradient", expected: 2, found: 1 })
    );
    assert!(drop.combine(&[&[1.0, 2.0]], &weights, &[], 0, &mut out).is_err());
    assert!(drop.combine(&[&[1.0; 2], &[1.0; 2]], &weights, &[0.0], 0, &mut out).is_err());
    assert_eq!(out, [7.0; 2]);
}

#[test]
fn a_gramian_shows_the_conflict_and_leaves_out_what_is_absent() {
    let surgery = surgery(Method::Graddrop(GraddropConfig::default()));
    let gramian = gramian(&[vec![1.0], vec![0.0], vec![-2.0]]);
    let input = Input { gramian: Some(&gramian), ..Input::default() };
    let (report, weights) = step(&surgery, &mut fresh(&surgery, 3), &input).expect("legal");
    assert_eq!(weights, [1.0, 0.0, 1.0]);
    assert!(report.conflict);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_coordinate_follows_its_definition(
        count in 0..1300_usize, rows in 1..9_usize, offset in any::<u64>(), seed in any::<u64>(),
        weights in prop::collection::vec(prop_oneof![Just(0.0), Just(1.0), -3.0..3.0], 9),
        leaks in prop::collection::vec(0.0..=1.0, 9), leaky: bool,
    ) {
        let (drop, _) = draw(GraddropConfig { seed, leak: None }, 1, &[]);
        let mut bits = seed;
        let mut uniform = || {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            // A quarter of the entries is 0.
            if bits >> 62 == 0 { 0.0 } else { (bits >> 40) as f32 / (1 << 23) as f32 - 1.0 }
        };
        let entries: Vec<Vec<f32>> =
            (0..rows).map(|_| (0..count).map(|_| uniform()).collect()).collect();
        let slices: Vec<&[f32]> = entries.iter().map(Vec::as_slice).collect();
        let (weights, leaks) = (&weights[..rows], if leaky { &leaks[..rows] } else { &[] });
        let mut combined = vec![f32::NAN; count];
        drop.combine(&slices, weights, leaks, offset, &mut combined).expect("legal");
        for (place, found) in combined.iter().enumerate() {
            // Algorithm 1, coordinate by coordinate.
            let parts: Vec<f32> =
                (0..rows).map(|row| weights[row] as f32 * entries[row][place]).collect();
            let (sum, size) = parts.iter().fold((0.0, 0.0), |(sum, size), x| (sum + x, size + x.abs()));
            let positive = if size > 0.0 { 0.5 * (1.0 + sum / size) } else { 0.5 };
            let plus = positive > drop.uniform(offset.wrapping_add(place as u64));
            let expected = parts.iter().enumerate().fold(0.0, |sum: f32, (row, x)| {
                let leak = leaks.get(row).map_or(0.0, |leak| *leak as f32);
                sum + if (*x > 0.0) == plus { *x } else { leak * x }
            });
            prop_assert_eq!(*found, expected, "{} of {}", place, count);
        }
    }
}
