//! The engine around the methods: cached and smoothed weights, groups, requests.

use homeostat_surgery::{
    Granularity, Input, Lambda, Method, Outcome, Request, RowSet, SurgeryConfig, SurgeryError,
};

use crate::{decide, fresh, gramian, step, surgery, weights};

fn conflicting() -> Vec<Vec<f64>> {
    vec![vec![1.0, 0.0, 0.0], vec![-2.0, 1.0, 0.0], vec![0.5, 0.2, 1.0]]
}

#[test]
fn weights_are_kept_between_two_gramians() {
    let upgrad = Method::Upgrad(Default::default());
    let surgery = surgery(SurgeryConfig { every: 3, ..upgrad.clone().into() });
    let mut state = fresh(&surgery, 3);
    let gramian = gramian(&conflicting());
    let expected = weights(&upgrad, &gramian);
    for time in 0..9 {
        let due = surgery.request(&state, 0).gramian;
        assert_eq!(due, time % 3 == 0, "{time}");
        let input = Input { gramian: due.then_some(&gramian), ..Input::default() };
        let (report, found) = step(&surgery, &mut state, &input).expect("legal");
        assert_eq!(found, expected);
        let outcome = if due { Outcome::Combined } else { Outcome::Cached };
        assert_eq!((report.outcome, report.used), (outcome, RowSet::all(3)));
    }
    assert_eq!(state.counts(0).expect("a group").measured, 3);
    // A due step without one is refused; one that comes early is used.
    let error = step(&surgery, &mut state, &Input::default()).expect_err("due");
    assert_eq!(error, SurgeryError::NoGramian("upgrad"));
    decide(&surgery, &mut state, &gramian);
    let early = crate::gramian(&[vec![1.0], vec![1.0], vec![1.0]]);
    assert_eq!(decide(&surgery, &mut state, &early).1, [1.0 / 3.0; 3]);
    assert!(!surgery.request(&state, 0).gramian);
}

#[test]
fn kept_weights_follow_the_multipliers_of_now() {
    let gramian = gramian(&conflicting());
    let method = Method::Upgrad(Default::default());
    for (lambda, moves) in [(Lambda::Rows, true), (Lambda::Preference, false)] {
        let surgery = surgery(SurgeryConfig { every: 4, lambda, ..method.clone().into() });
        let mut state = fresh(&surgery, 3);
        let input =
            Input { gramian: Some(&gramian), factors: &[1.0, 2.0, 0.5], ..Input::default() };
        let (_, first) = step(&surgery, &mut state, &input).expect("legal");
        let same = Input { gramian: None, ..input };
        assert_eq!(step(&surgery, &mut state, &same).expect("legal").1, first);
        let later = Input { factors: &[1.0, 6.0, 0.0], ..same };
        let (report, found) = step(&surgery, &mut state, &later).expect("legal");
        let factor = if moves { 3.0 } else { 1.0 };
        let expected = [first[0], factor * first[1], 0.0];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12);
        }
        assert_eq!(report.used, RowSet::all(2));
    }
}

#[test]
fn a_sum_needs_no_gramian_and_takes_the_multipliers() {
    let surgery = surgery(Method::Sum);
    let mut state = fresh(&surgery, 3);
    let nothing = Request { gramian: false, losses: false, momentum: None, elementwise: false };
    assert_eq!(surgery.request(&state, 0), nothing);
    assert_eq!(surgery.request(&state, 7), nothing);
    let input = Input { factors: &[1.0, 2.5, -0.5], ..Input::default() };
    let (report, found) = step(&surgery, &mut state, &input).expect("legal");
    assert_eq!(found, [1.0, 2.5, -0.5]);
    assert_eq!((report.outcome, report.conflict), (Outcome::Combined, false));
    // Brought to unit length, even a sum needs to know the lengths.
    let unit = homeostat_surgery::Normalize::Unit;
    let surgery = crate::surgery(SurgeryConfig { normalize: unit, ..Method::Sum.into() });
    assert!(surgery.request(&fresh(&surgery, 3), 0).gramian);
}

#[test]
fn smoothing_is_an_exponential_average_that_starts_with_the_first_weights() {
    let surgery = surgery(SurgeryConfig { smoothing: 0.75, ..Method::Mgda.into() });
    let mut state = fresh(&surgery, 2);
    // MGDA of two orthogonal rows: α ∝ 1/n².
    let (even, odd) =
        (gramian(&[vec![1.0, 0.0], vec![0.0, 1.0]]), gramian(&[vec![1.0, 0.0], vec![0.0, 2.0]]));
    let mut expected = 0.5;
    assert!((decide(&surgery, &mut state, &even).1[0] - expected).abs() < 1e-12);
    for time in 0..6 {
        let (gramian, own) = if time % 2 == 0 { (&odd, 0.8) } else { (&even, 0.5) };
        expected = 0.75 * expected + 0.25 * own;
        let (report, found) = decide(&surgery, &mut state, gramian);
        assert_eq!(report.outcome, Outcome::Combined);
        assert!((found[0] - expected).abs() < 1e-12 && (found[0] + found[1] - 1.0).abs() < 1e-12);
    }
}

