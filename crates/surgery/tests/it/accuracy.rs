//! Gramians that are only as exact as their sums, and numbers at the ends of f64.

use homeostat_surgery::{
    CagradConfig, FairgradConfig, Gramian, GramianError, Input, Lambda, Method, Outcome, RowSet,
    SurgeryConfig,
};

use crate::{decide, direction, fresh, gramian, norm, step, surgery, weights};

/// Numbers in [−1, 1) that repeat.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / 2.0_f64.powi(52) - 1.0
    }

    fn rows(&mut self, count: usize, size: usize) -> Vec<Vec<f64>> {
        (0..count).map(|_| (0..size).map(|_| self.next()).collect()).collect()
    }

    /// A Gramian each of whose entries is off by up to 3e-8 of the product of the lengths.
    fn noisy(&mut self, rows: &[Vec<f64>]) -> Gramian {
        let exact = gramian(rows);
        let count = rows.len();
        let mut entries = vec![0.0; count * count];
        for row in 0..count {
            for column in 0..=row {
                let size = exact.length(row) * exact.length(column);
                let entry = exact.dot(row, column) + 3e-8 * size * self.next();
                (entries[row * count + column], entries[column * count + row]) = (entry, entry);
            }
        }
        let noisy = Gramian::new(count, &entries).expect("a legal gramian");
        noisy.with_accuracy(1e-7).expect("a legal accuracy")
    }
}

#[test]
fn an_accuracy_is_a_small_share() {
    for wrong in [-1e-9, 0.02, f64::NAN, f64::INFINITY] {
        let error = gramian(&[vec![1.0]]).with_accuracy(wrong).expect_err("no small share");
        assert!(matches!(error, GramianError::Accuracy(_)));
        assert!(error.to_string().contains("must lie in [0, 0.01], got"), "{error}");
    }
    let rough = gramian(&[vec![1.0]]).with_accuracy(1e-7).expect("legal");
    assert_eq!((rough.accuracy(), gramian(&[vec![1.0]]).accuracy()), (1e-7, 0.0));
}

#[test]
fn a_dependent_row_stays_dependent_whatever_the_rounding() {
    let mut numbers = Numbers(5);
    for method in
        [Method::ImtlG, Method::Config(Default::default()), Method::AlignedMtl(Default::default())]
    {
        for trial in 0..24 {
            let mut rows = numbers.rows(4, 60);
            // Of full rank but for the last row, and with different lengths.
            for (row, scale) in rows.iter_mut().zip([1.0, 3.0, 0.2, 10.0]) {
                row.iter_mut().for_each(|value| *value = scale * (*value + 0.3));
            }
            let sum = rows[0].iter().zip(&rows[1]).map(|(a, b)| a + b).collect();
            rows.push(sum);
            let wanted = direction(&rows, &weights(&method, &gramian(&rows)));
            let found = direction(&rows, &weights(&method, &numbers.noisy(&rows)));
            let off: Vec<f64> = found.iter().zip(&wanted).map(|(a, b)| a - b).collect();
            assert!(
                norm(&off) < 1e-4 * norm(&wanted),
                "{method:?} {trial}: {} of {}",
                norm(&off),
                norm(&wanted)
            );
        }
    }
}

#[test]
fn rows_that_cancel_up_to_rounding_are_stationary_and_break_no_promise() {
    let mut numbers = Numbers(9);
    let methods =
        [Method::Mgda, Method::Upgrad(Default::default()), Method::Dualproj(Default::default())];
    for method in methods {
        for trial in 0..20 {
            // Sixteen rows in eight dimensions, eight of which are the others turned around.
            let mut rows = numbers.rows(8, 8);
            let turned: Vec<Vec<f64>> =
                rows.iter().map(|row| row.iter().map(|value| -2.0 * value).collect()).collect();
            rows.extend(turned);
            let law = surgery(method.clone());
            let mut state = fresh(&law, 16);
            let (report, weights) = decide(&law, &mut state, &numbers.noisy(&rows));
            assert_eq!(report.outcome, Outcome::Stationary, "{method:?} {trial}");
            assert_eq!(weights, [0.0; 16]);
            let counts = state.counts(0).expect("a group");
            assert_eq!((counts.violations, counts.refused), (0, 0), "{method:?} {trial}");
        }
    }
}

#[test]
fn cagrad_below_radius_1_is_zero_only_where_the_mean_is() {
    let cagrad = |radius| Method::Cagrad(CagradConfig { radius, ..CagradConfig::default() });
    for height in [0.0, 1e-12, 1e-9, 1e-6, 0.9e-4, 1.1e-4] {
        let rows = [vec![1.0, height], vec![-1.0, height], vec![0.0, 1.0]];
        let mean = direction(&rows, &weights(&Method::Mean, &gramian(&rows)));
        let found = direction(&rows, &weights(&cagrad(0.5), &gramian(&rows)));
        let away: Vec<f64> = found.iter().zip(&mean).map(|(a, b)| a - b).collect();
        assert!(norm(&away) <= 0.5 * norm(&mean) * 1.01, "{height}: {found:?}");
        assert!(norm(&found) >= 0.5 * norm(&mean) * 0.99, "{height}: {found:?}");
    }
    let rows = [vec![1.0, 0.0], vec![-1.0, 0.0], vec![0.0, 1.0]];
    assert_eq!(weights(&cagrad(1.5), &gramian(&rows)), [0.0; 3]);
}

