//! A saved run goes on as if it had never stopped, to the bit, wherever it was cut.

use homeostat_ceiling::{
    Batch, CeilingConfig, CeilingState, CeilingTarget, Constraint, GoalsConfig, GoalsState,
    Outcome, Pace, Phase, Rules, StepConfig, StepState,
};
use homeostat_testkit::Splitmix;

use crate::ceiling_of;

const EPOCH: u64 = 12;
const EPOCHS: u64 = 26;

/// Batch `index` of a run: values, score and outcome follow from the index alone.
fn batch(index: u64, unit: f64, values: &mut [f64; 2]) -> (f64, Option<Outcome>) {
    let mut random = Splitmix(index);
    *values = [unit * random.between(20.0, 90.0), unit * random.between(10.0, 50.0)];
    // Some epochs are bad ones.
    let share = if (index / EPOCH) % 5 == 4 { 0.4 } else { 0.02 };
    let outcome = if random.uniform() < share {
        Outcome::Rejected
    } else if random.uniform() < if (index / EPOCH) % 7 == 5 { 0.9 } else { 0.1 } {
        // And some are spent outside the ceiling.
        Outcome::Restored
    } else {
        Outcome::Accepted
    };
    (random.between(0.45, 0.65), Some(outcome))
}

fn configs() -> Vec<CeilingConfig> {
    let goals = || vec!["kl_core".to_owned(), "kl_detail".to_owned()];
    let mended =
        CeilingConfig { goals: goals(), ..CeilingConfig::new(CeilingTarget::Relative(0.2)) };
    vec![
        CeilingConfig { pace: Pace::Epoch, ..mended.clone() },
        mended,
        CeilingConfig::note(),
        CeilingConfig::parity_note(),
        CeilingConfig::parity_late(),
    ]
}

/// Runs batches and returns what was seen at each: the ceilings in force, to the bit.
fn run(
    ceiling: &homeostat_ceiling::Ceiling,
    state: &mut CeilingState,
    range: std::ops::Range<u64>,
) -> Vec<Vec<Option<u64>>> {
    let mut seen = Vec::new();
    let mut values = [0.0; 2];
    // The note's ceilings are a thousand times those of a small model.
    let unit = if ceiling.config().lower > 1.0 { 1000.0 } else { 1.0 };
    for index in range {
        ceiling.begin_epoch(state, &mut |_| {});
        seen.push(state.ceilings().map(|one| one.map(f64::to_bits)).collect());
        let (score, outcome) = batch(index, unit, &mut values);
        let batch = Batch { values: &values, minimum_score: Some(score), outcome };
        ceiling.observe(state, batch).expect("two values");
        if index % EPOCH == EPOCH - 1 {
            ceiling.end_epoch(state, &mut |_| {});
        }
    }
    seen
}

#[test]
fn a_ceiling_goes_on_to_the_bit_from_any_batch_of_any_phase() {
    for config in configs() {
        let ceiling = ceiling_of(&config, EPOCH);
        let mut whole = ceiling.init_state();
        let seen = run(&ceiling, &mut whole, 0..EPOCH * EPOCHS);
        let end = serde_json::to_string(&whole).expect("plain data");
        let mut state = ceiling.init_state();
        let (mut phases, mut waited) = (Vec::new(), false);
        for cut in 1..EPOCH * EPOCHS {
            run(&ceiling, &mut state, cut - 1..cut);
            let saved = serde_json::to_string(&state).expect("plain data");
            let loaded = ceiling.load(serde_json::from_str(&saved).expect("loads")).expect("fits");
            let mut resumed = loaded;
            assert_eq!(serde_json::to_string(&resumed).expect("plain data"), saved);
            waited |= state.is_waiting();
            if !phases.contains(&state.phase()) {
                phases.push(state.phase());
            }
            // Each cut to its end would be quadratic: one epoch on, and a few of them to the end.
            let until =
                if cut % 29 == 0 { EPOCH * EPOCHS } else { EPOCH * EPOCHS.min(cut / EPOCH + 2) };
            let found = run(&ceiling, &mut resumed, cut..until);
            assert_eq!(found, seen[cut as usize..until as usize], "cut at {cut}");
            if until == EPOCH * EPOCHS {
                assert_eq!(serde_json::to_string(&resumed).expect("plain data"), end);
            }
        }
        assert_eq!(waited, config.rules == Rules::Mended);
        assert!(phases.len() >= 3 && phases.contains(&Phase::Squeeze), "{phases:?}");
    }
}

