//! Methods that weigh losses: GradNorm and FAMO.

use homeostat_surgery::{
    FamoConfig, FamoUpdate, GradnormConfig, Gramian, Input, Method, Normalize, RowSet,
    SurgeryConfig, SurgeryError,
};
use proptest::prelude::*;

use crate::rows::few_rows;
use crate::{fresh, gramian, norm, step, surgery};

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12, "{found}, {expected}");
    }
}

#[test]
fn gradnorm_makes_weighted_gradients_equally_long_where_losses_fall_alike() {
    let gramian = gramian(&[vec![1.0, 0.0], vec![0.0, 2.0]]);
    let surgery = surgery(Method::Gradnorm(GradnormConfig::default()));
    let mut state = fresh(&surgery, 2);
    let input = Input { gramian: Some(&gramian), losses: &[3.0, 5.0], ..Input::default() };
    // A share 0.025 of the way from 1 to 4/3 and 2/3.
    let (_, found) = step(&surgery, &mut state, &input).expect("legal");
    close(&found, &[1.0 + 0.025 / 3.0, 1.0 - 0.025 / 3.0]);
    for _ in 0..2000 {
        step(&surgery, &mut state, &input).expect("legal");
    }
    let (_, found) = step(&surgery, &mut state, &input).expect("legal");
    close(&found, &[4.0 / 3.0, 2.0 / 3.0]);
}

#[test]
fn gradnorm_helps_the_loss_that_lags_behind() {
    let gramian = gramian(&[vec![1.0, 0.0], vec![0.0, 2.0]]);
    let config = GradnormConfig { asymmetry: 2.0, rate: 1.0 };
    let surgery = surgery(Method::Gradnorm(config));
    let mut state = fresh(&surgery, 2);
    let at = |losses| Input { gramian: Some(&gramian), losses, ..Input::default() };
    step(&surgery, &mut state, &at(&[3.0, 5.0])).expect("legal");
    // The first loss has fallen to a third, the second not at all: ω ∝ (1/9, 1/2).
    let (_, found) = step(&surgery, &mut state, &at(&[1.0, 5.0])).expect("legal");
    let sum = 1.0 / 9.0 + 0.5;
    close(&found, &[2.0 / 9.0 / sum, 1.0 / sum]);
}

#[test]
fn famo_goes_as_in_its_paper() {
    let surgery =
        surgery(Method::Famo(FamoConfig { rate: 0.1, decay: 0.5, update: FamoUpdate::Plain }));
    let mut state = fresh(&surgery, 2);
    assert!(!surgery.request(&state, 0).gramian && surgery.request(&state, 0).losses);
    let at = |losses| Input { losses, ..Input::default() };
    // Equal shares: α ∝ 1/ℓ.
    let (_, found) = step(&surgery, &mut state, &at(&[1.0, 2.0])).expect("legal");
    close(&found, &[2.0 / 3.0, 1.0 / 3.0]);
    // The first loss was halved, δ = (ln 2, 0), Jᵀδ = ¼·ln 2·(1, −1).
    let (_, found) = step(&surgery, &mut state, &at(&[0.5, 2.0])).expect("legal");
    let logit = -0.1 * 0.25 * std::f64::consts::LN_2;
    let shares = |logit: f64| {
        let one = logit.exp() / (logit.exp() + (-logit).exp());
        [one, 1.0 - one]
    };
    let weigh = |shares: [f64; 2], losses: [f64; 2]| {
        let parts = [shares[0] / losses[0], shares[1] / losses[1]];
        parts.map(|part| part / (parts[0] + parts[1]))
    };
    close(&found, &weigh(shares(logit), [0.5, 2.0]));
    // Measured again after the update, the second batch shows δ = (0, ln 2), and the decay pulls.
    let input = Input { losses: &[7.0, 9.0], remeasured: &[0.5, 1.0], ..Input::default() };
    let (_, found) = step(&surgery, &mut state, &input).expect("legal");
    let [one, other] = shares(logit);
    let slope = one * (0.0 - other * std::f64::consts::LN_2);
    let next = logit - 0.1 * (slope + 0.5 * logit);
    close(&found, &weigh(shares(next), [7.0, 9.0]));
}

