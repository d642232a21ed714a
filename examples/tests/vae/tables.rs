//! The note's checklist and the tables of a sweep, on made-up runs.

use homeostat_examples::trainer::rows::Row;
use homeostat_examples::vae::checks::{Check, checklist, number, percent, under_target};
use homeostat_examples::vae::report::rollback_rate;
use homeostat_examples::vae::session::Outcome;
use homeostat_examples::vae::tables::{self, Entry, RateRow};

use crate::settings;

fn row(numbers: &[(&str, f64)]) -> Row {
    numbers.iter().map(|(name, value)| ((*name).to_owned(), Some(*value))).collect()
}

/// A run of five epochs with which the note would be content; the target is 3 nats.
fn good() -> Outcome {
    let first = [("box_violations", 0.0), ("rollbacks", 1.0), ("judged_steps", 25.0)];
    let second = [
        ("kl_core", 39.0),
        ("ceiling_core", 40.0),
        ("kl_detail", 30.0),
        ("ceiling_detail", 30.0),
        ("rollbacks", 0.0),
        ("judged_steps", 30.0),
    ];
    // Nothing of these may be taken for the second epoch's.
    let later = [("kl_core", 1e3), ("kl_detail", 1e3), ("rollbacks", 0.0), ("judged_steps", 30.0)];
    let last = [
        ("kl_core", 2.95),
        ("kl_detail", 2.5),
        ("test_kl_core", 2.9),
        ("test_kl_detail", 3.0),
        ("ceiling_core", 1.0),
        ("ceiling_detail", 1.0),
        ("over_ceiling", 0.05),
        ("rollbacks", 0.0),
        ("judged_steps", 30.0),
    ];
    let rows = vec![row(&first), row(&second), row(&later), row(&later), row(&last)];
    let events = vec![
        (1, "🔍 EPOCH 1 KL DISCOVERY:\n Setting ceiling: 40".to_owned()),
        (3, "KL ceiling squeezed to 21".to_owned()),
    ];
    Outcome { summary: serde_json::Value::Null, epochs: 5, rows, events, stopped: None }
}

fn checks(outcome: &Outcome) -> Vec<Check> {
    checklist(&settings(&[]), outcome)
}

#[test]
fn a_run_that_does_what_the_note_asks_passes_all_seven_checks() {
    let found = checks(&good());
    assert_eq!(found.len(), 7);
    assert!(found.iter().all(|check| check.holds), "{found:?}");
    let texts: Vec<&str> = found.iter().map(|check| check.found.as_str()).collect();
    assert_eq!(texts[0], "0");
    assert_eq!(texts[1], "4.00 %");
    assert_eq!(texts[2], "🔍 EPOCH 1 KL DISCOVERY:  Setting ceiling: 40");
    assert_eq!(texts[3], "core 39.0 of 40.0, detail 30.0 of 30.0");
    assert_eq!(texts[4], "KL ceiling squeezed to 21");
    let last = "core 2.90 of 3.00 (epoch mean 2.95), detail 3.00 of 3.00 (epoch mean 2.50); \
                5.00 % of batches over";
    assert_eq!(texts[5], last);
    assert_eq!(texts[6], "0.69 %");
}

#[test]
fn everything_that_the_note_forbids_fails_one_check() {
    let set = |epoch: usize, name: &str, value: f64| {
        let mut outcome = good();
        outcome.rows[epoch].insert(name.to_owned(), Some(value));
        outcome
    };
    let silent = |epoch: u64| {
        let mut outcome = good();
        outcome.events.retain(|(at, _)| *at != epoch);
        outcome
    };
    let late = |epoch: u64| {
        let mut outcome = good();
        for (at, _) in &mut outcome.events {
            *at += u64::from(*at == epoch);
        }
        outcome
    };
    let many = |rejected: f64| {
        let mut outcome = set(2, "rollbacks", rejected);
        outcome.rows[0].insert("rollbacks".to_owned(), Some(0.0));
        outcome
    };
    for (outcome, failing) in [
        (set(0, "box_violations", 1.0), vec![0]),
        (set(0, "rollbacks", 1.25), vec![1]),
        (silent(1), vec![2]),
        (late(1), vec![2]),
        (set(1, "kl_core", 40.1), vec![3]),
        (set(1, "kl_detail", 30.1), vec![3]),
        (silent(3), vec![4]),
        (late(3), vec![4]),
        (set(4, "test_kl_core", 3.01), vec![5]),
        (set(4, "test_kl_detail", 3.01), vec![5]),
        (set(4, "kl_core", 3.01), vec![5]),
        (set(4, "kl_detail", 3.01), vec![5]),
        (set(4, "over_ceiling", 0.06), vec![5]),
        (many(3.0), vec![6]),
    ] {
        let found = checks(&outcome);
        let wrong: Vec<usize> = (0..7).filter(|index| !found[*index].holds).collect();
        assert_eq!(wrong, failing, "{found:?}");
    }
    // 2 % of 145 steps are 2.9.
    assert!(checks(&many(2.8)).iter().all(|check| check.holds));
}

