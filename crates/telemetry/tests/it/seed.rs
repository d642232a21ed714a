//! The dual optimizer note (docs/sources.md), §8: its five failure modes, and every fix that it names.

use homeostat_telemetry::{
    ConstraintProfile, DoctorConfig, Finding, Gate, NormalizerKind, Observation, Rule, RunProfile,
    StepObservation,
};

use crate::{calm, watch};

/// All that holds in the end of a stream, for a ranked constraint without smoothing beside a calm one.
fn examine(mut next: impl FnMut(usize) -> (Observation, StepObservation)) -> Vec<Finding> {
    let profile = ConstraintProfile {
        normalizer: NormalizerKind::Rank,
        window: Some(1000),
        smoothing: 1.0,
        weight: 2.0,
        ..ConstraintProfile::new("kl")
    };
    let profiles =
        vec![profile, ConstraintProfile { weight: 3.0, ..ConstraintProfile::new("other") }];
    let run = RunProfile { surgery: Some("pcgrad".to_owned()), ..RunProfile::new(profiles) };
    let doctor = DoctorConfig::default().init(run).expect("legal");
    let mut state = doctor.init_state();
    for step in 0..600 {
        doctor.observe(&mut state, &Observation { effective: 0.1, ..calm(1) }).expect("legal");
        watch(&doctor, &mut state, 1, |_| next(step));
    }
    doctor.examine(&state)
}

/// The rule speaks, and its proposals contain the seed's fixes, in the order of the seed.
#[track_caller]
fn check(findings: &[Finding], rule: Rule, fixes: &[&str]) {
    let finding = crate::found(findings, rule);
    let lines = crate::lines(finding);
    let mut rest = lines.iter();
    for fix in fixes {
        assert!(rest.any(|line| line.contains(fix)), "no '{fix}', or not in order: {lines:?}");
    }
}

#[test]
fn an_oscillating_multiplier_gets_a_lower_rate_smoothing_and_a_wider_deadzone() {
    let findings = examine(|step| {
        let angle = std::f64::consts::TAU * step as f64 / 60.0;
        let error = 0.3 * angle.sin();
        let multiplier = 2.0 - angle.cos();
        let moving = Observation { error, smoothed: error, multiplier, ..calm(0) };
        (Observation { gate: Gate::Update, ..moving }, StepObservation::default())
    });
    let fixes = ["kl.rate = 0.0025", "kl.smoothing = 0.133 (now 1.0)", "kl.deadzone = 0.03"];
    check(&findings, Rule::Oscillation, &fixes);
}

#[test]
fn a_constraint_that_is_never_satisfied_gets_its_normalizer_verified_and_a_higher_target() {
    let findings = examine(|_| {
        let violated = Observation { raw: 0.4, error: 0.3, smoothed: 0.3, ..calm(0) };
        (Observation { gate: Gate::Update, ..violated }, StepObservation::default())
    });
    check(&findings, Rule::NeverSatisfied, &["kl.target = { raw = 0.44 }", "tighten again"]);
    let finding = crate::found(&findings, Rule::NeverSatisfied);
    assert!(finding.diagnosis.contains("Verify the normalizer"), "{finding}");
}

#[test]
fn a_starved_task_gets_a_lower_maximum_or_a_lower_weight() {
    let findings = examine(|_| {
        let step = StepObservation { starvation: Some(40.0), ..StepObservation::default() };
        (calm(0), step)
    });
    check(&findings, Rule::StarvedTask, &["kl.maximum = 0.25", "kl.weight = 0.5 (now 2.0)"]);
}

#[test]
fn wireheading_gets_a_random_window_a_freeze_and_a_look_at_the_covariance() {
    let findings = examine(|step| {
        let gate = if step > 500 { Gate::Paused } else { Gate::Update };
        let ease = Some(step as f64);
        let observation = Observation { gate, ease, rolling: true, ..calm(0) };
        (Observation { multiplier: step as f64, ..observation }, StepObservation::default())
    });
    let fixes = ["normalizer.rank.jitter = 0.25", "freeze the multiplier", "look at the ease"];
    check(&findings, Rule::Wireheading, &fixes);
    let finding = crate::found(&findings, Rule::Wireheading);
    assert!(finding.evidence("correlation of multiplier and ease").is_some_and(|r| r > 0.99));
}

#[test]
fn conflicting_constraints_get_another_surgery_a_relaxed_constraint_and_staggered_updates() {
    let findings = examine(|_| {
        (calm(0), StepObservation { mean_cosine: Some(-0.5), ..StepObservation::default() })
    });
    check(&findings, Rule::Conflict, &["surgery = \"upgrad\"", "kl.target", "stagger"]);
}
