//! Population-based training.

use std::collections::BTreeMap;

use homeostat_search::{Population, PopulationConfig, PopulationState, Tighter, VariableConfig};
use proptest::prelude::*;

fn population(variables: &[(&str, VariableConfig)], size: usize, seed: u64) -> Population {
    let variables = variables.iter().map(|(name, one)| ((*name).to_owned(), *one)).collect();
    PopulationConfig { seed, ..PopulationConfig::new(variables, size, 10) }.init().expect("legal")
}

fn hard(tighter: Tighter, start: f64) -> VariableConfig {
    let mut variable = VariableConfig::new(0.0, 1.0, start);
    (variable.tighten_only, variable.tighter) = (true, tighter);
    variable
}

fn ones(population: &Population, size: usize) -> Vec<Vec<f64>> {
    vec![vec![1.0; population.variables().len()]; size]
}

/// A model whose skill is a number that falls faster the nearer its target is to 0.3: what a member has
/// learned is copied together with its target.
#[test]
fn the_population_finds_the_target_under_which_training_goes_best() {
    let population = population(&[("kl", VariableConfig::new(0.01, 1.0, 0.9))], 10, 4);
    let mut state = population.init_state();
    let mut losses = vec![10.0; 10];
    for step in 1..=600 {
        for (loss, member) in losses.iter_mut().zip(state.members()) {
            *loss *= 1.0 - 0.01 * (-(10.0 * (member[0] - 0.3)).powi(2)).exp();
        }
        if population.is_due(step) {
            let scales = ones(&population, 10);
            for exchange in population.exchange(&mut state, &losses, &scales).expect("fits") {
                losses[exchange.member] = losses[exchange.parent];
            }
        }
    }
    let mut targets: Vec<f64> = state.members().iter().map(|member| member[0]).collect();
    targets.sort_by(f64::total_cmp);
    let median = 0.5 * (targets[4] + targets[5]);
    assert!((median - 0.3).abs() < 0.06, "{targets:?}");
    assert_eq!(state.exchanges(), 60);
}

#[test]
fn the_worst_fifth_copies_from_the_best_fifth() {
    let population = population(&[("kl", VariableConfig::new(0.1, 1.0, 0.5))], 10, 0);
    let mut seen = Vec::new();
    let mut state = population.init_state();
    for _ in 0..20 {
        let before = state.clone();
        // Member 7 and member 2 are the best, 0 and 5 the worst.
        let scores = [9.0, 5.0, 1.0, 5.0, 5.0, 8.0, 5.0, 0.5, 5.0, 5.0];
        let scales = ones(&population, 10);
        let exchanges = population.exchange(&mut state, &scores, &scales).expect("fits");
        let members: Vec<_> = exchanges.iter().map(|one| one.member).collect();
        assert_eq!(members, [5, 0]);
        for one in &exchanges {
            seen.push(one.parent);
            let parent = before.members()[one.parent][0];
            let factors = [0.8 * parent, (1.2 * parent).min(1.0)];
            assert!(factors.contains(&one.values[0]), "{one:?} of {parent}");
            assert_eq!(state.members()[one.member], one.values);
        }
        for index in [1, 2, 3, 4, 6, 7, 8, 9] {
            assert_eq!(state.members()[index], before.members()[index]);
        }
    }
    assert!(seen.contains(&7) && seen.contains(&2) && seen.iter().all(|one| [2, 7].contains(one)));
}

#[test]
fn a_range_that_holds_0_is_perturbed_by_the_scale() {
    let population = population(&[("cfs", VariableConfig::new(-1.0, 1.0, 0.0))], 2, 1);
    let mut state = population.init_state();
    assert_eq!(state.members()[0], [0.0]);
    let scales = vec![vec![0.5], vec![99.0]];
    let exchanges = population.exchange(&mut state, &[0.0, 1.0], &scales).expect("fits");
    // 0.2 · S of the parent: a factor could never have left 0.
    assert!((exchanges[0].values[0].abs() - 0.1).abs() < 1e-12, "{exchanges:?}");
}

