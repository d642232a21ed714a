//! R2 and its causes.

use homeostat_telemetry::{
    ConstraintProfile, Finding, NormalizerKind, NormalizerStatus, Observation, Rule, Sense, Space,
};

use crate::{check_lines, doctor_of, feed, found, of_rule, violated};

#[track_caller]
fn never_satisfied(
    constraint: ConstraintProfile,
    stream: impl FnMut(usize) -> Observation,
) -> Finding {
    found(&feed(&doctor_of(constraint), 600, stream), Rule::NeverSatisfied).clone()
}

#[test]
fn a_constraint_that_is_never_satisfied_gets_a_looser_target_and_a_hard_one_does_not() {
    let finding = never_satisfied(ConstraintProfile::new("kl"), violated);
    check_lines(&finding, &["constraints.kl.target = { raw = 1.", "tighten"]);
    let target = finding.remedy[0].number().expect("a number");
    assert!((1.17..1.4).contains(&target), "{target}");
    let hard = ConstraintProfile { hard: true, ..ConstraintProfile::new("kl") };
    check_lines(&never_satisfied(hard, violated), &["change the model"]);
    let lower = ConstraintProfile { sense: Sense::AtLeast, ..ConstraintProfile::new("kl") };
    let below = |step| Observation { raw: -violated(step).raw, target: 1.0, ..violated(step) };
    let target = never_satisfied(lower, below).remedy[0].number().expect("a number");
    assert!((-1.4..-1.17).contains(&target), "{target}");
}

#[test]
fn the_causes_of_a_violation_are_looked_for_in_their_order() {
    let degenerate = |step| Observation {
        normalizer: NormalizerStatus::Degenerate,
        slope: 0.0,
        multiplier: 50.0,
        ..violated(step)
    };
    let ranked = ConstraintProfile {
        normalizer: NormalizerKind::Rank,
        window: Some(100),
        ..ConstraintProfile::new("kl")
    };
    let finding = never_satisfied(ranked.clone(), degenerate);
    check_lines(&finding, &["constraints.kl.normalizer = \"none\"", "constraints.kl.target"]);

    let unreachable = |step| Observation {
        target: -0.995,
        space: Space::Normalized,
        normalized: 0.01,
        ..violated(step)
    };
    let finding = never_satisfied(ranked.clone(), unreachable);
    assert!(finding.diagnosis.contains("what a rank can reach"), "{finding}");
    let target = finding.remedy[0].number().expect("a number");
    assert!(target > 0.01 && finding.remedy[0].to_string().contains("normalized"), "{finding}");
    let reachable = move |step| Observation { target: -0.98, ..unreachable(step) };
    assert!(!never_satisfied(ranked, reachable).diagnosis.contains("reach, so no model"));

    let winsor =
        ConstraintProfile { normalizer: NormalizerKind::Winsor, ..ConstraintProfile::new("kl") };
    let flat = |step| Observation { slope: 0.0, multiplier: 50.0, ..violated(step) };
    let finding = never_satisfied(winsor, flat);
    check_lines(
        &finding,
        &["constraints.kl.normalizer.winsor.slope = \"straight-through\"", "constraints.kl.target"],
    );

    let at_cap = |step| Observation { multiplier: 50.0, strict: Some(1.0), ..violated(step) };
    let finding = never_satisfied(ConstraintProfile::new("kl"), at_cap);
    assert!(finding.diagnosis.contains("at its maximum"), "{finding}");

    let decoupled =
        |step| Observation { strict: Some(1.0 + ((step * 31) % 7) as f64), ..violated(step) };
    let finding = never_satisfied(ConstraintProfile::new("kl"), decoupled);
    assert!(finding.diagnosis.contains("does not follow the strict value"), "{finding}");
    let coupled = |step| Observation { strict: Some(2.0 * violated(step).raw), ..violated(step) };
    let finding = never_satisfied(ConstraintProfile::new("kl"), coupled);
    assert!(finding.diagnosis.contains("raise the target"), "{finding}");
    // The strict value drives the multiplier, so the target is in its unit.
    assert!(finding.remedy[0].number().is_some_and(|target| target > 2.2), "{finding}");
}

#[test]
fn a_violation_that_falls_is_left_alone_and_so_is_a_rare_success() {
    let falling = |step: usize| {
        let fall = 1.0 - 1e-3 * step as f64;
        Observation { error: fall + violated(step).error, smoothed: 1.0, ..violated(step) }
    };
    let news = feed(&doctor_of(ConstraintProfile::new("kl")), 900, falling);
    assert!(of_rule(&news, Rule::NeverSatisfied).is_none());
    let sometimes = |step: usize| {
        let error = if step.is_multiple_of(18) { 0.0 } else { 1.0 };
        Observation { error, ..violated(step) }
    };
    let news = feed(&doctor_of(ConstraintProfile::new("kl")), 900, sometimes);
    assert!(of_rule(&news, Rule::NeverSatisfied).is_none());
}

#[test]
fn an_equality_is_pinned_on_either_side_and_gets_a_wider_deadzone_instead_of_another_target() {
    let equal = ConstraintProfile { sense: Sense::Equal, ..ConstraintProfile::new("kl") };
    let low = |step| {
        let Observation { error, .. } = violated(step);
        Observation { error: -error, smoothed: -error, multiplier: -49.6, ..violated(step) }
    };
    let news = feed(&doctor_of(equal), 600, low);
    let wider = "constraints.kl.deadzone = 1.07 (now 0.02)";
    check_lines(found(&news, Rule::Pinned), &[wider, "raise the maximum"]);
    check_lines(found(&news, Rule::NeverSatisfied), &[wider, "tighten"]);
}
