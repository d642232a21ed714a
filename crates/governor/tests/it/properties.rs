//! What holds for any sequence of readings.

use homeostat_core::{Clock, Law};
use homeostat_governor::{
    Governor, GovernorConfig, GovernorState, OnViolation, UpdateRatioMeasure,
};
use proptest::prelude::*;

use crate::{Step, step};

/// A number of any size the quantities admit, and of either sign where `signed`.
fn number(signed: bool) -> impl Strategy<Value = Option<f64>> {
    let low = if signed { -1.0 } else { 0.0 };
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(0.0)),
        6 => (low..1.0f64).prop_map(Some),
        2 => (low..1.0f64, -300i32..308).prop_map(|(part, power)| Some(part * 10f64.powi(power))),
        1 => Just(Some(f64::MAX)),
        1 => Just(Some(if signed { f64::MIN } else { f64::MIN_POSITIVE })),
    ]
}

fn readings() -> impl Strategy<Value = Step> {
    (number(true), number(false), number(false), number(false), number(true), 0u64..3).prop_map(
        |(loss, gradient, parameters, update, information, faults)| Step {
            loss,
            gradient,
            parameters,
            update,
            update_rate: None,
            information,
            faults: faults.saturating_sub(1),
        },
    )
}

fn sequence() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(readings(), 1..150)
}

fn mended() -> impl Strategy<Value = GovernorConfig> {
    let on_violation =
        prop::sample::select(vec![OnViolation::Shrink, OnViolation::Hold, OnViolation::Raise]);
    let measure =
        prop::sample::select(vec![UpdateRatioMeasure::Measured, UpdateRatioMeasure::Gradient]);
    (on_violation, measure, 1u64..5, 0u64..4, 1u64..4, 1u64..4, any::<bool>()).prop_map(
        |(on_violation, update_ratio_measure, window, warmup, stable, unstable, limits)| {
            GovernorConfig {
                on_violation,
                update_ratio_measure,
                window: window as f64,
                grounding_warmup: warmup,
                stable_patience: stable,
                unstable_patience: unstable,
                plateau_patience: 4,
                fault_cooldown: 2,
                maximum_update_ratio: limits.then_some(1e-3),
                maximum_velocity: limits.then_some(1e-2),
                ..GovernorConfig::new(1e-3, 1e-2)
            }
        },
    )
}

fn any_rules() -> impl Strategy<Value = GovernorConfig> {
    let parity = (1u64..4).prop_map(|window| GovernorConfig {
        window: window as f64,
        ..GovernorConfig::parity(1e-3, 1e-2)
    });
    prop_oneof![3 => mended(), 1 => parity]
}

fn start(config: &GovernorConfig) -> (Governor, GovernorState) {
    let governor = config.init(Clock::default()).expect("legal");
    let state = governor.init();
    (governor, state)
}

/// Every number in saved memory, as JSON sees it: a number that is not finite would be a null.
#[track_caller]
fn check_finite(state: &GovernorState) {
    let saved = serde_json::to_value(state).expect("plain data");
    let nulls = |value: &serde_json::Value| match value {
        serde_json::Value::Object(fields) => {
            fields.values().filter(|field| field.is_null()).count()
        }
        _ => 0,
    };
    // The two fields that may be absent are the best average and the last rate.
    for (name, field) in saved.as_object().expect("a struct") {
        let optional = ["best", "applied"].contains(&name.as_str());
        assert!(optional || !field.is_null(), "{name} is not finite");
        assert_eq!(nulls(field), 0, "{name} holds a number that is not finite");
    }
    let loaded: GovernorState = serde_json::from_value(saved).expect("what was saved");
    let text = |state: &GovernorState| serde_json::to_string(state).expect("plain data");
    assert_eq!(text(&loaded), text(state));
}

proptest! {
    #[test]
    fn the_rate_stays_between_minimum_and_maximum(config in any_rules(), steps in sequence()) {
        let (governor, mut state) = start(&config);
        for readings in steps {
            let rate = step(&governor, &mut state, readings);
            prop_assert!((config.minimum..=config.maximum).contains(&rate), "{}", rate);
        }
    }

    #[test]
    fn a_fault_never_raises_the_rate(config in mended(), steps in sequence()) {
        let (governor, mut state) = start(&config);
        let mut before = config.initial.expect("given");
        for readings in steps {
            let rate = step(&governor, &mut state, readings);
            prop_assert!(readings.faults == 0 || rate <= before, "{} after {}", rate, before);
            before = rate;
        }
    }

    /// Stronger than "a refused step changes nothing": `step` here panics where one is refused.
    #[test]
    fn no_reading_is_refused_and_the_memory_stays_finite(
        config in any_rules(), steps in sequence(),
    ) {
        let (governor, mut state) = start(&config);
        for (index, readings) in steps.into_iter().enumerate() {
            step(&governor, &mut state, readings);
            if index % 64 == 0 {
                check_finite(&state);
            }
        }
        check_finite(&state);
    }

    #[test]
    fn the_unit_of_the_loss_does_not_matter(
        losses in prop::collection::vec(-1.0..3.0f64, 1..200), power in -10i32..=10,
    ) {
        let (governor, mut state) = start(&GovernorConfig::new(1e-3, 1e-2));
        let mut scaled = governor.init();
        let scale = 10f64.powi(power);
        for loss in losses {
            let rate = step(&governor, &mut state, Step::loss(loss));
            prop_assert_eq!(step(&governor, &mut scaled, Step::loss(scale * loss)), rate);
        }
    }

    #[test]
    fn the_velocity_limit_holds_at_every_step(
        gradients in prop::collection::vec(0.0..1e3f64, 1..100),
    ) {
        let config = GovernorConfig {
            minimum: 1e-9, maximum_velocity: Some(1e-4), ..GovernorConfig::new(1e-3, 1e-2)
        };
        let (governor, mut state) = start(&config);
        for gradient in gradients {
            let readings = Step { gradient: Some(gradient), ..Step::loss(1.0) };
            let rate = step(&governor, &mut state, readings);
            prop_assert!(rate * gradient <= 1e-4 * (1.0 + 1e-12), "{} · {}", rate, gradient);
        }
    }

    #[test]
    fn the_report_s_rule_is_what_remains_without_decisions(
        gradients in prop::collection::vec(0.0..1e3f64, 1..100),
    ) {
        // η = min(η_max, v_max / (‖∇‖ + ε)): no loss is read, so nothing is ever decided.
        let config = GovernorConfig {
            minimum: 1e-9, maximum_velocity: Some(1e-4), ..GovernorConfig::new(1e-2, 1e-2)
        };
        let (governor, mut state) = start(&config);
        for gradient in gradients {
            let readings = Step { gradient: Some(gradient), ..Step::default() };
            let rate = step(&governor, &mut state, readings);
            prop_assert_eq!(rate, f64::min(1e-2, 1e-4 / (gradient + 1e-12)));
        }
    }
}