#[test]
fn members_start_spread_out_and_the_first_as_it_was() {
    let variables =
        [("hard", hard(Tighter::Down, 0.7)), ("soft", VariableConfig::new(0.0, 1.0, 0.5))];
    let state = population(&variables, 8, 0).init_state();
    assert_eq!(state.members()[0], [0.7, 0.5]);
    let mut soft: Vec<_> = state.members()[1..].iter().map(|member| member[1]).collect();
    soft.sort_by(f64::total_cmp);
    assert!(soft[0] < 0.3 && soft[6] > 0.7);
    assert!(state.members().iter().all(|member| member[0] == 0.7));
}

#[test]
fn a_member_that_diverged_is_replaced_and_never_copied() {
    let population = population(&[("kl", VariableConfig::new(0.1, 1.0, 0.5))], 5, 0);
    let mut state = population.init_state();
    let scales = ones(&population, 5);
    let scores = [f64::NAN, 3.0, 2.0, 4.0, 5.0];
    let exchanges = population.exchange(&mut state, &scores, &scales).expect("fits");
    assert_eq!((exchanges[0].member, exchanges[0].parent), (0, 2));
    // Nobody can be copied, and nobody is better than the others.
    for scores in [[f64::NAN; 5], [1.0; 5]] {
        assert!(population.exchange(&mut state, &scores, &scales).expect("fits").is_empty());
    }
    let scores = [f64::NEG_INFINITY, 3.0, 2.0, 4.0, 5.0];
    let exchanges = population.exchange(&mut state, &scores, &scales).expect("fits");
    assert_eq!(exchanges[0].member, 0, "−∞ is a fault too");
}

#[test]
fn all_of_the_worst_copy_from_the_only_one_that_still_runs() {
    let population = population(&[("kl", VariableConfig::new(0.1, 1.0, 0.5))], 10, 0);
    let mut state = population.init_state();
    let mut scores = [f64::NAN; 10];
    scores[4] = 1.0;
    for _ in 0..8 {
        let scales = ones(&population, 10);
        let exchanges = population.exchange(&mut state, &scores, &scales).expect("fits");
        assert_eq!(exchanges.len(), 2);
        assert!(exchanges.iter().all(|exchange| exchange.parent == 4));
    }
}

#[test]
fn a_hard_target_that_tightened_on_its_own_is_kept_and_handed_down() {
    for (tighter, own, better, looser) in
        [(Tighter::Down, 0.2, 0.4, 0.5), (Tighter::Up, 0.8, 0.6, 0.55)]
    {
        let population = population(&[("safety", hard(tighter, 0.5))], 3, 0);
        let mut state = population.init_state();
        population.retarget(&mut state, 0, &[own]).expect("tighter");
        population.retarget(&mut state, 1, &[better]).expect("tighter");
        population.retarget(&mut state, 0, &[looser]).expect_err("looser");
        population.retarget(&mut state, 3, &[own]).expect_err("no such member");
        population.retarget(&mut state, 0, &[2.0]).expect_err("out of range");
        let scales = ones(&population, 3);
        // The worst member's own target is tighter than that of the best.
        let exchanges = population.exchange(&mut state, &[3.0, 1.0, 2.0], &scales).expect("fits");
        assert_eq!((exchanges[0].parent, &exchanges[0].values), (1, &vec![own]));
        // And here the parent's is the tighter one.
        let exchanges = population.exchange(&mut state, &[1.0, 2.0, 3.0], &scales).expect("fits");
        assert_eq!((exchanges[0].member, &exchanges[0].values), (2, &vec![own]));
    }
}

#[test]
fn a_saved_population_goes_on_as_if_it_had_never_stopped() {
    let make = || population(&[("kl", VariableConfig::new(0.1, 1.0, 0.5))], 6, 3);
    let scores =
        |round: u64| (0..6).map(|one| ((one * 7 + round * 3) % 11) as f64).collect::<Vec<_>>();
    let mut whole = make().init_state();
    let mut parts = make().init_state();
    for round in 0..10 {
        let scales = ones(&make(), 6);
        make().exchange(&mut whole, &scores(round), &scales).expect("fits");
        let text = serde_json::to_string(&parts).expect("finite numbers");
        parts = serde_json::from_str(&text).expect("what was saved");
        make().exchange(&mut parts, &scores(round), &scales).expect("fits");
        assert_eq!(whole, parts);
    }
    make().check(&parts).expect("it is this population's");
    population(&[("kl", VariableConfig::new(0.1, 0.2, 0.1))], 6, 3)
        .check(&parts)
        .expect_err("range");
}

