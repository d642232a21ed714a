//! Targets that move: goldens, properties, and what a file may say.

use homeostat_multiplier::{
    Bound, Linear, Percentile, Schedule, ScheduleState, Sigmoid, StepPoint, Steps, TargetSchedule,
};
use homeostat_testkit::golden::{close, load};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
struct Goldens {
    tolerance: f64,
    course: Vec<Course>,
}

#[derive(Deserialize)]
struct Course {
    name: String,
    #[serde(default)]
    sense: Side,
    schedule: Schedule,
    steps: Vec<u64>,
    targets: Vec<f64>,
}

#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Side {
    #[default]
    Le,
    Ge,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Table {
    raw: Schedule,
}

#[track_caller]
fn upper(schedule: &Schedule) -> TargetSchedule {
    schedule.init(Bound::Upper, false).expect("a legal schedule")
}

/// The state after so many steps, each with a satisfaction rate of 1.
fn after(schedule: &TargetSchedule, steps: u64) -> ScheduleState {
    let mut state = schedule.init_state();
    for _ in 0..steps {
        schedule.advance(&mut state, Some(1.0));
    }
    state
}

#[test]
fn every_course_has_its_published_targets() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/schedules.toml");
    let goldens: Goldens = load(path);
    for course in goldens.course {
        let bound = if course.sense == Side::Le { Bound::Upper } else { Bound::Lower };
        let schedule = course.schedule.init(bound, false).expect("a legal schedule");
        assert_eq!(course.steps.len(), course.targets.len());
        for (step, expected) in course.steps.iter().zip(&course.targets) {
            let found = schedule.target(&after(&schedule, *step));
            let what = format!("{}, step {step}", course.name);
            close(&what, found, *expected, 0.0, goldens.tolerance);
        }
    }
}

#[test]
fn a_success_gated_clock_advances_only_where_the_constraint_holds_often_enough() {
    let line = Linear { from: 1.0, to: 0.0, duration: 4, delay: 0, advance_at: Some(0.9) };
    let schedule = upper(&Schedule::Linear(line));
    let mut state = schedule.init_state();
    let rates = [None, Some(0.89), Some(0.9), Some(0.0), Some(1.0), None, Some(0.95)];
    let clocks = rates.map(|rate| {
        schedule.advance(&mut state, rate);
        state.clock()
    });
    assert_eq!(clocks, [0, 0, 1, 1, 2, 2, 3]);
    assert_eq!(schedule.target(&state), 0.25);
}

#[test]
fn a_recorded_percentile_waits_for_enough_values_and_is_refreshed_now_and_then() {
    let percentile = Percentile {
        level: 0.5,
        window: Some(5),
        minimum_samples: Some(3),
        refresh_every: Some(2),
        ..Percentile::recorded(9.0)
    };
    let schedule = upper(&Schedule::Percentile(percentile));
    assert!(schedule.records_baseline());
    let mut state = schedule.init_state();
    let mut targets = Vec::new();
    for value in [1.0, 2.0, 3.0, 10.0, 10.0, 10.0, 10.0] {
        schedule.observe_baseline(&mut state, value).expect("finite");
        targets.push(schedule.target(&state));
    }
    // Medians of {1,2,3}, of {1,2,3,10,10} and of {3,10,10,10,10}.
    assert_eq!(targets, [9.0, 9.0, 2.0, 2.0, 3.0, 3.0, 10.0]);
    assert!(schedule.observe_baseline(&mut state, f64::NAN).is_err());
}

#[test]
fn a_ratchet_never_loosens() {
    // Medians 5, 4, 5 against the 4.5 of before.
    for (bound, expected) in [(Bound::Upper, [4.5, 4.0, 4.0]), (Bound::Lower, [5.0, 5.0, 5.0])] {
        let percentile = Percentile {
            level: 0.5,
            minimum_samples: Some(1),
            ratchet: true,
            ..Percentile::recorded(4.5)
        };
        let schedule = Schedule::Percentile(percentile).init(bound, true).expect("legal");
        let mut state = schedule.init_state();
        let mut targets = Vec::new();
        for value in [5.0, 3.0, 7.0] {
            schedule.observe_baseline(&mut state, value).expect("finite");
            targets.push(schedule.target(&state));
        }
        assert_eq!(targets, expected);
    }
}

#[test]
fn a_range_has_two_ends_and_belongs_to_its_sense() {
    let range = Schedule::Range { low: 1.0, high: 2.0 };
    let schedule = range.init(Bound::Both, true).expect("legal");
    assert_eq!(schedule.bounds(&schedule.init_state()), (1.0, 2.0));
    let message = "target must be [low, high] for the sense \"range\", and for no other, got";
    let error = range.init(Bound::Upper, false).expect_err("two numbers");
    assert_eq!(error.to_string(), format!("{message} [1, 2]"));
    let error = Schedule::Fixed(1.0).init(Bound::Both, false).expect_err("one number");
    assert_eq!(error.to_string(), format!("{message} 1"));
    let backwards = Schedule::Range { low: 2.0, high: 2.0 }.init(Bound::Both, false);
    let error = backwards.expect_err("empty");
    assert_eq!(error.to_string(), "target must have low below high, got [2, 2]");
}

