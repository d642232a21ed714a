//! Both searches find the target that is known to be the best.

use homeostat::tuning::{Method, Proposer, Tuner, Validation};

use super::plant::{BEST, trainer};
use super::{Folder, METHODS, TEXT, begin, plan};

fn finished(method: Method, text: &str, name: &str) -> (Folder, Tuner, Vec<String>) {
    let folder = Folder::new(&format!("tuning-{name}"));
    let mut tuner = begin(&plan(text), method, &folder);
    let mut lines = Vec::new();
    tuner.drive(trainer, |line| lines.push(line.to_owned())).expect("the trainer does not fail");
    assert!(tuner.is_done() && tuner.ask().expect("it is over").is_none());
    assert_eq!(lines.len(), tuner.budget());
    (folder, tuner, lines)
}

#[test]
fn each_search_finds_the_best_target() {
    for (method, tolerance) in METHODS.into_iter().zip([0.03, 0.1]) {
        let (_folder, tuner, lines) = finished(method, TEXT, method.name());
        let best = tuner.best().expect("runs that succeeded");
        let first = tuner.runs().iter().map(|run| run.objective.expect("no run fails"));
        let spread = first.take(4).fold(f64::INFINITY, f64::min);
        assert!((best.targets[0] - BEST).abs() < tolerance, "{}", tuner.table());
        assert!(best.objective.expect("no run fails") <= spread);
        assert!(best.is_feasible() && lines.iter().any(|line| line.ends_with("the best so far")));
    }
}

#[test]
fn a_limit_is_met_by_the_best_run() {
    // The larger x the better, up to a limit of 1.3.
    let text = TEXT
        .replace("[search.bayesian]", "[search.limits]\nlevel = 1.3\n[search.bayesian]")
        .replace("{ raw = 1.7 }", "{ raw = 1.1 }");
    for (method, tolerance) in METHODS.into_iter().zip([0.05, 0.2]) {
        let folder = Folder::new(&format!("tuning-limit-{}", method.name()));
        let mut tuner = begin(&plan(&text), method, &folder);
        let greedy = |job: &_| {
            let validation = trainer(job)?;
            Ok::<_, std::convert::Infallible>(Validation {
                objective: -validation.measured["level"],
                ..validation
            })
        };
        tuner.drive(greedy, |_| {}).expect("the trainer does not fail");
        let best = tuner.best().expect("runs that succeeded");
        let level = best.measured["level"];
        assert!(best.is_feasible() && level <= 1.3 && level > 1.3 - tolerance, "{}", tuner.table());
        let limits: Vec<_> = tuner.limits().collect();
        assert_eq!(
            limits,
            [("level", "≤", 1.3), ("speed", "≤", 0.9)],
            "hard ones are limits as well"
        );
        // Without the limit another run would be the best.
        let greediest = tuner.runs().iter().filter(|run| run.measured["level"] > level);
        assert!(greediest.into_iter().all(|run| !run.is_feasible()));
    }
}

#[test]
fn what_is_hard_only_tightens() {
    for method in METHODS {
        let (_folder, tuner, _) = finished(method, TEXT, &format!("hard-{}", method.name()));
        let speed = |run: &homeostat::tuning::Run| run.targets[1];
        for run in tuner.runs() {
            let before = run.from.map_or(0.9, |from| speed(&tuner.runs()[from]));
            assert!((0.7..=0.9).contains(&speed(run)) && speed(run) <= before, "{}", tuner.table());
        }
        let moved = tuner.runs().iter().any(|run| speed(run) < 0.9);
        assert_eq!(moved, method == Method::Bayesian, "a population does not perturb what is hard");
    }
}

#[test]
fn a_population_copies_from_better_members() {
    let (_folder, tuner, _) = finished(Method::Population, TEXT, "lineage");
    let runs = tuner.runs();
    let mut copies = 0;
    for run in runs.iter().filter(|run| run.round > 0) {
        let parent = &runs[run.from.expect("a run before")];
        assert_eq!(parent.round + 1, run.round);
        match run.proposer {
            Proposer::Kept => {
                assert_eq!((parent.member, &parent.targets), (run.member, &run.targets));
            }
            Proposer::Copied => {
                copies += 1;
                let own = &runs[parent.round * 5 + run.member.expect("a member")];
                assert!(parent.member != run.member && parent.objective < own.objective);
                let factor = run.targets[0] / parent.targets[0];
                let clamped = [0.6, 1.9].contains(&run.targets[0]);
                assert!(clamped || (factor - 0.8).abs() < 1e-12 || (factor - 1.2).abs() < 1e-12);
            }
            other => panic!("{other:?} after the first round"),
        }
    }
    assert_eq!(copies, 11, "the worst of five, after every round but the last");
}
