//! The tricks that the golden tables do not show.

use homeostat_multiplier::{Gate, Measurement, Verdict};
use homeostat_testkit::Splitmix;
use homeostat_testkit::golden::close;

use crate::engine::{PLAIN, engine, losses, multipliers, step};

fn plain(constraint: &str) -> homeostat_multiplier::Dual {
    engine(&format!("{PLAIN}[constraints.one]\nnormalizer = \"none\"\n{constraint}\n"))
}

#[test]
fn a_missing_loss_holds_everything_and_leaves_the_row_out() {
    let dual = plain("target = { raw = 0.0 }\nleak = 0.1\nleak_when = \"always\"\nspike = {}");
    let mut state = dual.init_state();
    losses(&dual, &mut state, &[1.0]);
    let before = multipliers(&state);
    for _ in 0..5 {
        step(&dual, &mut state, &[None]);
        assert_eq!(state.constraint(0).gate(), Gate::Missing);
        assert_eq!((multipliers(&state), dual.coefficients(&state)[0]), (before.clone(), 0.0));
    }
    assert_eq!(dual.effective_multipliers(&state), before, "μ is still known");
    assert_eq!(state.constraint(0).taken(), 1);
}

#[test]
fn a_loss_without_an_error_closes_its_own_gate_and_no_other() {
    let text = "normalizer = \"none\"\nerror = \"log-ratio\"\ntarget = { raw = 1.0 }\n";
    let dual = engine(&format!("{PLAIN}[constraints.a]\n{text}[constraints.b]\n{text}"));
    let mut state = dual.init_state();
    losses(&dual, &mut state, &[2.0, 2.0]);
    let before = multipliers(&state);
    losses(&dual, &mut state, &[-1.0, 2.0]);
    let gates = [0, 1].map(|index| state.constraint(index).gate());
    assert_eq!(gates, [Gate::NonFinite, Gate::Update]);
    assert_eq!(multipliers(&state)[0], before[0]);
    assert!(multipliers(&state)[1] > before[1]);
    assert_eq!(dual.coefficients(&state)[0], 0.0, "nobody knows its slope");
}

#[test]
fn a_wrong_number_of_measurements_changes_nothing() {
    let dual = plain("target = { raw = 0.0 }");
    let mut state = dual.init_state();
    let before = crate::engine::text(&state);
    let error = dual.observe(&mut state, &[]).expect_err("none for one constraint");
    let text = "number of measurements must be that of the constraints, got 0";
    assert_eq!(error.to_string(), text);
    let strict = Measurement { strict: Some(1.0), ..1.0.into() };
    let setpoint = Measurement { setpoint: Some(1.0), ..1.0.into() };
    for (bad, word) in [(strict, "strict"), (setpoint, "setpoint")] {
        let error = dual.observe(&mut state, &[Some(bad)]).expect_err("no use for it");
        assert!(error.to_string().contains(word), "{error}");
        dual.remeasure(&mut state, &[Some(bad)]).expect_err("no use for it");
    }
    assert_eq!(crate::engine::text(&state), before);
}

#[test]
fn staggered_updates_take_the_mean_of_what_came_since_the_last() {
    let text = "target = { raw = 0.0 }\nnormalizer = \"none\"\nerror = \"absolute\"\n";
    let dual = engine(&format!(
        "{PLAIN}every = 4\nstagger = true\n[constraints.a]\n{text}[constraints.b]\n{text}"
    ));
    let mut state = dual.init_state();
    let mut seen = Vec::new();
    for index in 1..=8 {
        losses(&dual, &mut state, &[f64::from(index); 2]);
        seen.push(multipliers(&state));
    }
    // Steps count from 1. The offset of `b` is ⌊1 · 4 / 2⌋ = 2.
    let (a, b) = (0.1 * 2.5, 0.1 * 1.5);
    for (index, row) in seen.iter().enumerate() {
        let expected = match index + 1 {
            1 => [0.0, 0.0],
            2..=3 => [0.0, b],
            4..=5 => [a, b],
            6..=7 => [a, b + 0.1 * 4.5],
            _ => [a + 0.1 * 6.5, b + 0.1 * 4.5],
        };
        close("a", row[0], expected[0], 1e-12, 1e-15);
        close("b", row[1], expected[1], 1e-12, 1e-15);
    }
}