fn schedules() -> impl Strategy<Value = Schedule> {
    let value = -10.0..10.0;
    let pair = || (-10.0..10.0, 0.0..10.0).prop_map(|(to, more): (f64, f64)| (to + more, to));
    prop_oneof![
        value.prop_map(Schedule::Fixed),
        (pair(), 1e-4..1.0, -100.0..300.0, any::<bool>()).prop_map(
            |((from, to), steepness, midpoint, pinned_start)| Schedule::Sigmoid(Sigmoid {
                from,
                to,
                steepness: Some(steepness),
                width: None,
                midpoint,
                pinned_start,
                advance_at: None,
            })
        ),
        (pair(), 1..100u64, 0..100u64).prop_map(|((from, to), duration, delay)| {
            Schedule::Linear(Linear { from, to, duration, delay, advance_at: Some(0.9) })
        }),
        prop::collection::vec((1..50u64, 0.0..2.0), 1..5).prop_map(|jumps| {
            let (mut step, mut target) = (0, 10.0);
            let at = jumps.iter().map(|(gap, drop)| {
                (step, target) = (step + gap, target - drop);
                StepPoint { step, target }
            });
            Schedule::Steps(Steps { initial: 10.0, at: at.collect(), advance_at: None })
        }),
        Just(Schedule::Percentile(Percentile {
            ratchet: true,
            minimum_samples: Some(2),
            window: Some(8),
            ..Percentile::recorded(100.0)
        })),
    ]
}

proptest! {
    #[test]
    fn a_hard_target_never_loosens(
        schedule in schedules(),
        steps in prop::collection::vec((0.0..1.0, -100.0..100.0), 1..200),
    ) {
        let schedule = schedule.init(Bound::Upper, true).expect("all of these tighten");
        let mut state = schedule.init_state();
        let mut before = schedule.target(&state);
        for (rate, value) in steps {
            schedule.advance(&mut state, Some(rate));
            schedule.observe_baseline(&mut state, value).expect("finite");
            let target = schedule.target(&state);
            prop_assert!(target <= before + 1e-12, "{} after {}", target, before);
            before = target;
        }
    }

    #[test]
    fn a_lower_bound_is_the_mirror_of_an_upper_one(
        from in 0.0..10.0, drop in 0.0..10.0, steepness in 1e-3..1.0, steps in 0..200u64,
    ) {
        let sigmoid = |sign: f64| Schedule::Sigmoid(Sigmoid {
            from: sign * from,
            to: sign * (from - drop),
            steepness: Some(steepness),
            width: None,
            midpoint: 50.0,
            pinned_start: false,
            advance_at: None,
        });
        let (upper, lower) = (
            sigmoid(1.0).init(Bound::Upper, true).expect("falls"),
            sigmoid(-1.0).init(Bound::Lower, true).expect("rises"),
        );
        let (a, b) = (upper.target(&after(&upper, steps)), lower.target(&after(&lower, steps)));
        prop_assert_eq!(a, -b);
    }

    #[test]
    fn a_saved_schedule_goes_on_to_the_bit(
        schedule in schedules(),
        values in prop::collection::vec(-100.0..100.0, 1..60),
        cut in 0..60usize,
    ) {
        let schedule = schedule.init(Bound::Upper, false).expect("legal");
        let mut state = schedule.init_state();
        let mut resumed = state.clone();
        for (step, value) in values.into_iter().enumerate() {
            if step == cut {
                let text = toml::to_string(&state).expect("writes");
                resumed = toml::from_str(&text).expect("reads");
                schedule.check(&resumed).expect("belongs to the schedule");
            }
            for state in [&mut state, &mut resumed] {
                schedule.advance(state, Some(0.95));
                schedule.observe_baseline(state, value).expect("finite");
            }
            prop_assert_eq!(schedule.target(&state), schedule.target(&resumed));
        }
        prop_assert_eq!(state, resumed);
    }
}

#[test]
fn the_memory_of_another_schedule_is_refused() {
    let percentile = |window| {
        let percentile = Percentile { window: Some(window), ..Percentile::recorded(1.0) };
        upper(&Schedule::Percentile(percentile))
    };
    let fixed = upper(&Schedule::Fixed(1.0));
    let (eight, nine) = (percentile(8), percentile(9));
    assert!(eight.check(&eight.init_state()).is_ok());
    assert!(eight.check(&nine.init_state()).is_err());
    assert!(eight.check(&fixed.init_state()).is_err());
    assert!(fixed.check(&eight.init_state()).is_err());
}