#[test]
fn between_gramians_a_row_that_the_last_one_lacked_has_no_weight() {
    let law = surgery(SurgeryConfig { every: 3, ..Method::NashMtl(Default::default()).into() });
    let rows = [vec![1.0, 0.0], vec![0.0, 4.0]];
    let entries: Vec<f64> = vec![1.0, 0.0, 0.0, 16.0];
    let (mut state, whole) = (fresh(&law, 2), gramian(&rows));
    let cached = Input::default();
    let given = |gramian| Input { gramian: Some(gramian), ..Input::default() };
    step(&law, &mut state, &given(&whole)).expect("both rows");
    let (_, before) = step(&law, &mut state, &cached).expect("cached");
    assert!(before.iter().all(|weight| *weight > 0.0), "{before:?}");
    let mut one = RowSet::EMPTY;
    one.insert(1);
    let lacking = Gramian::with_gaps(2, &entries, one).expect("legal");
    step(&law, &mut state, &given(&lacking)).expect("one row");
    let (report, weights) = step(&law, &mut state, &cached).expect("cached");
    assert_eq!((report.used, weights[0]), (one, 0.0));
    assert!(!report.measured && weights[1] > 0.0);
}

#[test]
fn a_kept_weight_follows_the_sign_of_its_multiplier() {
    for lambda in [Lambda::Rows, Lambda::Preference] {
        let config = Method::Upgrad(Default::default());
        let law = surgery(SurgeryConfig { every: 9, lambda, ..config.into() });
        let mut state = fresh(&law, 2);
        let both = gramian(&[vec![1.0, 0.2], vec![0.1, 1.0]]);
        let first = Input { gramian: Some(&both), factors: &[1.0, 0.5], ..Input::default() };
        let (_, before) = step(&law, &mut state, &first).expect("measured");
        let turned = Input { factors: &[1.0, -0.5], ..Input::default() };
        let (_, after) = step(&law, &mut state, &turned).expect("cached");
        assert_eq!(after, [before[0], -before[1]], "{lambda:?}");
    }
}

#[test]
fn factors_of_0_and_1_are_no_multipliers() {
    let famo = surgery(Method::Famo(Default::default()));
    let mut state = fresh(&famo, 3);
    let losses = [1.0, f64::NAN, 2.0];
    let input = Input { losses: &losses, factors: &[1.0, 0.0, 1.0], ..Input::default() };
    let (report, weights) = step(&famo, &mut state, &input).expect("legal");
    assert_eq!((report.not_finite, weights[1]), (RowSet::EMPTY, 0.0));
    assert_eq!(state.counts(0).expect("a group").not_finite, 0);
    let priced = Input { factors: &[1.0, 0.0, 2.0], ..input };
    assert!(step(&famo, &mut state, &priced).is_err());
}

#[test]
fn the_preference_of_a_row_that_is_left_alone_counts_where_the_formula_has_it() {
    let alone = gramian(&[vec![3.0, 4.0]]);
    for name in ["aligned-mtl", "upgrad", "dualproj"] {
        let text = format!("method = {{ {name} = {{ preference = [0.25] }} }}");
        let config: SurgeryConfig = toml::from_str(&text).expect("legal");
        let (_, found) = decide(&surgery(config.clone()), &mut fresh(&surgery(config), 1), &alone);
        assert!((found[0] - 0.25).abs() < 1e-12, "{name}: {found:?}");
    }
}

#[test]
fn what_is_subnormal_beside_the_rest_counts_as_zero() {
    let rows = gramian(&[vec![1.0, 0.0], vec![0.5, 1.0]]);
    for name in ["upgrad", "pcgrad", "imtl-g", "config", "nash-mtl"] {
        let config: SurgeryConfig = toml::from_str(&format!("method = '{name}'")).expect("legal");
        let law = surgery(config);
        let input = Input { gramian: Some(&rows), factors: &[1.0, 5e-324], ..Input::default() };
        let (report, found) = step(&law, &mut fresh(&law, 2), &input).expect("a legal step");
        assert!(report.zero.contains(1) && found[1] == 0.0 && found[0] > 0.0, "{name}: {found:?}");
    }
    // The square of 2.7e-162 is subnormal and has lost its digits.
    let short = gramian(&[vec![2.7e-162], vec![1.0]]);
    assert_eq!(weights(&Method::Upgrad(Default::default()), &short)[0], 0.0);
}

#[test]
fn an_equation_that_f64_cannot_solve_is_counted() {
    let mut numbers = Numbers(7);
    let mut rows = numbers.rows(64, 66);
    for (place, row) in rows.iter_mut().enumerate() {
        let length = 10.0_f64.powf(6.0 * numbers.next());
        let shared = if place % 3 == 0 { -0.3 } else { 0.3 };
        row.iter_mut().for_each(|value| *value = length * (*value + shared));
    }
    let unsolved = |fairness| {
        let law = surgery(Method::Fairgrad(FairgradConfig { fairness }));
        let mut state = fresh(&law, 64);
        let (_, weights) = decide(&law, &mut state, &gramian(&rows));
        assert!(weights.iter().all(|weight| weight.is_finite()));
        state.counts(0).expect("a group").unsolved
    };
    assert_eq!((unsolved(1.0), unsolved(10.0)), (0, 1));
}
