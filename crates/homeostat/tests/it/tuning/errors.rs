//! Bad files: every mistake gives one error with its place.

use homeostat::tuning::{TuningPlan, read_search};

use super::{TEXT, plan};

/// The one error of the file with one text in the place of another, which stands there once.
#[track_caller]
fn error(from: &str, to: &str) -> String {
    assert_eq!(TEXT.matches(from).count(), 1, "{from}");
    let text = TEXT.replacen(from, to, 1);
    read_search("bad.toml", &text).map(|plan| panic!("{plan:?}")).unwrap_err().to_string()
}

#[test]
fn every_bad_file_gives_its_one_error() {
    let mut wrong = Vec::new();
    let hard = "hard = true\ntarget = { raw = 0.9 }";
    let level = "target = { raw = 1.7 }";
    let speed = "low = 0.7\nhigh = 1.0";
    for (from, to, expected) in [
        // Names.
        (
            "[search.variables.level]",
            "[search.variables.levle]",
            "19:1: search.variables.levle: unknown constraint \"levle\"; legal are level, shape, speed; did you mean \
             \"level\"?",
        ),
        (
            "[search.bayesian]",
            "[search.limits]\nspede = 1.0\n[search.bayesian]",
            "26:9: search.limits.spede: unknown constraint \"spede\"; legal are level, shape, speed; did you mean \
             \"speed\"?",
        ),
        (
            "budget = 14",
            "bugdet = 14",
            "26:1: search.bayesian.bugdet: unknown key \"bugdet\"; legal are budget, initial, steps; did you \
             mean \"budget\"?",
        ),
        (
            "[search]",
            "[serach]",
            "17:2: serach: unknown key \"serach\"; legal are dual, constraints, losses, \
          families, search; did you mean \"search\"?",
        ),
        (
            "low = 0.6",
            "low = 0.6\ntighter = \"down\"",
            "21:1: search.variables.level.tighter: unknown key \"tighter\"; legal are low, high, scale, \
             tighten_only",
        ),
        // Types.
        (
            "seed = 3",
            "seed = -3",
            "18:8: search.seed: must be a whole number that is not negative, got -3",
        ),
        (
            "low = 0.6",
            "low = \"0.6\"",
            "20:7: search.variables.level.low: must be a number, got \"0.6\"; did you mean 0.6?",
        ),
        (
            "low = 0.6",
            "low = 0.6\nscale = \"lgo\"",
            "21:9: search.variables.level.scale: unknown scale \"lgo\"; legal are linear, log; did you mean \
             \"log\"?",
        ),
        // Ranges.
        (
            "low = 0.6",
            "low = 1.9",
            "21:8: search.variables.level.high: must be above low, got 1.9 (1.9 with low 1.9)",
        ),
        ("low = 0.6", "low = nan", "20:7: search.variables.level.low: must be finite, got nan"),
        (
            "low = 0.6",
            "scale = \"log\"\nlow = 0",
            "21:7: search.variables.level.low: must be above 0 for the scale \"log\", got 0",
        ),
        (
            "low = 0.6",
            "low = 1.8",
            "20:7: search.variables.level.low: must not be above the target of the constraint, where the search \
             starts, got 1.8 (1.8 with the target 1.7)",
        ),
        (
            "high = 1.9",
            "high = 1.6",
            "21:8: search.variables.level.high: must not be below the target of the constraint, where the search \
             starts, got 1.6 (1.6 with the target 1.7)",
        ),
        (
            speed,
            "low = 0.9\nhigh = 1.0",
            "23:7: search.variables.speed.low: must be below the target of the constraint, which may only \
             tighten, got 0.9 (0.9 with the target 0.9)",
        ),
        // What the constraint is.
        (
            speed,
            "low = 0.7\nhigh = 1.0\ntighten_only = false",
            "25:16: search.variables.speed.tighten_only: must not be false, because the constraint is hard, got \
             false",
        ),
        (
            level,
            "sense = \"range\"\ntarget = { raw = [1.0, 1.7] }",
            "9:18: constraints.level.target.raw: must be one fixed number where it is searched, got [1.0, 1.7] ([1, 1.7])",
        ),
        (
            hard,
            "hard = true\nsense = \"eq\"\ntarget = { raw = 0.9 }",
            "14:8: constraints.speed.hard: must not be true where the target of an equality is searched, which \
             has no tight side, got true",
        ),
        (
            level,
            "target = \"setpoint\"",
            "8:10: constraints.level.target: must be one fixed number where it is \
          searched, got \"setpoint\"",
        ),
        (
            "[search.bayesian]",
            "[search.limits]\nlevel = inf\n[search.bayesian]",
            "26:9: search.limits.level: must be finite, got inf",
        ),
        // Methods.
        (
            "budget = 14",
            "budget = 5",
            "26:10: search.bayesian.budget: must be at least the initial design, got 5 \
          (5 with 6 initial trials)",
        ),
        ("steps = 400", "steps = 0", "27:9: search.bayesian.steps: must be at least 1, got 0"),
        ("size = 5", "size = 1", "29:8: search.population.size: must be at least 2, got 1"),
        ("rounds = 12", "rounds = 0", "30:10: search.population.rounds: must be at least 1, got 0"),
        (
            "steps = 100",
            "steps = 100\nfraction = 0.7",
            "32:12: search.population.fraction: must be above 0 and at \
          most 0.5, got 0.7",
        ),
        // The engine is checked as everywhere.
        (
            "rate = 0.05",
            "rate = -0.05",
            "2:8: dual.rate: must be finite and not negative, got -0.05",
        ),
    ] {
        let (found, expected) = (error(from, to), format!("bad.toml:{expected}"));
        if found != expected {
            wrong.push(format!("{from} → {to}\n  {found}\n  {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_method_must_be_there_to_be_used() {
    use homeostat::tuning::{Method, Tuner};
    let folder = super::Folder::new("tuning-method");
    let TuningPlan { dual, mut search } = plan(TEXT);
    search.population = None;
    let error = Tuner::begin(TuningPlan { dual, search }, Method::Population, folder.path());
    let error = error.expect_err("no such table").to_string();
    assert_eq!(error, "[search] population must be given for this method, got nothing");
    assert!(!folder.path().exists(), "nothing is written before the settings are legal");
}

#[test]
fn without_the_outer_loop_its_table_is_passed_over() {
    let config = homeostat::read_dual("run.toml", TEXT).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(config, plan(TEXT).dual);
}
