//! Reductions and properties of the rules, one function per theorem.

use homeostat_multiplier::{
    AugmentedConfig, MultiplicativeConfig, NuPiConfig, NuPiStart, PenaltyGrowth, PenaltyStep,
    PidRuleConfig, RuleConfig, SoftplusConfig,
};
use proptest::prelude::*;

use super::Alone;

fn errors() -> impl Strategy<Value = Vec<f64>> {
    let scale = prop::sample::select(vec![1e-10, 1e-3, 1.0, 1.0, 1e3]);
    prop::collection::vec((-1.0..1.0, scale).prop_map(|(value, scale)| value * scale), 1..40)
}

fn starts() -> impl Strategy<Value = NuPiStart> {
    prop::sample::select(vec![NuPiStart::Match, NuPiStart::Paper, NuPiStart::Zeros])
}

fn rules() -> impl Strategy<Value = RuleConfig> {
    let gain = || prop::sample::select(vec![0.0, 1e-6, 0.1, 1.0, 1e3]);
    let share = || prop::sample::select(vec![0.0, 0.5, 0.95]);
    let nu_pi = (gain(), gain(), -0.99..0.99, starts()).prop_map(
        |(proportional, integral, decay, start)| {
            RuleConfig::NuPi(NuPiConfig { proportional, integral, decay, start })
        },
    );
    let pid = (gain(), gain(), share(), share(), 1..=10usize).prop_map(
        |(proportional, derivative, proportional_decay, derivative_decay, derivative_delay)| {
            RuleConfig::Pid(PidRuleConfig {
                proportional_decay,
                derivative_decay,
                derivative_delay,
                ..PidRuleConfig::new(proportional, derivative)
            })
        },
    );
    let augmented = (1e-6..1e3, 1.01..2.0).prop_map(|(penalty, factor)| {
        RuleConfig::Augmented(AugmentedConfig {
            growth: PenaltyGrowth::Factor(factor),
            maximum_penalty: Some(1e6),
            ..AugmentedConfig::new(penalty)
        })
    });
    prop_oneof![
        Just(RuleConfig::Ascent),
        nu_pi,
        pid,
        augmented,
        Just(RuleConfig::Multiplicative(MultiplicativeConfig::default())),
        Just(RuleConfig::Softplus(SoftplusConfig::default())),
    ]
}

/// Both rules give the same multipliers up to rounding, also at the limits.
fn same(a: &mut Alone, b: &mut Alone, errors: &[f64]) -> Result<(), TestCaseError> {
    for error in errors {
        let (a, b) = (a.step(*error), b.step(*error));
        prop_assert!((a - b).abs() <= 1e-9 * (1.0 + a.abs()), "{} and {}", a, b);
    }
    Ok(())
}

