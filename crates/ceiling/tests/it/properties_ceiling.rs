//! One function per theorem about ceilings and rejections.

use homeostat_ceiling::{
    BackoffConfig, Batch, CeilingConfig, CeilingTarget, DiscoveryConfig, DiscoveryStatistic, Event,
    Interpolation, Outcome, Pace, Rejections, Rules, Scope, Squeeze, violation,
};
use proptest::prelude::*;

use crate::ceiling_of;

const EPOCH: u64 = 20;

fn squeezes() -> impl Strategy<Value = (Squeeze, Option<CeilingTarget>)> {
    let absolute = prop::collection::vec(2.0..120.0_f64, 1..9).prop_map(|mut ceilings| {
        ceilings.sort_by(|one, next| next.total_cmp(one));
        (Squeeze::Absolute { ceilings }, None)
    });
    let shape = prop::collection::vec(0.0..1.0_f64, 0..9).prop_map(|mut shape| {
        shape.sort_by(|one, next| next.total_cmp(one));
        shape.push(0.0);
        shape
    });
    let interpolation = prop::sample::select(vec![Interpolation::Linear, Interpolation::Geometric]);
    let shape = (shape, interpolation, prop::option::of(1..14_u64)).prop_map(
        |(shape, interpolation, epochs)| Squeeze::Relative { shape, interpolation, epochs },
    );
    let other =
        prop_oneof![Just(Squeeze::default()), shape, (1..14_u64).prop_map(Squeeze::geometric),];
    let target = prop_oneof![
        (2.0..60.0).prop_map(CeilingTarget::Absolute),
        (0.01..=1.0).prop_map(CeilingTarget::Relative),
    ];
    prop_oneof![absolute, (other, target).prop_map(|(squeeze, target)| (squeeze, Some(target)))]
}

fn configs() -> impl Strategy<Value = CeilingConfig> {
    let discovery = (
        1..3_u64,
        prop::sample::select(vec![DiscoveryStatistic::Robust, DiscoveryStatistic::Maximum]),
        1.0..1.5,
        prop::sample::select(vec![Scope::PerGoal, Scope::Shared]),
    )
        .prop_map(|(epochs, statistic, headroom, scope)| DiscoveryConfig {
            epochs,
            statistic,
            headroom,
            scope,
            ..DiscoveryConfig::default()
        });
    let pace = prop::sample::select(vec![Pace::Batch, Pace::Epoch]);
    (squeezes(), discovery, pace, 0..3_u64).prop_map(
        |((squeeze, target), discovery, pace, hold)| CeilingConfig {
            goals: vec!["kl_core".to_owned(), "kl_detail".to_owned()],
            target,
            squeeze,
            discovery,
            pace,
            hold,
            ..CeilingConfig::new(CeilingTarget::Absolute(2.0))
        },
    )
}

/// Per epoch: how many of the batches are rejected, the mean score, and the size of the values.
fn epochs() -> impl Strategy<Value = Vec<(u64, f64, f64)>> {
    prop::collection::vec((0..=EPOCH / 3, 0.3..0.8, 1e-3..150.0_f64), 1..24)
}

