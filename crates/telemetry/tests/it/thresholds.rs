//! Just on this side and just on the other side of a condition, for the rules that the closed loops test.

use homeostat_telemetry::{
    Change, ConstraintProfile, Gate, NormalizerKind, Observation, Rule, Space, StepObservation,
};
use homeostat_testkit::Splitmix;

use crate::simulation::Loop;
use crate::{calm, doctor_of, feed, found, lines, of_rule, watch};

/// Whether a rule speaks about a stream of 512 updates.
fn speaks(rule: Rule, stream: impl FnMut(usize) -> Observation) -> bool {
    let ranked = ConstraintProfile {
        normalizer: NormalizerKind::Rank,
        window: Some(64),
        ..ConstraintProfile::new("kl")
    };
    let doctor = doctor_of(ranked);
    let mut state = doctor.init_state();
    let mut stream = stream;
    watch(&doctor, &mut state, 512, |step| (stream(step), StepObservation::default()));
    of_rule(&doctor.examine(&state), rule).is_some()
}

fn sine(step: usize, period: f64) -> f64 {
    (std::f64::consts::TAU * step as f64 / period).sin()
}

/// A smoothed error, with a multiplier that swings by ± 1 around a level.
fn swing(error: f64, level: f64, step: usize, period: f64) -> Observation {
    let multiplier = level + sine(step, period);
    Observation { error, smoothed: error, multiplier, gate: Gate::Update, ..calm(0) }
}

#[test]
fn an_oscillation_needs_crossings_likeness_a_trough_and_a_multiplier_that_swings_along() {
    let clean = |period: f64, level: f64| {
        move |step: usize| swing(0.3 * sine(step, period), level, step, period)
    };
    assert!(speaks(Rule::Oscillation, clean(64.0, 2.0)));
    // Two and a half periods in the window have five crossings.
    assert!(!speaks(Rule::Oscillation, clean(205.0, 2.0)));
    // P90 − P10 of a sine is 1.9: by a level of 4 that is less than a half.
    assert!(!speaks(Rule::Oscillation, clean(64.0, 4.0)));
    // The share of the variance that repeats itself: 0.65 of it speaks, 0.35 does not, though half a
    // period later it is still unlike itself.
    let noisy = |amplitude: f64| {
        let mut random = Splitmix(11);
        move |step| {
            let noise = random.between(-1.0, 1.0);
            swing(amplitude * sine(step, 64.0) + noise, 2.0, step, 64.0)
        }
    };
    assert!(speaks(Rule::Oscillation, noisy(1.1)));
    assert!(!speaks(Rule::Oscillation, noisy(0.6)));
    // Short pulses come again every 64 updates, and half a period later there is nothing.
    let pulse = |step: usize| {
        let error = if step % 64 < 6 { 1.0 } else { -0.01 };
        swing(error, 2.0, step, 64.0)
    };
    assert!(!speaks(Rule::Oscillation, pulse));
}

#[test]
fn the_proportional_part_is_the_rate_times_the_period_by_pi() {
    let stream = |step| swing(0.3 * sine(step, 64.0), 2.0, step, 64.0);
    let news = feed(&doctor_of(ConstraintProfile::new("kl")), 512, stream);
    let finding = found(&news, Rule::Oscillation);
    // 0.005 · 64 / π = 0.1019.
    assert_eq!(lines(finding)[1], "constraints.kl.rule = { pid = { proportional = 0.102 } }");
    // A rule that has one gets none, and a rate in the unit of the file is proposed in that unit.
    let profile =
        ConstraintProfile { proportional: true, rate: Some(0.5), ..ConstraintProfile::new("kl") };
    let news = feed(&doctor_of(profile), 512, stream);
    let finding = found(&news, Rule::Oscillation);
    assert_eq!(lines(finding)[0], "constraints.kl.rate = 0.25 (now 0.5)");
    let rules = finding.changes().filter_map(Change::key).filter(|key| key.ends_with("rule"));
    assert_eq!(rules.count(), 0);
}