#[test]
fn what_was_not_measured_holds_nothing() {
    assert!(number(&Row::new(), "kl").is_nan());
    let empty = Outcome { rows: Vec::new(), events: Vec::new(), ..good() };
    let found = checks(&empty);
    // Nothing was rejected, because nothing was judged; all others fail.
    let held: Vec<usize> = (0..7).filter(|index| found[*index].holds).collect();
    assert_eq!(held, [6], "{found:?}");
    assert_eq!(found[2].found, "nothing");
    assert!(!under_target(&settings(&[]), &Row::new()).0);
}

#[test]
fn a_relative_target_is_the_last_ceiling() {
    let share = ["lbo.ceiling.target={ relative = 0.2 }"];
    let last = |nats: f64| {
        row(&[
            ("test_kl_core", nats),
            ("test_kl_detail", 1.0),
            ("kl_core", 3.0),
            ("kl_detail", 1.0),
            ("ceiling_core", 4.0),
            ("ceiling_detail", 2.0),
            ("over_ceiling", 0.0),
        ])
    };
    assert!(under_target(&settings(&share), &last(3.9)).0);
    assert!(!under_target(&settings(&share), &last(4.1)).0);
}

#[test]
fn rates_are_over_all_judged_steps() {
    let rows = [
        row(&[("rollbacks", 3.0), ("judged_steps", 10.0)]),
        Row::new(),
        row(&[("rollbacks", 1.0), ("judged_steps", 30.0)]),
    ];
    assert_eq!(rollback_rate(&rows), 0.1);
    assert_eq!(rollback_rate(&[]), 0.0);
    assert_eq!(percent(0.12345), "12.35 %");
}

#[test]
fn a_checklist_is_a_table_with_a_line_per_check() {
    let check = |holds| Check { what: "a", holds, found: "b".into() };
    let text = tables::checklist(&[(42, vec![check(true)]), (43, vec![check(false)])]);
    let lines: Vec<&str> = text.lines().skip(5).collect();
    assert_eq!(lines, ["| 42 | a | yes | b |", "| 43 | a | NO | b |"]);
}

#[test]
fn rates_are_a_table_with_a_line_per_run() {
    let run = RateRow {
        rate: 1e-3,
        seed: 42,
        first: 513.61,
        ceilings: [1578.19, 1650.4],
        nats: [6.84, 6.77],
        error: 0.0358,
        similarity: 0.4834,
        rollbacks: 0.005,
        met: true,
    };
    let text = tables::rates(&[run, RateRow { rate: 0.005, met: false, ..run }]);
    let lines: Vec<&str> = text.lines().skip(5).collect();
    let rest = "| 42 | 513.6 | 1578.2 | 1650.4 | 6.84 | 6.77 | 0.0358 | 0.483 | 0.50 % |";
    assert_eq!(lines, [format!("| 1e-3 {rest} yes |"), format!("| 5e-3 {rest} NO |")]);
}

#[test]
fn methods_are_means_over_seeds_and_gaps_to_pid_of_the_same_seed() {
    let entry = |variant, method, seed, corrected| Entry {
        variant,
        method,
        seed,
        nats: 10.0 + seed as f64,
        error: 0.01 * seed as f64,
        similarity: 0.5,
        corrected,
    };
    let of = |variant, method: &'static str, [first, second]: [f64; 2]| {
        [entry(variant, method, 1, first), entry(variant, method, 2, second)]
    };
    let mut all = Vec::new();
    for (variant, lbo) in [("one", [0.022, 0.0375]), ("two", [0.03, 0.025])] {
        all.extend(of(variant, "lbo", lbo));
        all.extend(of(variant, "pid", [0.02, 0.025]));
        all.extend(of(variant, "beta", [0.04, 0.05]));
        all.extend(of(variant, "geco", [0.019, 0.024]));
    }
    let text = tables::methods(&all);
    let lines: Vec<&str> = text.lines().skip(5).collect();
    assert_eq!(
        lines,
        [
            "| one | lbo | 11.50 | 0.01500 | 0.500 | 0.02975 | +30.0 % (+10.0 … +50.0) |",
            "| one | beta | 11.50 | 0.01500 | 0.500 | 0.04500 | +100.0 % (+100.0 … +100.0) |",
            "| one | geco | 11.50 | 0.01500 | 0.500 | 0.02150 | -4.5 % (-5.0 … -4.0) |",
            "| one | pid | 11.50 | 0.01500 | 0.500 | 0.02250 | +0.0 % (+0.0 … +0.0) |",
            "| two | lbo | 11.50 | 0.01500 | 0.500 | 0.02750 | +25.0 % (+0.0 … +50.0) |",
            "| two | beta | 11.50 | 0.01500 | 0.500 | 0.04500 | +100.0 % (+100.0 … +100.0) |",
            "| two | geco | 11.50 | 0.01500 | 0.500 | 0.02150 | -4.5 % (-5.0 … -4.0) |",
            "| two | pid | 11.50 | 0.01500 | 0.500 | 0.02250 | +0.0 % (+0.0 … +0.0) |",
        ]
    );
}
