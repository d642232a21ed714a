//! The engine on problems whose answer is known.

use homeostat_multiplier::{Dual, DualState, Measurement, UpdateOrder};
use homeostat_testkit::golden::close;

use crate::engine::{PLAIN, engine, multipliers};

/// One step of descent on ½(x − 2)² + Σ a_k ∇ℓ_k with losses ℓ_k(x), in the engine's own order.
fn train_step(
    dual: &Dual,
    state: &mut DualState,
    x: &mut f64,
    losses: &dyn Fn(f64) -> Vec<f64>,
    slopes: &[f64],
) {
    const RATE: f64 = 0.1;
    let measured = |x: f64| -> Vec<Option<Measurement>> {
        losses(x).into_iter().map(|loss| Some(loss.into())).collect()
    };
    let gradient = |dual: &Dual, state: &DualState, x: f64| {
        let rows = dual.coefficients(state).iter().zip(slopes).map(|(a, slope)| a * slope);
        dual.primal_scale(state) * (x - 2.0 + rows.sum::<f64>())
    };
    let legal = "as many measurements as constraints";
    dual.observe(state, &measured(*x)).expect(legal);
    match dual.order() {
        UpdateOrder::Simultaneous => {
            *x -= RATE * gradient(dual, state, *x);
            dual.update(state);
        }
        UpdateOrder::DualFirst => {
            dual.update(state);
            *x -= RATE * gradient(dual, state, *x);
        }
        UpdateOrder::PrimalFirst => {
            *x -= RATE * gradient(dual, state, *x);
            dual.remeasure(state, &measured(*x)).expect(legal);
            dual.update(state);
        }
        UpdateOrder::Extragradient => {
            let moved = *x - RATE * gradient(dual, state, *x);
            dual.extrapolate(state);
            dual.remeasure(state, &measured(moved)).expect(legal);
            *x -= RATE * gradient(dual, state, moved);
            dual.update(state);
        }
    }
}

fn quadratic(order: &str, dual: &str, constraint: &str) -> (f64, f64) {
    let dual = engine(&format!(
        "{PLAIN}order = \"{order}\"\n{dual}\n[constraints.bound]\nrate = 0.05\n\
         target = {{ raw = 1.0 }}\nnormalizer = \"none\"\n{constraint}\n"
    ));
    let (mut state, mut x) = (dual.init_state(), 0.0);
    for _ in 0..1500 {
        train_step(&dual, &mut state, &mut x, &|x| vec![x], &[1.0]);
    }
    (x, state.constraint(0).multiplier())
}

#[test]
fn the_toy_problem_reaches_one_and_one_in_every_order() {
    for order in ["simultaneous", "dual-first", "primal-first", "extragradient"] {
        for (settings, constraint) in [
            ("", ""),
            ("primal_rescale = \"one-plus-sum\"", ""),
            ("", "rule = { nu-pi = { proportional = 2.0 } }"),
            ("", "rule = { augmented = { penalty = 0.5, step = \"rate\" } }"),
            ("", "smoothing = 0.5"),
        ] {
            let (x, multiplier) = quadratic(order, settings, constraint);
            let what = format!("{order}, {settings} {constraint}");
            close(&format!("{what}: x"), x, 1.0, 1e-6, 0.0);
            close(&format!("{what}: multiplier"), multiplier, 1.0, 1e-6, 0.0);
        }
    }
}

