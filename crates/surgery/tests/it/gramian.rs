//! What a Gramian and a step refuse, and rows that are zero.

use homeostat_surgery::{
    CagradConfig, Conflict, Gramian, GramianError, Method, SurgeryError, WeightedSumConfig,
    alignment,
};

use crate::{direction, dot, gramian, norm, weights};

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
}

#[test]
fn rows_whose_lengths_differ_by_1e12_are_all_heard() {
    let rows = vec![vec![1e9, -0.5e9, 0.0], vec![-1e-3, 2e-3, 0.0], vec![1.0, 0.0, 1.0]];
    let gramian = gramian(&rows);
    for method in [Method::Upgrad(Default::default()), Method::Dualproj(Default::default())] {
        let along = direction(&rows, &weights(&method, &gramian));
        for row in &rows {
            assert!(dot(row, &along) >= -1e-9 * norm(row) * norm(&along), "{method:?}");
        }
    }
    let shortest = direction(&rows, &weights(&Method::Mgda, &gramian));
    assert!(norm(&shortest) <= norm(&rows[1]) && norm(&shortest) > 1e-3);
    let impartial = direction(&rows, &weights(&Method::ImtlG, &gramian));
    let projections: Vec<f64> = rows.iter().map(|row| dot(row, &impartial) / norm(row)).collect();
    for projection in &projections {
        assert!((projection / projections[0] - 1.0).abs() < 1e-6, "{projections:?}");
    }
}

#[test]
fn opposite_rows_give_numbers() {
    let opposite = gramian(&[vec![1.0, 0.0], vec![-3.0, 0.0]]);
    for method in crate::properties::methods() {
        assert!(weights(&method, &opposite).iter().all(|weight| weight.is_finite()), "{method:?}");
    }
    assert_eq!(weights(&Method::Mgda, &opposite), [0.75, 0.25]);
    // In the ball of half the mean the least bad is −0.5; a ball that holds zero gives zero.
    let cagrad = |radius| Method::Cagrad(CagradConfig { radius, ..CagradConfig::default() });
    let found = weights(&cagrad(0.5), &opposite);
    assert!((found[0] - 1.0).abs() + (found[1] - 0.5).abs() < 1e-9, "{found:?}");
    assert_eq!(weights(&cagrad(2.0), &opposite), [0.0, 0.0]);
    let conflict = Conflict::of(&opposite);
    assert!((conflict.redundancy - 2.0).abs() < 1e-12 && conflict.conflict_share == 1.0);
    assert_eq!((conflict.minimum_cosine, conflict.mean_cosine), (-1.0, -1.0));
}

#[test]
fn a_refused_step_changes_nothing() {
    let pair = gramian(&[vec![1.0], vec![2.0]]);
    let aggregator = Method::Gradvac(Default::default()).init().expect("legal");
    let mut state = aggregator.init_state(3);
    let before = state.clone();
    let mut out = [7.0; 2];
    let error = aggregator.weights(&mut state, &pair, &mut out).expect_err("three is not two");
    assert_eq!(error, SurgeryError::Length { what: "the state", expected: 2, found: 3 });
    assert!(aggregator.weights(&mut aggregator.init_state(2), &pair, &mut [0.0; 3]).is_err());
    assert_eq!((state, out), (before, [7.0; 2]));
}

#[test]
fn the_alignment_is_the_cosine_with_the_direction() {
    let rows = vec![vec![2.0, 1.0, 0.0], vec![-1.0, 1.0, 1.0], vec![0.0; 3]];
    let weights = [0.3, 2.0, 1.0];
    let along = direction(&rows, &weights);
    let mut cosines = [f64::NAN; 3];
    alignment(&gramian(&rows), &weights, &mut cosines).expect("legal");
    for (row, cosine) in rows.iter().zip(cosines).take(2) {
        assert!((dot(row, &along) / norm(row) / norm(&along) - cosine).abs() < 1e-12);
    }
    assert_eq!(cosines[2], 0.0);
}
