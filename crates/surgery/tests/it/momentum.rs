//! Momentum ConFIG: which row is measured, and the correction of the averages.

use homeostat_surgery::{Input, Method, MomentumConfigConfig, Outcome, RowSet};

use crate::{direction, fresh, gramian, step, surgery, weights};

const DECAY: f64 = 0.8;

/// What a caller does: keeps averages, and renews the one that is asked for.
struct Averages {
    rows: Vec<Vec<f64>>,
}

impl Averages {
    fn renew(&mut self, row: usize, decay: f64, gradient: &[f64]) {
        for (average, x) in self.rows[row].iter_mut().zip(gradient) {
            *average = decay * *average + (1.0 - decay) * x;
        }
    }
}

#[test]
fn on_gradients_that_stay_it_is_config_once_all_were_measured() {
    let rows = vec![vec![2.0, 1.0, 0.0], vec![-1.0, 1.0, 1.0], vec![0.0, -2.0, 1.0]];
    let config = weights(&Method::Config(Default::default()), &gramian(&rows));
    let expected = direction(&rows, &config);
    let surgery = surgery(Method::MomentumConfig(MomentumConfigConfig {
        decay: DECAY,
        ..MomentumConfigConfig::default()
    }));
    let mut state = fresh(&surgery, 3);
    let mut averages = Averages { rows: vec![vec![0.0; 3]; 3] };
    for time in 0..10 {
        let momentum = surgery.request(&state, 0).momentum.expect("this method has one");
        assert_eq!((momentum.row, momentum.decay), (time % 3, DECAY));
        averages.renew(momentum.row, momentum.decay, &rows[momentum.row]);
        let gramian = gramian(&averages.rows);
        let input = Input { gramian: Some(&gramian), ..Input::default() };
        let (report, weights) = step(&surgery, &mut state, &input).expect("legal");
        assert_eq!(report.used, RowSet::all((time + 1).min(3)));
        let found = direction(&averages.rows, &weights);
        let wanted = match time {
            // Until all were measured, the others are one row, or two.
            0 => rows[0].clone(),
            1 => {
                let two = rows[..2].to_vec();
                let config = Method::Config(Default::default());
                direction(&two, &crate::weights(&config, &crate::gramian(&two)))
            }
            _ => expected.clone(),
        };
        for (found, wanted) in found.iter().zip(&wanted) {
            assert!((found - wanted).abs() < 1e-9, "{time}: {found}, {wanted}");
        }
    }
    let renewals: Vec<_> = (0..3).map(|row| state.renewals(0, row)).collect();
    assert_eq!(renewals, [Some(4), Some(3), Some(3)]);
}

#[test]
fn the_averages_are_corrected_by_how_often_each_was_renewed() {
    // Two orthogonal rows, each a number that grows: the average after n renewals by hand.
    let surgery = surgery(Method::MomentumConfig(MomentumConfigConfig {
        decay: DECAY,
        ..MomentumConfigConfig::default()
    }));
    let mut state = fresh(&surgery, 2);
    let mut averages = Averages { rows: vec![vec![0.0; 2]; 2] };
    let mut seen = [0.0, 0.0];
    for time in 0..5_u32 {
        let momentum = surgery.request(&state, 0).momentum.expect("this method has one");
        let mut gradient = vec![0.0; 2];
        gradient[momentum.row] = f64::from(time + 1);
        averages.renew(momentum.row, DECAY, &gradient);
        let gramian = gramian(&averages.rows);
        let input = Input { gramian: Some(&gramian), ..Input::default() };
        let (_, weights) = step(&surgery, &mut state, &input).expect("legal");
        let along = direction(&averages.rows, &weights);
        seen = [along[0], along[1]];
    }
    // Row 0 saw 1, 3, 5 and row 1 saw 2, 4; d has equal coordinates, and projections add up.
    let corrected = |values: &[f64]| {
        let raw = values.iter().fold(0.0, |average, x| DECAY * average + (1.0 - DECAY) * x);
        raw / (1.0 - DECAY.powi(values.len() as i32))
    };
    let sum = corrected(&[1.0, 3.0, 5.0]) + corrected(&[2.0, 4.0]);
    for found in seen {
        assert!((found - sum / 2.0).abs() < 1e-12, "{found}, {}", sum / 2.0);
    }
}

#[test]
fn a_row_that_could_not_be_measured_loses_its_turn() {
    let surgery = surgery(Method::MomentumConfig(MomentumConfigConfig::default()));
    let mut state = fresh(&surgery, 2);
    let entries = [1.0, 0.0, 0.0, 1.0];
    let gramian = |present: &[usize]| {
        let present = present.iter().copied().collect();
        homeostat_surgery::Gramian::with_gaps(2, &entries, present).expect("legal")
    };
    let without = gramian(&[1]);
    let input = Input { gramian: Some(&without), ..Input::default() };
    let (report, _) = step(&surgery, &mut state, &input).expect("legal");
    assert_eq!(report.outcome, Outcome::Empty);
    assert_eq!((state.renewals(0, 0), state.renewals(0, 1)), (Some(0), Some(0)));
    assert_eq!(surgery.request(&state, 0).momentum.expect("this method has one").row, 1);
}

#[test]
fn a_row_of_factor_0_has_no_turn() {
    let surgery = surgery(Method::MomentumConfig(MomentumConfigConfig::default()));
    let mut state = fresh(&surgery, 4);
    let whole = gramian(&[vec![1.0; 4], vec![2.0; 4], vec![3.0; 4], vec![4.0; 4]]);
    let mut turns = Vec::new();
    for factors in [
        [1.0, 0.0, 0.0, 2.0],
        [1.0, 0.0, 0.0, 2.0],
        [1.0, 0.0, 0.0, 2.0],
        [1.0, 0.5, 0.0, 2.0],
        [0.0, 0.5, 0.0, 0.0],
        [0.0, 0.5, 0.0, 0.0],
        [0.0; 4],
    ] {
        turns.push(surgery.turn(&state, 0, &factors).expect("this method has one").row);
        let input = Input { gramian: Some(&whole), factors: &factors, ..Input::default() };
        let (report, weights) = step(&surgery, &mut state, &input).expect("legal");
        assert!(weights.iter().zip(&factors).all(|(w, f)| *f != 0.0 || *w == 0.0));
        assert!(report.used.iter().all(|row| factors[row] != 0.0));
    }
    // With no row at all it is nobody's, and the Gramian counts the one that would be next.
    assert_eq!(turns, [0, 3, 0, 1, 1, 1, 2]);
    let renewals: Vec<_> = (0..4).map(|row| state.renewals(0, row)).collect();
    assert_eq!(renewals, [Some(2), Some(3), Some(1), Some(1)]);
    assert_eq!(surgery.request(&state, 0).momentum, surgery.turn(&state, 0, &[1.0; 4]));
    assert_eq!(crate::surgery(Method::Mgda).turn(&state, 0, &[]), None);
}
