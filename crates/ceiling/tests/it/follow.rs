//! Closed loops: a model follows its ceiling, and what becomes of every step is the step search's word.

use homeostat_ceiling::{
    Batch, Ceiling, CeilingConfig, CeilingState, CeilingTarget, DiscoveryConfig,
    DiscoveryStatistic, Event, Look, Outcome, Pace, Phase, StepConfig, StepSearch, StepState,
    violation,
};
use homeostat_testkit::golden::{close, load};
use proptest::prelude::*;

use crate::goldens_ceiling::ClockTable;
use crate::{BATCHES, ceiling, ceiling_of, golden, upper};

/// What a model does outside its ceiling.
#[derive(Clone, Copy)]
enum Far {
    /// Goes on as inside.
    Follows,
    /// From a fifth above the ceiling on it stands still: no gradient is left there.
    StandsStill,
    /// From a fifth above the ceiling on its steps lead further out.
    Diverges,
}

/// A divergence that goes to nine tenths of its ceiling by this share of the distance with every step.
struct Plant {
    value: f64,
    gain: f64,
    far: Far,
    search: StepSearch,
    memory: StepState,
}

impl Plant {
    fn new(value: f64, gain: f64, far: Far) -> Self {
        let search = StepConfig::default().init().expect("legal");
        Self { value, gain, far, search, memory: StepState::default() }
    }

    /// One step, looked at before and after, shortened or taken back as the search says.
    fn step(&mut self, ceiling: Option<f64>) -> Outcome {
        let look = |value: f64| Look { loss: Ok(1.0), violation: violation(&[value], [ceiling]) };
        let limit = ceiling.unwrap_or(f64::INFINITY);
        let lower = (self.gain * (0.9 * limit - self.value)).min(0.0);
        let whole = match self.far {
            Far::StandsStill if self.value > 1.2 * limit => 0.0,
            Far::Diverges if self.value > 1.2 * limit => 0.1 * self.value,
            _ => lower,
        };
        for attempt in 0.. {
            let value = self.value + whole * 0.5_f64.powi(attempt);
            let (before, after) = (look(self.value), look(value));
            let decision = self.search.decide(&mut self.memory, attempt as u32, before, after);
            if let Some(outcome) = decision.outcome() {
                if outcome != Outcome::Rejected {
                    self.value = value;
                }
                return outcome;
            }
        }
        unreachable!("a search ends")
    }