proptest! {
    #[test]
    fn a_ceiling_rises_only_by_a_backoff_and_stays_between_target_and_what_was_discovered(
        config in configs(), plan in epochs(),
    ) {
        let ceiling = ceiling_of(&config, EPOCH);
        let mut state = ceiling.init_state();
        let mut last: Vec<Option<f64>> = vec![None; 2];
        for (rejected, score, value) in plan {
            let (mut backed_off, mut told) = (false, false);
            let mut hear = |event: Event<'_>| {
                backed_off |= matches!(event, Event::BackedOff { .. });
                told = true;
            };
            ceiling.begin_epoch(&mut state, &mut hear);
            for index in 0..EPOCH {
                let bounds: Vec<_> = state.goals().iter().map(|goal| goal.bounds()).collect();
                for (goal, bounds) in bounds.iter().enumerate() {
                    prop_assert!(bounds.lower < bounds.healthy, "the guard is kept");
                    if let (Some(now), Some(before)) = (bounds.upper, last[goal]) {
                        prop_assert!(now <= before * (1.0 + 1e-12), "{} after {}", now, before);
                    }
                    if let Some(upper) = bounds.upper {
                        prop_assert!(bounds.healthy <= 0.8 * upper * (1.0 + 1e-12));
                        let known = &state.goals()[goal];
                        let (c, t) = (known.discovered().unwrap(), known.target().unwrap());
                        prop_assert!(t <= upper && upper <= c && t >= 1.5 / 0.8);
                    }
                    last[goal] = bounds.upper;
                }
                let outcome = if index < rejected { Outcome::Rejected } else { Outcome::Accepted };
                let values = [value + index as f64 / 10.0, value / 2.0];
                let batch = Batch { values: &values, minimum_score: Some(score), outcome: Some(outcome) };
                ceiling.observe(&mut state, batch).unwrap();
            }
            ceiling.end_epoch(&mut state, &mut hear);
            if backed_off {
                // Back to where the epoch began, and no further.
                last = state.ceilings().collect();
            }
            prop_assert!((0.125..=1.0).contains(&state.increment()));
            prop_assert!((2.0..=config.squeeze.end()).contains(&state.sigma()));
        }
    }

    #[test]
    fn an_epoch_with_too_many_rejections_leaves_clock_and_ceiling_where_they_were(
        config in configs(), plan in epochs(),
    ) {
        let ceiling = ceiling_of(&config, EPOCH);
        let mut state = ceiling.init_state();
        for (rejected, score, value) in plan {
            let sigma = state.sigma();
            let before: Vec<_> = state.ceilings().collect();
            let known = state.goals()[0].discovered().is_some();
            ceiling.begin_epoch(&mut state, &mut |_| {});
            for index in 0..EPOCH {
                let outcome = if index < rejected { Outcome::Rejected } else { Outcome::Accepted };
                let values = [value, value];
                let batch = Batch { values: &values, minimum_score: Some(score), outcome: Some(outcome) };
                ceiling.observe(&mut state, batch).unwrap();
            }
            ceiling.end_epoch(&mut state, &mut |_| {});
            if known && rejected as f64 / EPOCH as f64 > 0.15 {
                prop_assert_eq!(state.sigma(), sigma);
                prop_assert_eq!(state.ceilings().collect::<Vec<_>>(), before);
            }
        }
    }

    #[test]
    fn without_rejections_the_target_is_reached_after_the_epochs_of_the_schedule(
        config in configs(), value in 5.0..150.0_f64,
    ) {
        let ceiling = ceiling_of(&config, EPOCH);
        let mut state = ceiling.init_state();
        let epochs = config.discovery.epochs + config.hold + (config.squeeze.end() - 2.0) as u64;
        for _ in 0..epochs {
            for _ in 0..EPOCH {
                let values = [value, value];
                let batch = Batch { values: &values, minimum_score: None, outcome: Some(Outcome::Accepted) };
                ceiling.observe(&mut state, batch).unwrap();
            }
            ceiling.end_epoch(&mut state, &mut |_| {});
        }
        for goal in state.goals() {
            prop_assert_eq!(goal.bounds().upper, goal.target());
        }
    }

    #[test]
    fn a_schedule_never_rises_and_ends_at_its_target(
        (squeeze, _) in squeezes(), discovered in 60.0..1e6_f64, target in 1.0..60.0_f64,
        (first, second) in (0.0..20.0_f64, 0.0..20.0_f64),
    ) {
        let target = match &squeeze {
            Squeeze::Absolute { ceilings } => ceilings.last().copied().unwrap().min(discovered),
            _ => target,
        };
        let at = |sigma: f64| squeeze.ceiling(discovered, target, sigma);
        prop_assert!(at(first.max(second)) <= at(first.min(second)) * (1.0 + 1e-12));
        prop_assert_eq!((at(2.0), at(squeeze.end())), (discovered, target));
    }

    #[test]
    fn a_rejection_rate_is_a_share_and_one_where_every_step_was_rejected(
        accepted in prop_oneof![Just(0), 0..500_u64], rejected in prop_oneof![Just(0), 0..500_u64],
    ) {
        let rejections = Rejections { accepted, restored: 0, rejected };
        let rate = rejections.rate(Rules::Mended);
        prop_assert!((0.0..=1.0).contains(&rate));
        prop_assert_eq!(rate == 1.0, accepted == 0 && rejected > 0);
        prop_assert_eq!(BackoffConfig::default().maximum_rate < rate, 0.15 < rate);
    }

    #[test]
    fn a_violation_is_zero_exactly_where_nothing_is_above_its_ceiling(
        values in prop::collection::vec(0.0..100.0_f64, 1..5), ceiling in 1.0..100.0_f64,
    ) {
        let found = violation(&values, values.iter().map(|_| Some(ceiling)));
        prop_assert_eq!(found > 0.0, values.iter().any(|value| *value > ceiling));
    }
}