#[test]
fn a_turn_without_a_measurement_uses_what_was_collected() {
    let dual = plain("target = { raw = 0.0 }\nevery = 2");
    let mut state = dual.init_state();
    losses(&dual, &mut state, &[1.0]);
    assert_eq!((state.constraint(0).gate(), multipliers(&state)[0]), (Gate::Waiting, 0.0));
    step(&dual, &mut state, &[None]);
    assert_eq!((state.constraint(0).gate(), multipliers(&state)[0]), (Gate::Update, 0.1));
    step(&dual, &mut state, &[None]);
    step(&dual, &mut state, &[None]);
    assert_eq!((state.constraint(0).gate(), multipliers(&state)[0]), (Gate::Missing, 0.1));
}

#[test]
fn a_restart_is_counted_and_starts_the_rule_anew() {
    let dual =
        plain("target = { raw = 0.0 }\nrestart_after = 2\nrule = { pid = { proportional = 0.0 } }");
    let mut state = dual.init_state();
    for loss in [1.0, 1.0, -0.01, -0.01, 0.5] {
        losses(&dual, &mut state, &[loss]);
    }
    // The integral of the rule went with λ: otherwise λ would be back near 0.25.
    assert_eq!(multipliers(&state), [0.05]);
    assert_eq!(state.constraint(0).counters().restarts, 1);
}

#[test]
fn measurements_may_be_rare() {
    let dual = plain("target = { raw = 0.0 }\nmeasure_every = 3");
    let mut state = dual.init_state();
    let mut due = Vec::new();
    for _ in 0..7 {
        due.push(dual.measures(&state, 0));
        step(&dual, &mut state, &[None]);
    }
    assert_eq!(due, [true, false, false, true, false, false, true]);
}

#[test]
fn a_spike_is_one_on_the_bad_side() {
    let spike = "spike = { window = 8, minimum = 4, freeze = 1 }";
    for (sense, up, down) in [("le", true, false), ("ge", false, true), ("eq", true, true)] {
        let dual = plain(&format!("sense = \"{sense}\"\ntarget = {{ raw = 1.0 }}\n{spike}"));
        let mut calm = dual.init_state();
        for loss in [1.0, 1.1, 0.9, 1.0, 1.05] {
            losses(&dual, &mut calm, &[loss]);
        }
        for (loss, spikes) in [(50.0, up), (-50.0, down)] {
            let mut state = calm.clone();
            losses(&dual, &mut state, &[loss]);
            let one = state.constraint(0);
            assert_eq!(one.gate() == Gate::Spike, spikes, "{sense} {loss}");
            assert_eq!(
                (one.counters().spikes, one.counters().drops),
                match spikes {
                    true => (1, 0),
                    false => (0, 1),
                }
            );
            assert_eq!(one.has_row(), !spikes);
        }
    }
}

#[test]
fn a_spike_may_keep_its_row_with_the_slope_of_before() {
    let run = |on_spike: &str| {
        let dual = engine(&format!(
            "{PLAIN}[constraints.one]\ntarget = {{ raw = 1.0 }}\non_spike = \"{on_spike}\"\n\
             normalizer = {{ winsor = {{ window = 8, min_count = 2 }} }}\n\
             spike = {{ window = 8, minimum = 4, freeze = 1 }}\n"
        ));
        let mut state = dual.init_state();
        for loss in [1.0, 1.4, 0.9, 1.3, 1.05, 1.5] {
            losses(&dual, &mut state, &[loss]);
        }
        let before = dual.effective_multipliers(&state)[0];
        assert!(before > 0.0);
        losses(&dual, &mut state, &[90.0]);
        assert_eq!(state.constraint(0).gate(), Gate::Spike);
        dual.coefficients(&state)[0] / before
    };
    assert_eq!((run("drop"), run("keep")), (0.0, 1.0));
}