proptest! {
    #[test]
    fn pid_without_gains_is_plain_ascent(errors in errors(), rate in 1e-4..1.0, leak in 0.0..0.5) {
        let mut ascent = Alone::new(RuleConfig::Ascent, rate);
        let mut pid = Alone::new(RuleConfig::Pid(PidRuleConfig::new(0.0, 0.0)), rate);
        (ascent.leak, pid.leak) = (leak, leak);
        same(&mut ascent, &mut pid, &errors)?;
        let mut ascent = Alone::equality(RuleConfig::Ascent, rate);
        let mut pid = Alone::equality(RuleConfig::Pid(PidRuleConfig::new(0.0, 0.0)), rate);
        same(&mut ascent, &mut pid, &errors)?;
    }

    #[test]
    fn nu_pi_without_a_proportional_part_is_plain_ascent(
        errors in errors(), rate in 1e-4..1.0, leak in 0.0..0.5, decay in -0.9..0.9,
        start in starts(),
    ) {
        let rule = RuleConfig::NuPi(NuPiConfig { decay, start, ..NuPiConfig::new(0.0) });
        let mut ascent = Alone::new(RuleConfig::Ascent, rate);
        let mut nu_pi = Alone::new(rule, rate);
        (ascent.leak, nu_pi.leak) = (leak, leak);
        same(&mut ascent, &mut nu_pi, &errors)?;
    }

    #[test]
    fn an_augmented_lagrangian_moves_like_ascent_at_the_rate_of_its_penalty(
        errors in errors(), rate in 1e-4..1.0,
    ) {
        let mut ascent = Alone::new(RuleConfig::Ascent, rate);
        let augmented = RuleConfig::Augmented(AugmentedConfig::new(rate));
        same(&mut ascent, &mut Alone::new(augmented, 0.123), &errors)?;
        let by_rate = AugmentedConfig { step: PenaltyStep::Rate, ..AugmentedConfig::new(7.0) };
        let mut ascent = Alone::new(RuleConfig::Ascent, rate);
        same(&mut ascent, &mut Alone::new(RuleConfig::Augmented(by_rate), rate), &errors)?;
    }

    #[test]
    fn the_price_of_an_augmented_lagrangian_is_a_proportional_part(
        multiplier in 0.0..10.0, error in -10.0..10.0, penalty in 1e-3..10.0,
    ) {
        let rule = RuleConfig::Augmented(AugmentedConfig::new(penalty));
        let inequality = rule.init().expect("legal");
        let price = inequality.price(&inequality.start(), multiplier, error);
        prop_assert_eq!(price, (multiplier + penalty * error).max(0.0));
        let equality = rule.init_equality().expect("legal");
        let price = equality.price(&equality.start(), -multiplier, error);
        prop_assert_eq!(price, -multiplier + penalty * error);
    }

    #[test]
    fn optimistic_ascent_looks_one_error_ahead(errors in errors(), rate in 1e-4..1.0) {
        let mut alone = Alone::equality(RuleConfig::optimistic(), rate);
        let (mut expected, mut before) = (0.0_f64, errors[0]);
        for error in errors {
            expected = (expected + rate * (2.0 * error - before)).clamp(-50.0, 50.0);
            let found = alone.step(error);
            prop_assert!((found - expected).abs() <= 1e-9 * (1.0 + expected.abs()));
            before = error;
        }
    }

    #[test]
    fn softplus_is_plain_ascent_far_from_zero_and_the_floor_is_kept(
        error in -1.0..1.0, rate in 1e-3..0.1,
    ) {
        let mut alone = Alone::new(RuleConfig::Softplus(SoftplusConfig::default()), rate);
        alone.multiplier = 40.0;
        prop_assert!((alone.step(error) - (40.0 + rate * error)).abs() < 1e-12);
        for floor in [1e-6, 0.5] {
            for rule in [
                RuleConfig::Softplus(SoftplusConfig { floor }),
                RuleConfig::Multiplicative(MultiplicativeConfig { floor }),
            ] {
                let mut alone = Alone::new(rule, rate);
                for _ in 0..20 {
                    prop_assert!(alone.step(-1e3) >= floor);
                }
            }
        }
    }

    #[test]
    fn a_larger_error_never_gives_a_smaller_multiplier(
        rule in rules(), errors in errors(), last in (-10.0..10.0, 0.0..10.0), rate in 1e-4..1.0,
    ) {
        let (mut low, mut high) = (Alone::new(rule, rate), Alone::new(rule, rate));
        for error in errors {
            low.step(error);
            high.step(error);
        }
        let (low, high) = (low.step(last.0), high.step(last.0 + last.1));
        prop_assert!(low <= high + 1e-9, "{} > {}", low, high);
    }

    #[test]
    fn multiplier_and_memory_stay_finite_and_the_multiplier_in_its_limits(
        rule in rules(),
        errors in prop::collection::vec(
            prop::sample::select(vec![f64::MAX, -f64::MAX, 1e300, -1e300, 1.0, -1.0, 0.0]), 1..40,
        ),
        rate in prop::sample::select(vec![0.0, 1e-3, 1e3, f64::MAX]),
    ) {
        let mut alone = Alone::new(rule, rate);
        for error in errors {
            let multiplier = alone.step(error);
            prop_assert!((0.0..=50.0).contains(&multiplier));
            prop_assert!(alone.memory.iter().all(|number| number.is_finite()));
            prop_assert!(alone.rule.price(&alone.memory, multiplier, error).is_finite());
            let unused = &alone.memory[alone.rule.memory_used()..];
            let start = alone.rule.start();
            prop_assert_eq!(unused, &start[alone.rule.memory_used()..]);
        }
    }

    #[test]
    fn a_rule_that_starts_afresh_is_a_new_one(
        rule in rules(), before in errors(), after in errors(), rate in 1e-4..1.0,
    ) {
        let (mut used, mut new) = (Alone::new(rule, rate), Alone::new(rule, rate));
        for error in before {
            used.step(error);
        }
        // As a dual restart does it: λ is set, and the memory is that of the start.
        (used.multiplier, used.memory) = (0.0, used.rule.start());
        for error in after {
            prop_assert_eq!(used.step(error), new.step(error));
        }
    }
}