#[test]
fn what_does_not_fit_is_refused_and_changes_nothing() {
    let population = population(&[("kl", VariableConfig::new(0.1, 1.0, 0.5))], 3, 0);
    let mut state = population.init_state();
    let scales = ones(&population, 3);
    population.exchange(&mut state, &[1.0; 2], &scales).expect_err("scores");
    population.exchange(&mut state, &[1.0; 3], &scales[..2]).expect_err("scales");
    population.exchange(&mut state, &[1.0, 2.0, 3.0], &vec![vec![]; 3]).expect_err("variables");
    for scale in [f64::NAN, -1.0, f64::INFINITY] {
        population
            .exchange(&mut state, &[1.0, 2.0, 3.0], &vec![vec![scale]; 3])
            .expect_err("scale");
    }
    assert_eq!(state, population.init_state());
    assert!(!population.is_due(0) && population.is_due(10) && !population.is_due(11));
}

fn variables() -> impl Strategy<Value = BTreeMap<String, VariableConfig>> {
    let variable = (-2.0..2.0, 0.1..3.0, 0.0..=1.0, any::<bool>(), any::<bool>()).prop_map(
        |(low, width, part, up, only): (f64, f64, f64, bool, bool)| {
            let high = low + width;
            let mut variable =
                VariableConfig::new(low, high, (low + part * width).clamp(low, high));
            variable.tighter = if up { Tighter::Up } else { Tighter::Down };
            variable.tighten_only = only;
            variable
        },
    );
    prop::collection::btree_map("[a-c]", variable, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn hard_targets_never_loosen_and_all_stay_in_range(
        variables in variables(),
        size in 2_usize..9,
        seed in any::<u64>(),
        scores in prop::collection::vec(prop::collection::vec(-5.0..5.0, 8), 1..12),
        moves in prop::collection::vec((0_usize..9, prop::collection::vec(0.0..=1.0, 3)), 12),
        scale in 0.0..10.0,
    ) {
        let config = PopulationConfig { seed, ..PopulationConfig::new(variables.clone(), size, 1) };
        let population = config.init().expect("legal");
        let mut state: PopulationState = population.init_state();
        let scales = vec![vec![scale; variables.len()]; size];
        for (scores, (member, parts)) in scores.into_iter().zip(moves) {
            // In between, a member's targets move on their own; a hard one is refused where it loosens.
            let values: Vec<f64> = variables
                .values()
                .zip(parts)
                .map(|(one, part): (&VariableConfig, f64)| (one.low + part * (one.high - one.low)).clamp(one.low, one.high))
                .collect();
            let was = state.members()[member % size].clone();
            let loosens = variables.values().zip(values.iter().zip(&was)).any(|(one, (now, was))| {
                one.tighten_only && if one.tighter == Tighter::Up { now < was } else { now > was }
            });
            let moved = population.retarget(&mut state, member % size, &values);
            prop_assert_eq!(moved.is_err(), loosens);
            let before = state.clone();
            let exchanges = population.exchange(&mut state, &scores[..size], &scales).expect("fits");
            for exchange in &exchanges {
                for (index, variable) in variables.values().enumerate() {
                    let after = exchange.values[index];
                    prop_assert!((variable.low..=variable.high).contains(&after));
                    if !variable.tighten_only { continue; }
                    // Neither than what the member had, nor than what it copies.
                    for source in [exchange.member, exchange.parent] {
                        let was = before.members()[source][index];
                        match variable.tighter {
                            Tighter::Down => prop_assert!(after <= was),
                            Tighter::Up => prop_assert!(after >= was),
                        }
                    }
                }
            }
            population.check(&state).expect("in range");
        }
    }
}
