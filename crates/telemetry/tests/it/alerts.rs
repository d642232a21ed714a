//! Alerts: at once, once, and not again before they have ended.

use homeostat_telemetry::{
    ConstraintProfile, DoctorConfig, Finding, Gate, Observation, Rule, RunProfile, Sense, Severity,
    StepObservation,
};

use crate::{calm, doctor_of, feed, found, of_rule, watch};

const NEVER: [u64; 0] = [];

fn hard() -> ConstraintProfile {
    ConstraintProfile { hard: true, ..ConstraintProfile::new("safety") }
}

/// At which steps a rule was told.
fn told(findings: &[Finding], rule: Rule) -> Vec<u64> {
    findings.iter().filter(|finding| finding.rule == rule).map(|finding| finding.since).collect()
}

fn with_error(error: f64) -> Observation {
    Observation { error, smoothed: error, gate: Gate::Update, ..calm(0) }
}

#[test]
fn a_violated_hard_constraint_is_told_in_the_step_in_which_it_happens() {
    let stream = |step| with_error(if step == 6 { 0.021 } else { 0.02 });
    let news = feed(&doctor_of(hard()), 50, stream);
    let finding = found(&news, Rule::HardViolated);
    assert_eq!((finding.severity, finding.since), (Severity::P0, 7));
    assert_eq!(
        told(&feed(&doctor_of(ConstraintProfile::new("kl")), 50, stream), Rule::HardViolated),
        NEVER
    );
    let equal = ConstraintProfile { sense: Sense::Equal, ..hard() };
    let news = feed(&doctor_of(equal), 50, |_| with_error(-0.03));
    assert_eq!(told(&news, Rule::HardViolated), [1]);
}

#[test]
fn a_multiplier_at_its_maximum_is_urgent_and_for_a_hard_constraint_at_once() {
    let stream = |step: usize| Observation {
        multiplier: match step {
            100 => 50.0,
            101..300 => 48.0,
            _ => 1.0,
        },
        ..calm(0)
    };
    let news = feed(&doctor_of(ConstraintProfile::new("kl")), 900, stream);
    assert_eq!(found(&news, Rule::AtMaximum).severity, Severity::P1);
    assert_eq!(told(&news, Rule::AtMaximum), [101]);
    let news = feed(&doctor_of(hard()), 900, stream);
    assert_eq!(found(&news, Rule::AtMaximum).severity, Severity::P0);
}

/// Every rise is told, where the interval is short and what is calm ends at once.
fn impatient(constraint: ConstraintProfile) -> homeostat_telemetry::Doctor {
    let config = DoctorConfig { repeat: 100_000, every: 1, calm: 1, ..DoctorConfig::default() };
    config.init(RunProfile::new(vec![constraint])).expect("legal")
}

#[test]
fn an_alert_stays_open_until_it_is_clear_of_its_threshold() {
    // 50 → 48 is above 95 % of the maximum: it goes on. 47 ends it.
    let doctor = impatient(ConstraintProfile::new("kl"));
    let mut state = doctor.init_state();
    let mut since = Vec::new();
    for multiplier in [50.0, 48.0, 50.0, 47.0, 50.0] {
        let observation = Observation { multiplier, ..calm(0) };
        watch(&doctor, &mut state, 1, |_| (observation, StepObservation::default()));
        let open = doctor.examine(&state);
        since.push(of_rule(&open, Rule::AtMaximum).map(|finding| finding.since));
    }
    assert_eq!(since, [Some(1), None, Some(1), None, Some(5)]);
}

