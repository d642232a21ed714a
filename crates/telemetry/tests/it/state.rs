//! The memory: bounded, saved, loaded, and refused where it belongs to another run.

use homeostat_telemetry::{
    ConstraintProfile, Doctor, DoctorConfig, DoctorError, DoctorState, Drift, DriftReading,
    FamilyProfile, Finding, Gate, Observation, RunProfile, StepObservation,
};
use homeostat_testkit::Splitmix;
use proptest::prelude::*;

use crate::{calm, doctor};

fn profile() -> RunProfile {
    let member = |name: &str| ConstraintProfile { family: Some(0), ..ConstraintProfile::new(name) };
    let hard = ConstraintProfile { hard: true, ..ConstraintProfile::new("safety") };
    RunProfile {
        families: vec![FamilyProfile { name: "f".to_owned(), budget: 9.0, proportional: false }],
        surgery: None,
        constraints: vec![member("kl"), member("entropy"), hard],
    }
}

/// Numbers without sense, gates of every kind, faults.
fn noise(random: &mut Splitmix, constraint: usize) -> Observation {
    let fault = random.uniform() < 0.02;
    let optional = |random: &mut Splitmix| (random.uniform() < 0.5).then(|| random.uniform());
    Observation {
        raw: if fault { f64::NAN } else { random.between(-1.0, 1.0) },
        normalized: random.between(-1.0, 1.0),
        error: random.between(-0.1, 1.0),
        smoothed: random.between(-0.1, 1.0),
        multiplier: random.between(0.0, 50.0).min(49.9),
        maximum: 49.9,
        gate: Gate::from_code((random.uniform() * 9.0) as u8).unwrap_or_default(),
        strict: optional(random),
        ease: optional(random),
        denominator: optional(random),
        invalid_rate: optional(random),
        at_budget: random.uniform() < 0.6,
        ..calm(constraint)
    }
}

fn run(
    doctor: &Doctor,
    state: &mut DoctorState,
    random: &mut Splitmix,
    steps: usize,
) -> Vec<Finding> {
    let mut news = Vec::new();
    for _ in 0..steps {
        for constraint in 0..3 {
            doctor.observe(state, &noise(random, constraint)).expect("legal");
        }
        if random.uniform() < 0.1 {
            let reading = DriftReading { statistic: random.uniform(), critical: 0.5 };
            let drift = Drift { kolmogorov_smirnov: Some(reading), ..Drift::default() };
            doctor.drift(state, 1, drift).expect("there is one");
        }
        let step = StepObservation {
            task_loss: Some(random.uniform()),
            starvation: (random.uniform() < 0.2).then(|| random.between(9.0, 20.0)),
            mean_cosine: Some(random.between(-1.0, 0.5)),
            conflict_share: None,
        };
        news.extend(doctor.step(state, &step));
    }
    news
}

#[track_caller]
fn through_text(state: &DoctorState) -> DoctorState {
    let text = serde_json::to_string(state).expect("finite");
    let back = serde_json::from_str(&text).expect("what was written");
    assert_eq!(text, serde_json::to_string(&back).expect("finite"));
    back
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_doctor_that_was_saved_goes_on_as_if_it_had_never_stopped(
        seed in any::<u64>(), before in 0_usize..700, after in 1_usize..400,
    ) {
        let config = DoctorConfig { window: 128, minimum: 64, repeat: 150, every: 50,
            satisfaction: homeostat_telemetry::SatisfactionThresholds {
                count: 100, ..Default::default()
            }, ..DoctorConfig::default() };
        let doctor = config.init(profile()).expect("legal");
        let mut random = Splitmix(seed);
        let mut state = doctor.init_state();
        run(&doctor, &mut state, &mut random, before);
        let mut loaded = through_text(&state);
        prop_assert_eq!(&loaded, &state);
        prop_assert_eq!(doctor.check(&loaded), Ok(()));
        let news = run(&doctor, &mut state, &mut random.clone(), after);
        prop_assert_eq!(run(&doctor, &mut loaded, &mut random, after), news);
        prop_assert_eq!(doctor.examine(&loaded), doctor.examine(&state));
        prop_assert_eq!(&loaded, &state);
        prop_assert_eq!(state.steps(), (before + after) as u64);
    }
}

