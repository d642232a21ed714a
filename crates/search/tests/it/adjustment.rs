//! The rule-based adjustment, and the defect that it repairs.

use homeostat_search::{Adjustment, AdjustmentConfig, AdjustmentState, Tighter, VariableConfig};
use proptest::prelude::*;

fn rule(target: VariableConfig) -> Adjustment {
    AdjustmentConfig { every: 4, ..AdjustmentConfig::new(target, 0.5) }.init().expect("legal")
}

/// The target after so many equal errors under the scale 0.1.
fn after(rule: &Adjustment, error: f64, count: usize) -> f64 {
    let mut state = rule.init_state();
    for _ in 0..count {
        rule.observe(&mut state, error, 0.1);
    }
    state.target()
}

/// Multiplying by 1.1 or 0.9 and clamping to 0.01 … 1, a target of 0 jumped to 0.01 and a negative one
/// moved the wrong way.
#[test]
fn defect_16_a_target_of_0_and_a_negative_one_move_by_steps_of_the_scale() {
    let soft = |start| rule(VariableConfig::new(-1.0, 1.0, start));
    for start in [0.0, -0.5, 0.5] {
        assert!((after(&soft(start), 0.3, 4) - (start + 0.05)).abs() < 1e-12);
        assert!((after(&soft(start), -0.3, 4) - (start - 0.05)).abs() < 1e-12);
        assert_eq!(after(&soft(start), 0.05, 40), start, "between the thresholds it stays");
    }
}

/// Every constraint, even safety, got looser where it was violated.
#[test]
fn defect_16_a_hard_target_is_never_loosened() {
    for (tighter, sign) in [(Tighter::Down, 1.0), (Tighter::Up, -1.0)] {
        let mut target = VariableConfig::new(0.0, 1.0, 0.5);
        (target.tighten_only, target.tighter) = (true, tighter);
        assert_eq!(after(&rule(target), 1e6, 400), 0.5);
        let tightened = after(&rule(target), -1.0, 4);
        assert!((tightened - (0.5 - sign * 0.05)).abs() < 1e-12);
        // A soft one follows.
        target.tighten_only = false;
        assert!((after(&rule(target), 1.0, 4) - (0.5 + sign * 0.05)).abs() < 1e-12);
    }
}

#[test]
fn a_target_stops_at_its_bounds() {
    let rule = rule(VariableConfig::new(0.0, 0.12, 0.05));
    assert_eq!(after(&rule, 1.0, 40), 0.12);
    assert_eq!(after(&rule, -1.0, 40), 0.0);
}

#[test]
fn the_decision_is_about_the_mean_of_a_whole_period() {
    let rule = rule(VariableConfig::new(0.0, 1.0, 0.5));
    let mut state = rule.init_state();
    for error in [2.0, -1.0, f64::NAN, -1.0, f64::INFINITY] {
        assert_eq!(rule.observe(&mut state, error, 0.1), None);
    }
    // The fourth number: the mean is 0.2, above 0.1; a new period begins.
    let moved = rule.observe(&mut state, 0.8, 0.1).expect("a decision");
    assert!((moved.from - 0.5).abs() < 1e-12 && (moved.to - 0.55).abs() < 1e-12);
    for _ in 0..3 {
        assert_eq!(rule.observe(&mut state, 9.0, 0.1), None);
    }
    assert!(rule.observe(&mut state, 9.0, 0.1).is_some());
}

#[test]
fn a_useless_scale_moves_nothing() {
    let rule = rule(VariableConfig::new(0.0, 1.0, 0.5));
    for scale in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
        let mut state = rule.init_state();
        for _ in 0..8 {
            assert_eq!(rule.observe(&mut state, 1.0, scale), None);
        }
        assert_eq!(state.target(), 0.5);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_hard_target_only_tightens_a_soft_one_stays_in_range_and_both_resume(
        errors in prop::collection::vec(prop_oneof![-3.0..3.0, Just(f64::NAN), Just(1e308)], 1..60),
        scales in prop::collection::vec(prop_oneof![0.0..3.0, Just(f64::NAN), Just(1e308)], 60),
        up in any::<bool>(),
        only in any::<bool>(),
    ) {
        let mut target = VariableConfig::new(-1.0, 1.0, 0.25);
        target.tighter = if up { Tighter::Up } else { Tighter::Down };
        target.tighten_only = only;
        let rule = rule(target);
        let mut state = rule.init_state();
        for (error, scale) in errors.into_iter().zip(scales) {
            let before = state.target();
            let text = serde_json::to_string(&state).expect("finite numbers");
            let mut loaded: AdjustmentState = serde_json::from_str(&text).expect("what was saved");
            rule.observe(&mut loaded, error, scale);
            rule.observe(&mut state, error, scale);
            prop_assert_eq!(&loaded, &state);
            prop_assert!((-1.0..=1.0).contains(&state.target()));
            if only {
                let after = state.target();
                let tighter = if up { after >= before } else { after <= before };
                prop_assert!(tighter);
            }
        }
    }
}