#[test]
fn satisfaction_is_judged_by_its_upper_bound_from_two_hundred_updates_on() {
    // A share of 0.75: the upper bound at n = 200 is 0.805, at n = 300 0.796.
    let stream = |step: usize| with_error(if step % 4 == 3 { 0.5 } else { 0.0 });
    let news = feed(&doctor_of(ConstraintProfile::new("kl")), 600, stream);
    let since = told(&news, Rule::Unsatisfied);
    assert_eq!(since.len(), 1);
    assert!((240..=280).contains(&since[0]), "{since:?}");
    // Always violated: as soon as there are two hundred.
    let news = feed(&doctor_of(ConstraintProfile::new("kl")), 600, |_| with_error(0.5));
    assert_eq!(told(&news, Rule::Unsatisfied), [200]);
    // Steps without an error do not count.
    let frozen = |step: usize| Observation {
        gate: if step.is_multiple_of(2) { Gate::Update } else { Gate::Frozen },
        ..with_error(0.5)
    };
    let news = feed(&doctor_of(ConstraintProfile::new("kl")), 600, frozen);
    assert_eq!(told(&news, Rule::Unsatisfied), [399]);
    // Nine of ten are enough.
    let mostly = |step: usize| with_error(if step % 10 == 3 { 0.5 } else { 0.0 });
    let news = feed(&doctor_of(ConstraintProfile::new("kl")), 600, mostly);
    assert_eq!(told(&news, Rule::Unsatisfied), NEVER);
}

#[test]
fn ten_measurements_in_a_row_that_are_not_finite_are_told_and_nine_are_not() {
    let doctor = doctor_of(ConstraintProfile::new("kl"));
    let row = |length: usize| {
        move |step: usize| {
            let bad = (100..100 + length).contains(&step);
            Observation { raw: if bad { f64::NAN } else { 0.1 }, ..calm(0) }
        }
    };
    assert_eq!(told(&feed(&doctor, 300, row(9)), Rule::NonfiniteStreak), NEVER);
    assert_eq!(told(&feed(&doctor, 300, row(10)), Rule::NonfiniteStreak), [110]);
}

#[test]
fn a_freeze_as_long_as_the_gate_allows_is_told() {
    let profile = ConstraintProfile { maximum_freeze: 30, ..ConstraintProfile::new("kl") };
    let doctor = doctor_of(profile);
    let row = |length: usize| {
        move |step: usize| {
            let gate =
                if (100..100 + length).contains(&step) { Gate::Spike } else { Gate::Deadzone };
            Observation { gate, ..calm(0) }
        }
    };
    assert_eq!(told(&feed(&doctor, 300, row(29)), Rule::LongFreeze), NEVER);
    assert_eq!(told(&feed(&doctor, 300, row(30)), Rule::LongFreeze), [130]);
}

#[test]
fn the_same_finding_is_told_once_per_interval_with_the_step_at_which_it_rose() {
    let stream = |_| Observation { multiplier: 50.0, ..with_error(0.5) };
    let mut reports = Vec::new();
    let doctor = doctor_of(ConstraintProfile::new("kl"));
    let mut state = doctor.init_state();
    for step in 1..=3500 {
        let news = watch(&doctor, &mut state, 1, |step| (stream(step), StepObservation::default()));
        reports.extend(news.into_iter().map(|finding| (step, finding)));
    }
    for (rule, since, expected) in [
        (Rule::AtMaximum, 1, vec![1, 1001, 2001, 3001]),
        (Rule::Pinned, 100, vec![100, 1100, 2100, 3100]),
        (Rule::NeverSatisfied, 300, vec![300, 1300, 2300, 3300]),
    ] {
        let of_this = reports.iter().filter(|(_, finding)| finding.rule == rule);
        let (steps, starts): (Vec<u64>, Vec<u64>) =
            of_this.map(|(step, finding)| (*step, finding.since)).unzip();
        assert_eq!((steps, starts), (expected, vec![since; 4]), "{rule}");
    }
}

#[test]
fn a_silent_rule_is_neither_told_nor_listed() {
    let config =
        DoctorConfig { silent: vec![Rule::AtMaximum, Rule::Pinned], ..DoctorConfig::default() };
    let doctor = config.init(RunProfile::new(vec![ConstraintProfile::new("kl")])).expect("legal");
    let mut state = doctor.init_state();
    let stream = Observation { multiplier: 50.0, ..with_error(0.5) };
    let news = watch(&doctor, &mut state, 500, |_| (stream, StepObservation::default()));
    for findings in [news, doctor.examine(&state)] {
        assert!(of_rule(&findings, Rule::NeverSatisfied).is_some());
        assert!(of_rule(&findings, Rule::AtMaximum).is_none());
        assert!(of_rule(&findings, Rule::Pinned).is_none());
    }
}
