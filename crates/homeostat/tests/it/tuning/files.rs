//! What a tuning refuses, and what it writes.

use homeostat::tuning::{Method, Tuner, TuningError, Validation};

use super::plant::trainer;
use super::{Folder, TEXT, begin, plan};

#[test]
fn what_does_not_belong_is_refused() {
    let folder = Folder::new("tuning-refused");
    let open = |text: &str, method| Tuner::resume(plan(text), method, folder.path());
    let nothing = open(TEXT, Method::Bayesian).expect_err("nothing there").to_string();
    assert!(nothing.starts_with("there is no tuning to resume: "), "{nothing}");
    let mut tuner =
        Tuner::begin(plan(TEXT), Method::Bayesian, folder.path()).expect("a new folder");
    let error = tuner.ask().expect_err("no start yet").to_string();
    assert!(
        error.contains("goes on from must be written to") && error.ends_with("before the next run")
    );
    let again = Tuner::begin(plan(TEXT), Method::Bayesian, folder.path());
    assert!(matches!(again, Err(TuningError::Occupied { .. })));

    super::plant::write_start(&plan(TEXT).dual, &tuner.start());
    let job = tuner.ask().expect("the start is there").expect("it is not over");
    let validation = trainer(&job).expect("the plant does not fail");
    let before = folder.read("tuning.json");
    let unmeasured = tuner.tell(&job, Validation::new(1.0).measured("level", 1.0));
    assert_eq!(
        unmeasured.expect_err("a hard constraint is a limit").to_string(),
        "the validation must measure 'speed', which has a limit; measured are level"
    );
    assert_eq!(folder.read("tuning.json"), before);
    tuner.tell(&job, validation.clone()).expect("the next run");
    let twice = tuner.tell(&job, validation).expect_err("told already").to_string();
    assert_eq!(twice, "run 1 comes next, not run 0");

    for (from, to, words) in [
        ("rate = 0.05", "rate = 0.06", "has engine.dual.rate = 0.05, the settings say 0.06"),
        ("low = 0.6", "low = 0.5", "has search.variables.level.low = 0.6, the settings say 0.5"),
        ("seed = 3", "seed = 4", "has search.seed = 3, the settings say 4"),
        ("steps = 400", "steps = 300", "has search.bayesian.steps = 400, the settings say 300"),
        ("deadzone = 0.01", "deadzone = 0.01\nmaximum = 9.0", "has engine.dual.maximum = 50.0"),
    ] {
        let error = open(&TEXT.replace(from, to), Method::Bayesian).expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }
    let error = open(TEXT, Method::Population).expect_err("another method").to_string();
    assert!(
        error.contains("has method = \"bayesian\", the settings say \"population\""),
        "{error}"
    );
    open(&TEXT.replace("rounds = 12", "rounds = 3"), Method::Bayesian).expect("not this method's");

    let path = folder.path().join("tuning.json");
    for (from, to, words) in [
        ("\"version\": 1", "\"version\": 2", "it is version 2, this program reads 1"),
        ("\"runs\": [", "\"runs\": [], \"rest\": [", "unknown field `rest`"),
        ("\"trials\": [", "\"trials\": [], \"rest\": [", "unknown field `rest`"),
        ("{", "", "line"),
    ] {
        let text = folder.read("tuning.json");
        assert!(text.contains(from), "{text}");
        std::fs::write(&path, text.replacen(from, to, 1)).expect("a file that can be written");
        let error = open(TEXT, Method::Bayesian).expect_err(words).to_string();
        assert!(error.contains("does not fit") && error.contains(words), "{error}");
        std::fs::write(&path, text).expect("a file that can be written");
    }
}

#[test]
fn a_member_must_leave_a_checkpoint() {
    let folder = Folder::new("tuning-member");
    let mut tuner = begin(&plan(TEXT), Method::Population, &folder);
    let job = tuner.ask().expect("the start is there").expect("it is not over");
    let validation = trainer(&job).expect("the plant does not fail");
    std::fs::remove_file(&job.to).expect("it was written");
    let error = tuner.tell(&job, validation.clone()).expect_err("no checkpoint").to_string();
    assert!(error.starts_with("the checkpoint of a member must be written to"), "{error}");
    assert!(tuner.runs().is_empty());
    // A folder is as good as a file.
    std::fs::create_dir(&job.to).expect("a folder that can be written");
    tuner.tell(&job, validation).expect("the next run");
}

#[test]
fn the_tables_say_what_was_tried() {
    let text = TEXT.replace("budget = 14", "budget = 6").replace("rounds = 12", "rounds = 2");
    let folder = Folder::new("tuning-tables");
    let mut tuner = begin(&plan(&text), Method::Population, &folder);
    let mut lines = Vec::new();
    tuner.drive(trainer, |line| lines.push(line.to_owned())).expect("the plant does not fail");
    let table = folder.read("runs.md");
    let head = "| run | round | member | goes on from | proposed by | target of level | target of speed | \
                objective | speed ≤ 0.9000 |\n| --- |";
    assert!(table.starts_with(head), "{table}");
    assert_eq!(
        table.lines().filter(|line| line.starts_with("| ")).count(),
        2 + 10 + 2 + 5,
        "{table}"
    );
    let best = tuner.best().expect("runs that succeeded").number;
    assert!(table.contains(&format!("| {best} * |")), "{table}");
    let last = format!("10 of 10 runs; run {best} is the best: it has the objective ");
    assert!(table.contains(&last) && table.contains(" and meets every limit\n"), "{table}");
    assert!(table.contains("The members now:"));
    let first = "run 0 (1 of 10), member 0: level 1.7000, speed 0.9000 (design): objective ";
    assert!(lines[0].starts_with(first), "{}", lines[0]);

    let rows = folder.read("runs.jsonl");
    let rows: Vec<serde_json::Value> =
        rows.lines().map(|row| serde_json::from_str(row).expect("one object per line")).collect();
    assert_eq!(rows.len(), 10);
    for (row, run) in rows.iter().zip(tuner.runs()) {
        assert_eq!(row["targets"]["level"], run.targets[0]);
        assert_eq!(row["objective"], run.objective.expect("no run fails"));
        assert_eq!(row["measured"]["speed"], run.measured["speed"]);
    }
    let best_so_far: Vec<f64> =
        rows.iter().map(|row| row["best_so_far"].as_f64().expect("all meet the limit")).collect();
    assert!(best_so_far.is_sorted_by(|a, b| a >= b));
}
