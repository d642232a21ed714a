//! The tables of the reference specification: one constraint under each trick.

use homeostat_core::{Clock, Law, Metric};
use homeostat_multiplier::{
    DualConfig, DualDefaults, ErrorMode, MultiplierConfig, ResumeConfig, Schedule, Sense,
    SlopeConfig, Switch, Target,
};
use homeostat_normalize::NormalizerConfig;
use homeostat_testkit::golden::{close, load};
use serde::Deserialize;

use crate::engine::{letter, losses, step};
use crate::input;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/");

#[derive(Deserialize)]
struct Tricks {
    tolerance: f64,
    errors: Vec<f64>,
    trace: Vec<Trace>,
    resume: Resume,
}

#[derive(Deserialize)]
struct Trace {
    name: String,
    #[serde(default)]
    constraint: MultiplierConfig,
    smoothed: Option<Vec<f64>>,
    multipliers: Vec<f64>,
}

#[derive(Deserialize)]
struct Resume {
    settings: ResumeConfig,
    factors: Vec<f64>,
}

#[derive(Deserialize)]
struct Pause {
    tolerance: f64,
    value: f64,
    ease: Vec<f64>,
    multipliers: Vec<f64>,
    associations: Vec<f64>,
    paused: Vec<usize>,
    constraint: MultiplierConfig,
}

#[derive(Deserialize)]
struct Spike {
    tolerance: f64,
    values: Vec<f64>,
    gates: String,
    multipliers: Vec<f64>,
    constraint: MultiplierConfig,
}

/// An engine of one constraint with everything off that it does not set itself.
fn alone(constraint: MultiplierConfig) -> DualConfig {
    let dual = DualDefaults {
        rate: 0.1,
        smoothing: 1.0,
        deadzone: 0.0,
        leak: 0.0,
        spike: Switch::Off,
        pause: Switch::Off,
        slope: SlopeConfig::Raw,
        ..DualDefaults::default()
    };
    DualConfig { dual, constraints: [("one".to_owned(), constraint)].into(), ..Default::default() }
}

fn tricks() -> Tricks {
    load(format!("{FOLDER}tricks.toml"))
}

#[test]
fn every_trick_alone_has_the_published_trace() {
    let golden = tricks();
    for trace in golden.trace {
        let constraint = MultiplierConfig {
            target: Some(Target::Raw(Schedule::Fixed(0.0))),
            normalizer: Some(NormalizerConfig::None),
            error: Some(ErrorMode::Absolute),
            ..trace.constraint
        };
        let dual = alone(constraint).init().expect("legal");
        let mut state = dual.init_state();
        for (index, error) in golden.errors.iter().enumerate() {
            losses(&dual, &mut state, &[*error]);
            let one = state.constraint(0);
            let what = format!("{}, step {index}", trace.name);
            close(&what, one.multiplier(), trace.multipliers[index], 0.0, golden.tolerance);
            if let Some(smoothed) = &trace.smoothed {
                close(&what, one.smoothed_error(), smoothed[index], 0.0, golden.tolerance);
            }
        }
    }
}

#[test]
fn the_law_alone_is_the_same_machine_as_the_engine() {
    for trace in tricks().trace {
        if trace.constraint.sense == Sense::Eq {
            continue;
        }
        let law = MultiplierConfig {
            initial: Some(0.0),
            rate: trace.constraint.rate.or(Some(0.1)),
            maximum: trace.constraint.maximum.or(Some(50.0)),
            minimum: Some(0.0),
            ..trace.constraint.clone()
        };
        let law = law.init::<Metric>(Clock::default()).expect("legal");
        let constraint = MultiplierConfig {
            target: Some(Target::Raw(Schedule::Fixed(0.25))),
            normalizer: Some(NormalizerConfig::None),
            error: Some(ErrorMode::Absolute),
            ..trace.constraint
        };
        let dual = alone(constraint).init().expect("legal");
        let (mut alone, mut state) = (law.init(), dual.init_state());
        for error in [0.5, 0.3, -0.2, 0.01, -0.015, 0.6, 0.6, -0.4, -0.4, -0.4] {
            let weight = law.step(&mut alone, input(0.25 + error, Some(0.25))).expect("legal");
            losses(&dual, &mut state, &[0.25 + error]);
            assert_eq!(weight.get(), state.constraint(0).multiplier(), "{}", trace.name);
        }
    }
}

#[test]
fn the_rate_comes_back_after_a_resume_as_published() {
    let golden = tricks();
    let constraint = MultiplierConfig {
        target: Some(Target::Raw(Schedule::Fixed(0.0))),
        normalizer: Some(NormalizerConfig::None),
        rate: Some(1.0),
        resume: Some(golden.resume.settings),
        ..MultiplierConfig::default()
    };
    let dual = alone(constraint).init().expect("legal");
    let mut state = dual.init_state();
    losses(&dual, &mut state, &[1.0]);
    assert_eq!(state.constraint(0).multiplier(), 1.0, "the first start is no resume");
    dual.resume(&mut state);
    for factor in golden.resume.factors {
        let before = state.constraint(0).multiplier();
        losses(&dual, &mut state, &[1.0]);
        let change = state.constraint(0).multiplier() - before;
        close("factor", change, factor, 0.0, golden.tolerance);
    }
    assert_eq!(state.constraint(0).resume_updates(), None);
}

#[test]
fn the_pause_gate_has_the_published_trace() {
    let golden: Pause = load(format!("{FOLDER}pause.toml"));
    let dual = alone(golden.constraint).init().expect("legal");
    let mut state = dual.init_state();
    for (index, ease) in golden.ease.iter().enumerate() {
        let measurement = homeostat_multiplier::Measurement {
            ease: Some(*ease),
            ..homeostat_multiplier::Measurement::new(golden.value)
        };
        step(&dual, &mut state, &[Some(measurement)]);
        let one = state.constraint(0);
        let what = format!("step {index}");
        close(&what, one.multiplier(), golden.multipliers[index], 0.0, golden.tolerance);
        close(&what, one.association(), golden.associations[index], 0.0, golden.tolerance);
        assert_eq!(one.paused(), golden.paused.contains(&index), "step {index}");
    }
    assert_eq!(state.constraint(0).counters().pauses, 4);
}

#[test]
fn the_spike_gate_has_the_published_trace() {
    let golden: Spike = load(format!("{FOLDER}spike.toml"));
    let dual = alone(golden.constraint).init().expect("legal");
    let mut state = dual.init_state();
    for (index, (value, gate)) in golden.values.iter().zip(golden.gates.chars()).enumerate() {
        losses(&dual, &mut state, &[*value]);
        let one = state.constraint(0);
        assert_eq!(letter(one.gate()), gate, "step {index}");
        let what = format!("step {index}");
        close(&what, one.multiplier(), golden.multipliers[index], 0.0, golden.tolerance);
    }
    let counters = state.constraint(0).counters();
    assert_eq!((counters.spikes, counters.regimes), (4, 1));
}
