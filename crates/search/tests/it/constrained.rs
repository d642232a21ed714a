//! Constraints of a trial, failed trials, targets that only tighten.

use homeostat_search::{Outcome, Tighter, VariableConfig};

use crate::{best, box_of, run, study};

/// The optimum lies on the edge of what is legal: x0 = x1 = 0.5 with x0 + x1 ≥ 1.
fn corner(x: &[f64]) -> Outcome {
    Outcome { objective: x[0] * x[0] + x[1] * x[1], constraints: vec![1.0 - x[0] - x[1]] }
}

#[test]
fn the_best_legal_trial_lies_near_the_constrained_optimum() {
    for seed in [0, 1] {
        let study = study(box_of(&[0.0, 0.0], &[1.0, 1.0]), &["safety"], 18, seed);
        let state = run(&study, corner);
        let found = best(&study, &state);
        assert!((0.5..0.52).contains(&found), "{found}");
        // The model keeps to where the constraint holds, far more often than the design does.
        let legal = state.trials()[6..].iter().filter(|trial| trial.is_feasible()).count();
        assert!(legal >= 4, "{legal} of 12");
    }
}

#[test]
fn a_legal_place_is_found_where_the_design_has_none() {
    // Legal is 1 % of the square.
    let study = study(box_of(&[0.0, 0.0], &[1.0, 1.0]), &["safety"], 20, 3);
    let state = run(&study, |x| Outcome {
        objective: x[0],
        constraints: vec![(x[0] - 0.8).abs().max((x[1] - 0.2).abs()) - 0.05],
    });
    assert!(state.trials()[..6].iter().all(|trial| !trial.is_feasible()), "the test is too easy");
    let (_, trial) = study.best(&state).expect("a legal trial");
    assert!((0.75..=0.85).contains(&trial.values[0]), "{trial:?}");
}

#[test]
fn an_infeasible_trial_is_never_the_best() {
    let study = study(box_of(&[0.0], &[1.0]), &["safety"], 4, 0);
    let state = run(&study, |x| Outcome { objective: x[0], constraints: vec![0.5 - x[0]] });
    let (_, trial) = study.best(&state).expect("a legal trial");
    let least = state.trials().iter().map(|one| one.values[0]).fold(1.0, f64::min);
    assert!(trial.values[0] >= 0.5 && least < 0.5);
}

#[test]
fn the_search_stays_away_from_where_runs_fail() {
    let study = study(box_of(&[0.0], &[1.0]), &[], 14, 0);
    let state = run(&study, |x| match x[0] {
        x if x > 0.6 => Outcome::new(f64::NAN),
        x => Outcome::new(1.0 - x),
    });
    assert!(state.trials()[..4].iter().any(|trial| trial.outcome.is_none()));
    let failed = state.trials()[4..].iter().filter(|trial| trial.outcome.is_none()).count();
    assert!(failed <= 5, "{failed} of 10");
    assert!(best(&study, &state) < 0.45);
}

#[test]
fn a_study_in_which_every_run_fails_ends_all_the_same() {
    let study = study(box_of(&[0.0], &[1.0]), &["a", "b"], 6, 0);
    let state = run(&study, |_| Outcome::failed(2));
    assert_eq!(state.trials().len(), 6);
    assert!(study.best(&state).is_none());
    let mut values: Vec<_> = state.trials().iter().map(|trial| trial.values[0]).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    assert_eq!(values.len(), 6, "random points differ");
}

#[test]
fn hard_targets_are_never_tried_looser_than_they_are() {
    for tighter in [Tighter::Down, Tighter::Up] {
        let mut hard = VariableConfig::new(0.0, 1.0, 0.4);
        (hard.tighten_only, hard.tighter) = (true, tighter);
        let variables = [("hard".to_owned(), hard)];
        let study = study(variables.into(), &[], 8, 0);
        // The metric pulls towards looser.
        let sign = if tighter == Tighter::Down { -1.0 } else { 1.0 };
        let mut state = run(&study, |x| Outcome::new(sign * x[0]));
        let legal = |value: f64| match tighter {
            Tighter::Down => value <= 0.4,
            Tighter::Up => value >= 0.4,
        };
        assert!(state.trials().iter().all(|trial| legal(trial.values[0])));
        let (_, trial) = study.best(&state).expect("a trial");
        assert!((trial.values[0] - 0.4).abs() < 0.02, "{trial:?}");
        let looser = homeostat_search::Proposal {
            values: vec![if tighter == Tighter::Down { 0.5 } else { 0.3 }],
            origin: homeostat_search::Origin::Given,
        };
        study.tell(&mut state, looser, Outcome::new(0.0)).expect_err("looser than the start");
    }
}