#[test]
fn losses_that_are_needed_must_be_given_and_must_not_be_negative() {
    let gramian = gramian(&[vec![1.0, 0.0], vec![0.0, 2.0]]);
    let famo = SurgeryConfig::from(Method::Famo(Default::default()));
    let gradnorm = SurgeryConfig::from(Method::Gradnorm(Default::default()));
    let loss = SurgeryConfig { normalize: Normalize::Loss, ..Method::Mgda.into() };
    for config in [famo, gradnorm, loss] {
        let surgery = surgery(config);
        let name = surgery.config().method.name();
        let mut state = fresh(&surgery, 2);
        let input = Input { gramian: Some(&gramian), ..Input::default() };
        for losses in [[1.0, 2.0], [0.5, 3.0]] {
            let input = Input { losses: &losses, ..input };
            step(&surgery, &mut state, &input).expect("legal");
        }
        let before = state.clone();
        let error = step(&surgery, &mut state, &input).expect_err("no losses");
        assert_eq!(error, SurgeryError::NoLosses(name));
        let negative = Input { losses: &[1.0, -1.0], ..input };
        let error = step(&surgery, &mut state, &negative).expect_err("negative");
        assert_eq!(error, SurgeryError::Loss { row: 1, value: -1.0 });
        assert_eq!(state, before);
        // A loss that is no number, or nothing to win, leaves its row out.
        for (losses, not_finite, zero) in [
            ([1.0, f64::NAN], true, false),
            ([1.0, f64::INFINITY], true, false),
            ([1.0, 0.0], false, true),
        ] {
            let input = Input { losses: &losses, ..input };
            let (report, weights) = step(&surgery, &mut state, &input).expect("legal");
            close(&weights, &[1.0, 0.0]);
            let found = (report.not_finite.contains(1), report.zero.contains(1));
            assert_eq!(found, (not_finite, zero));
        }
    }
    // Where losses are not needed, nobody looks at them.
    let surgery = surgery(Method::Mgda);
    let input = Input { gramian: Some(&gramian), losses: &[f64::NAN, -1.0], ..Input::default() };
    assert!(step(&surgery, &mut fresh(&surgery, 2), &input).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn gradnorm_weights_are_not_negative_and_have_the_count_as_sum(
        rows in few_rows(12), losses in prop::collection::vec(prop::collection::vec(-12.0..12.0, 8), 6),
        rate in 0.01..1.0, asymmetry in 0.0..3.0, absent in 0..8_usize,
    ) {
        let count = rows.len();
        let whole = gramian(&rows);
        let entries: Vec<f64> =
            (0..count * count).map(|place| whole.dot(place / count, place % count)).collect();
        let surgery = surgery(Method::Gradnorm(GradnormConfig { asymmetry, rate }));
        let mut state = fresh(&surgery, count);
        for (time, losses) in losses.iter().enumerate() {
            let losses: Vec<f64> = losses[..count].iter().map(|x| 10.0_f64.powf(*x)).collect();
            let mut present = RowSet::all(count);
            if time % 2 == 1 && count > 1 {
                present.remove(absent % count);
            }
            let gramian = Gramian::with_gaps(count, &entries, present).expect("legal");
            let input = Input { gramian: Some(&gramian), losses: &losses, ..Input::default() };
            let (_, weights) = step(&surgery, &mut state, &input).expect("legal");
            prop_assert!(weights.iter().all(|weight| *weight >= 0.0));
            prop_assert!((weights.iter().sum::<f64>() - present.len() as f64).abs() < 1e-9);
        }
    }

    #[test]
    fn gradnorm_at_full_rate_leaves_no_rest(
        rows in few_rows(3), ratios in prop::collection::vec(0.1..10.0_f64, 8), asymmetry in 0.0..2.0_f64,
    ) {
        let count = rows.len();
        let gramian = gramian(&rows);
        let surgery = surgery(Method::Gradnorm(GradnormConfig { asymmetry, rate: 1.0 }));
        let mut state = fresh(&surgery, count);
        let first = vec![2.0; count];
        let now: Vec<f64> = ratios[..count].iter().map(|ratio: &f64| 2.0 * ratio).collect();
        let at = |losses| Input { gramian: Some(&gramian), losses, ..Input::default() };
        step(&surgery, &mut state, &at(&first)).expect("legal");
        let (_, weights) = step(&surgery, &mut state, &at(&now)).expect("legal");
        // ω_i·‖g_i‖ is in proportion to r_i^a: the minimum of the sum of differences.
        let part = |row: usize| weights[row] * norm(&rows[row]) / f64::powf(ratios[row], asymmetry);
        for row in 0..count {
            prop_assert!((part(row) / part(0) - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn famo_weights_lie_on_the_simplex(
        losses in prop::collection::vec(prop::collection::vec((-100.0..100.0, 0..10_u8), 5), 20),
    ) {
        let surgery = surgery(Method::Famo(FamoConfig::default()));
        let mut state = fresh(&surgery, 5);
        for losses in losses {
            let losses: Vec<f64> = losses.iter()
                .map(|(x, kind)| match kind { 0 => f64::NAN, 1 => 0.0, _ => 10.0_f64.powf(*x) }).collect();
            let input = Input { losses: &losses, ..Input::default() };
            let (report, weights) = step(&surgery, &mut state, &input).expect("legal");
            prop_assert!(weights.iter().all(|weight| *weight >= 0.0));
            let sum: f64 = weights.iter().sum();
            let expected = if report.used.is_empty() { 0.0 } else { 1.0 };
            prop_assert!((sum - expected).abs() < 1e-9);
        }
    }

    #[test]
    fn famo_moves_towards_losses_that_fall_less(slow in 0.9..1.0, fast in 0.1..0.8, adam: bool) {
        let update = if adam { FamoUpdate::Adam } else { FamoUpdate::Plain };
        let surgery = surgery(Method::Famo(FamoConfig { rate: 0.1, decay: 0.0, update }));
        let mut state = fresh(&surgery, 2);
        let mut losses = [1.0, 1.0];
        let mut before = 0.5;
        for _ in 0..10 {
            let input = Input { losses: &losses, ..Input::default() };
            let (_, weights) = step(&surgery, &mut state, &input).expect("legal");
            // z again, from α ∝ z/ℓ.
            let shares = [weights[0] * losses[0], weights[1] * losses[1]];
            let share = shares[0] / (shares[0] + shares[1]);
            prop_assert!(share >= before - 1e-12, "{share}, {before}");
            before = share;
            losses = [losses[0] * slow, losses[1] * fast];
        }
        prop_assert!(before > 0.5);
    }
}