#[test]
fn a_jump_of_the_target_moves_the_average_at_once_and_restarts_the_resume() {
    let dual = plain(
        "target = \"setpoint\"\nsmoothing = 0.1\ndeadzone = 0.02\nresume = { steps = 10 }\n\
         error = \"absolute\"",
    );
    let mut state = dual.init_state();
    let measure = |state: &mut homeostat_multiplier::DualState, setpoint: f64| {
        step(&dual, state, &[Some(Measurement { setpoint: Some(setpoint), ..1.0.into() })]);
        (state.constraint(0).smoothed_error(), state.constraint(0).resume_updates())
    };
    for _ in 0..20 {
        measure(&mut state, 0.5);
    }
    assert_eq!(measure(&mut state, 0.5), (0.5, None));
    let (smoothed, resume) = measure(&mut state, 0.45);
    close("no lag", smoothed, 0.55, 1e-12, 0.0);
    assert_eq!(resume, None, "a move within five deadzones");
    let (smoothed, resume) = measure(&mut state, 0.2);
    close("no lag", smoothed, 0.8, 1e-12, 0.0);
    assert_eq!(resume, Some(1), "the first update with a tenth of the rate");
}

#[test]
fn the_strict_quantity_drives_the_multiplier_and_the_proxy_gets_the_gradient() {
    let dual = engine(&format!(
        "{PLAIN}[constraints.one]\ntarget = {{ raw = 1.0 }}\nstrict = \"true\"\n\
         error = \"scaled\"\nnormalizer = {{ winsor = {{ window = 64, min_count = 4 }} }}\n"
    ));
    let mut state = dual.init_state();
    let mut random = Splitmix(3);
    let mut measure = |state: &mut homeostat_multiplier::DualState, follow: f64| {
        let strict = random.between(0.0, 4.0);
        let value = 100.0 * (follow * strict + (1.0 - follow) * random.between(0.0, 4.0));
        step(&dual, state, &[Some(Measurement { strict: Some(strict), ..value.into() })]);
    };
    for _ in 0..100 {
        measure(&mut state, 1.0);
    }
    let one = state.constraint(0);
    // Each has its own scale: the proxy is a hundred times the strict one.
    let (strict, slope) = (4.0 / 12.0_f64.sqrt(), one.slope().expect("measured"));
    close("slope of the proxy", 1.0 / slope, 100.0 * strict, 0.15, 0.0);
    assert!(one.error().abs() < 3.0 / strict, "{}", one.error());
    close("correlation", one.proxy_correlation().expect("enough pairs"), 1.0, 1e-9, 0.0);
    let coefficient = dual.coefficients(&state)[0];
    assert_eq!(coefficient, one.multiplier() * slope);

    // Without the strict value λ holds and the gradient stays; without the proxy it is the reverse.
    let before = state.clone();
    step(&dual, &mut state, &[Some(200.0.into())]);
    assert_eq!(state.constraint(0).gate(), Gate::Missing);
    assert_eq!(multipliers(&state), multipliers(&before));
    assert!(dual.coefficients(&state)[0] > 0.0);
    let strict = Measurement { strict: Some(3.9), ..f64::NAN.into() };
    step(&dual, &mut state, &[Some(strict)]);
    assert_eq!(state.constraint(0).gate(), Gate::Update);
    assert!(multipliers(&state)[0] > multipliers(&before)[0]);
    assert_eq!(dual.coefficients(&state)[0], 0.0);

    for _ in 0..2000 {
        measure(&mut state, 0.0);
    }
    assert!(state.constraint(0).proxy_correlation().expect("enough pairs").abs() < 0.3);
}

#[test]
fn a_loss_of_plus_infinity_may_count_as_the_worst_there_is() {
    let run = |infinity: &str| {
        let dual = engine(&format!(
            "{PLAIN}[constraints.one]\ntarget = {{ normalized = 0.0 }}\n\
             normalizer = {{ rank = {{ window = 8, min_count = 2, infinity = \"{infinity}\" }} }}\n"
        ));
        let mut state = dual.init_state();
        for loss in [1.0, 2.0, 3.0, f64::INFINITY] {
            losses(&dual, &mut state, &[loss]);
        }
        (state.constraint(0).gate(), state.constraint(0).error())
    };
    assert_eq!(run("hold").0, Gate::NonFinite);
    assert_eq!(run("saturate"), (Gate::Update, 1.0));
}

#[test]
fn the_primal_step_may_be_divided_by_one_plus_the_sum() {
    let dual = engine(&format!(
        "{PLAIN}primal_rescale = \"one-plus-sum\"\n\
         [constraints.a]\ninitial = 2.0\nrate = 0.0\ntarget = {{ raw = 0.0 }}\nnormalizer = \"none\"\n\
         [constraints.b]\nsense = \"ge\"\ninitial = 3.0\nrate = 0.0\ntarget = {{ raw = 0.0 }}\n\
         normalizer = \"none\"\n"
    ));
    let mut state = dual.init_state();
    losses(&dual, &mut state, &[1.0, 1.0]);
    assert_eq!(dual.coefficients(&state), [2.0, -3.0]);
    assert_eq!(dual.primal_scale(&state), 1.0 / 6.0);
}

