//! Rules about what no small loop can do by itself: each speaks on a made-up stream, and is silent just
//! below its threshold or without its inputs.

use homeostat_telemetry::{
    Change, ConstraintProfile, Drift, DriftReading, FamilyProfile, Finding, Gate, NormalizerKind,
    Observation, Rule, RunProfile, Sense, StepObservation, Subject,
};
use homeostat_testkit::Splitmix;

use crate::{calm, check_lines, doctor, doctor_of, feed, found, lines, of_rule, violated, watch};

/// What is told of the run, with the given numbers of a step.
fn of_steps(
    profile: RunProfile,
    observation: Observation,
    mut of_the_step: impl FnMut(usize) -> StepObservation,
) -> Vec<Finding> {
    let doctor = doctor(profile);
    watch(&doctor, &mut doctor.init_state(), 900, |step| (observation, of_the_step(step)))
}

fn one() -> RunProfile {
    RunProfile::new(vec![ConstraintProfile::new("kl")])
}

#[test]
fn a_starved_task_is_found_after_a_hundred_steps_above_the_ratio() {
    let starving =
        |ratio| move |_| StepObservation { starvation: Some(ratio), ..StepObservation::default() };
    let family = FamilyProfile { name: "grammar".to_owned(), budget: 60.0, proportional: false };
    let member = ConstraintProfile { family: Some(0), weight: 0.5, ..ConstraintProfile::new("kl") };
    let profile = RunProfile { families: vec![family], ..RunProfile::new(vec![member]) };
    let pushing = Observation { multiplier: 40.0, effective: 20.0, ..calm(0) };
    let news = of_steps(profile, pushing, starving(20.0));
    let finding = found(&news, Rule::StarvedTask);
    assert_eq!((finding.since, &finding.subject), (100, &Subject::Run));
    check_lines(
        finding,
        &[
            "constraints.kl.maximum = 20.0 (now 50.0)",
            "constraints.kl.weight = 0.25 (now 0.5)",
            "families.grammar.budget = 20.0 (now 60.0)",
        ],
    );
    assert!(of_rule(&of_steps(one(), pushing, starving(10.0)), Rule::StarvedTask).is_none());
    let often = |step: usize| starving(if step % 100 == 50 { 1.0 } else { 20.0 })(step);
    assert!(of_rule(&of_steps(one(), pushing, often), Rule::StarvedTask).is_none());
}

#[test]
fn a_task_that_gets_worse_while_everything_is_satisfied_is_starved_too() {
    let mut random = Splitmix(5);
    let mut rising = move |step: usize| StepObservation {
        task_loss: Some(1.0 + 1e-3 * step as f64 + random.between(-0.1, 0.1)),
        ..StepObservation::default()
    };
    let news = of_steps(one(), calm(0), &mut rising);
    check_lines(
        found(&news, Rule::StarvedTask),
        &["constraints.kl.maximum = 0.5 (now 50.0)", "constraints.kl.weight = 0.5 (now 1.0)"],
    );
    // Nothing pushes: the task has got worse for another reason.
    let idle = Observation { multiplier: 0.0, effective: 0.0, ..calm(0) };
    assert!(of_rule(&of_steps(one(), idle, &mut rising), Rule::StarvedTask).is_none());
    // Not everything is satisfied: the price is still to be paid.
    assert!(of_rule(&of_steps(one(), violated(0), rising), Rule::StarvedTask).is_none());
    let hard = ConstraintProfile { hard: true, ..ConstraintProfile::new("kl") };
    let steady =
        |step: usize| StepObservation { task_loss: Some(step as f64), ..Default::default() };
    let news = of_steps(RunProfile::new(vec![hard]), calm(0), steady);
    check_lines(found(&news, Rule::StarvedTask), &["every constraint that pushes is hard"]);
}

