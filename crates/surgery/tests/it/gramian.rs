//! What a Gramian and a step refuse, and rows that are zero, absent or not finite.

use homeostat_surgery::{
    CagradConfig, Gramian, GramianError, Input, Method, Outcome, RowSet, SurgeryError,
    SurgeryState, WeightedSumConfig,
};

use crate::{decide, direction, fresh, gramian, norm, step, surgery, weights};

fn set(rows: &[usize]) -> RowSet {
    rows.iter().copied().collect()
}

#[test]
fn a_matrix_that_is_no_gramian_is_refused() {
    assert_eq!(Gramian::new(0, &[]), Err(GramianError::Rows(0)));
    assert_eq!(Gramian::new(65, &[0.0; 65 * 65]), Err(GramianError::Rows(65)));
    let entries = GramianError::Entries { rows: 2, expected: 4, found: 3 };
    assert_eq!(Gramian::new(2, &[1.0; 3]), Err(entries));
    let diagonal = GramianError::Diagonal { row: 1, value: -1.0 };
    assert_eq!(Gramian::new(2, &[1.0, 0.0, 0.0, -1.0]), Err(diagonal));
    assert!(Gramian::new(1, &[f64::INFINITY]).is_err() && Gramian::new(1, &[f64::NAN]).is_err());
    assert!(Gramian::new(2, &[1.0, f64::NAN, 0.0, 1.0]).is_err());
    let asymmetric = GramianError::Asymmetric { row: 1, column: 0 };
    assert_eq!(Gramian::new(2, &[1.0, 0.5, 0.4, 1.0]), Err(asymmetric));
    let large = GramianError::TooLarge { row: 1, column: 0 };
    assert_eq!(Gramian::new(2, &[1.0, 2.1, 2.1, 4.0]), Err(large));
}

#[test]
fn a_set_of_rows_holds_64() {
    for rows in [0, 1, 63, 64] {
        assert_eq!(RowSet::all(rows).len(), rows);
        assert!(RowSet::all(rows).iter().eq(0..rows));
    }
    let mut some = set(&[0, 63, 64]);
    assert_eq!(some.len(), 2);
    some.remove(0);
    assert!(!some.contains(0) && some.contains(63) && !some.contains(64) && !some.is_empty());
    assert_eq!(set(&[1, 2]).and(set(&[2, 3])), set(&[2]));
    assert_eq!(set(&[1, 2]).or(set(&[2, 3])), set(&[1, 2, 3]));
    assert_eq!(set(&[1, 2]).without(set(&[2, 3])), set(&[1]));
}

