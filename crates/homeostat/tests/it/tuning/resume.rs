//! A tuning that is interrupted anywhere and resumed is the tuning that was never interrupted.

use homeostat::tuning::{DriveError, Job, Method, Tuner, Validation};

use super::plant::{Checkpoint, trainer};
use super::{Folder, METHODS, TEXT, begin, plan};

/// The files that say everything of a tuning.
fn content(folder: &Folder) -> [String; 3] {
    ["tuning.json", "runs.md", "runs.jsonl"].map(|name| folder.read(name))
}

#[test]
fn interrupted_after_any_run_it_goes_on_to_the_bit() {
    let text = TEXT.replace("budget = 14", "budget = 10").replace("rounds = 12", "rounds = 4");
    for method in METHODS {
        let (whole, parts) = (Folder::new("tuning-whole"), Folder::new("tuning-parts"));
        let mut tuner = begin(&plan(&text), method, &whole);
        let mut wanted = Vec::new();
        while let Some(job) = tuner.ask().expect("checkpoints are there") {
            let validation = trainer(&job).expect("the plant does not fail");
            wanted.push((job.targets.clone(), validation.clone()));
            tuner.tell(&job, validation).expect("the next run");
        }
        drop(begin(&plan(&text), method, &parts));
        for (targets, outcome) in &wanted {
            // A new process for every run.
            let tuner = Tuner::resume(plan(&text), method, parts.path()).expect("its own");
            let job = tuner.ask().expect("checkpoints are there").expect("it is not over");
            assert_eq!((&job.targets, job.number), (targets, tuner.runs().len()));
            // Killed while the run was under way: half a checkpoint, and nothing told.
            std::fs::write(&job.to, "half").expect("a folder that can be written");
            drop(tuner);
            let mut again = Tuner::resume(plan(&text), method, parts.path()).expect("its own");
            let validation = trainer(&job).expect("the plant does not fail");
            assert_eq!(&validation, outcome, "the checkpoint is the same to the bit");
            again.tell(&job, validation).expect("the next run");
            // Killed after the state was saved and before the tables were.
            std::fs::remove_file(parts.path().join("runs.md")).expect("it was there");
        }
        let finished = Tuner::resume(plan(&text), method, parts.path()).expect("its own");
        assert!(finished.is_done());
        assert_eq!(content(&whole), content(&parts), "{}", method.name());
        let best = finished.best().expect("runs that succeeded");
        let texts = [&whole, &parts]
            .map(|folder| folder.read(&format!("checkpoints/run_{:04}", best.number)));
        assert_eq!(texts[0], texts[1]);
    }
}

#[test]
fn a_trainer_that_stops_loses_only_its_own_run() {
    let folder = Folder::new("tuning-stops");
    let mut tuner = begin(&plan(TEXT), Method::Bayesian, &folder);
    let stops = |job: &Job| match job.number {
        3 => Err("out of memory"),
        _ => Ok(trainer(job).expect("the plant does not fail")),
    };
    let error = tuner.drive(stops, |_| {}).expect_err("the fourth run stops");
    assert!(matches!(error, DriveError::Trainer("out of memory")));
    assert_eq!(tuner.runs().len(), 3);
    let resumed = Tuner::resume(plan(TEXT), Method::Bayesian, folder.path()).expect("its own");
    assert_eq!(resumed.runs(), tuner.runs());
}

#[test]
fn a_longer_search_goes_on_with_the_same_runs() {
    let longer = |text: &str| {
        text.replace("budget = 14", "budget = 9").replace("rounds = 12", "rounds = 13")
    };
    let shorter = TEXT.replace("budget = 14", "budget = 7").replace("rounds = 12", "rounds = 2");
    for method in METHODS {
        let (short, long) = (Folder::new("tuning-short"), Folder::new("tuning-long"));
        let mut tuner = begin(&plan(&shorter), method, &short);
        tuner.drive(trainer, |_| {}).expect("the plant does not fail");
        let mut tuner = Tuner::resume(plan(&longer(TEXT)), method, short.path()).expect("its own");
        tuner.drive(trainer, |_| {}).expect("the plant does not fail");
        let mut other = begin(&plan(&longer(TEXT)), method, &long);
        other.drive(trainer, |_| {}).expect("the plant does not fail");
        assert_eq!(tuner.runs(), other.runs());
        assert_eq!(tuner.runs().len(), if method == Method::Bayesian { 9 } else { 65 });
    }
}

#[test]
fn a_failed_run_is_no_result_and_a_member_goes_back_to_its_last_checkpoint() {
    for method in METHODS {
        let folder = Folder::new("tuning-failed");
        let mut tuner = begin(&plan(TEXT), method, &folder);
        let fails = |job: &Job| {
            // Diverged: what it leaves behind must not be gone on from.
            let of_two = job.round == 1 && matches!(job.member, Some(1 | 2));
            if of_two || job.number == 2 && job.member.is_none() {
                std::fs::write(&job.to, "nothing of use").expect("a folder that can be written");
                return Ok(Validation::failed());
            }
            trainer(job)
        };
        tuner.drive(fails, |_| {}).expect("the plant does not fail");
        let failed: Vec<_> = tuner.runs().iter().filter(|run| run.objective.is_none()).collect();
        assert_eq!(failed.len(), if method == Method::Bayesian { 1 } else { 2 });
        for failed in failed {
            assert!(!failed.is_feasible() && tuner.line(failed).ends_with("failed"));
            assert!(tuner.runs().iter().all(|run| run.from != Some(failed.number)));
            assert!(!tuner.checkpoint(failed).exists());
        }
        if method == Method::Population {
            // Of five one copies: the other that failed goes back, with its own targets.
            let again = tuner.runs().iter().filter(|run| run.round == 2 && run.from == Some(1));
            let again: Vec<_> = again.filter(|run| run.member == Some(1)).collect();
            assert_eq!(again.len(), 1);
            assert_eq!(again[0].targets, tuner.runs()[1].targets);
        }
        let best = tuner.best().expect("the others succeeded");
        assert!(Checkpoint::read(&tuner.checkpoint(best)).x.is_finite());
        assert!(folder.read("runs.md").contains("| failed |"));
    }
}