    /// One epoch under the ceiling; how far the value was above it at worst, and whether the target was
    /// announced and the squeeze held.
    fn epoch(&mut self, ceiling: &Ceiling, state: &mut CeilingState) -> Told {
        let mut told = Told::default();
        ceiling.begin_epoch(state, &mut |_| {});
        for _ in 0..BATCHES {
            let outcome = self.step(upper(state));
            told.rejected += u64::from(outcome == Outcome::Rejected);
            told.excess = told.excess.max(self.value / upper(state).unwrap_or(f64::INFINITY));
            let values = vec![self.value; ceiling.names().len()];
            let batch = Batch { values: &values, minimum_score: Some(0.3), outcome: Some(outcome) };
            ceiling.observe(state, batch).expect("a value per goal");
        }
        ceiling.end_epoch(state, &mut |event| match event {
            Event::Held { .. } => told.held = true,
            Event::TargetReached { .. } => told.reached = true,
            _ => {}
        });
        told
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Told {
    excess: f64,
    rejected: u64,
    held: bool,
    reached: bool,
}

/// C = the value of the first epoch, T = 20.
fn config(pace: Pace, restorations: f64) -> CeilingConfig {
    let discovery = DiscoveryConfig {
        statistic: DiscoveryStatistic::Maximum,
        headroom: 1.0,
        ..DiscoveryConfig::default()
    };
    let target = CeilingTarget::Absolute(20.0);
    let mut config = CeilingConfig { discovery, pace, ..CeilingConfig::new(target) };
    config.backoff.restorations = restorations;
    config
}

/// So many epochs; what the last one told, the largest excess, and at which epoch the target was announced.
fn run(
    ceiling: &Ceiling,
    plant: &mut Plant,
    epochs: u64,
) -> (CeilingState, Vec<Told>, Option<(u64, f64)>) {
    let mut state = ceiling.init_state();
    let mut all = Vec::new();
    let mut reached = None;
    for epoch in 1..=epochs {
        all.push(plant.epoch(ceiling, &mut state));
        if all.last().is_some_and(|told| told.reached) {
            assert_eq!(reached, None, "told once");
            reached = Some((epoch, plant.value));
        }
    }
    (state, all, reached)
}

#[test]
fn a_ceiling_comes_down_as_fast_as_the_model_can_follow() {
    for pace in [Pace::Epoch, Pace::Batch] {
        // A time constant of three epochs and a third.
        let slow = || Plant::new(100.0, 0.003, Far::Follows);
        let ceiling = ceiling(&config(pace, 0.5));
        let mut plant = slow();
        let (state, all, reached) = run(&ceiling, &mut plant, 120);
        assert!(all.iter().any(|told| told.held));
        assert!(all.iter().all(|told| told.rejected == 0), "every step led back");
        let excess = all.iter().map(|told| told.excess).fold(0.0, f64::max);
        assert!(excess < 1.2, "the ceiling never leaves the model behind: {excess}");
        assert_eq!((state.phase(), upper(&state)), (Phase::Target, Some(20.0)));
        let (epoch, value) = reached.expect("the target is announced");
        assert!(epoch > 20 && value <= 20.0, "{value} in epoch {epoch}");

        // Without the wait the schedule runs away and announces a target that nobody reached.
        let ceiling = crate::ceiling(&config(pace, 1.0));
        let (_, all, reached) = run(&ceiling, &mut slow(), 120);
        let excess = all.iter().map(|told| told.excess).fold(0.0, f64::max);
        let (epoch, value) = reached.expect("the target is announced");
        assert!(epoch == 15 && excess > 1.4 && value > 20.0, "{excess}, {value} in {epoch}");
    }
}

#[test]
fn a_wait_moves_nothing_slows_the_clock_and_ends_with_the_share() {
    for pace in [Pace::Epoch, Pace::Batch] {
        let ceiling = ceiling(&config(pace, 0.5));
        let mut state = ceiling.init_state();
        // Outside in so many batches of the epoch; clock, increment and what is told then.
        let outcome = |inside: bool| if inside { Outcome::Accepted } else { Outcome::Restored };
        for (outside, sigma, increment, waits) in [
            (0, 2.0, 1.0, false),
            (0, 2.0, 1.0, false),
            (50, 3.0, 1.0, false),
            (51, 4.0, 0.5, true),
            (100, 4.0, 0.25, true),
            (50, 4.0, 0.25, false),
            (0, 4.25, 0.375, false),
        ] {
            let mut lines = Vec::new();
            ceiling.begin_epoch(&mut state, &mut |event| lines.push(event.to_string()));
            let waited = state.is_waiting();
            let first = upper(&state);
            for batch in 0..BATCHES {
                crate::observe(&ceiling, &mut state, 100.0, 0.9, outcome(batch >= outside));
            }
            let last = upper(&state);
            ceiling.end_epoch(&mut state, &mut |event| lines.push(event.to_string()));
            if first.is_some() {
                assert_eq!(upper(&state), last, "neither raised nor lowered");
            }
            assert_eq!(
                (state.sigma(), state.increment(), state.is_waiting()),
                (sigma, increment, waits)
            );
            if waited {
                assert_eq!(first, last);
                assert!(!lines.iter().any(|line| line.contains("squeeze")), "{lines:?}");
            }
            let line = format!(
                "⏸ KL ceiling waits: {outside}.0% of epoch {} began above it, next by {increment} of a step",
                state.epoch()
            );
            assert_eq!(lines.contains(&line), waits, "{lines:?}");
        }
    }
}

#[test]
fn the_target_is_not_announced_while_the_values_are_above_it() {
    let ceiling = ceiling(&config(Pace::Epoch, 0.5));
    let mut state = ceiling.init_state();
    let epoch = |state: &mut CeilingState, outcome| {
        let mut reached = false;
        ceiling.begin_epoch(state, &mut |_| {});
        for _ in 0..BATCHES {
            crate::observe(&ceiling, state, 100.0, 0.9, outcome);
        }
        let tightenings = state.tightenings();
        ceiling.end_epoch(state, &mut |event| {
            reached |= matches!(event, Event::TargetReached { .. });
        });
        (reached, state.tightenings() > tightenings)
    };
    for _ in 1..15 {
        epoch(&mut state, Outcome::Accepted);
    }
    for _ in 0..3 {
        assert_eq!(epoch(&mut state, Outcome::Restored), (false, false));
        assert_eq!((upper(&state), state.sigma()), (Some(20.0), 15.0));
        assert_eq!(state.phase(), Phase::Squeeze);
    }
    assert_eq!(epoch(&mut state, Outcome::Accepted), (true, true));
    epoch(&mut state, Outcome::Accepted);
    assert_eq!(state.phase(), Phase::Target);
}

#[test]
fn a_model_that_follows_quickly_sees_the_trace_unchanged() {
    let table: ClockTable = load(golden("clock"));
    for pace in [Pace::Epoch, Pace::Batch] {
        let ceiling = ceiling(&config(pace, 0.5));
        let mut state = ceiling.init_state();
        let mut plant = Plant::new(table.discovered, 0.5, Far::Follows);
        plant.epoch(&ceiling, &mut state);
        plant.epoch(&ceiling, &mut state);
        for [number, _, _, _, percent, after, increment] in &table.rows {
            ceiling.begin_epoch(&mut state, &mut |_| {});
            for batch in 0..BATCHES {
                // The faults of the trace at the end of the epoch; every other step is the plant's.
                let forced = batch >= BATCHES - *percent as u64;
                let own = plant.step(upper(&state));
                assert_ne!(own, Outcome::Rejected);
                let outcome = if forced { Outcome::Rejected } else { own };
                crate::observe(&ceiling, &mut state, plant.value, 0.2, outcome);
            }
            assert!(!state.is_waiting());
            ceiling.end_epoch(&mut state, &mut |_| {});
            let what = format!("{pace:?}, epoch {number}");
            close(&what, upper(&state).expect("one"), *after, table.tolerance, 0.0);
            close(&what, state.increment(), *increment, table.tolerance, 0.0);
        }
    }
}

#[test]
fn after_an_explosion_backoff_brings_the_ceiling_down_and_the_published_code_does_not() {
    let start = |far| Plant::new(200_000.0, 0.2, far);
    let rejected = |all: &[Told]| all.iter().map(|told| told.rejected).sum::<u64>();
    let mut config = CeilingConfig::note();
    config.backoff.least = 1.0 / 64.0;
    let mut plant = start(Far::Diverges);
    let (state, all, _) = run(&ceiling(&config), &mut plant, 200);
    assert_eq!((state.phase(), upper(&state)), (Phase::Target, Some(3000.0)));
    assert!(plant.value < 3000.0 && rejected(&all) > 0, "{}", plant.value);

    // An eighth of the way from 200,000 to 13,000 is too much for this model at some point: then the
    // ceiling stands, as it should, and `give_up` would end the run.
    let mut plant = start(Far::Diverges);
    let (state, ..) = run(&ceiling(&CeilingConfig::note()), &mut plant, 200);
    assert_eq!((state.phase(), state.increment()), (Phase::Squeeze, 0.125));
    assert!(plant.value < 0.95 * upper(&state).expect("one") && plant.value > 50_000.0);

    // The published code squeezes on whatever happens.
    let mut plant = start(Far::StandsStill);
    let published = ceiling(&CeilingConfig::parity_note());
    let (_, _, _) = run(&published, &mut plant, 60);
    assert!((plant.value - 180_000.0).abs() < 1.0, "the shock is never absorbed: {}", plant.value);
}

#[test]
fn a_model_that_stands_still_outside_is_waited_for_and_got_back_by_a_retreat() {
    for pace in [Pace::Epoch, Pace::Batch] {
        let mut config = CeilingConfig { pace, ..CeilingConfig::note() };
        let mut plant = Plant::new(200_000.0, 0.2, Far::StandsStill);
        let (state, all, reached) = run(&ceiling(&config), &mut plant, 200);
        let last = all.last().expect("epochs");
        assert!(last.held && state.is_waiting() && reached.is_none());
        assert_eq!((state.phase(), state.rejections().rejected), (Phase::Squeeze, 0));
        assert!(plant.value > 1.2 * upper(&state).expect("one"));

        config.backoff.retreat = 0.5;
        let mut plant = Plant::new(200_000.0, 0.2, Far::StandsStill);
        let (state, all, _) = run(&ceiling(&config), &mut plant, 400);
        assert!(all.iter().any(|told| told.held));
        let [value, ceiling] = [plant.value, upper(&state).expect("one")];
        assert!(value <= 1.2 * ceiling, "{value} under {ceiling}");
    }
}

const EPOCH: u64 = 20;

proptest! {
    /// In every epoch so many steps are rejected and so many more restored.
    #[test]
    fn after_an_epoch_outside_clock_and_ceilings_stand_until_one_inside(
        plan in prop::collection::vec((0..5_u64, 0..=EPOCH), 3..40),
        (pace, limit) in (prop::sample::select(vec![Pace::Batch, Pace::Epoch]), 0.0..=1.0_f64),
    ) {
        let ceiling = ceiling_of(&config(pace, limit), EPOCH);
        let mut state = ceiling.init_state();
        for (rejected, restored) in plan {
            let (sigma, waiting) = (state.sigma(), state.is_waiting());
            let squeezed = state.phase();
            let before = upper(&state);
            let mut held = false;
            ceiling.begin_epoch(&mut state, &mut |_| {});
            for index in 0..EPOCH {
                if waiting {
                    prop_assert_eq!(upper(&state), before);
                }
                let outcome = if index < rejected {
                    Outcome::Rejected
                } else if index < rejected + restored {
                    Outcome::Restored
                } else {
                    Outcome::Accepted
                };
                crate::observe(&ceiling, &mut state, 100.0, 0.4, outcome);
            }
            ceiling.end_epoch(&mut state, &mut |event| held |= matches!(event, Event::Held { .. }));
            if waiting {
                prop_assert_eq!((state.sigma(), upper(&state)), (sigma, before), "{:?}", squeezed);
            }
            let share = state.rejections().restored_share();
            let failed = rejected as f64 / EPOCH as f64 > 0.15;
            let outside = state.phase() == Phase::Squeeze && share > limit;
            prop_assert_eq!(held, outside && !failed);
            let waits = if failed || state.phase() != Phase::Squeeze { waiting } else { outside };
            prop_assert_eq!(state.is_waiting(), waits);
        }
    }
}