#[test]
fn rows_that_are_absent_or_not_finite_poison_no_other() {
    let nan = f64::NAN;
    let inf = f64::INFINITY;
    // The last row overflowed, and everything it touches is not a number.
    let entries = [4.0, -1.0, nan, -1.0, 1.0, inf, nan, inf, inf];
    let found = Gramian::with_gaps(3, &entries, RowSet::all(3)).expect("two rows are left");
    assert_eq!((found.present(), found.not_finite()), (set(&[0, 1]), set(&[2])));
    let two = Gramian::new(2, &[4.0, -1.0, -1.0, 1.0]).expect("legal");
    for method in crate::properties::methods() {
        let (few, many) = (weights(&method, &two), weights(&method, &found));
        assert_eq!([many[0], many[1], many[2]], [few[0], few[1], 0.0], "{method:?}");
    }
    let surgery = surgery(Method::Upgrad(Default::default()));
    let mut state = fresh(&surgery, 3);
    let (report, _) = decide(&surgery, &mut state, &found);
    assert_eq!((report.used, report.not_finite), (set(&[0, 1]), set(&[2])));
    let counted = |state: &SurgeryState| state.counts(0).expect("a group").not_finite;
    assert_eq!(counted(&state), 1);
    let healthy = gramian(&[vec![1.0], vec![2.0], vec![3.0]]);
    decide(&surgery, &mut state, &healthy);
    assert_eq!(counted(&state), 1);
    assert!(report.zero.is_empty() && report.conflict);

    // An absent row may hold anything.
    let absent = Gramian::with_gaps(3, &entries, set(&[0, 1])).expect("two rows are left");
    assert!(absent.not_finite().is_empty());
    assert_eq!((absent.dot(0, 1), absent.dot(0, 2), absent.length(2)), (-1.0, 0.0, 0.0));

    // Finite lengths, but a row whose products are not numbers; and a pair of which nobody can say.
    let one = [1.0, 0.0, nan, 0.0, 1.0, nan, nan, nan, 1.0];
    let found = Gramian::with_gaps(3, &one, RowSet::all(3)).expect("two rows are left");
    assert_eq!(found.not_finite(), set(&[2]));
    let pair = [1.0, nan, 0.0, nan, 1.0, 0.0, 0.0, 0.0, 1.0];
    let found = Gramian::with_gaps(3, &pair, RowSet::all(3)).expect("one row is left");
    assert_eq!((found.present(), found.not_finite()), (set(&[2]), set(&[0, 1])));
    // The last row poisons three; then the pair in the middle is left.
    let mut two = [0.0; 25];
    for row in 0..5 {
        two[row * 6] = 1.0;
    }
    for (row, column) in [(4, 0), (4, 1), (4, 2), (2, 3)] {
        two[row * 5 + column] = nan;
    }
    let found = Gramian::with_gaps(5, &two, RowSet::all(5)).expect("two rows are left");
    assert_eq!(found.not_finite(), set(&[2, 3, 4]));
    let none = Gramian::with_gaps(2, &[nan; 4], RowSet::all(2)).expect("no row is left");
    assert_eq!((none.present(), none.not_finite()), (RowSet::EMPTY, set(&[0, 1])));
}

#[test]
fn a_refused_refill_leaves_the_gramian_as_it_was() {
    let mut gramian = Gramian::new(2, &[1.0, 0.5, 0.5, 1.0]).expect("legal");
    let before = gramian.clone();
    assert!(gramian.refill(&[1.0, 3.0, 3.0, 1.0], RowSet::all(2)).is_err());
    assert!(gramian.refill(&[-1.0, 0.0, 0.0, 1.0], RowSet::all(2)).is_err());
    assert!(gramian.refill(&[1.0], RowSet::all(1)).is_err());
    assert_eq!(gramian, before);
    gramian.refill(&[9.0, 0.0, 0.0, f64::NAN], set(&[0])).expect("legal");
    assert_eq!((gramian.length(0), gramian.present()), (3.0, set(&[0])));
}

#[test]
fn every_method_leaves_out_zero_rows_and_returns_a_single_row() {
    let without = gramian(&[vec![2.0, 1.0, 0.0], vec![-1.0, 1.0, 1.0]]);
    let with = gramian(&[vec![2.0, 1.0, 0.0], vec![0.0; 3], vec![-1.0, 1.0, 1.0]]);
    for method in crate::properties::methods() {
        let (few, many) = (weights(&method, &without), weights(&method, &with));
        assert_eq!([many[0], many[1], many[2]], [few[0], 0.0, few[1]], "{method:?}");
        assert_eq!(weights(&method, &gramian(&[vec![3.0, 4.0]])), [1.0], "{method:?}");
        let one_left = gramian(&[vec![0.0, 0.0], vec![3.0, 4.0]]);
        assert_eq!(weights(&method, &one_left), [0.0, 1.0], "{method:?}");
        assert_eq!(weights(&method, &gramian(&[vec![0.0], vec![0.0]])), [0.0; 2], "{method:?}");
    }
    let own = Method::WeightedSum(WeightedSumConfig { weights: vec![0.5, 2.0, 3.0] });
    assert_eq!(weights(&own, &with), [0.5, 0.0, 3.0]);
    let surgery = surgery(own);
    let (report, _) = decide(&surgery, &mut fresh(&surgery, 3), &with);
    assert_eq!((report.used, report.zero), (set(&[0, 2]), set(&[1])));
}

