//! The messages are the note's, to the character.

use homeostat_ceiling::{
    Batch, Ceiling, CeilingConfig, CeilingState, CeilingTarget, Constraint, GoalsConfig, Outcome,
    Rejections,
};

use crate::{BATCHES, ceiling};

/// The lines of an epoch.
fn told(ceiling: &Ceiling, state: &mut CeilingState, values: &[f64], rejected: u64) -> String {
    let mut lines = Vec::new();
    ceiling.begin_epoch(state, &mut |event| lines.push(event.to_string()));
    for index in 0..BATCHES {
        let outcome = if index < rejected { Outcome::Rejected } else { Outcome::Accepted };
        let batch = Batch { values, minimum_score: Some(0.4), outcome: Some(outcome) };
        ceiling.observe(state, batch).expect("as many values as goals");
    }
    ceiling.end_epoch(state, &mut |event| lines.push(event.to_string()));
    lines.join("\n")
}

#[test]
fn discovery_and_squeeze_are_told_as_in_the_note() {
    let ceiling = ceiling(&CeilingConfig::note());
    let mut state = ceiling.init_state();
    let values = [42358.2, 38921.5];
    assert_eq!(
        told(&ceiling, &mut state, &values, 0),
        "📊 Epoch 1: Initial calibration of all goal scales...\n\
         🔍 EPOCH 1 KL DISCOVERY:\n   \
            Max KL_core:   42,358.2\n   \
            Max KL_detail: 38,921.5\n   \
            Setting ceiling: 42,358.2\n   \
            ✓ KL ceiling will activate at start of epoch 2"
    );
    assert_eq!(told(&ceiling, &mut state, &values, 0), "");
    for line in [
        "🔽 KL ceiling squeezed to 13,000 nats (epoch 3)",
        "🔽 KL ceiling squeezed to 11,000 nats (epoch 4)",
        "🔽 KL ceiling squeezed to 9,500 nats (epoch 5)",
    ] {
        assert_eq!(told(&ceiling, &mut state, &values, 0), line);
    }
    let rejections = Rejections { accepted: 392, restored: 0, rejected: 3 };
    assert_eq!(rejections.to_string(), "Rollbacks: 3/395 (0.8%)");
    assert_eq!(Rejections::default().to_string(), "Rollbacks: 0/0 (0.0%)");
}

#[test]
fn backoff_limit_and_target_are_told() {
    let ceiling = ceiling(&CeilingConfig::note());
    let mut state = ceiling.init_state();
    for _ in 0..2 {
        told(&ceiling, &mut state, &[42358.2; 2], 0);
    }
    let lines = told(&ceiling, &mut state, &[42358.2; 2], 18);
    let backoff = "↩ Backoff: 18.0% of epoch 3 rejected, squeeze taken back, next by 0.5 of a step";
    assert!(lines.ends_with(backoff), "{lines}");
    let lines = told(&ceiling, &mut state, &[42358.2; 2], 7);
    assert!(lines.ends_with("   At limit: 7.0% of epoch 4 rejected"), "{lines}");
    let mut last = String::new();
    for _ in 0..30 {
        last = told(&ceiling, &mut state, &[42358.2; 2], 0);
        if last.contains("target") {
            break;
        }
    }
    assert!(last.contains("✓ KL ceiling at target (epoch "), "{last}");
    assert!(last.contains("   Unstable: mean S_min 0.400, nothing tightened"), "{last}");
}

#[test]
fn a_low_divergence_is_told_as_early_convergence_and_skips_the_schedule() {
    let early = ceiling(&CeilingConfig::note());
    let mut state = early.init_state();
    let lines = told(&early, &mut state, &[2800.0, 2000.0], 0);
    assert!(lines.contains("   ✓ KL_core already at target: 2,800"), "{lines}");
    let half = ceiling(&CeilingConfig::note());
    let mut state = half.init_state();
    for _ in 0..2 {
        told(&half, &mut state, &[12000.0; 2], 0);
    }
    let skipped = "   KL ceiling stays at 12,000 nats: no squeeze needed (epoch 3)";
    assert_eq!(told(&half, &mut state, &[12000.0; 2], 0), skipped);
    let squeezed = "🔽 KL ceiling squeezed to 11,000 nats (epoch 4)";
    assert_eq!(told(&half, &mut state, &[12000.0; 2], 0), squeezed);
}

#[test]
fn ceilings_of_their_own_are_told_one_by_one_and_an_explosion_is_a_warning() {
    let goals = vec!["kl_core".to_owned(), "kl_detail".to_owned()];
    let target = CeilingTarget::Relative(0.2);
    let config = CeilingConfig { goals, explosion: Some(50.0), ..CeilingConfig::new(target) };
    let ceiling = ceiling(&config);
    let mut state = ceiling.init_state();
    let lines = told(&ceiling, &mut state, &[60.0, 40.0], 0);
    assert!(lines.contains("Setting ceiling: KL_core 66.00, KL_detail 44.00"), "{lines}");
    let warning = "⚠️  WARNING: KL_core ceiling 66 is above 50: the squeeze will be steep";
    assert!(lines.ends_with(warning), "{lines}");
    told(&ceiling, &mut state, &[60.0, 40.0], 0);
    assert_eq!(
        told(&ceiling, &mut state, &[60.0, 40.0], 0),
        "🔽 KL_core ceiling squeezed to 57.20 nats (epoch 3)\n\
         🔽 KL_detail ceiling squeezed to 38.13 nats (epoch 3)"
    );
    let empty = told(&ceiling, &mut ceiling.init_state(), &[f64::NAN; 2], 0);
    assert!(empty.ends_with("no finite KL was measured, the next epoch tries again"), "{empty}");
}

#[test]
fn a_box_violation_of_the_calibration_is_told_as_in_the_note() {
    let mut config = GoalsConfig::small();
    config.calibration.batches = 2;
    let upper = Some(45000.0);
    let kl = Constraint::BoxAsymmetric { lower: 100.0, upper, healthy: 3000.0 };
    config.goals.insert("kl_detail".to_owned(), kl);
    let goals = config.init().expect("legal");
    let mut state = goals.init_state();
    for value in [128.0, 63163.0] {
        let mut measured = vec![1.5; goals.len()];
        measured[goals.index("kl_core").expect("a goal")] = 1.2;
        measured[goals.index("kl_detail").expect("a goal")] = value;
        goals.calibrate(&mut state, &measured).expect("as many");
    }
    // A ceiling that moves later is compared with nothing.
    let moved =
        Constraint::BoxAsymmetric { lower: 100.0, upper: Some(90.0 * 1e3), healthy: 3000.0 };
    let place = goals.index("kl_detail").expect("a goal");
    goals.set_constraint(&mut state, place, moved).expect("legal");
    let lines: Vec<String> = goals.box_violations(&state).map(|one| one.to_string()).collect();
    assert_eq!(lines, ["kl_detail: init [128, 63163] outside BOX [100, 45000]"]);
}