#[test]
fn a_pause_is_wireheading_and_so_are_a_gap_to_the_strict_value_and_a_shrinking_denominator() {
    let ranked = ConstraintProfile {
        normalizer: NormalizerKind::Rank,
        window: Some(500),
        ..ConstraintProfile::new("kl")
    };
    let jitter = "constraints.kl.normalizer.rank.jitter = 0.25 (now 0.0)";
    let advice = ["freeze the multiplier for 200 steps", "look at the ease"];
    let check = |stream: &mut dyn FnMut(usize) -> Observation| {
        let rolling = |step| Observation { rolling: true, ..stream(step) };
        let news = feed(&doctor_of(ranked.clone()), 600, rolling);
        let finding = found(&news, Rule::Wireheading);
        check_lines(finding, &[jitter, advice[0], advice[1]]);
        finding.clone()
    };
    let paused = |step: usize| {
        let multiplier = 1.0 + 0.01 * step as f64;
        let gate = if step == 250 { Gate::Paused } else { Gate::Deadzone };
        Observation { multiplier, ease: Some(0.1 * multiplier), gate, ..calm(0) }
    };
    let finding = check(&mut { paused });
    let association = finding.evidence("correlation of multiplier and ease").expect("evidence");
    assert!((association - 1.0).abs() < 1e-9, "{association}");

    let mut random = Splitmix(9);
    let mut gap = |step: usize| Observation {
        raw: 0.1 - 1e-4 * step as f64 + random.between(-0.01, 0.01),
        strict: Some(0.1 + 1e-5 * step as f64),
        ..calm(0)
    };
    let finding = check(&mut gap);
    assert!(finding.evidence("t of the loss").is_some_and(|t| t < -4.0), "{finding}");
    let denominator = |fall: f64| {
        move |step: usize| Observation { denominator: Some(100.0 - fall * step as f64), ..calm(0) }
    };
    let finding = check(&mut denominator(0.1));
    let change = finding.evidence("relative change of the denominator").expect("evidence");
    assert!((-0.4..-0.2).contains(&change), "{change}");

    let silent = |stream: &mut dyn FnMut(usize) -> Observation| {
        let news = feed(&doctor_of(ranked.clone()), 600, stream);
        assert!(of_rule(&news, Rule::Wireheading).is_none());
    };
    silent(&mut denominator(0.03));
    silent(&mut |step: usize| Observation {
        raw: 0.1 - 1e-4 * step as f64,
        strict: Some(0.1 - 2e-4 * step as f64),
        ..calm(0)
    });
    // A frozen reference needs no random window. And a constraint of the other sense may rise.
    let news = feed(&doctor_of(ranked.clone()), 600, denominator(0.1));
    check_lines(found(&news, Rule::Wireheading), &advice);
    let lower = ConstraintProfile { sense: Sense::AtLeast, ..ConstraintProfile::new("kl") };
    let news = feed(&doctor_of(lower), 600, |step: usize| Observation {
        raw: 0.1 + 1e-3 * step as f64,
        strict: Some(0.1),
        ..calm(0)
    });
    check_lines(found(&news, Rule::Wireheading), &advice);
}

#[test]
fn gradients_that_oppose_each_other_are_a_conflict() {
    let steps = |cosine: Option<f64>, share: Option<f64>| {
        move |step: usize| {
            let given = step.is_multiple_of(10);
            StepObservation {
                mean_cosine: cosine.filter(|_| given),
                conflict_share: share.filter(|_| given),
                ..StepObservation::default()
            }
        }
    };
    let light = ConstraintProfile { weight: 0.5, ..ConstraintProfile::new("kl") };
    let with = |surgery: Option<&str>| RunProfile {
        surgery: surgery.map(str::to_owned),
        ..RunProfile::new(vec![light.clone(), ConstraintProfile::new("entropy")])
    };
    let relax = "constraints.kl.target = { raw = 0.14 } (now 0.1)";
    for (surgery, first) in [
        (None, relax),
        (Some("pcgrad"), "surgery = \"upgrad\" (now \"pcgrad\")"),
        (Some("cagrad"), "surgery = \"upgrad\" (now \"cagrad\")"),
        (Some("upgrad"), "surgery = \"dualproj\" (now \"upgrad\")"),
        (Some("dualproj"), relax),
    ] {
        let news = of_steps(with(surgery), calm(0), steps(Some(-0.3), None));
        assert_eq!(lines(found(&news, Rule::Conflict))[0], first);
    }
    let news = of_steps(with(None), calm(0), steps(None, Some(0.6)));
    assert_eq!(lines(found(&news, Rule::Conflict))[0], relax);
    for (cosine, share) in [(Some(-0.2), Some(0.5)), (None, None)] {
        assert!(
            of_rule(&of_steps(with(None), calm(0), steps(cosine, share)), Rule::Conflict).is_none()
        );
    }
}

#[test]
fn a_family_that_is_at_its_budget_most_of_the_time_gets_more_or_another_mode() {
    let profile = |proportional| {
        let member =
            |name: &str| ConstraintProfile { family: Some(0), ..ConstraintProfile::new(name) };
        let family = FamilyProfile { name: "grammar".to_owned(), budget: 8.0, proportional };
        RunProfile {
            families: vec![family],
            ..RunProfile::new(vec![member("cfs"), member("graph")])
        }
    };
    let run = |proportional, every: usize| {
        let doctor = doctor(profile(proportional));
        let mut state = doctor.init_state();
        let mut news = Vec::new();
        for step in 0..900 {
            for constraint in 0..2 {
                let at_budget = constraint == 1 && step % 10 < every;
                let observation = Observation { at_budget, multiplier: 2.0, ..calm(constraint) };
                doctor.observe(&mut state, &observation).expect("legal");
            }
            news.extend(doctor.step(&mut state, &StepObservation::default()));
        }
        news
    };
    let news = run(false, 6);
    let finding = found(&news, Rule::BudgetBound);
    assert_eq!(finding.subject, Subject::Family("grammar".to_owned()));
    check_lines(
        finding,
        &["families.grammar.budget = 12.0 (now 8.0)", "families.grammar.mode = \"proportional\""],
    );
    check_lines(found(&run(true, 6), Rule::BudgetBound), &["families.grammar.budget"]);
    assert!(of_rule(&run(false, 5), Rule::BudgetBound).is_none());
}

