//! Better than chance, and near the optimum.

use homeostat_search::{Origin, Outcome, Scale, VariableConfig};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::functions::{Function, functions};
use crate::{best, box_of, run, study};

/// What `budget` uniform points reach, for 400 seeds, the best first.
fn random_search(function: &Function, budget: usize) -> Vec<f64> {
    let mut reached: Vec<f64> = (0..400)
        .map(|seed| {
            let mut generator = ChaCha8Rng::seed_from_u64(seed);
            let mut point = || -> Vec<f64> {
                let bounds = function.low.iter().zip(&function.high);
                bounds
                    .map(|(low, high)| {
                        let unit = (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
                        low + unit * (high - low)
                    })
                    .collect()
            };
            (0..budget).map(|_| function.value(&point())).fold(f64::INFINITY, f64::min)
        })
        .collect();
    reached.sort_by(f64::total_cmp);
    reached
}

/// Every one of five seeds must beat the median random search of equal budget, which chance alone does in
/// 1 of 32 cases, and their median must beat the best tenth of the random searches.
#[track_caller]
fn check(function: &Function, budget: usize) {
    let random = random_search(function, budget);
    let mut reached: Vec<f64> = (0..5)
        .map(|seed| {
            let study = study(box_of(&function.low, &function.high), &[], budget, seed);
            best(&study, &run(&study, |values| Outcome::new(function.value(values))))
        })
        .collect();
    reached.sort_by(f64::total_cmp);
    let regret = |value: f64| value - function.minimum;
    let regrets: Vec<f64> = reached.iter().map(|value| regret(*value)).collect();
    let (tenth, median) = (regret(random[40]), regret(random[200]));
    assert!(regrets[4] < median, "{regrets:?}, random search {tenth} and {median}");
    assert!(regrets[2] < tenth, "{regrets:?}, random search {tenth} and {median}");
}

#[test]
fn bayesian_optimization_beats_random_search_on_branin() {
    check(&functions().branin, 20);
}

#[test]
fn bayesian_optimization_beats_random_search_on_hartmann_3() {
    check(&functions().hartmann3, 20);
}

#[test]
fn the_optimum_of_a_quadratic_is_found() {
    let study = study(box_of(&[-1.0, 0.0], &[2.0, 50.0]), &[], 14, 1);
    let state =
        run(&study, |x| Outcome::new((x[0] - 0.3).powi(2) + (x[1] / 50.0 - 0.6).powi(2) + 4.0));
    let (_, trial) = study.best(&state).expect("a trial");
    assert!((trial.values[0] - 0.3).abs() < 0.05, "{trial:?}");
    assert!((trial.values[1] - 30.0).abs() < 1.0, "{trial:?}");
    assert!(best(&study, &state) < 4.002);
    let model = state.trials().iter().filter(|trial| trial.origin == Origin::Model).count();
    assert_eq!((state.trials().len(), model), (14, 8));
}

#[test]
fn a_logarithmic_range_is_searched_by_ratios() {
    let mut variable = VariableConfig::new(1e-6, 1.0, 0.1);
    variable.scale = Scale::Log;
    let study = study([("rate".to_owned(), variable)].into(), &[], 10, 2);
    let state = run(&study, |x| Outcome::new((x[0] / 3e-4).ln().powi(2)));
    let (_, trial) = study.best(&state).expect("a trial");
    assert!((trial.values[0] / 3e-4).ln().abs() < 0.1, "{trial:?}");
    // The design covers decades, not only the largest one.
    assert!(state.trials()[..4].iter().filter(|trial| trial.values[0] < 1e-2).count() >= 2);
}

#[test]
fn the_same_metric_in_another_unit_gives_the_same_search() {
    let study = study(box_of(&[0.0], &[1.0]), &[], 8, 5);
    let metric = |x: &[f64]| (x[0] - 0.7).powi(2);
    let plain = run(&study, |x| Outcome::new(metric(x)));
    let scaled = run(&study, |x| Outcome::new(1e9 * metric(x) + 7e9));
    for (a, b) in plain.trials().iter().zip(scaled.trials()) {
        assert!((a.values[0] - b.values[0]).abs() < 1e-3, "{a:?} {b:?}");
    }
}