#[test]
fn the_integral_of_a_pid_rule_does_not_wind_up_above_the_cap() {
    let mut alone = Alone::new(RuleConfig::Pid(PidRuleConfig::new(0.1, 0.0)), 1.0);
    for _ in 0..1000 {
        alone.step(1.0);
    }
    assert_eq!(alone.multiplier, 50.0);
    // One error of −1 takes 1 off the integral and 0.2 off the proportional part.
    assert!((alone.step(-1.0) - (49.0 - 0.1)).abs() < 1e-12);
}

#[test]
fn what_a_budget_takes_flows_out_of_the_integral_of_a_pid_rule() {
    let mut ascent = Alone::new(RuleConfig::Ascent, 0.5);
    let mut pid = Alone::new(RuleConfig::Pid(PidRuleConfig::new(0.0, 0.0)), 0.5);
    for step in 0..40 {
        let error = if step < 20 { 1.0 } else { -0.5 };
        for alone in [&mut ascent, &mut pid] {
            alone.step(error);
            alone.multiplier = alone.multiplier.min(3.0);
        }
        assert_eq!(ascent.multiplier, pid.multiplier);
    }
    assert!(pid.multiplier < 1e-12, "released at once");
}

#[test]
fn only_a_rising_error_counts_in_the_derivative_except_for_an_equality() {
    let rule = RuleConfig::Pid(PidRuleConfig::new(0.0, 2.0));
    let mut alone = Alone::new(rule, 0.0);
    let found: Vec<_> = [1.0, 1.5, 0.5, 0.5].map(|error| alone.step(error)).into();
    assert_eq!(found, [0.0, 1.0, 0.0, 0.0]);
    let mut alone = Alone::equality(rule, 0.0);
    let found: Vec<_> = [1.0, 1.5, 0.5, 0.5].map(|error| alone.step(error)).into();
    assert_eq!(found, [0.0, 1.0, -2.0, 0.0]);
}

#[test]
fn the_delay_of_the_derivative_is_counted_in_updates() {
    let pid = PidRuleConfig { derivative_delay: 10, ..PidRuleConfig::new(0.0, 1.0) };
    let mut alone = Alone::new(RuleConfig::Pid(pid), 0.0);
    alone.step(0.0);
    let found: Vec<_> = (0..12).map(|_| alone.step(1.0)).collect();
    assert_eq!(found, [[1.0; 10].as_slice(), &[0.0; 2]].concat());
}

#[test]
fn the_penalty_of_an_equality_grows_on_both_sides() {
    let rule = RuleConfig::Augmented(AugmentedConfig {
        growth: PenaltyGrowth::Factor(2.0),
        maximum_penalty: Some(8.0),
        ..AugmentedConfig::new(1.0)
    });
    let penalty = |alone: &Alone| alone.rule.price(&alone.memory, 0.0, 1.0);
    let mut alone = Alone::equality(rule, 0.1);
    for (error, expected) in [(-1.0, 2.0), (1.0, 4.0), (1.0, 8.0), (1.0, 8.0), (1e-4, 1.0)] {
        alone.step(error);
        assert_eq!(penalty(&alone), expected);
    }
    let mut alone = Alone::new(rule, 0.1);
    for (error, expected) in [(1.0, 2.0), (-1.0, 1.0)] {
        alone.step(error);
        assert_eq!(penalty(&alone), expected);
    }
}