#[test]
fn what_is_refused_changes_nothing_and_what_is_missing_leaves_no_trace() {
    let doctor = doctor(profile());
    let mut state = doctor.init_state();
    let mut random = Splitmix(4);
    run(&doctor, &mut state, &mut random, 50);
    let before = state.clone();
    let error = doctor.observe(&mut state, &calm(3)).expect_err("there are three");
    assert_eq!(error, DoctorError::UnknownConstraint { index: 3, count: 3 });
    assert_eq!(error.to_string(), "an observation must name one of 3 constraints, got index 3");
    doctor.drift(&mut state, 7, Drift::default()).expect_err("there are three");
    for (field, observation) in [
        ("target", Observation { target: f64::NAN, ..calm(0) }),
        ("multiplier", Observation { multiplier: f64::INFINITY, ..calm(0) }),
        ("maximum", Observation { maximum: f64::INFINITY, ..calm(0) }),
        ("effective multiplier", Observation { effective: f64::NAN, ..calm(0) }),
        ("rate", Observation { rate: f64::NAN, ..calm(0) }),
        ("leak", Observation { leak: f64::NAN, ..calm(0) }),
        ("deadzone", Observation { deadzone: f64::NAN, ..calm(0) }),
        ("slope", Observation { slope: f64::NAN, ..calm(0) }),
    ] {
        let error = doctor.observe(&mut state, &observation).expect_err("not finite").to_string();
        assert!(error.starts_with(&format!("{field} must be finite, got ")), "{error}");
    }
    for gate in [Gate::Missing, Gate::Waiting] {
        doctor.observe(&mut state, &Observation { gate, ..calm(0) }).expect("legal");
    }
    assert_eq!(state, before);
}

#[test]
fn a_memory_of_another_run_is_refused() {
    let state = doctor(profile()).init_state();
    let fewer =
        RunProfile { families: vec![], ..RunProfile::new(vec![ConstraintProfile::new("kl")]) };
    let renamed = || {
        let mut renamed = profile();
        renamed.constraints[1].name = "other".to_owned();
        renamed
    };
    for other in [doctor(fewer), doctor(renamed())] {
        let error = other.check(&state).expect_err("another run").to_string();
        assert!(error.contains(r#"["kl", "entropy", "safety"]"#), "{error}");
    }
    let wide = DoctorConfig { window: 600, ..DoctorConfig::default() };
    let error = wide.init(profile()).expect("legal").check(&state).expect_err("another window");
    assert!(error.to_string().ends_with("with windows {512}"), "{error}");
}

#[test]
fn a_damaged_memory_is_not_loaded() {
    let doctor = doctor(RunProfile::new(vec![ConstraintProfile::new("kl")]));
    let mut state = doctor.init_state();
    doctor.observe(&mut state, &calm(0)).expect("legal");
    let good = serde_json::to_value(&state).expect("finite");
    let damage = |pointer: &str, value: serde_json::Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).expect("it is there") = value;
        serde_json::from_value::<DoctorState>(bad).expect_err("damaged").to_string()
    };
    let row = "/constraints/0/updates/items/0/2";
    assert!(damage(row, [9, 1, 0].as_slice().into()).contains("code of a gate must be 0 to 8"));
    assert!(damage(row, [0, 4, 0].as_slice().into()).contains("status must be 0 to 3"));
    let ring = "/constraints/0/updates/capacity";
    for capacity in [0_u64, 1 << 40] {
        assert!(damage(ring, capacity.into()).contains("a ring must have 1 to 1048576 places"));
    }
    doctor.observe(&mut state, &calm(0)).expect("legal");
    let mut full = serde_json::to_value(&state).expect("finite");
    full["constraints"][0]["updates"]["capacity"] = 1.into();
    let error = serde_json::from_value::<DoctorState>(full).expect_err("damaged").to_string();
    assert!(error.contains("got 2 values in 1 places"), "{error}");
    assert!(damage("/run/steps/capacity", "many".into()).contains("invalid type"));
    let mut more = good.clone();
    more["more"] = 1.into();
    serde_json::from_value::<DoctorState>(more).expect_err("an unknown field");
    serde_json::from_value::<DoctorState>(good).expect("undamaged");
}
