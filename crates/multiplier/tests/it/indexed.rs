//! Sets of multipliers: one per sample, class or component.

use homeostat_core::ConfigError;
use homeostat_multiplier::{
    DeadzoneMode, IndexedConfig, IndexedMultipliers, IndexedState, LeakWhen, NuPiConfig,
    PidRuleConfig, RuleConfig, Sense,
};
use proptest::prelude::*;

const COUNT: usize = 12;

fn config(rule: RuleConfig) -> IndexedConfig {
    IndexedConfig { rule, rate: 0.1, initial: 0.5, maximum: 3.0, ..IndexedConfig::new(COUNT, 1.0) }
}

#[track_caller]
fn multipliers(config: &IndexedConfig) -> IndexedMultipliers {
    config.init().expect("a legal configuration")
}

/// The one number that a fresh set of one multiplier decides from one measurement.
#[track_caller]
fn decide(config: IndexedConfig, measured: f64) -> f64 {
    let multipliers = multipliers(&IndexedConfig { count: 1, ..config });
    let mut state = multipliers.init_state();
    multipliers.step(&mut state, &[0], &[measured]).expect("legal");
    state.multipliers()[0]
}

fn rules() -> impl Strategy<Value = RuleConfig> {
    prop::sample::select(vec![
        RuleConfig::Ascent,
        RuleConfig::NuPi(NuPiConfig { decay: 0.5, ..NuPiConfig::new(1.0) }),
        RuleConfig::Pid(PidRuleConfig { derivative_delay: 3, ..PidRuleConfig::new(0.5, 0.2) }),
    ])
}

/// Batches of (index, measurement), some with duplicates.
fn batches() -> impl Strategy<Value = Vec<Vec<(usize, f64)>>> {
    let batch = prop::collection::vec((0..COUNT, -5.0..5.0), 0..8);
    prop::collection::vec(batch, 1..20)
}

fn step(multipliers: &IndexedMultipliers, state: &mut IndexedState, batch: &[(usize, f64)]) {
    let (indices, values): (Vec<_>, Vec<_>) = batch.iter().copied().unzip();
    multipliers.step(state, &indices, &values).expect("a legal batch");
}

proptest! {
    #[test]
    fn only_the_named_multipliers_change_and_each_is_one_of_its_own(
        rule in rules(), batches in batches(),
    ) {
        let set = multipliers(&config(rule));
        let mut state = set.init_state();
        let single = multipliers(&IndexedConfig { count: 1, ..config(rule) });
        let mut singles = vec![single.init_state(); COUNT];
        for batch in batches {
            let before = state.clone();
            step(&set, &mut state, &batch);
            for (index, alone) in singles.iter_mut().enumerate() {
                let values: Vec<_> =
                    batch.iter().filter(|(at, _)| *at == index).map(|(_, value)| *value).collect();
                if values.is_empty() {
                    let (before, after) = (before.multipliers()[index], state.multipliers()[index]);
                    prop_assert_eq!(before.to_bits(), after.to_bits());
                } else {
                    let mean = values.iter().sum::<f64>() / values.len() as f64;
                    single.step(alone, &[0], &[mean]).expect("legal");
                }
                let (found, expected) = (state.multipliers()[index], alone.multipliers()[0]);
                prop_assert!((found - expected).abs() < 1e-12, "{} and {}", found, expected);
                prop_assert_eq!(state.updates()[index], alone.updates()[0]);
            }
        }
    }

    #[test]
    fn a_saved_set_goes_on_to_the_bit(rule in rules(), batches in batches(), cut in 0..20usize) {
        let set = multipliers(&config(rule));
        let (mut state, mut resumed) = (set.init_state(), set.init_state());
        for (place, batch) in batches.iter().enumerate() {
            if place == cut {
                let text = toml::to_string(&state).expect("writes");
                resumed = toml::from_str(&text).expect("reads");
                set.check(&resumed).expect("belongs to the set");
            }
            step(&set, &mut state, batch);
            step(&set, &mut resumed, batch);
        }
        prop_assert_eq!(state.multipliers(), resumed.multipliers());
    }

    #[test]
    fn the_multipliers_stay_within_their_limits(
        rule in rules(),
        values in prop::collection::vec(prop::sample::select(vec![1e300, -1e300, 2.0, 0.0]), 1..40),
    ) {
        let set = multipliers(&IndexedConfig { minimum: Some(0.25), ..config(rule) });
        let mut state = set.init_state();
        for value in values {
            set.step_all(&mut state, &[value; COUNT]).expect("finite");
            prop_assert!(state.multipliers().iter().all(|one| (0.25..=3.0).contains(one)));
        }
    }

    #[test]
    fn a_vector_is_a_batch_of_all(rule in rules(), values in prop::collection::vec(-5.0..5.0, COUNT)) {
        let set = multipliers(&config(rule));
        let (mut one, mut other) = (set.init_state(), set.init_state());
        let all: Vec<_> = (0..COUNT).collect();
        for _ in 0..3 {
            set.step(&mut one, &all, &values).expect("legal");
            set.step_all(&mut other, &values).expect("legal");
        }
        prop_assert_eq!(one.multipliers(), other.multipliers());
    }
}

