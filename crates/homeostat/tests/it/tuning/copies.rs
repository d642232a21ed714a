//! A checkpoint is copied whole: windows, averages, multipliers; only the target is another.

use homeostat::tuning::{Job, Method, Proposer, Tuner};

use super::plant::{Checkpoint, trainer};
use super::{Folder, TEXT, begin, plan};

/// The first run of a population that goes on from another member's checkpoint.
fn until_copied(tuner: &mut Tuner) -> Job {
    loop {
        let job = tuner.ask().expect("checkpoints are there").expect("it is not over");
        let parent = job.member.and_then(|_| {
            let name = job.from.file_name()?.to_str()?.strip_prefix("run_")?;
            tuner.runs()[name.parse::<usize>().ok()?].member
        });
        if parent.is_some_and(|parent| Some(parent) != job.member) {
            return job;
        }
        let validation = trainer(&job).expect("the plant does not fail");
        tuner.tell(&job, validation).expect("the next run");
    }
}

#[test]
fn ranks_do_not_jump_where_a_checkpoint_is_copied() {
    let folder = Folder::new("tuning-ranks");
    let config = plan(TEXT);
    let mut tuner = begin(&config, Method::Population, &folder);
    let job = until_copied(&mut tuner);
    let parent = Checkpoint::read(&job.from);
    let parent_target = parent.dual.constraint(0).target();
    assert_ne!(job.targets["level"], parent_target);

    // The copy and its parent see the same next loss in the same window.
    let (own, mut own_state) = parent.engine(&job.dual);
    let theirs = config.dual.retargeted([("level", parent_target)]).expect("a fixed target");
    let (theirs, mut their_state) = parent.engine(&theirs);
    parent.clone().step(&own, &mut own_state);
    parent.clone().step(&theirs, &mut their_state);
    let (one, two) = (own_state.constraint(1), their_state.constraint(1));
    assert_eq!(one.normalized().to_bits(), two.normalized().to_bits());
    assert_eq!(one.scale().to_bits(), two.scale().to_bits());
    let (one, two) = (own_state.constraint(0), their_state.constraint(0));
    assert_eq!((one.target(), two.target()), (job.targets["level"], parent_target));
    assert_ne!(one.error(), two.error());

    // With an empty window, as without copying it, the same loss has another rank and no spread.
    let mut empty = own.init_state();
    parent.clone().step(&own, &mut empty);
    assert_ne!(empty.constraint(1).normalized(), own_state.constraint(1).normalized());
}

#[test]
fn a_long_jump_of_a_target_begins_the_resume_warm_up() {
    let folder = Folder::new("tuning-jump");
    let mut tuner = begin(&plan(TEXT), Method::Population, &folder);
    let job = until_copied(&mut tuner);
    let mut run = Checkpoint::read(&job.from);
    let (dual, mut state) = run.engine(&job.dual);
    assert_eq!(state.constraint(0).resume_updates(), None);
    run.step(&dual, &mut state);
    assert_eq!(state.constraint(0).resume_updates(), Some(1), "{:?}", job.targets);
    // A member that keeps its target goes on at the full rate.
    let kept = tuner.runs().iter().find(|run| run.proposer == Proposer::Kept);
    let kept = Checkpoint::read(&tuner.checkpoint(kept.expect("most members keep theirs")));
    assert_eq!(kept.dual.constraint(0).resume_updates(), None);
}

#[test]
fn only_checkpoints_that_are_needed_stay() {
    for method in super::METHODS {
        let folder = Folder::new(&format!("tuning-tidy-{}", method.name()));
        let mut tuner = begin(&plan(TEXT), method, &folder);
        while let Some(job) = tuner.ask().expect("checkpoints are there") {
            let validation = trainer(&job).expect("the plant does not fail");
            tuner.tell(&job, validation).expect("the next run");
            let files = std::fs::read_dir(folder.path().join("checkpoints")).expect("a folder");
            // The start, the best, and of a population this round's and the one that is gone on from.
            let most = if method == Method::Bayesian { 2 } else { 2 + 2 * 5 };
            assert!(files.count() <= most);
        }
        let best = tuner.best().expect("runs that succeeded");
        assert!(tuner.checkpoint(best).exists());
    }
}