#[test]
fn a_constraint_that_cannot_be_satisfied_gets_a_verdict() {
    let dual = engine(&format!(
        "{PLAIN}maximum = 1.0\n[constraints.never]\ntarget = {{ raw = 0.0 }}\nnormalizer = \"none\"\n\
         [constraints.there]\ntarget = {{ raw = 2.0 }}\nnormalizer = \"none\"\n"
    ));
    let mut state = dual.init_state();
    assert_eq!(dual.verdict(&state, 0), Verdict::Unmeasured);
    let mut random = Splitmix(5);
    for _ in 0..200 {
        losses(&dual, &mut state, &[random.between(0.9, 1.1), 1.0]);
    }
    assert!(matches!(dual.verdict(&state, 0), Verdict::Unsatisfiable(_)));
    assert_eq!(dual.verdict(&state, 1), Verdict::Satisfied);
    assert_eq!(state.constraint(1).satisfaction().rate(), Some(1.0));
}

#[test]
fn a_window_without_spread_neither_divides_by_zero_nor_shakes_the_slope() {
    let dual = engine(&format!(
        "{PLAIN}[constraints.one]\nslope = {{ limit = 1.05 }}\ntarget = {{ raw = 1.0 }}\n\
         normalizer = {{ winsor = {{ window = 8, min_count = 2 }} }}\n"
    ));
    let mut state = dual.init_state();
    for index in 0..60 {
        // Twenty losses that differ, then a window of equal ones.
        let loss = if index < 20 { 2.0 + f64::from(index % 3) } else { 2.0 };
        losses(&dual, &mut state, &[loss]);
        let slope = state.constraint(0).slope().expect("measured");
        assert!(slope < 4.0, "step {index}: {slope}");
    }
}

#[test]
fn the_leak_acts_when_it_is_told_to() {
    let run = |leak_when: &str, sense: &str, loss: f64| {
        let dual = plain(&format!(
            "sense = \"{sense}\"\ntarget = {{ raw = 0.0 }}\nrate = 0.0\ninitial = 1.0\nleak = 0.5\n\
             leak_when = \"{leak_when}\"\ndeadzone = 0.1\ndeadzone_mode = \"leak-inside\""
        ));
        let mut state = dual.init_state();
        losses(&dual, &mut state, &[loss]);
        multipliers(&state)[0]
    };
    for loss in [-0.5, -0.05, 0.0, 0.05, 0.5] {
        assert_eq!(run("always", "le", loss), 0.5, "{loss}");
        let satisfied = if loss <= 0.0 { 0.5 } else { 1.0 };
        assert_eq!(run("satisfied", "le", loss), satisfied, "{loss}");
        let equal = if loss.abs() <= 0.1 { 0.5 } else { 1.0 };
        assert_eq!(run("satisfied", "eq", loss), equal, "{loss}");
    }
}

#[test]
fn a_step_counts_as_satisfied_up_to_the_edge_of_the_deadzone() {
    for (sense, loss, holds, inside) in [
        ("le", 0.125, 1.0, 0.0),
        ("le", 0.12, 1.0, 1.0),
        ("le", 0.13, 0.0, 0.0),
        ("le", -7.0, 1.0, 0.0),
        ("ge", -0.125, 1.0, 0.0),
        ("ge", -0.13, 0.0, 0.0),
        ("eq", -0.125, 1.0, 0.0),
        ("eq", -7.0, 0.0, 0.0),
    ] {
        let dual =
            plain(&format!("sense = \"{sense}\"\ntarget = {{ raw = 0.0 }}\ndeadzone = 0.125"));
        let mut state = dual.init_state();
        losses(&dual, &mut state, &[loss]);
        step(&dual, &mut state, &[None]);
        let satisfaction = state.constraint(0).satisfaction();
        assert_eq!(satisfaction.rate(), Some(holds), "{sense} {loss}");
        assert_eq!(satisfaction.inside_deadzone(), Some(inside), "{sense} {loss}");
        assert_eq!(satisfaction.count(), 1, "a missing loss is no step");
    }
}
