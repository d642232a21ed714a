//! Multipliers that can go no further: at a cap of either sign, or held down by a budget.

use homeostat_multiplier::Verdict;

use crate::engine::{PLAIN, engine, losses, multipliers};

#[test]
fn an_equality_is_saturated_at_either_of_its_caps() {
    for sign in [1.0, -1.0] {
        let dual = engine(&format!(
            "{PLAIN}hard_maximum = 0.3\nverdict = {{ updates = 10 }}\n[constraints.one]\n\
             normalizer = \"none\"\nsense = \"eq\"\nhard = true\ntarget = {{ raw = 0.0 }}\n"
        ));
        let mut state = dual.init_state();
        losses(&dual, &mut state, &[sign]);
        assert_eq!(dual.stops(&state).count(), 0, "{sign}: λ can still move");
        for _ in 0..30 {
            losses(&dual, &mut state, &[sign]);
        }
        let one = state.constraint(0);
        assert_eq!(multipliers(&state), [0.3 * sign]);
        assert!(one.saturated_steps() > 20, "{sign}: {}", one.saturated_steps());
        assert!(one.counters().cap_hits > 20, "{sign}: {}", one.counters().cap_hits);
        assert_eq!(dual.stops(&state).collect::<Vec<_>>(), ["one"], "{sign}");
        let verdict = dual.verdict(&state, 0);
        assert!(matches!(verdict, Verdict::Unsatisfiable(_)), "{sign}: {verdict:?}");
        // An error that lets λ come back is no saturation.
        losses(&dual, &mut state, &[-sign]);
        assert_eq!(state.constraint(0).saturated_steps(), 0, "{sign}");
    }
}

#[test]
fn an_equality_whose_caps_differ_is_judged_by_the_one_that_it_is_at() {
    let dual = engine(&format!(
        "{PLAIN}maximum = 5.0\nverdict = {{ updates = 10 }}\n[constraints.one]\n\
         normalizer = \"none\"\nsense = \"eq\"\nminimum = -0.2\ntarget = {{ raw = 0.0 }}\n"
    ));
    let mut state = dual.init_state();
    for _ in 0..30 {
        losses(&dual, &mut state, &[-1.0]);
    }
    assert!(matches!(dual.verdict(&state, 0), Verdict::Unsatisfiable(_)));
}

#[test]
fn a_multiplier_that_its_budget_holds_down_gets_a_verdict() {
    for mode in ["euclidean", "proportional"] {
        let one = "normalizer = \"none\"\nfamily = \"both\"\ntarget = { raw = 0.0 }\n";
        let dual = engine(&format!(
            "{PLAIN}verdict = {{ updates = 10 }}\n[constraints.a]\n{one}[constraints.b]\n{one}\
             [families.both]\nbudget = 1.0\nmode = \"{mode}\"\n"
        ));
        let mut state = dual.init_state();
        for step in 0..40 {
            // `b` is satisfied from the tenth step on.
            losses(&dual, &mut state, &[1.0, if step < 10 { 1.0 } else { -0.5 }]);
        }
        let found = [0, 1].map(|index| dual.verdict(&state, index));
        assert!(matches!(found[0], Verdict::Unsatisfiable(_)), "{mode}: {found:?}");
        assert_eq!(found[1], Verdict::Satisfied, "{mode}");
        let text = serde_json::to_string(&state).expect("plain data");
        assert!(text.contains("\"lowered\":true"), "{mode}: {text}");
    }
}
