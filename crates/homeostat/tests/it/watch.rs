//! The doctor over an engine.

use homeostat::multiplier::{Dual, DualState, Measurement};
use homeostat::telemetry::{DoctorConfig, Finding, Rule, StepObservation};
use homeostat::{Note, Watch, read_dual};

fn start(text: &str) -> (Dual, DualState, Watch) {
    let config = read_dual("run.toml", text).unwrap_or_else(|error| panic!("{error}"));
    let dual = config.init().expect("it was checked");
    let watch =
        Watch::new(&config, &dual, DoctorConfig::default(), None).expect("the defaults are legal");
    let state = dual.init_state();
    (dual, state, watch)
}

fn run(
    (dual, state, watch): (&Dual, &mut DualState, &mut Watch),
    steps: u32,
    mut value: impl FnMut(u32) -> f64,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for step in 0..steps {
        let measured = vec![Some(Measurement::new(value(step))); dual.len()];
        dual.observe(state, &measured).expect("one measurement for each");
        dual.update(state);
        found.extend(watch.step(dual, state, &measured, StepObservation::default()));
    }
    found
}

const HARD: &str = r#"
    [dual]
    rate = 1.0
    maximum = 5.0
    [constraints.kl]
    target = { raw = 0.1 }
    normalizer = "none"
    spike = "off"
    hard = true
"#;

#[test]
fn a_hard_constraint_is_judged_by_its_own_maximum() {
    // λ passes 5, the maximum of soft constraints, after 50 steps, and 50, its own, after 500.
    let (dual, mut state, mut watch) = start(HARD);
    let soft = run((&dual, &mut state, &mut watch), 400, |_| 0.2);
    assert!(state.constraint(0).multiplier() > 5.0);
    assert!(!soft.iter().any(|finding| finding.rule == Rule::Pinned), "{soft:?}");
    let own = run((&dual, &mut state, &mut watch), 800, |_| 0.2);
    assert!(own.iter().any(|finding| finding.rule == Rule::Pinned), "{own:?}");
}

#[test]
fn a_constant_loss_is_called_by_its_name() {
    let text = "[constraints.kl]\ntarget = { raw = 0.1 }\nnormalizer = \"winsor\"\n";
    let (dual, mut state, mut watch) = start(text);
    let found = run((&dual, &mut state, &mut watch), 1200, |_| 0.2);
    let never = found.iter().find(|finding| finding.rule == Rule::NeverSatisfied);
    let text = never.expect("it was never satisfied").to_string();
    assert!(text.contains("constant") || text.contains("spread"), "{text}");
}

#[test]
fn decodes_without_a_continuation_are_reported_by_the_loop() {
    let (dual, mut state, mut watch) = start(HARD);
    let mut found = Vec::new();
    for _ in 0..600 {
        watch.note(0, Note { invalid_rate: Some(0.5), ..Note::default() });
        found.extend(run((&dual, &mut state, &mut watch), 1, |_| 0.05));
    }
    assert!(found.iter().any(|finding| finding.rule == Rule::OverConstraint), "{found:?}");
}

#[test]
fn a_watch_that_was_saved_goes_on_to_the_bit() {
    let text = r#"
        [dual]
        rate = 0.5
        [constraints.kl]
        target = { raw = 0.1 }
        normalizer = "none"
        spike = "off"
        family = "all"
        [constraints.usage]
        target = { raw = 0.1 }
        normalizer = "none"
        spike = "off"
        family = "all"
        [families.all]
        budget = 1.0
    "#;
    let value = |step: u32| 0.15 + 0.1 * f64::from(step % 7);
    let (dual, mut state, mut watch) = start(text);
    run((&dual, &mut state, &mut watch), 130, value);
    let saved = serde_json::to_string(watch.state()).expect("finite");
    let mut other_state = state.clone();
    let (_, _, mut other) = start(text);
    other
        .load(serde_json::from_str(&saved).expect("what was saved"), &other_state)
        .expect("the same constraints");
    let first = run((&dual, &mut state, &mut watch), 700, value);
    let second = run((&dual, &mut other_state, &mut other), 700, value);
    assert_eq!(first, second);
    assert!(first.iter().any(|finding| finding.rule == Rule::BudgetBound), "{first:?}");
    assert_eq!(
        serde_json::to_string(watch.state()).expect("finite"),
        serde_json::to_string(other.state()).expect("finite")
    );
}
