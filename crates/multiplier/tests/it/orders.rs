//! The calls of the four orders, number by number.

use homeostat_multiplier::Gate;
use homeostat_normalize::{NormalizerConfig, RankConfig};

use crate::engine::{PLAIN, engine, losses, multipliers};

fn ranked(order: &str) -> homeostat_multiplier::Dual {
    engine(&format!(
        "{PLAIN}order = \"{order}\"\n[constraints.one]\ntarget = {{ normalized = 0.0 }}\n\
         normalizer = {{ rank = {{ window = 4, min_count = 2 }} }}\n"
    ))
}

#[test]
fn a_moved_point_is_read_as_if_it_had_been_committed() {
    let rank = NormalizerConfig::Rank(RankConfig { window: 4, min_count: 2, ..Default::default() });
    let normalizer = rank.init().expect("legal");
    let mut memory = normalizer.init_state();
    let dual = ranked("primal-first");
    let mut state = dual.init_state();
    for (loss, moved) in [(1.0, 0.5), (2.0, 1.5), (3.0, 3.5), (1.5, 9.0), (2.5, 0.0), (0.5, 2.5)] {
        normalizer.commit(&mut memory, loss);
        let expected = normalizer.peek(&memory, moved).value;
        dual.observe(&mut state, &[Some(f64::into(loss))]).expect("one");
        let open = state.constraint(0).gate() == Gate::Waiting;
        let before = multipliers(&state)[0];
        dual.remeasure(&mut state, &[Some(f64::into(moved))]).expect("one");
        assert!(!open || state.constraint(0).error() == expected, "{loss} {moved}");
        dual.update(&mut state);
        let change = if open { 0.1 * expected } else { 0.0 };
        assert_eq!(multipliers(&state)[0], (before + change).max(0.0));
    }
}

#[test]
fn a_moved_point_that_was_not_measured_keeps_the_error_and_has_no_row() {
    let dual = ranked("primal-first");
    let (mut state, mut twin) = (dual.init_state(), dual.init_state());
    for loss in [1.0, 2.0, 3.0] {
        dual.observe(&mut state, &[Some(f64::into(loss))]).expect("one");
        dual.remeasure(&mut state, &[None]).expect("one");
        assert_eq!(dual.coefficients(&state), [0.0]);
        dual.update(&mut state);
        losses(&dual, &mut twin, &[loss]);
        assert_eq!(multipliers(&state), multipliers(&twin));
    }
    // A moved point that is not finite closes the gate.
    dual.observe(&mut state, &[Some(4.0.into())]).expect("one");
    dual.remeasure(&mut state, &[Some(f64::NAN.into())]).expect("one");
    dual.update(&mut state);
    assert_eq!(state.constraint(0).gate(), Gate::NonFinite);
    assert_eq!(multipliers(&state), multipliers(&twin));
}

#[test]
fn an_extrapolation_is_seen_by_the_coefficients_and_forgotten_by_the_update() {
    let dual = engine(&format!(
        "{PLAIN}order = \"extragradient\"\n[constraints.one]\ninitial = 1.0\nsmoothing = 0.5\n\
         target = {{ raw = 0.0 }}\nnormalizer = \"none\"\nerror = \"absolute\"\nfamily = \"all\"\n\
         rule = {{ nu-pi = {{ proportional = 1.0 }} }}\n[families.all]\nbudget = 1.125\n"
    ));
    let mut state = dual.init_state();
    let observe = |state: &mut _, loss: f64| {
        dual.observe(state, &[Some(loss.into())]).expect("one");
        dual.coefficients(state)[0]
    };
    assert_eq!(observe(&mut state, 1.0), 1.0);
    dual.extrapolate(&mut state);
    assert_eq!(dual.coefficients(&state)[0], 1.1, "where an update would go");
    assert_eq!(multipliers(&state), [1.0], "and has not gone");
    dual.remeasure(&mut state, &[Some(0.5.into())]).expect("one");
    assert_eq!(dual.coefficients(&state)[0], 1.1);
    dual.update(&mut state);
    // From 1, with the error of the moved point, and as the first update of the rule.
    assert_eq!(multipliers(&state), [1.05]);
    assert_eq!(dual.coefficients(&state)[0], 1.05);
    assert_eq!(state.constraint(0).smoothed_error(), 0.5);

    // The budget holds for trials too.
    observe(&mut state, 3.0);
    dual.extrapolate(&mut state);
    assert_eq!(dual.coefficients(&state)[0], 1.125);
    dual.update(&mut state);
    assert_eq!(multipliers(&state), [1.125]);
    assert_eq!(state.constraint(0).counters().budget_hits, 1);
}

#[test]
fn dual_first_pays_the_multiplier_of_this_step_already() {
    let dual = engine(&format!(
        "{PLAIN}order = \"dual-first\"\n[constraints.one]\ntarget = {{ raw = 0.0 }}\n\
         normalizer = \"none\"\n"
    ));
    let mut state = dual.init_state();
    dual.observe(&mut state, &[Some(1.0.into())]).expect("one");
    assert_eq!(dual.coefficients(&state), [0.0]);
    dual.update(&mut state);
    assert_eq!(dual.coefficients(&state), [0.1]);
}