#[test]
fn every_setting_has_its_effect() {
    let base = || config(RuleConfig::Ascent);
    let check = |config: IndexedConfig, measured: f64, expected: f64| {
        let found = decide(config.clone(), measured);
        assert!((found - expected).abs() < 1e-12, "{found} for {measured} under {config:?}");
    };
    check(base(), 3.0, 0.5 + 0.1 * 2.0);
    check(base(), 0.0, 0.5 - 0.1);
    check(IndexedConfig { sense: Sense::Ge, ..base() }, 3.0, 0.5 - 0.1 * 2.0);
    check(IndexedConfig { sense: Sense::Eq, ..base() }, -9.0, 0.5 - 1.0);
    check(IndexedConfig { maximum: 0.6, ..base() }, 3.0, 0.6);
    check(IndexedConfig { deadzone: 1.0, ..base() }, 1.9, 0.5);
    check(IndexedConfig { deadzone: 1.0, ..base() }, 2.0, 0.6);
    let soft = DeadzoneMode::Soft;
    check(IndexedConfig { deadzone: 1.0, deadzone_mode: soft, ..base() }, 2.5, 0.5 + 0.05);
    let leaky = || IndexedConfig { leak: 0.1, ..base() };
    check(leaky(), 3.0, 0.7);
    check(leaky(), 0.0, 0.45 - 0.1);
    check(IndexedConfig { leak_when: LeakWhen::Always, ..leaky() }, 3.0, 0.45 + 0.2);
    let inside = DeadzoneMode::LeakInside;
    check(IndexedConfig { deadzone: 1.0, deadzone_mode: inside, ..leaky() }, 0.5, 0.45);
}

#[test]
fn a_refused_step_changes_nothing() {
    let set = multipliers(&config(RuleConfig::Ascent));
    let mut state = set.init_state();
    step(&set, &mut state, &[(3, 2.0), (3, 4.0)]);
    let before = format!("{state:?}");
    let mut refused = |indices: &[usize], values: &[f64], message: &str| {
        let error = set.step(&mut state, indices, values).expect_err("not legal");
        assert_eq!(error.to_string(), message);
        assert_eq!(format!("{state:?}"), before);
    };
    refused(
        &[1, 12],
        &[2.0, 2.0],
        "index of a multiplier must be below the number of multipliers, got 12",
    );
    refused(&[1, 2], &[2.0, f64::NAN], "measured value must be finite, got NaN");
    refused(&[1, 2], &[2.0], "list of indices must have one entry per measurement, got 2");
    let error = set.step_all(&mut state, &[1.0]).expect_err("too few");
    assert_eq!(
        error.to_string(),
        "list of measured values must have one entry per multiplier, got 1"
    );
}

#[test]
fn a_number_out_of_range_is_refused_with_its_field() {
    let refused = |change: fn(&mut IndexedConfig), message: &str| {
        let mut config = config(RuleConfig::Ascent);
        change(&mut config);
        let error: ConfigError = config.init().expect_err("not legal");
        assert_eq!(error.to_string(), message);
    };
    refused(|c| c.count = 0, "count must be at least 1, got 0");
    refused(|c| c.target = f64::NAN, "target must be finite, got NaN");
    refused(|c| c.rate = -1.0, "rate must be finite and not negative, got -1");
    refused(|c| c.maximum = 0.0, "maximum must be finite and above 0, got 0");
    refused(|c| c.minimum = Some(-1.0), "minimum must be finite and not negative, got -1");
    refused(|c| c.minimum = Some(4.0), "maximum must be above minimum, got 3 with minimum 4");
    refused(
        |c| c.initial = 4.0,
        "initial must lie between minimum and maximum, got 4 outside 0 … 3",
    );
    refused(|c| c.leak = 1.0, "leak must be at least 0 and below 1, got 1");
    refused(
        |c| c.sense = Sense::Range,
        "sense must not be \"range\": the two sides are two sets of multipliers, got \"range\"",
    );
}

#[test]
fn the_memory_of_another_set_is_refused() {
    let set = multipliers(&config(RuleConfig::Ascent));
    let more = multipliers(&IndexedConfig { count: 13, ..config(RuleConfig::Ascent) });
    let pid = multipliers(&config(RuleConfig::Pid(PidRuleConfig::new(1.0, 0.0))));
    let low = multipliers(&IndexedConfig { maximum: 0.6, ..config(RuleConfig::Ascent) });
    let mut state = set.init_state();
    assert!(set.check(&state).is_ok() && low.check(&state).is_ok());
    assert!(more.check(&state).is_err() && pid.check(&state).is_err());
    step(&set, &mut state, &[(0, 9.0)]);
    let error = low.check(&state).expect_err("above the maximum");
    let expected = "saved multipliers must lie between minimum and maximum, got 1.3";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn per_sample_multipliers_find_the_samples_that_are_hard_to_satisfy() {
    // Sample i has the loss (θ − i)², which must be at most 6.25; the objective pulls θ to −3. The optimum is
    // θ = 1.5, where only the sample 4 is at its limit.
    let set = multipliers(&IndexedConfig {
        maximum: 50.0,
        initial: 0.0,
        rate: 0.05,
        ..IndexedConfig::new(5, 6.25)
    });
    let mut state = set.init_state();
    let mut theta = -3.0;
    for iteration in 0..20_000_usize {
        let batch = [iteration % 5, (iteration * 2 + 1) % 5];
        let loss = |index: usize| (theta - index as f64).powi(2);
        let losses = batch.map(loss);
        let mut gradient = 0.2 * (theta + 3.0);
        for index in batch {
            gradient += state.multipliers()[index] * 2.0 * (theta - index as f64);
        }
        set.step(&mut state, &batch, &losses).expect("finite");
        theta -= 0.002 * gradient;
    }
    assert!((theta - 1.5).abs() < 0.02, "{theta}");
    let multipliers = state.multipliers();
    assert!(
        multipliers[4] > 0.1 && multipliers[..4].iter().all(|one| *one < 1e-9),
        "{multipliers:?}"
    );
}
