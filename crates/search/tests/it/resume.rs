//! A search that is saved goes on as if it had never stopped.

use homeostat_search::{Origin, Outcome, Proposal, Study, StudyState};

use crate::{box_of, run, study};

fn reload(study: &Study, state: &StudyState) -> StudyState {
    let text = serde_json::to_string(state).expect("finite numbers");
    let state = serde_json::from_str(&text).expect("what was saved");
    study.check(&state).expect("it is this study's");
    state
}

#[test]
fn resuming_after_any_trial_gives_the_same_next_proposal() {
    let make = || study(box_of(&[0.0, -1.0], &[1.0, 1.0]), &["safety"], 10, 9);
    let measure = |x: &[f64]| match x[0] {
        x if x > 0.9 => Outcome::failed(1),
        _ => Outcome { objective: (x[0] / 3.0).sin() + x[1] * x[1], constraints: vec![0.2 - x[0]] },
    };
    let whole = run(&make(), measure);
    let mut state = make().init_state();
    for trial in whole.trials() {
        // A new process: another study, the saved table.
        let study = make();
        state = reload(&study, &state);
        let proposal = study.ask(&state).expect("within the budget");
        assert_eq!(study.ask(&state), Some(proposal.clone()), "asking changes nothing");
        assert_eq!((&proposal.values, proposal.origin), (&trial.values, trial.origin));
        let outcome = measure(&proposal.values);
        study.tell(&mut state, proposal, outcome).expect("fits");
    }
    assert_eq!(state, whole);
    assert!(make().ask(&state).is_none(), "the budget is spent");
}

#[test]
fn a_trial_of_the_caller_counts_and_teaches() {
    let study = study(box_of(&[0.0], &[1.0]), &[], 5, 0);
    let mut state = study.init_state();
    let given = Proposal { values: vec![0.123], origin: Origin::Given };
    study.tell(&mut state, given, Outcome::new(0.0)).expect("fits");
    let first = study.ask(&state).expect("within the budget");
    assert_eq!(first.origin, Origin::Design);
    assert_eq!(state.trials()[0].origin, Origin::Given);
}

#[test]
fn another_seed_gives_another_search() {
    let first = |seed| {
        let study = study(box_of(&[0.0], &[1.0]), &[], 5, seed);
        study.ask(&study.init_state()).expect("a proposal").values
    };
    assert_ne!(first(0), first(1));
    assert_eq!(first(3), first(3));
}

#[test]
fn a_table_of_another_study_is_refused() {
    let one = study(box_of(&[0.0], &[1.0]), &["a"], 6, 0);
    let state = run(&one, |x| Outcome { objective: x[0], constraints: vec![0.0] });
    for (other, words) in [
        (study(box_of(&[0.0, 0.0], &[1.0, 1.0]), &["a"], 6, 0), "saved variables must be"),
        (study(box_of(&[0.0], &[1.0]), &[], 6, 0), "saved constraints must be"),
        (study(box_of(&[0.0], &[1.0]), &["a"], 6, 1), "saved seed must be"),
        (study(box_of(&[0.0], &[0.1]), &["a"], 6, 0), "x0 must lie in its range"),
    ] {
        let error = other.check(&state).expect_err(words).to_string();
        assert!(error.starts_with(words), "{error}");
    }
    let text = serde_json::to_string(&state).expect("finite numbers");
    let more = text.replacen("\"seed\"", "\"sed\"", 1);
    serde_json::from_str::<StudyState>(&more).expect_err("an unknown field");
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let study = study(box_of(&[0.0], &[1.0]), &["a"], 4, 0);
    let mut state = study.init_state();
    let fitting = Outcome { objective: 1.0, constraints: vec![0.0] };
    for (values, outcome) in [
        (vec![], fitting.clone()),
        (vec![0.5, 0.5], fitting.clone()),
        (vec![1.5], fitting.clone()),
        (vec![f64::NAN], fitting),
        (vec![0.5], Outcome::new(1.0)),
    ] {
        let proposal = Proposal { values, origin: Origin::Given };
        study.tell(&mut state, proposal, outcome).expect_err("does not fit");
        assert_eq!(state, study.init_state());
    }
}
