//! No conflict: what UPGrad, DualProj and MGDA promise, on rows of every size and rank.

use homeostat_surgery::{Gramian, Input, Method, Outcome, PreferenceConfig, SurgeryConfig};
use proptest::prelude::*;

use crate::rows::{few_rows, rows};
use crate::{decide, direction, dot, fresh, gramian, norm, parts, step, surgery, weights};

fn promising() -> [Method; 3] {
    [Method::Upgrad(Default::default()), Method::Dualproj(Default::default()), Method::Mgda]
}

/// The smallest cosine of a row that is not zero with d; 0 where d is.
fn least_cosine(rows: &[Vec<f64>], along: &[f64]) -> f64 {
    let size = norm(along);
    let cosines = rows.iter().filter(|row| norm(row) > 0.0).map(|row| dot(row, along) / norm(row));
    if size == 0.0 { 0.0 } else { cosines.fold(f64::INFINITY, f64::min) / size }
}

#[test]
fn which_methods_promise_is_said() {
    for method in crate::config::all_methods() {
        let promises = promising().iter().any(|one| one.name() == method.name());
        assert_eq!(method.promises_no_conflict(), promises, "{method:?}");
    }
}

#[test]
fn two_conflicting_rows_of_every_ratio() {
    for exponent in -12..=12 {
        let scale = 10.0_f64.powi(exponent);
        for cosine in [-0.999_f64, -0.9, -0.5, -0.1, -1e-9] {
            let sine = (1.0 - cosine * cosine).sqrt();
            let rows = vec![vec![1.0, 0.0], vec![scale * cosine, scale * sine]];
            for method in promising() {
                let surgery = surgery(method);
                let (report, found) = decide(&surgery, &mut fresh(&surgery, 2), &gramian(&rows));
                assert_eq!(report.outcome, Outcome::Combined);
                let least = least_cosine(&rows, &direction(&rows, &found));
                assert!(least >= -1e-9, "{:?}, 1e{exponent}, {cosine}: {least}", surgery.config());
                assert!((report.least_cosine - least).abs() < 1e-9);
            }
            // In closed form: both projections on the normal plane of the other.
            let found = weights(&promising()[0], &gramian(&rows));
            let expected = [0.5 * (1.0 - cosine * scale), 0.5 * (1.0 - cosine / scale)];
            for (found, expected) in found.iter().zip(expected) {
                assert!((found / expected - 1.0).abs() < 1e-9, "{found}, {expected}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_row_conflicts_and_no_fallback_is_needed(rows in rows()) {
        let gramian = gramian(&rows);
        for method in promising() {
            let surgery = surgery(method);
            let mut state = fresh(&surgery, rows.len());
            let (report, found) = decide(&surgery, &mut state, &gramian);
            let along = direction(&rows, &found);
            let least = least_cosine(&rows, &along);
            prop_assert!(least >= -1e-6, "{:?}: {least}, {report:?}", surgery.config().method);
            let counts = state.counts(0).expect("a group");
            prop_assert_eq!(counts.violations, 0, "{:?}: {:?}", &surgery.config().method, report);
            prop_assert!(found.iter().all(|weight| *weight >= 0.0));
            let size = parts(&rows, &found);
            match report.outcome {
                Outcome::Stationary => prop_assert_eq!(size, 0.0),
                _ => {
                    prop_assert!((report.parts - size).abs() <= 1e-9 * size);
                    prop_assert!((report.norm - norm(&along)).abs() <= 1e-6 * size);
                }
            }
        }
    }

    #[test]
    fn dualproj_meets_the_conditions_of_karush_kuhn_and_tucker(rows in rows(), seed in 0..1000_u32) {
        // A preference for each row, some of them 0.
        let preference: Vec<f64> =
            (0..rows.len()).map(|row| f64::from((seed as usize * 7 + row * 5) as u32 % 4)).collect();
        prop_assume!(preference.iter().any(|one| *one > 0.0));
        let config = PreferenceConfig { preference: Some(preference.clone()) };
        let surgery = surgery(Method::Dualproj(config));
        let gramian = gramian(&rows);
        let (report, found) = decide(&surgery, &mut fresh(&surgery, rows.len()), &gramian);
        prop_assume!(report.outcome == Outcome::Combined);
        let along = direction(&rows, &found);
        let (size, length) = (parts(&rows, &found), norm(&along));
        for ((row, weight), lower) in rows.iter().zip(&found).zip(&preference) {
            if norm(row) == 0.0 {
                continue;
            }
            let added = (weight - lower) * norm(row);
            prop_assert!(added >= -1e-12 * size);
            // Either the weight is its bound or the row is orthogonal to d.
            let cosine = dot(row, &along) / norm(row) / length;
            prop_assert!(added <= 1e-9 * size || cosine.abs() < 1e-6, "{added}, {cosine}");
        }
    }

    #[test]
    fn mgda_is_the_shortest_vector_of_the_hull(
        rows in rows(), rivals in prop::collection::vec(0.0..1.0, 128),
    ) {
        let kept: Vec<Vec<f64>> = rows.into_iter().filter(|row| norm(row) > 0.0).collect();
        prop_assume!(!kept.is_empty());
        let surgery = surgery(Method::Mgda);
        let (report, found) = decide(&surgery, &mut fresh(&surgery, kept.len()), &gramian(&kept));
        prop_assume!(report.outcome == Outcome::Combined);
        prop_assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        let along = direction(&kept, &found);
        let length = norm(&along);
        let shortest = kept.iter().map(|row| norm(row)).fold(f64::INFINITY, f64::min);
        prop_assert!(length <= shortest * (1.0 + 1e-9));
        for rival in rivals.chunks_exact(32) {
            // Shares that favour short rows, as the best one does.
            let shares: Vec<f64> =
                kept.iter().zip(rival).map(|(row, share)| share / norm(row)).collect();
            let sum: f64 = shares.iter().sum();
            let shares: Vec<f64> = shares.iter().map(|share| share / sum).collect();
            prop_assert!(length <= norm(&direction(&kept, &shares)) * (1.0 + 1e-6));
        }
    }

    #[test]
    fn upgrad_is_the_sum_of_projections(rows in rows()) {
        // Linear in the preference: the sum of what each row alone gets.
        let count = rows.len();
        let gramian = gramian(&rows);
        let upgrad = |preference: Vec<f64>| {
            let config = PreferenceConfig { preference: Some(preference) };
            weights(&Method::Upgrad(config), &gramian)
        };
        let all = upgrad(vec![1.0; count]);
        let mut sum = vec![0.0; count];
        for row in 0..count {
            let mut one = vec![0.0; count];
            one[row] = 1.0;
            sum.iter_mut().zip(upgrad(one)).for_each(|(sum, own)| *sum += own);
        }
        let size = parts(&rows, &sum);
        let stationary = all.iter().all(|weight| *weight == 0.0);
        for ((row, all), sum) in rows.iter().zip(&all).zip(&sum) {
            let same = (all - sum).abs() * norm(row) <= 1e-9 * size;
            prop_assert!(stationary || same, "{all:?}, {sum:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn dot_products_in_single_precision_break_no_promise(rows in few_rows(6)) {
        let exact = gramian(&rows);
        let count = rows.len();
        // Lengths that f32 can square.
        let rounded = |place: usize| {
            let (i, j) = (place / count, place % count);
            f64::from((exact.dot(i, j) * 1e-6) as f32)
        };
        let entries: Vec<f64> = (0..count * count).map(rounded).collect();
        let single = Gramian::new(count, &entries).expect("legal");
        for method in promising() {
            let surgery = surgery(method);
            let mut state = fresh(&surgery, count);
            let (report, _) = decide(&surgery, &mut state, &single);
            let counts = state.counts(0).expect("a group");
            prop_assert_eq!(counts.violations, 0, "{:?}: {:?}", &surgery.config().method, report);
        }
    }
}

#[test]
fn sixty_four_rows_of_every_size_conflict_with_none() {
    let mut bits = 7_u64;
    let mut uniform = || {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (bits >> 11) as f64 / 2.0_f64.powi(52) - 1.0
    };
    for width in [80, 16] {
        let rows: Vec<Vec<f64>> = (0..64)
            .map(|row| {
                let scale = 10.0_f64.powi(row % 25 - 12);
                (0..width).map(|_| scale * uniform()).collect()
            })
            .collect();
        for method in promising() {
            let surgery = surgery(method);
            let mut state = fresh(&surgery, 64);
            let (report, found) = decide(&surgery, &mut state, &gramian(&rows));
            let least = least_cosine(&rows, &direction(&rows, &found));
            assert!(least >= -1e-7, "{width}, {:?}: {least}", surgery.config().method);
            // 64 rows of full rank share a half space; in 16 dimensions hardly ever (Wendel 1962).
            let expected = if width > 64 { 0 } else { 1 };
            assert_eq!(state.counts(0).expect("a group").stationary, expected);
            assert_eq!(report.outcome == Outcome::Stationary, expected == 1);
        }
    }
}

#[test]
fn rows_that_cancel_are_stationary() {
    let opposite = gramian(&[vec![1.0, 0.0], vec![-3.0, 0.0]]);
    let circle =
        gramian(&[vec![1.0, 0.0], vec![-0.5, 0.75_f64.sqrt()], vec![-0.5, -(0.75_f64.sqrt())]]);
    for method in promising() {
        let surgery = surgery(method);
        for gramian in [&opposite, &circle] {
            let mut state = fresh(&surgery, gramian.rows());
            let (report, weights) = decide(&surgery, &mut state, gramian);
            assert_eq!(report.outcome, Outcome::Stationary);
            assert!(weights.iter().all(|weight| *weight == 0.0) && report.norm == 0.0);
            let counts = state.counts(0).expect("a group");
            assert_eq!((counts.stationary, counts.violations), (1, 0));
        }
    }
}

#[test]
fn rows_that_nearly_cancel_are_not_stationary_while_f64_can_tell() {
    for angle in [1e-2, 1e-4, 1e-5, 3e-6_f64] {
        let rows = vec![vec![1.0, 0.0], vec![-3.0 * angle.cos(), 3.0 * angle.sin()]];
        for method in promising() {
            let surgery = surgery(method);
            let (report, found) = decide(&surgery, &mut fresh(&surgery, 2), &gramian(&rows));
            assert_eq!(report.outcome, Outcome::Combined, "{angle}");
            let least = least_cosine(&rows, &direction(&rows, &found));
            // What f64 keeps of the cosine of such an angle.
            assert!(least >= -1e-15 / angle / angle, "{:?}, {angle}: {least}", surgery.config());
        }
    }
}

#[test]
fn long_rows_that_cancel_do_not_drown_a_short_one() {
    let rows = vec![vec![1e12, 0.0], vec![-1e12, 0.0], vec![0.0, 1.0]];
    let found = weights(&Method::Upgrad(Default::default()), &gramian(&rows));
    assert_eq!(found[..2], [0.0, 0.0]);
    assert!((found[2] - 1.0 / 3.0).abs() < 1e-12);
}

/// Three rows of which each two have a cosine that no three vectors can have: no direction suits all.
fn contradiction(cosine: f64) -> Gramian {
    let entries: Vec<f64> = (0..9).map(|place| if place % 4 == 0 { 1.0 } else { cosine }).collect();
    Gramian::new(3, &entries).expect("no pair is impossible")
}

#[test]
fn a_broken_promise_is_counted_and_answered() {
    let surgery = surgery(Method::Upgrad(Default::default()));
    let mut state = fresh(&surgery, 3);
    let (report, weights) = decide(&surgery, &mut state, &contradiction(-0.9));
    assert!(matches!(report.outcome, Outcome::Refused | Outcome::Stationary), "{report:?}");
    assert_eq!(weights, [0.0; 3]);

    // Found by search: the solver stops short on a matrix that is no Gramian, the shortest vector does not.
    let mut fallbacks = 0;
    for gramian in contradictions(3, [1.0; 4]).take(2000) {
        for method in promising() {
            let surgery = crate::surgery(method);
            let mut state = fresh(&surgery, 4);
            let (report, weights) = decide(&surgery, &mut state, &gramian);
            let counts = state.counts(0).expect("a group");
            // Whatever is answered holds the promise on this matrix.
            let along: Vec<f64> =
                (0..4).map(|i| (0..4).map(|j| gramian.dot(i, j) * weights[j]).sum()).collect();
            let squared: f64 = dot(&along, &weights);
            let least = along.iter().copied().fold(f64::INFINITY, f64::min);
            assert!(least >= -1e-6 * squared.max(0.0).sqrt(), "{report:?}: {along:?}");
            assert!(report.least_cosine >= -1e-6);
            match report.outcome {
                Outcome::Fallback => {
                    assert_eq!((counts.violations, counts.refused), (1, 0));
                    fallbacks += 1;
                    // All rows are as long as one another: it points like MGDA.
                    let mgda = crate::weights(&Method::Mgda, &gramian);
                    let ratio = weights.iter().sum::<f64>();
                    for (found, expected) in weights.iter().zip(&mgda) {
                        assert!((found - ratio * expected).abs() < 1e-9 * ratio, "{mgda:?}");
                    }
                    // And is as long as they are.
                    assert!((report.norm - 1.0).abs() < 1e-9, "{report:?}");
                }
                Outcome::Refused => assert_eq!((counts.violations, counts.refused), (1, 1)),
                _ => assert_eq!((counts.violations, counts.refused), (0, 0)),
            }
        }
    }
    assert!(fallbacks > 0, "the fallback was never used");
}

/// Matrices of rows of these lengths with cosines by chance, most of which are no Gramian.
fn contradictions(seed: u64, lengths: [f64; 4]) -> impl Iterator<Item = Gramian> {
    let mut bits = seed;
    let mut uniform = move || {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (bits >> 11) as f64 / 2.0_f64.powi(52) - 1.0
    };
    std::iter::repeat_with(move || {
        let cosines: Vec<f64> = (0..6).map(|_| uniform()).collect();
        let pair = |i: usize, j: usize| cosines[i.max(j) * (i.max(j) - 1) / 2 + i.min(j)];
        let entries: Vec<f64> = (0..16)
            .map(|place| (place / 4, place % 4))
            .map(|(i, j)| lengths[i] * lengths[j] * if i == j { 1.0 } else { pair(i, j) })
            .collect();
        Gramian::new(4, &entries).expect("no pair is impossible")
    })
}

#[test]
fn the_fallback_is_within_the_lengths_of_the_rows() {
    // The same search over rows of different lengths.
    let lengths = [1.0, 20.0, 3.0, 0.5];
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    for gramian in contradictions(11, lengths).take(4000) {
        for method in promising() {
            let surgery = crate::surgery(method);
            let (report, weights) = decide(&surgery, &mut fresh(&surgery, 4), &gramian);
            if report.outcome != Outcome::Fallback {
                continue;
            }
            let part = |p: usize| weights[p / 4] * gramian.dot(p / 4, p % 4) * weights[p % 4];
            let squared: f64 = (0..16).map(part).sum();
            let norm = squared.sqrt();
            assert!((report.norm / norm - 1.0).abs() < 1e-6, "{report:?}: {norm}");
            assert!(norm > 0.5 * (1.0 - 1e-6) && norm < 20.0 * (1.0 + 1e-6), "{norm}");
            (least, most) = (least.min(norm), most.max(norm));
        }
    }
    // It is as long as the refused direction was, and not always the same.
    assert!(most > 1.5 * least, "{least}, {most}");
}

#[test]
fn smoothing_gives_way_where_it_would_break_the_promise() {
    let first = gramian(&[vec![1.0, 0.0], vec![1.0, 0.0]]);
    let second = [vec![1.0, 0.0], vec![-10.0, 1.0]];
    for (smoothing, expected) in [(0.9, Outcome::Unsmoothed), (0.0, Outcome::Combined)] {
        let config = SurgeryConfig { smoothing, ..Method::Upgrad(Default::default()).into() };
        let surgery = surgery(config);
        let mut state = fresh(&surgery, 2);
        decide(&surgery, &mut state, &first);
        let second_gramian = gramian(&second);
        let input = Input { gramian: Some(&second_gramian), ..Input::default() };
        let (report, found) = step(&surgery, &mut state, &input).expect("legal");
        assert_eq!(report.outcome, expected);
        assert!(least_cosine(&second, &direction(&second, &found)) >= -1e-9);
        assert_eq!(state.counts(0).expect("a group").unsmoothed, u64::from(smoothing > 0.0));
    }
}