#[test]
fn a_memory_that_does_not_fit_is_refused() {
    let ceiling = ceiling_of(&configs()[1], EPOCH);
    let mut state = ceiling.init_state();
    run(&ceiling, &mut state, 0..5 * EPOCH);
    let saved = serde_json::to_value(&state).expect("plain data");
    let load = |edit: &dyn Fn(&mut serde_json::Value)| {
        let mut edited = saved.clone();
        edit(&mut edited);
        let state: CeilingState = serde_json::from_value(edited).expect("the right shape");
        ceiling.load(state).map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(load(&|_| {}), Ok(()));
    type Edit<'a> = (&'a str, &'a dyn Fn(&mut serde_json::Value));
    let cases: [Edit; 7] = [
        ("goals must be those", &|state| state["names"][0] = "kl".into()),
        ("bounds must rise", &|state| state["goals"][0]["bounds"]["upper"] = 0.5.into()),
        ("sigma must lie", &|state| state["sigma"] = 99.0.into()),
        ("increment must be", &|state| state["increment"] = 0.0.into()),
        ("epoch must be at least 1", &|state| {
            state["epoch"] = 0.into();
            state["running"] = true.into();
        }),
        ("target must be known", &|state| state["goals"][0]["target"] = serde_json::Value::Null),
        ("history must have", &|state| state["history"] = vec![0.5; 9].into()),
    ];
    for (expected, edit) in cases {
        let error = load(edit).expect_err("does not fit");
        assert!(error.starts_with(expected), "{error}");
    }
    let young = ceiling_of(&configs()[1], EPOCH + 2).init_state();
    let error = ceiling.load(young).expect_err("another epoch").to_string();
    assert!(error.starts_with("samples must fill"), "{error}");
}

#[test]
fn goals_go_on_to_the_bit_in_the_middle_of_their_calibration_and_after_it() {
    let config = GoalsConfig { rules: Rules::Mended, ..GoalsConfig::small() };
    let goals = config.init().expect("legal");
    let measure = |step: u64| -> Vec<f64> {
        (0..goals.len() as u64).map(|goal| Splitmix(99 * step + goal).between(0.1, 2.0)).collect()
    };
    let walk = |state: &mut GoalsState, range: std::ops::Range<u64>| {
        let mut evaluation = goals.evaluation();
        for step in range {
            goals.calibrate(state, &measure(step)).expect("as many");
            if step == 20 {
                goals.remove_margin(state);
                goals.tighten(state, 0.95);
                let kl = goals.index("kl_core").expect("a goal");
                let upper = Some(40.0);
                let bounds = Constraint::BoxAsymmetric { lower: 1.0, upper, healthy: 6.4 };
                goals.set_constraint(state, kl, bounds).expect("legal");
            }
            let _ = goals.evaluate(state, &measure(step), &mut evaluation);
        }
        format!("{} {evaluation:?}", serde_json::to_string(&*state).expect("plain data"))
    };
    let expected = walk(&mut goals.init_state(), 0..30);
    for cut in 1..30 {
        let mut state = goals.init_state();
        walk(&mut state, 0..cut);
        let saved = serde_json::to_string(&state).expect("plain data");
        let mut loaded = goals.load(serde_json::from_str(&saved).expect("loads")).expect("fits");
        assert_eq!(walk(&mut loaded, cut..30), expected, "cut at {cut}");
    }
    let other = GoalsConfig::published(Rules::Mended).init().expect("legal");
    assert!(goals.load(other.init_state()).is_err());
    let mut odd = serde_json::to_value(goals.init_state()).expect("plain data");
    odd["tightening"] = 0.0.into();
    let odd: GoalsState = serde_json::from_value(odd).expect("the right shape");
    let error = goals.load(odd).expect_err("does not fit").to_string();
    assert_eq!(error, "saved tightening must be finite and above 0, got 0.0");
}

#[test]
fn a_step_search_saves_its_streak() {
    let search = StepConfig::parity_late().init().expect("legal");
    let mut state = search.init_state();
    let lost = homeostat_ceiling::Look {
        loss: Err(homeostat_ceiling::Unavailable::Dead { group: 0 }),
        violation: 0.0,
    };
    for _ in 0..99 {
        search.decide(&mut state, 0, lost, lost);
    }
    let text = serde_json::to_string(&state).expect("plain data");
    let mut loaded: StepState = serde_json::from_str(&text).expect("loads");
    assert_eq!(loaded, state);
    assert!(!search.stops(&loaded));
    search.decide(&mut loaded, 0, lost, lost);
    assert!(search.stops(&loaded));
}
