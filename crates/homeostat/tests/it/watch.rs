//! The doctor over an engine.

use homeostat::multiplier::{Dual, DualState, Measurement};
use homeostat::surgery::{LambdaEffect, Method, SurgeryConfig};
use homeostat::telemetry::{
    ConstraintProfile, DoctorConfig, Finding, Observation, Rule, RunProfile, StepObservation,
};
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

/// Which method is proposed to a run with this one whose gradients conflict.
fn proposed(method: &str) -> Option<Method> {
    let constraints = vec![ConstraintProfile::new("kl")];
    let profile = RunProfile { surgery: Some(method.to_owned()), ..RunProfile::new(constraints) };
    let doctor = DoctorConfig::default().init(profile).expect("the defaults are legal");
    let mut state = doctor.init_state();
    let mut found = Vec::new();
    for _ in 0..900 {
        let observation = Observation { target: 0.1, maximum: 50.0, ..Observation::new(0) };
        doctor.observe(&mut state, &observation).expect("legal numbers");
        let step = StepObservation { mean_cosine: Some(-0.3), ..StepObservation::default() };
        found.extend(doctor.step(&mut state, &step));
    }
    let conflict = found.iter().find(|finding| finding.rule == Rule::Conflict);
    let lines = conflict.expect("the gradients conflict").changes().map(ToString::to_string);
    let line = lines.into_iter().find(|line| line.starts_with("surgery = "))?;
    let line = line.split(" (now").next().expect("a first part");
    Some(toml::from_str::<File>(line).expect("a line of a file").surgery.method)
}

#[derive(serde::Deserialize)]
struct File {
    surgery: SurgeryConfig,
}

#[test]
fn every_proposed_surgery_promises_no_conflict_and_respects_multipliers() {
    for present in ["sum", "pcgrad", "cagrad", "mgda", "nash-mtl", "graddrop", "upgrad"] {
        let method = proposed(present).expect("there is something better");
        assert_ne!(method.name(), present);
        assert!(method.promises_no_conflict(), "{present}: {}", method.name());
        let effect = method.respects_lambda();
        let heard = matches!(effect, LambdaEffect::Full | LambdaEffect::Compressed);
        assert!(heard, "{present}: {} says {effect}", method.name());
    }
    // Whoever follows comes to an end.
    let mut method = "pcgrad";
    for next in ["upgrad", "dualproj"] {
        method = proposed(method).expect("a next one").name();
        assert_eq!(method, next);
    }
    assert_eq!(proposed(method), None);
}