#[test]
fn what_was_written_is_read_back() {
    for text in [
        "raw = 0.05",
        "raw = [0.1, 0.3]",
        "raw = { sigmoid = { from = 1.0, to = 0.5, width = 10.0, midpoint = 3.0 } }",
        "raw = { linear = { from = 1.0, to = 0.5, duration = 10, advance_at = 0.9 } }",
        "raw = { steps = { initial = 1.0, at = [{ step = 3, target = 0.5 }] } }",
        "raw = { percentile = { until = 1.0, ratchet = true, slack = 0.1 } }",
        "raw = { percentile = { values = [1.0, 2.0] } }",
    ] {
        let table: Table = toml::from_str(text).expect("legal");
        let written = toml::to_string(&table).expect("writes");
        assert_eq!(toml::from_str::<Table>(&written).expect("reads"), table, "{written}");
    }
    let whole: Table = toml::from_str("raw = 3").expect("a whole number is a number");
    assert_eq!(whole.raw, Schedule::Fixed(3.0));
}

#[test]
fn a_target_that_is_none_is_refused_with_the_legal_ones() {
    let refused = |text: &str| {
        let error = toml::from_str::<Table>(&format!("raw = {text}")).expect_err("not legal");
        error.message().to_owned()
    };
    assert!(refused("\"low\"").contains("a target: a number, a range [low, high], or a table"));
    assert!(refused("[1.0]").contains("a target: a number"));
    assert!(refused("[1.0, 2.0, 3.0]").contains("a target: a number"));
    assert!(refused("{}").contains("a target: a number"));
    assert!(refused("{ cosine = {} }").contains("expected one of `sigmoid`, `linear`, `steps`"));
    assert!(
        refused("{ percentile = {}, linear = { from = 1, to = 0, duration = 1 } }")
            .contains("a target is one of")
    );
}

#[test]
fn a_number_out_of_range_is_refused_with_its_field() {
    let illegal = |text: &str, hard: bool, message: &str| {
        let table: Table = toml::from_str(&format!("raw = {text}")).expect("reads");
        let error = table.raw.init(Bound::Upper, hard).expect_err("not legal");
        assert_eq!(error.to_string(), message);
    };
    let sigmoid = |rest: &str| format!("{{ sigmoid = {{ midpoint = 5, {rest} }} }}");
    illegal("inf", false, "target must be finite, got inf");
    illegal(
        &sigmoid("from = 1, to = 0, steepness = 0"),
        false,
        "target.sigmoid.steepness must be finite and above 0, got 0",
    );
    illegal(
        &sigmoid("from = 1, to = 0"),
        false,
        "target.sigmoid.steepness or width must be given, and only one of them, got neither",
    );
    illegal(
        &sigmoid("from = 1, to = 0, width = 3, steepness = 1"),
        false,
        "target.sigmoid.steepness or width must be given, and only one of them, got both",
    );
    illegal(
        &sigmoid("from = 0, to = 1, width = 3"),
        false,
        "target.sigmoid.to must not be looser than from (low ≤ high for an upper bound), got 0 → 1",
    );
    illegal(
        &sigmoid("from = 1, to = 0, width = 3, advance_at = 0.0"),
        false,
        "target.advance_at must be above 0 and at most 1, got 0",
    );
    illegal(
        "{ linear = { from = 1, to = 0, duration = 0 } }",
        false,
        "target.linear.duration must be at least 1, got 0",
    );
    illegal(
        "{ linear = { from = 0, to = 1, duration = 1 } }",
        true,
        "target.linear.to must not loosen, because the constraint is hard, got 0 → 1",
    );
    let steps =
        "{ steps = { initial = 1, at = [{ step = 3, target = 0 }, { step = 3, target = 2 }] } }";
    illegal(steps, false, "target.steps.at.step must rise from jump to jump, got 3");
    let steps =
        "{ steps = { initial = 1, at = [{ step = 3, target = 0 }, { step = 4, target = 2 }] } }";
    illegal(
        steps,
        true,
        "target.steps.at.target must not loosen, because the constraint is hard, got 0 → 2",
    );
    illegal(
        "{ steps = { initial = 1, at = [] } }",
        false,
        "target.steps.at must name at least one jump, got none",
    );
    let percentile = |rest: &str| format!("{{ percentile = {{ {rest} }} }}");
    illegal(
        &percentile(""),
        false,
        "target.percentile.until must be given: the target before the baseline is known, got nothing",
    );
    illegal(
        &percentile("until = 1, level = 1.5"),
        false,
        "target.percentile.level must lie between 0 and 1, got 1.5",
    );
    illegal(
        &percentile("until = 1"),
        true,
        "target.percentile.ratchet must be true, because the constraint is hard, got false",
    );
    illegal(
        &percentile("until = 1, window = 10, minimum_samples = 11"),
        false,
        "target.percentile.minimum_samples must be at least 1 and at most the window, got 11",
    );
    illegal(
        &percentile("values = []"),
        false,
        "target.percentile.values must be a list of finite numbers that is not empty, got []",
    );
    illegal(
        &percentile("values = [1], window = 3"),
        false,
        "target.percentile.values leave no use for until, window, refresh_every, minimum_samples and \
         ratchet, got window = 3",
    );
    illegal(
        &percentile("values = [1, 2, nan, inf]"),
        false,
        "target.percentile.values must be a list of finite numbers that is not empty, got NaN as \
         number 3 of 4",
    );
}
