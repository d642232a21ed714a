//! One function per theorem, over streams of any numbers.

use std::collections::HashMap;

use homeostat_telemetry::{
    Change, ConstraintProfile, DoctorConfig, Drift, DriftReading, FamilyProfile, Finding, Gate,
    NormalizerKind, NormalizerStatus, Observation, Rule, RunProfile, Sense, Space, StepObservation,
    Subject,
};
use proptest::prelude::*;

const SCALES: [f64; 9] = [0.0, 1e-300, 1e-10, 1e-3, 1.0, 1e3, 1e15, 1e300, f64::MAX / 10.0];

fn value() -> impl Strategy<Value = f64> {
    (prop::sample::select(SCALES.to_vec()), -10.0..10.0).prop_map(|(scale, factor)| scale * factor)
}

/// Also what is not finite.
fn measurement() -> impl Strategy<Value = f64> {
    prop_oneof![20 => value(), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)]
}

fn optional() -> impl Strategy<Value = Option<f64>> {
    prop::option::of(measurement())
}

fn observation() -> impl Strategy<Value = Observation> {
    let measured = (measurement(), measurement(), measurement(), measurement());
    let controller = (value(), value(), value(), value(), value(), value(), value(), value());
    let optional = (optional(), optional(), optional(), optional());
    let codes = (0_u8..9, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (measured, controller, optional, codes).prop_map(|(measured, controller, optional, codes)| {
        Observation {
            raw: measured.0,
            normalized: measured.1,
            error: measured.2,
            smoothed: measured.3,
            target: controller.0,
            multiplier: controller.1,
            maximum: controller.2,
            effective: controller.3,
            rate: controller.4,
            leak: controller.5,
            deadzone: controller.6,
            slope: controller.7,
            strict: optional.0,
            ease: optional.1,
            denominator: optional.2,
            invalid_rate: optional.3,
            gate: Gate::from_code(codes.0).unwrap_or_default(),
            leak_always: codes.1,
            at_budget: codes.2,
            rolling: codes.3,
            space: if codes.4 { Space::Raw } else { Space::Normalized },
            normalizer: NormalizerStatus::Ok,
            ..Observation::new(0)
        }
    })
}

fn step() -> impl Strategy<Value = StepObservation> {
    (optional(), optional(), optional(), optional()).prop_map(|given| StepObservation {
        task_loss: given.0,
        starvation: given.1,
        mean_cosine: given.2,
        conflict_share: given.3,
    })
}

fn constraint() -> impl Strategy<Value = ConstraintProfile> {
    let sense = prop::sample::select(vec![Sense::AtMost, Sense::AtLeast, Sense::Equal]);
    let kind = prop::sample::select(vec![NormalizerKind::Rank, NormalizerKind::None]);
    (sense, kind, any::<bool>()).prop_map(|(sense, normalizer, hard)| ConstraintProfile {
        sense,
        normalizer,
        hard,
        window: Some(50),
        family: Some(0),
        ..ConstraintProfile::new("kl")
    })
}

/// Thresholds that let everything pass, in a short window: as many findings as there can be.
fn eager() -> DoctorConfig {
    let text = "window = 64\nminimum = 32\nevery = 8\nrepeat = 24\nsatisfaction.count = 20\n\
                oscillation = { crossings = 1, autocorrelation = 0.0, trough = 0.0, spread = 1e-9 }\n\
                satisfaction.never = 1.0\nstarvation = { steps = 1, trend = 0.1, satisfaction = 0.0 }\n\
                wireheading.trend = 0.1\nidle = { share = 0.0, satisfaction = 0.0 }\n\
                level_blind = { mean = 1e300, trend = 1e-9 }\nconflict.count = 1\nbudget.share = 0.1";
    toml::from_str(text).expect("legal")
}

/// A short stream of any numbers, over and over.
fn tell(
    constraint: &ConstraintProfile,
    observations: &[Observation],
    steps: &[StepObservation],
) -> Vec<(u64, Finding)> {
    let profile = RunProfile {
        constraints: vec![constraint.clone()],
        families: vec![FamilyProfile { name: "f".to_owned(), budget: 1.0, proportional: false }],
        surgery: None,
    };
    let doctor = eager().init(profile).expect("legal");
    let mut state = doctor.init_state();
    let reading = Some(DriftReading { statistic: 1.0, critical: 0.5 });
    let drift = Drift { population_stability: reading, ..Drift::default() };
    doctor.drift(&mut state, 0, drift).expect("there is one");
    let mut told = Vec::new();
    for index in 0..120 {
        let observation = &observations[index % observations.len()];
        doctor.observe(&mut state, observation).expect("legal");
        let news = doctor.step(&mut state, &steps[index % steps.len()]);
        told.extend(news.into_iter().map(|finding| (state.steps(), finding)));
    }
    told
}

fn streams() -> impl Strategy<Value = (Vec<Observation>, Vec<StepObservation>)> {
    (prop::collection::vec(observation(), 1..70), prop::collection::vec(step(), 1..70))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_measured_every_number_in_a_finding_is_finite_and_every_change_is_toml(
        constraint in constraint(), (observations, steps) in streams(),
    ) {
        for (_, finding) in tell(&constraint, &observations, &steps) {
            prop_assert!(!finding.remedy.is_empty(), "{}", finding);
            for (name, value) in &finding.evidence {
                prop_assert!(value.is_finite(), "{} of {}", name, finding);
            }
            for change in finding.changes() {
                if let Change::Set { key, value, .. } = change {
                    let line = format!("{key} = {value}");
                    prop_assert!(line.parse::<toml::Table>().is_ok(), "{}", line);
                    prop_assert!(!value.contains("inf") && !value.contains("NaN"), "{}", line);
                }
            }
        }
    }

    #[test]
    fn no_finding_is_told_twice_within_the_interval(
        constraint in constraint(), (observations, steps) in streams(),
    ) {
        let mut last: HashMap<(u8, String), u64> = HashMap::new();
        for (step, finding) in tell(&constraint, &observations, &steps) {
            prop_assert!(finding.since <= step);
            let key = (finding.rule as u8, format!("{:?}", finding.subject));
            if let Some(before) = last.insert(key, step) {
                prop_assert!(step - before >= 24, "{} after {}", step, before);
            }
        }
    }

    #[test]
    fn a_hard_constraint_is_never_loosened(
        constraint in constraint(), (observations, steps) in streams(),
    ) {
        let hard = ConstraintProfile { hard: true, ..constraint };
        let side = match hard.sense {
            Sense::AtMost => 1.0,
            Sense::AtLeast => -1.0,
            Sense::Equal => 0.0,
        };
        for (_, finding) in tell(&hard, &observations, &steps) {
            for change in finding.changes() {
                let Change::Set { key, present, .. } = change else { continue };
                prop_assert!(!key.ends_with("deadzone"), "{}", change);
                // R13 proposes a target in another unit.
                if key.ends_with("target") && finding.rule != Rule::LevelBlind {
                    let now: f64 = present.as_ref().and_then(|now| now.parse().ok()).expect("known");
                    let proposed = change.number().expect("a number");
                    prop_assert!(side * (proposed - now) <= 1e-9 * now.abs(), "{}", finding);
                }
            }
        }
    }

    #[test]
    fn constraints_do_not_see_each_other(
        constraint in constraint(), (observations, _) in streams(), (others, _) in streams(),
    ) {
        let alone = ConstraintProfile { family: None, ..constraint };
        let other = ConstraintProfile::new("other");
        let step = StepObservation::default();
        let tell = |second: bool, first: usize| {
            let mut constraints = vec![alone.clone()];
            if second {
                constraints.insert(1 - first, other.clone());
            }
            let profile = RunProfile::new(constraints);
            let doctor = eager().init(profile).expect("legal");
            let mut state = doctor.init_state();
            let mut told = Vec::new();
            for index in 0..120 {
                let one = &observations[index % observations.len()];
                doctor.observe(&mut state, &Observation { constraint: first, ..*one }).expect("legal");
                if second {
                    let two = &others[index % others.len()];
                    let two = Observation { constraint: 1 - first, ..*two };
                    doctor.observe(&mut state, &two).expect("legal");
                }
                told.extend(doctor.step(&mut state, &step));
            }
            told.retain(|finding| finding.subject == Subject::Constraint("kl".to_owned()));
            told
        };
        let expected = tell(false, 0);
        prop_assert_eq!(&tell(true, 0), &expected);
        prop_assert_eq!(&tell(true, 1), &expected);
    }
}
