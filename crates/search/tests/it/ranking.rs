//! Outcomes with constraints of their own, in order.

use homeostat_search::{Outcome, ranking};

fn outcome(objective: f64, constraints: &[f64]) -> Option<Outcome> {
    Some(Outcome { objective, constraints: constraints.to_vec() })
}

#[test]
fn what_meets_its_constraints_comes_first_and_what_failed_last() {
    let outcomes = [
        outcome(1e9, &[0.0, -1.0]),
        outcome(-1e9, &[1e-9, -1.0]),
        outcome(f64::NAN, &[-1.0, -1.0]),
        outcome(0.0, &[f64::INFINITY, -1.0]),
        None,
        outcome(2.0, &[-5.0, -1.0]),
    ];
    let failed = f64::INFINITY;
    assert_eq!(ranking(&outcomes), [1.0, 2.0, failed, failed, failed, 0.0]);
}

#[test]
fn equals_share_a_place_and_a_violation_hides_the_objective() {
    let outcomes =
        [outcome(0.0, &[0.5]), outcome(3.0, &[-1.0]), outcome(3.0, &[-2.0]), outcome(9.0, &[0.5])];
    assert_eq!(ranking(&outcomes), [2.0, 0.0, 0.0, 2.0]);
    assert_eq!(ranking(&[outcome(0.0, &[]), outcome(-0.0, &[])]), [0.0, 0.0]);
    assert_eq!(ranking(&[]), [0.0; 0]);
}

#[test]
fn no_unit_outweighs_another() {
    // Half of the worst violation in both against the worst of one that is counted in thousands.
    let outcomes =
        [outcome(0.0, &[500.0, 0.0005]), outcome(0.0, &[1000.0, 0.0]), outcome(0.0, &[0.0, 0.001])];
    assert_eq!(ranking(&outcomes), [0.0, 0.0, 0.0]);
    let outcomes =
        [outcome(0.0, &[400.0, 0.0005]), outcome(0.0, &[1000.0, 0.0]), outcome(0.0, &[0.0, 0.001])];
    assert_eq!(ranking(&outcomes), [0.0, 1.0, 1.0]);
}