#[test]
fn drift_is_what_the_detectors_say() {
    let reading = |statistic| Some(DriftReading { statistic, critical: 0.2 });
    let told = |drift: Drift, rolling: bool| {
        let profile = ConstraintProfile {
            normalizer: NormalizerKind::AutoRank,
            window: Some(5000),
            slope_limited: !rolling,
            ..ConstraintProfile::new("kl")
        };
        let doctor = doctor_of(profile);
        let mut state = doctor.init_state();
        doctor.drift(&mut state, 0, drift).expect("there is one");
        watch(&doctor, &mut state, 300, |_| {
            (Observation { rolling, ..calm(0) }, StepObservation::default())
        })
    };
    let smooth = "constraints.kl.slope = { limit = 1.05 }";
    let shifted = Drift { population_stability: reading(0.3), ..Drift::default() };
    let freeze = "constraints.kl.normalizer.auto.rank.reference = { frozen = { step = 5000 } }";
    check_lines(found(&told(shifted, true), Rule::Drift), &[freeze, smooth]);
    let apart = Drift { kolmogorov_smirnov: reading(0.21), ..Drift::default() };
    check_lines(found(&told(apart, false), Rule::Drift), &["constraints.kl.slope = \"frozen\""]);
    for silent in [
        Drift { page_hinkley: reading(0.3), ..Drift::default() },
        Drift { kolmogorov_smirnov: reading(0.2), ..Drift::default() },
        Drift { population_stability: reading(f64::NAN), ..Drift::default() },
        Drift { population_stability: reading(f64::INFINITY), ..Drift::default() },
    ] {
        assert!(of_rule(&told(silent, true), Rule::Drift).is_none());
    }
}

#[test]
fn measurements_that_are_not_finite_are_a_storm_above_one_in_a_hundred() {
    let every = |period: usize| {
        move |step: usize| {
            let raw = if step.is_multiple_of(period) { f64::NAN } else { 0.1 };
            Observation { raw, ..calm(0) }
        }
    };
    let doctor = doctor_of(ConstraintProfile::new("kl"));
    let news = feed(&doctor, 900, every(50));
    assert!(lines(found(&news, Rule::NonfiniteStorm))[0].contains("after 50 in a row"));
    assert!(of_rule(&feed(&doctor, 900, every(150)), Rule::NonfiniteStorm).is_none());
    let hidden = |step| Observation { smoothed: f64::INFINITY, ..every(50)(step) };
    assert!(of_rule(&feed(&doctor, 900, hidden), Rule::NonfiniteStorm).is_some());
}

#[test]
fn a_multiplier_that_is_frozen_too_often_gets_a_wider_spike_gate() {
    let frozen = |of_ten: usize| {
        move |step: usize| {
            let gate = match step % 10 {
                0 => Gate::Spike,
                rest if rest < of_ten => Gate::Frozen,
                _ => Gate::Deadzone,
            };
            Observation { gate, ..calm(0) }
        }
    };
    let doctor = doctor_of(ConstraintProfile::new("kl"));
    let news = feed(&doctor, 900, frozen(4));
    let expected = ["constraints.kl.spike.threshold = 12.0 (now 8.0)", "look at what produces"];
    check_lines(found(&news, Rule::StuckFreeze), &expected);
    assert!(of_rule(&feed(&doctor, 900, frozen(2)), Rule::StuckFreeze).is_none());
}

#[test]
fn decodes_without_a_valid_continuation_are_over_constraint() {
    let doctor = doctor_of(ConstraintProfile::new("cfs"));
    let stream = |rate: Option<f64>| {
        move |step: usize| {
            let invalid_rate = rate.filter(|_| step.is_multiple_of(10));
            Observation { invalid_rate, ..calm(0) }
        }
    };
    let news = feed(&doctor, 600, stream(Some(0.02)));
    let finding = found(&news, Rule::OverConstraint);
    assert!(matches!(&finding.remedy[0], Change::Advice(text) if text.contains("soft energy")));
    assert!(of_rule(&feed(&doctor, 600, stream(Some(0.01))), Rule::OverConstraint).is_none());
    assert!(of_rule(&feed(&doctor, 600, stream(None)), Rule::OverConstraint).is_none());
}
