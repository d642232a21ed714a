//! From the table of trials to what the model learns from.

use super::{Outcome, Trial};
use crate::space::Variable;
use crate::surrogate::Table;

/// The table in the unit cube and in units of spread; `None` where it says nothing: fewer than two
/// trials that succeeded, or all alike.
///
/// - A run that failed counts as bad as the worst that succeeded, in every column.
/// - Until a trial meets every constraint, the objective is the sum of the violations.
/// - A constraint that is the same in every trial says nothing about where to go.
pub(super) fn table(variables: &[Variable], constraints: usize, trials: &[Trial]) -> Option<Table> {
    let told = |pick: &dyn Fn(&Outcome) -> f64| -> Vec<f64> {
        let measured = |trial: &Trial| trial.outcome.as_ref().map(pick);
        let worst = trials.iter().filter_map(measured).fold(f64::NEG_INFINITY, f64::max);
        trials.iter().map(|trial| measured(trial).unwrap_or(worst)).collect()
    };
    if trials.iter().filter(|trial| trial.outcome.is_some()).count() < 2 {
        return None;
    }
    let columns: Vec<Vec<f64>> = (0..constraints)
        .map(|index| told(&|outcome| outcome.constraints[index]))
        .filter_map(|column| {
            let (_, spread) = spread(&column)?;
            // Zero stays where it is: it is the limit.
            Some(column.iter().map(|value| value / spread).collect())
        })
        .collect();
    let feasible = trials.iter().any(Trial::is_feasible);
    let (objective, columns) = match feasible {
        true => (told(&|outcome| outcome.objective), columns),
        false => {
            let violation = |row: usize| columns.iter().map(|one| one[row].max(0.0)).sum();
            ((0..trials.len()).map(violation).collect(), Vec::new())
        }
    };
    let (mean, spread) = spread(&objective)?;
    let unit = |trial: &Trial| {
        variables.iter().zip(&trial.values).map(|(one, value)| one.unit_of(*value)).collect()
    };
    Some(Table {
        points: trials.iter().map(unit).collect(),
        objective: objective.iter().map(|value| (value - mean) / spread).collect(),
        constraints: columns,
    })
}

/// Mean and standard deviation; `None` where all values are the same to rounding.
fn spread(values: &[f64]) -> Option<(f64, f64)> {
    // Divided first, so that the squares of large numbers stay finite.
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    if largest == 0.0 {
        return None;
    }
    let count = values.len() as f64;
    let mean = values.iter().map(|value| value / largest).sum::<f64>() / count;
    let square = |value: &f64| (value / largest - mean).powi(2);
    let deviation = (values.iter().map(square).sum::<f64>() / count).sqrt();
    (deviation > 1e-12).then_some((mean * largest, deviation * largest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::VariableConfig;
    use crate::study::Origin;

    fn trial(value: f64, outcome: Option<(f64, f64)>) -> Trial {
        let outcome = outcome
            .map(|(objective, constraint)| Outcome { objective, constraints: vec![constraint] });
        Trial { values: vec![value], origin: Origin::Design, outcome }
    }

    fn learned(trials: &[Trial]) -> Option<Table> {
        let variable = VariableConfig::new(0.0, 10.0, 5.0).init("a").expect("legal");
        table(&[variable], 1, trials)
    }

    #[test]
    fn a_failed_run_counts_as_the_worst() {
        let trials =
            [trial(0.0, Some((1.0, -1.0))), trial(5.0, None), trial(10.0, Some((3.0, 2.0)))];
        let table = learned(&trials).expect("two succeeded");
        assert_eq!(table.points, [[0.0], [0.5], [1.0]]);
        assert_eq!(table.objective[1], table.objective[2]);
        assert_eq!(table.constraints[0][1], table.constraints[0][2]);
        assert!(table.constraints[0][0] < 0.0 && table.constraints[0][2] > 0.0);
    }

    #[test]
    fn without_a_legal_trial_the_violation_is_the_objective() {
        let trials = [trial(0.0, Some((1.0, 4.0))), trial(5.0, Some((9.0, 1.0)))];
        let table = learned(&trials).expect("two succeeded");
        assert!(table.objective[1] < table.objective[0]);
        assert!(table.constraints.is_empty());
    }

    #[test]
    fn a_constant_says_nothing() {
        let same = [trial(0.0, Some((1.0, -1.0))), trial(5.0, Some((1.0, -2.0)))];
        assert!(learned(&same).is_none());
        let constant = [trial(0.0, Some((1.0, -1.0))), trial(5.0, Some((2.0, -1.0)))];
        assert!(learned(&constant).expect("an objective").constraints.is_empty());
        let stuck = [trial(0.0, Some((1.0, 1.0))), trial(5.0, Some((2.0, 1.0)))];
        assert!(learned(&stuck).is_none());
        assert!(learned(&[trial(0.0, Some((1.0, 1.0))), trial(5.0, None)]).is_none());
    }

    #[test]
    fn spreads_of_extreme_numbers_are_finite() {
        let (mean, deviation) = spread(&[-1e300, 1e300]).expect("they differ");
        assert_eq!((mean, deviation), (0.0, 1e300));
        assert!(spread(&[1e300, 1e300]).is_none());
        assert!(spread(&[0.0, 0.0]).is_none());
        let (_, deviation) = spread(&[1e-300, 3e-300]).expect("they differ");
        assert!((deviation / 1e-300 - 1.0).abs() < 1e-9);
    }
}