/// min 0 subject to x = 0 has no curvature: there simultaneous steps spiral outwards, with spectral
/// radius √(1 + η_θ η), and an extragradient step spirals inwards.
#[test]
fn extragradient_converges_where_simultaneous_steps_spiral_outwards() {
    let run = |order: &str| {
        let dual = engine(&format!(
            "{PLAIN}order = \"{order}\"\n[constraints.zero]\nsense = \"eq\"\n\
             error = \"absolute\"\ntarget = {{ raw = 0.0 }}\nnormalizer = \"none\"\n"
        ));
        let (mut state, mut x) = (dual.init_state(), 1.0_f64);
        for _ in 0..500 {
            let legal = "one measurement";
            dual.observe(&mut state, &[Some(x.into())]).expect(legal);
            if dual.order() == UpdateOrder::Extragradient {
                let moved = x - 0.1 * dual.coefficients(&state)[0];
                dual.extrapolate(&mut state);
                dual.remeasure(&mut state, &[Some(moved.into())]).expect(legal);
            }
            x -= 0.1 * dual.coefficients(&state)[0];
            dual.update(&mut state);
        }
        x.hypot(state.constraint(0).multiplier())
    };
    close("spiral", run("simultaneous"), 1.01_f64.powi(250), 1e-9, 0.0);
    assert!(run("extragradient") < 0.1);
}

#[test]
fn an_infeasible_pair_ends_at_its_caps_and_says_so() {
    let dual = engine(&format!(
        "{PLAIN}maximum = 3.0\n\
         [constraints.above]\nsense = \"ge\"\ntarget = {{ raw = 2.0 }}\nnormalizer = \"none\"\n\
         [constraints.below]\ntarget = {{ raw = 1.0 }}\nnormalizer = \"none\"\n"
    ));
    let (mut state, mut x) = (dual.init_state(), 0.0);
    for _ in 0..1500 {
        train_step(&dual, &mut state, &mut x, &|x| vec![x, x], &[1.0, 1.0]);
    }
    assert_eq!(multipliers(&state), [3.0, 3.0]);
    for one in state.constraints() {
        assert!(one.saturated_steps() > 500 && one.counters().cap_hits > 500);
        assert_eq!(one.satisfaction().rate(), Some(0.0));
    }
    assert_eq!(dual.stops(&state).count(), 0, "neither is hard");
    close("x", x, 2.0, 1e-9, 0.0);
}

#[test]
fn a_range_is_held_from_both_sides_with_one_multiplier_at_work() {
    let text = |range: &str| {
        format!(
            "{PLAIN}[constraints.band]\nsense = \"range\"\nrate = 0.05\n\
             target = {{ raw = {range} }}\nnormalizer = \"none\"\n"
        )
    };
    for (range, optimum, upper, lower) in [
        ("[0.0, 1.0]", 1.0, 1.0, 0.0),
        ("[3.0, 4.0]", 3.0, 0.0, 1.0),
        ("[1.0, 3.0]", 2.0, 0.0, 0.0),
    ] {
        let dual = engine(&text(range));
        let (mut state, mut x) = (dual.init_state(), 0.5);
        for _ in 0..1500 {
            train_step(&dual, &mut state, &mut x, &|x| vec![x], &[1.0]);
        }
        close(range, x, optimum, 1e-6, 0.0);
        let found: Vec<_> = state.constraint(0).multipliers().collect();
        close(range, found[0], upper, 1e-6, 1e-9);
        close(range, found[1], lower, 1e-6, 1e-9);
        close(range, dual.coefficients(&state)[0], upper - lower, 1e-6, 1e-9);
    }
}

#[test]
fn an_equality_finds_a_negative_multiplier() {
    let dual = engine(&format!(
        "{PLAIN}[constraints.exact]\nsense = \"eq\"\nrate = 0.05\n\
         target = {{ raw = 3.0 }}\nnormalizer = \"none\"\n"
    ));
    let (mut state, mut x) = (dual.init_state(), 0.0);
    for _ in 0..1500 {
        train_step(&dual, &mut state, &mut x, &|x| vec![x], &[1.0]);
    }
    close("x", x, 3.0, 1e-6, 0.0);
    close("multiplier", state.constraint(0).multiplier(), -1.0, 1e-6, 0.0);
    close("coefficient", dual.coefficients(&state)[0], -1.0, 1e-6, 0.0);
}
