//! What a person reads.

use homeostat_search::{Origin, Outcome, Proposal};

use crate::{box_of, study};

#[test]
fn the_table_shows_every_trial_and_marks_the_best() {
    let study = study(box_of(&[0.0, 0.0], &[1.0, 1e9]), &["safety"], 6, 0);
    let mut state = study.init_state();
    for (x, y, outcome) in [
        (0.25, 1e9, Some((3.0, -0.5))),
        (0.5, 12345.678, Some((1.0, 0.25))),
        (0.0, 0.0, None),
        (0.125, 2e-7, Some((2.0, 0.0))),
    ] {
        let outcome = match outcome {
            Some((objective, constraint)) => Outcome { objective, constraints: vec![constraint] },
            None => Outcome::failed(1),
        };
        let proposal = Proposal { values: vec![x, y], origin: Origin::Given };
        study.tell(&mut state, proposal, outcome).expect("fits");
    }
    let expected = "   trial   from      x0         x1  objective    safety
       0  given  0.2500   1.0000e9     3.0000   -0.5000
       1  given  0.5000      12346     1.0000  0.2500 !
       2  given  0.0000     0.0000     failed
*      3  given  0.1250  2.0000e-7     2.0000    0.0000
4 of 6 trials; the best is 3 with 2.0000";
    assert_eq!(study.table(&state).to_string(), expected);

    let report = study.report(&state);
    assert_eq!((report.best, report.budget), (Some(3), 6));
    let best: Vec<_> = report.trials.iter().map(|row| row.best_so_far).collect();
    assert_eq!(best, [Some(3.0), Some(3.0), Some(3.0), Some(2.0)]);
    let json = serde_json::to_value(&report).expect("finite numbers");
    assert_eq!(json["trials"][1]["feasible"], false);
    assert_eq!(json["trials"][2]["objective"], serde_json::Value::Null);
    assert_eq!(json["variables"][1], "x1");
}

#[test]
fn an_empty_study_says_so() {
    let study = study(box_of(&[0.0], &[1.0]), &[], 4, 0);
    let table = study.table(&study.init_state()).to_string();
    assert_eq!(table, "  trial  from  x0  objective\n0 of 4 trials; none meets every constraint");
}
