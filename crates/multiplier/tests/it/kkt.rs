//! The real engine on small problems whose solution and multipliers are known.
//!
//! One file in `tests/kkt` is one problem: functions, solution, source, and the runs that must reach it.

mod function;
mod problem;
mod run;

use homeostat_multiplier::{KktResiduals, KktTerm, Sense, Verdict};

use problem::{Outcome, Problem, Run};
use run::Found;

/// Relative, and absolute where the number is 0.
const TOLERANCE: f64 = 1e-3;

fn near(found: f64, expected: f64) -> bool {
    let allowed = if expected == 0.0 { TOLERANCE } else { TOLERANCE * expected.abs() };
    (found - expected).abs() <= allowed
}

/// Every run of every problem, in every order that the run names.
#[track_caller]
fn check(outcome: Outcome) {
    let (mut runs, mut failures) = (0, Vec::new());
    for problem in problem::all() {
        let wanted = problem.run.iter().enumerate().filter(|(_, run)| run.outcome == outcome);
        for (place, run) in wanted {
            for order in &run.orders {
                let found = run::go(&problem, run, *order);
                if let Err(why) = judge(&problem, run, &found) {
                    let (title, x, multipliers) = (&problem.title, &found.x, &found.multipliers);
                    failures.push(format!(
                        "{title}, run {place}, {order:?}: {why}, x = {x:?}, μ = {multipliers:?}"
                    ));
                }
                runs += 1;
            }
        }
    }
    assert!(runs > 0, "no run has the outcome {outcome:?}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn judge(problem: &Problem, run: &Run, found: &Found) -> Result<(), &'static str> {
    let unless = |legal, why| if legal { Ok(()) } else { Err(why) };
    match run.outcome {
        Outcome::Converges => {
            let margin = run.iterations - run.iterations / 20;
            unless(found.settled.is_some_and(|since| since <= margin), "not settled")
        }
        Outcome::Fails => unless(found.settled.is_none(), "settled"),
        Outcome::Unsatisfiable => {
            unless(found.settled.is_some(), "not at the caps")?;
            unless(found.verdicts.len() == problem.functions.len(), "verdicts are missing")?;
            found.verdicts.iter().try_for_each(|verdict| match verdict {
                Verdict::Unsatisfiable(evidence) => unless(
                    evidence.multiplier == problem.engine.dual.maximum
                        && evidence.mean_violation > 0.5
                        && evidence.t_value > -2.0,
                    "weak evidence",
                ),
                _ => Err("another verdict"),
            })
        }
    }
}

#[test]
fn every_run_reaches_the_known_solution_and_its_multipliers() {
    check(Outcome::Converges);
}

#[test]
fn where_plain_ascent_cannot_converge_it_does_not() {
    check(Outcome::Fails);
}

#[test]
fn constraints_that_contradict_each_other_end_in_a_verdict_and_not_in_a_number() {
    check(Outcome::Unsatisfiable);
}

#[test]
fn there_are_enough_problems_and_all_but_the_infeasible_one_have_a_run_that_converges() {
    let problems = problem::all();
    assert!(problems.len() >= 14, "{} problems", problems.len());
    for problem in problems {
        let reached = |outcome| problem.run.iter().any(|run| run.outcome == outcome);
        assert!(
            reached(Outcome::Converges) || reached(Outcome::Unsatisfiable),
            "{}: no run",
            problem.title
        );
        let fails = reached(Outcome::Fails);
        assert!(!fails || reached(Outcome::Converges), "{}: a failure alone", problem.title);
    }
}

/// Guards the data: the expected point satisfies the conditions, whatever the engine does.
#[test]
fn every_expected_solution_satisfies_the_conditions_of_karush_kuhn_and_tucker() {
    for problem in problem::all() {
        let optimum = &problem.optimum;
        let what = &problem.title;
        let objective = problem.objective.value(&optimum.x);
        assert!((objective - optimum.objective).abs() < 1e-9, "{what}: objective {objective}");
        if problem.run.iter().any(|run| run.outcome == Outcome::Unsatisfiable) {
            continue;
        }
        let mut gradient = problem.objective.gradient(&optimum.x);
        let mut terms = Vec::new();
        for (name, function) in &problem.functions {
            let coefficient = optimum.multipliers[name];
            run::add(&mut gradient, coefficient, &function.gradient(&optimum.x));
            let value = problem.strict.get(name).unwrap_or(function).value(&optimum.x);
            let (low, high) = problem.bounds(name);
            let term = |multiplier, error| KktTerm { multiplier, error, equality: false };
            match problem.engine.constraints[name].sense {
                Sense::Le => terms.push(term(coefficient, value - high)),
                Sense::Ge => terms.push(term(-coefficient, low - value)),
                Sense::Eq => {
                    terms.push(KktTerm { equality: true, ..term(coefficient, value - high) });
                }
                Sense::Range => {
                    terms.push(term(coefficient.max(0.0), value - high));
                    terms.push(term((-coefficient).max(0.0), low - value));
                }
            }
        }
        if let Some(vector) = &problem.vector {
            for (component, multiplier) in optimum.vector.iter().enumerate() {
                gradient[component] += multiplier;
                let error = optimum.x[component] - vector.target;
                terms.push(KktTerm { multiplier: *multiplier, error, equality: false });
            }
        }
        let norm = gradient.iter().map(|slope| slope * slope).sum::<f64>().sqrt();
        let residuals = KktResiduals::new(terms, Some(norm)).expect("finite");
        assert!(residuals.largest() < 1e-9, "{what}: {residuals:?}");
    }
}
