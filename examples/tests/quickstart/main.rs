//! The bounds of the quickstart, searched for a few steps: interrupted, resumed, told and refused.

use std::path::Path;
use std::process::ExitCode;

use burn::backend::Autodiff;
use burn_flex::Flex;
use homeostat::tuning::{DriveError, Method, Tuner, TuningPlan, read_search};
use homeostat_examples::quickstart::program;
use homeostat_examples::quickstart::train::Plan;
use homeostat_examples::quickstart::tune::{Continuation, TuneError};
use homeostat_testkit::Folder;

/// The constraints of the example, with runs of two steps.
fn text() -> String {
    let text = include_str!("../../../configs/constrained_quickstart.toml");
    let pairs = [
        ("budget = 14\nsteps = 200", "budget = 7\nsteps = 2"),
        ("size = 5\nrounds = 8\nsteps = 60", "size = 3\nrounds = 3\nsteps = 2"),
    ];
    pairs.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{text}");
        text.replace(from, to)
    })
}

fn plan() -> TuningPlan {
    read_search("quickstart.toml", &text()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_search_that_is_interrupted_and_resumed_tells_the_same_story_to_the_bit() {
    let training = Plan { steps: 4, hidden: 4, learning_rate: 0.02, seed: 5 };
    let trainer = Continuation::<Autodiff<Flex>>::new(training, &Default::default());
    for method in [Method::Bayesian, Method::Population] {
        let (whole, parts) = (Folder::new("quickstart-whole"), Folder::new("quickstart-parts"));
        let begin = |folder: &Folder| {
            let tuner = Tuner::begin(plan(), method, folder.path()).expect("a new folder");
            trainer.begin(&plan().dual, 2, &tuner.start()).expect("it trains");
            tuner
        };
        let mut tuner = begin(&whole);
        tuner.drive(|job| trainer.run(job), |_| {}).expect("it trains");
        drop(begin(&parts));
        // Killed in every other run, with half a checkpoint on the disk.
        for stop in [1, 3, 5] {
            let mut tuner = Tuner::resume(plan(), method, parts.path()).expect("its own");
            let outcome = tuner.drive(
                |job| match job.number {
                    number if number == stop => {
                        std::fs::write(&job.to, "half").expect("a folder that can be written");
                        Err(None)
                    }
                    _ => trainer.run(job).map_err(Some),
                },
                |_| {},
            );
            assert!(matches!(outcome, Err(DriveError::Trainer(None))), "{outcome:?}");
            assert_eq!(tuner.runs().len(), stop);
        }
        let mut resumed = Tuner::resume(plan(), method, parts.path()).expect("its own");
        resumed.drive(|job| trainer.run(job), |_| {}).expect("it trains");
        for name in ["tuning.json", "runs.md", "runs.jsonl"] {
            assert_eq!(whole.read(name), parts.read(name), "{}", method.name());
        }
        let best = tuner.best().expect("runs that succeeded");
        let test =
            [&tuner, &resumed].map(|tuner| trainer.test(&tuner.checkpoint(best)).expect("there"));
        assert_eq!(test[0], test[1]);
        assert!(tuner.runs().iter().all(|run| run.measured.len() == 2));
    }
}

#[test]
fn a_damaged_checkpoint_is_an_error_that_names_it() {
    let folder = Folder::new("quickstart-damaged");
    let training = Plan { steps: 2, hidden: 4, learning_rate: 0.02, seed: 5 };
    let trainer = Continuation::<Autodiff<Flex>>::new(training, &Default::default());
    let tuner = Tuner::begin(plan(), Method::Bayesian, folder.path()).expect("a new folder");
    trainer.begin(&plan().dual, 1, &tuner.start()).expect("it trains");
    let mut bytes = std::fs::read(tuner.start()).expect("it was written");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(tuner.start(), bytes).expect("a file that can be written");
    let job = tuner.ask().expect("the start is there").expect("it is not over");
    let error = trainer.run(&job).expect_err("damaged");
    assert!(
        matches!(error, TuneError::Checkpoint(_)) && error.to_string().contains("start is damaged")
    );
}

/// Runs the program; whether it succeeded.
fn call(config: &Path, folder: &Folder, line: &str) -> bool {
    let words = ["constrained_quickstart", "--epochs", "4", "--hidden", "4", "--config"];
    let paths =
        [config.display().to_string(), "--output-dir".into(), folder.path().display().to_string()];
    let words = words.into_iter().map(str::to_owned).chain(paths);
    let code = program::main(words.chain(line.split_whitespace().map(str::to_owned)));
    format!("{code:?}") == format!("{:?}", ExitCode::SUCCESS)
}

#[test]
fn the_command_line_begins_refuses_and_resumes() {
    let (folder, files) = (Folder::new("quickstart-command"), Folder::new("quickstart-config"));
    std::fs::create_dir_all(files.path()).expect("a folder that can be written");
    let config = files.path().join("constraints.toml");
    std::fs::write(&config, text()).expect("a folder that can be written");
    assert!(!call(&config, &folder, "--tune population --resume"), "nothing to resume");
    assert!(call(&config, &folder, "--tune population --tune-budget 1"));
    assert!(folder.read("runs.md").contains("3 of 3 runs; run "));
    assert!(!call(&config, &folder, "--tune population"), "the folder holds a search");
    assert!(!call(&config, &folder, "--tune bayesian --resume"), "another method");
    assert!(call(&config, &folder, "--tune population --resume --tune-budget 2"));
    assert_eq!(folder.read("runs.jsonl").lines().count(), 6);
    let summary: serde_json::Value =
        serde_json::from_str(&folder.read("summary.json")).expect("one object");
    let targets = &summary["best"]["targets"];
    for (name, low, high) in [("calibration", 0.01, 0.05), ("parity", 0.004, 0.02)] {
        let target = targets[name].as_f64().expect("a number");
        assert!((low..=high).contains(&target), "{summary}");
    }
    assert!(summary["best"]["test"]["accuracy"].as_f64().is_some(), "{summary}");
    assert!(summary["by_hand"]["test"]["parity"].as_f64().is_some(), "{summary}");
}