#[test]
fn without_a_row_all_weights_are_zero_and_the_report_says_so() {
    let none = Gramian::with_gaps(3, &[0.0; 9], RowSet::EMPTY).expect("legal");
    for method in crate::config::all_methods() {
        let surgery = surgery(method);
        if surgery.request(&fresh(&surgery, 3), 0).elementwise {
            continue;
        }
        let (report, weights) = decide(&surgery, &mut fresh(&surgery, 3), &none);
        assert_eq!(weights, [0.0; 3], "{:?}", surgery.config().method);
        assert_eq!((report.outcome, report.used), (Outcome::Empty, RowSet::EMPTY));
        assert_eq!((report.norm, report.parts, report.conflict), (0.0, 0.0, false));
    }
}

#[test]
fn opposite_rows_give_numbers() {
    let opposite = gramian(&[vec![1.0, 0.0], vec![-3.0, 0.0]]);
    for method in crate::properties::methods() {
        assert!(weights(&method, &opposite).iter().all(|weight| weight.is_finite()), "{method:?}");
    }
    // In the ball of half the mean the least bad is −0.5; a ball that holds zero gives zero.
    let cagrad = |radius| Method::Cagrad(CagradConfig { radius, ..CagradConfig::default() });
    let found = weights(&cagrad(0.5), &opposite);
    assert!((found[0] - 1.0).abs() + (found[1] - 0.5).abs() < 1e-9, "{found:?}");
    assert_eq!(weights(&cagrad(2.0), &opposite), [0.0, 0.0]);
}

#[test]
fn a_refused_step_changes_nothing() {
    let pair = gramian(&[vec![1.0], vec![2.0]]);
    let three = gramian(&[vec![1.0], vec![2.0], vec![3.0]]);
    let surgery = surgery(Method::Gradvac(Default::default()));
    let mut state = fresh(&surgery, 2);
    let before = state.clone();
    let full = Input { gramian: Some(&pair), ..Input::default() };
    let mut out = [7.0; 2];
    let length = |what| SurgeryError::Length { what, expected: 2, found: 3 };
    for (input, error) in [
        (Input { gramian: Some(&three), ..full }, length("the gramian")),
        (Input { losses: &[0.0; 3], ..full }, length("the losses")),
        (Input { remeasured: &[0.0; 3], ..full }, length("the losses measured again")),
        (Input { factors: &[0.0; 3], ..full }, length("the factors")),
        (Input { gramian: None, ..full }, SurgeryError::NoGramian("gradvac")),
    ] {
        assert_eq!(surgery.decide(&mut state, 0, &input, &mut out), Err(error));
    }
    let nan = Input { factors: &[1.0, f64::NAN], ..full };
    let error = surgery.decide(&mut state, 0, &nan, &mut out).expect_err("no number");
    assert_eq!(error.to_string(), "the factor of gradient 1 must be finite, got NaN");
    let group = SurgeryError::Group { group: 1, groups: 1 };
    assert_eq!(surgery.decide(&mut state, 1, &full, &mut out), Err(group));
    let error = surgery.decide(&mut state, 0, &full, &mut [0.0; 3]).expect_err("two rows");
    assert_eq!(error, length("the output"));
    // A weight beyond f64.
    let huge = Input { factors: &[f64::MAX, f64::MAX], ..full };
    let sum = crate::surgery(homeostat_surgery::SurgeryConfig {
        normalize: homeostat_surgery::Normalize::Loss,
        ..Method::Sum.into()
    });
    let mut other = fresh(&sum, 2);
    let tiny = Input { losses: &[1e-9; 2], ..huge };
    assert!(matches!(step(&sum, &mut other, &tiny), Err(SurgeryError::NonFinite { .. })));
    assert_eq!(other, fresh(&sum, 2));
    assert_eq!((state, out), (before, [7.0; 2]));
}

#[test]
fn rows_of_any_size_are_heard_by_impartial_methods() {
    let rows = vec![vec![1e9, -0.5e9, 0.0], vec![-1e-3, 2e-3, 0.0], vec![1.0, 0.0, 1.0]];
    let gramian = gramian(&rows);
    let impartial = direction(&rows, &weights(&Method::ImtlG, &gramian));
    let projections: Vec<f64> =
        rows.iter().map(|row| crate::dot(row, &impartial) / norm(row)).collect();
    for projection in &projections {
        assert!((projection / projections[0] - 1.0).abs() < 1e-6, "{projections:?}");
    }
}