#[test]
fn level_blindness_needs_a_drift_to_the_forbidden_side_and_a_rank_that_does_not_notice() {
    let drifting = |slope: f64, normalized: f64, space, rolling| {
        let mut random = Splitmix(12);
        move |step: usize| Observation {
            raw: slope * step as f64 + random.between(-1.0, 1.0),
            normalized,
            space,
            rolling,
            ..calm(0)
        }
    };
    let speaks = |slope, normalized, space, rolling| {
        speaks(Rule::LevelBlind, drifting(slope, normalized, space, rolling))
    };
    assert!(speaks(0.01, 0.2, Space::Normalized, true));
    assert!(!speaks(-0.01, 0.2, Space::Normalized, true));
    assert!(!speaks(0.0, 0.2, Space::Normalized, true));
    assert!(!speaks(0.01, 0.3, Space::Normalized, true));
    assert!(!speaks(0.01, 0.2, Space::Raw, true));
    assert!(!speaks(0.01, 0.2, Space::Normalized, false));
}

#[test]
fn a_leak_that_waits_for_satisfaction_or_is_held_in_the_deadzone_binds_nothing() {
    let bound = |leak_always, smoothed| {
        move |_| Observation { leak: 1e-3, leak_always, smoothed, ..calm(0) }
    };
    // e* = 1e-3 · 1 / 5e-3 = 0.2.
    assert!(speaks(Rule::LeakBound, bound(true, 0.2)));
    assert!(!speaks(Rule::LeakBound, bound(false, 0.2)));
    assert!(!speaks(Rule::LeakBound, bound(true, 0.01)));
    assert!(!speaks(Rule::LeakBound, bound(true, -0.2)));
    let small = |step| Observation { leak: 1e-4, ..bound(true, 0.2)(step) };
    assert!(!speaks(Rule::LeakBound, small));
    // The loop at its optimum stays there.
    let mut plant = Loop { leak: 1e-3, leak_always: true, ..Loop::new(13) };
    assert!(of_rule(&plant.run(2000), Rule::LeakBound).is_none());
}

#[test]
fn a_constraint_is_idle_when_it_is_satisfied_up_to_the_edge_of_its_deadzone_and_never_acts() {
    let resting = |period: usize, error: f64, multiplier: f64| {
        move |step: usize| Observation {
            error: if step.is_multiple_of(period) { error } else { 0.0 },
            multiplier: if step.is_multiple_of(10) { multiplier } else { 0.0 },
            ..calm(0)
        }
    };
    assert!(speaks(Rule::Idle, resting(1, 0.02, 0.0)));
    assert!(!speaks(Rule::Idle, resting(50, 0.021, 0.0)));
    assert!(speaks(Rule::Idle, resting(200, 0.021, 0.0)));
    assert!(!speaks(Rule::Idle, resting(1, 0.02, 1.0)));
}

#[test]
fn a_multiplier_is_pinned_after_fifty_updates_in_a_row() {
    let high = |from: usize, multiplier: f64| {
        move |step: usize| {
            let multiplier = if step < from { 1.0 } else { multiplier };
            Observation { multiplier, ..calm(0) }
        }
    };
    assert!(speaks(Rule::Pinned, high(512 - 50, 49.5)));
    assert!(!speaks(Rule::Pinned, high(512 - 49, 49.5)));
    assert!(!speaks(Rule::Pinned, high(0, 49.4)));
}

#[test]
fn a_violation_lasts_while_nothing_new_is_measured() {
    let hard = ConstraintProfile { hard: true, ..ConstraintProfile::new("kl") };
    let doctor = doctor_of(hard);
    let mut state = doctor.init_state();
    let gates = [Gate::Update, Gate::NonFinite, Gate::Spike, Gate::Frozen];
    watch(&doctor, &mut state, gates.len(), |step| {
        let smoothed = if step == 0 { 0.3 } else { 0.0 };
        let gate = gates[step];
        (Observation { error: smoothed, smoothed, gate, ..calm(0) }, StepObservation::default())
    });
    assert_eq!(found(&doctor.examine(&state), Rule::HardViolated).since, 1);
}