#[test]
fn smoothing_leaves_multipliers_as_they_are() {
    let config = SurgeryConfig { smoothing: 0.9, ..Method::Sum.into() };
    let surgery = surgery(config);
    let mut state = fresh(&surgery, 2);
    let gramian = gramian(&[vec![1.0, 0.0], vec![0.0, 1.0]]);
    for lambda in [1.0, 5.0, -2.0, 0.0, 3.0] {
        let factors = [1.0, lambda];
        let input = Input { gramian: Some(&gramian), factors: &factors, ..Input::default() };
        let (_, found) = step(&surgery, &mut state, &input).expect("legal");
        assert!((found[0] - 1.0).abs() < 1e-12 && (found[1] - lambda).abs() < 1e-12, "{found:?}");
    }
}

#[test]
fn smoothed_weights_wait_for_rows_that_are_absent() {
    let surgery = surgery(SurgeryConfig { smoothing: 0.5, ..Method::Mgda.into() });
    let mut state = fresh(&surgery, 2);
    let entries = [1.0, 0.0, 0.0, 4.0];
    let gramian = |present: &[usize]| {
        let present = present.iter().copied().collect();
        homeostat_surgery::Gramian::with_gaps(2, &entries, present).expect("legal")
    };
    assert!((decide(&surgery, &mut state, &gramian(&[0, 1])).1[0] - 0.8).abs() < 1e-12);
    // Alone, the first row has 1, and the other nothing.
    let (_, found) = decide(&surgery, &mut state, &gramian(&[0]));
    assert!((found[0] - 0.9).abs() < 1e-12 && found[1] == 0.0);
    let (_, found) = decide(&surgery, &mut state, &gramian(&[0, 1]));
    assert!((found[0] - 0.85).abs() < 1e-12 && (found[1] - 0.2).abs() < 1e-12, "{found:?}");
}

#[test]
fn groups_have_their_own_memory() {
    let config = SurgeryConfig { granularity: Granularity::Layer, every: 2, ..Method::Mgda.into() };
    let surgery = surgery(config);
    let mut state = surgery.init_state(2, 3).expect("legal");
    let one = gramian(&[vec![1.0, 0.0], vec![0.0, 1.0]]);
    let other = gramian(&[vec![1.0, 0.0], vec![0.0, 2.0]]);
    let mut weights = [0.0; 2];
    for (group, gramian) in [(0, &one), (2, &other)] {
        let input = Input { gramian: Some(gramian), ..Input::default() };
        surgery.decide(&mut state, group, &input, &mut weights).expect("legal");
    }
    let due: Vec<bool> = (0..3).map(|group| surgery.request(&state, group).gramian).collect();
    assert_eq!(due, [false, true, false]);
    for (group, expected) in [(0, 0.5), (2, 0.8)] {
        surgery.decide(&mut state, group, &Input::default(), &mut weights).expect("legal");
        assert!((weights[0] - expected).abs() < 1e-12);
    }
    let steps: Vec<_> =
        (0..4).map(|group| state.counts(group).map(|counts| counts.steps)).collect();
    assert_eq!(steps, [Some(2), Some(0), Some(2), None]);
    assert!(state.monitor(0).is_some() && state.monitor(1).is_none());
}

#[test]
fn no_conflict_in_any_group_is_no_conflict_at_all() {
    // Two layers of two coordinates: the whole dot product is the sum of theirs.
    let rows = [vec![1.0, 0.0, 1.0, -1.0], vec![-2.0, 1.0, 0.5, 2.0]];
    let config = SurgeryConfig {
        granularity: Granularity::Layer,
        ..Method::Upgrad(Default::default()).into()
    };
    let surgery = surgery(config);
    let mut state = surgery.init_state(2, 2).expect("legal");
    let mut along = vec![];
    for group in 0..2 {
        let part: Vec<Vec<f64>> =
            rows.iter().map(|row| row[2 * group..2 * group + 2].to_vec()).collect();
        let gramian = gramian(&part);
        let input = Input { gramian: Some(&gramian), ..Input::default() };
        let mut weights = [0.0; 2];
        surgery.decide(&mut state, group, &input, &mut weights).expect("legal");
        along.extend(crate::direction(&part, &weights));
    }
    assert!(rows.iter().all(|row| crate::dot(row, &along) >= -1e-12));
}
