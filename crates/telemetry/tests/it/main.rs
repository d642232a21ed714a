//! Tests of the doctor: one file per kind.

mod alerts;
mod calm;
mod closed_loop;
mod config;
mod display;
mod healthy;
mod never_satisfied;
mod period;
mod properties;
mod seed;
mod simulation;
mod state;
mod streams;
mod thresholds;

use calm::calm;
use homeostat_telemetry::{
    ConstraintProfile, Doctor, DoctorConfig, DoctorState, Finding, Gate, Observation, Rule,
    RunProfile, StepObservation,
};

/// The doctor of a run with the default thresholds.
#[track_caller]
fn doctor(profile: RunProfile) -> Doctor {
    DoctorConfig::default().init(profile).expect("a legal run")
}

/// The doctor of a single constraint.
#[track_caller]
fn doctor_of(constraint: ConstraintProfile) -> Doctor {
    doctor(RunProfile::new(vec![constraint]))
}

/// Feeds a single constraint and the steps, and collects what is told.
#[track_caller]
fn watch(
    doctor: &Doctor,
    state: &mut DoctorState,
    steps: usize,
    mut next: impl FnMut(usize) -> (Observation, StepObservation),
) -> Vec<Finding> {
    let mut news = Vec::new();
    for step in 0..steps {
        let (observation, of_the_step) = next(step);
        doctor.observe(state, &observation).expect("legal numbers");
        news.extend(doctor.step(state, &of_the_step));
    }
    news
}

/// Feeds a single constraint, and collects what is told.
#[track_caller]
fn feed(doctor: &Doctor, steps: usize, mut next: impl FnMut(usize) -> Observation) -> Vec<Finding> {
    let mut state = doctor.init_state();
    watch(doctor, &mut state, steps, |step| (next(step), StepObservation::default()))
}

/// The first finding of a rule.
fn of_rule(findings: &[Finding], rule: Rule) -> Option<&Finding> {
    findings.iter().find(|finding| finding.rule == rule)
}

/// The first finding of a rule that must be there.
#[track_caller]
fn found(findings: &[Finding], rule: Rule) -> &Finding {
    let list = || findings.iter().map(|finding| finding.rule.id()).collect::<Vec<_>>();
    of_rule(findings, rule).unwrap_or_else(|| panic!("no {rule} among {:?}", list()))
}

/// The rules, without the alerts, that spoke.
fn rules(findings: &[Finding]) -> Vec<&'static str> {
    let mut ids: Vec<&str> = findings
        .iter()
        .filter(|finding| !finding.rule.is_alert())
        .map(|finding| finding.rule.id())
        .collect();
    ids.dedup();
    ids
}

/// The proposals as they stand in a file.
fn lines(finding: &Finding) -> Vec<String> {
    finding.changes().map(ToString::to_string).collect()
}

/// Violated in every update, by about 1.
fn violated(step: usize) -> Observation {
    let wiggle = 0.1 * ((step * 7919) % 13) as f64 / 13.0;
    let raw = 1.1 + wiggle;
    let error = raw - 0.1;
    Observation { raw, error, smoothed: error, gate: Gate::Update, ..calm(0) }
}

/// The proposals begin like this, one after the other.
#[track_caller]
fn check_lines(finding: &Finding, expected: &[&str]) {
    let found = lines(finding);
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (line, start) in found.iter().zip(expected) {
        assert!(line.starts_with(start), "{line} instead of {start}");
    }
}
