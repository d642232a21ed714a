//! One ceiling on the board has the properties of every law.

use homeostat_ceiling::{
    BackoffConfig, Batch, CeilingConfig, CeilingInput, CeilingLaw, CeilingState, CeilingTarget,
    Outcome, Pace, Squeeze,
};
use homeostat_core::{
    Board, Clock, Controller, FaultCount, Law, Layout, Metric, Optional, Port, RawLoss, Setpoint,
    StepError, Wired,
};
use homeostat_testkit::{Splitmix, conformance};

/// The law with an output that can be compared.
struct Comparable(CeilingLaw<RawLoss>);

impl Law for Comparable {
    const NAME: &'static str = CeilingLaw::<RawLoss>::NAME;
    const VERSION: u32 = CeilingLaw::<RawLoss>::VERSION;
    type Input = CeilingInput<RawLoss>;
    type Output = Option<u64>;
    type State = CeilingState;

    fn init(&self) -> CeilingState {
        self.0.init()
    }

    fn step(
        &self,
        state: &mut CeilingState,
        input: CeilingInput<RawLoss>,
    ) -> Result<Option<u64>, StepError> {
        Ok(self.0.step(state, input)?.map(|ceiling| ceiling.get().to_bits()))
    }
}

fn law(config: &CeilingConfig) -> CeilingLaw<RawLoss> {
    config.init_law(Clock::new(9).expect("at least one")).expect("legal")
}

fn input(step: u64) -> CeilingInput<RawLoss> {
    let mut random = Splitmix(step);
    let value = (step % 13 != 5).then(|| random.between(20.0, 90.0));
    let rejected = if random.uniform() < 0.1 { 2.0 } else { 0.0 };
    let restored = if random.uniform() < 0.3 { 1.0 } else { 0.0 };
    (
        value.map(|value| RawLoss::new(value).expect("finite")),
        Some(Metric::new(random.between(0.4, 0.7)).expect("finite")),
        (!step.is_multiple_of(3)).then(|| FaultCount::new(rejected).expect("a count")),
        step.is_multiple_of(2).then(|| FaultCount::new(restored).expect("a count")),
    )
}

#[test]
fn every_mode_conforms() {
    let target = CeilingTarget::Absolute(8.0);
    let base = CeilingConfig::new(target);
    let table = Squeeze::Absolute { ceilings: vec![60.0, 30.0, 12.0] };
    for config in [
        base.clone(),
        CeilingConfig { pace: Pace::Epoch, ..base.clone() },
        CeilingConfig { squeeze: Squeeze::geometric(5), hold: 2, ..base.clone() },
        CeilingConfig { squeeze: table, target: None, ..base.clone() },
        CeilingConfig {
            backoff: BackoffConfig { give_up: Some(2), ..BackoffConfig::default() },
            ..base
        },
        CeilingConfig { goals: vec!["kl".to_owned()], ..CeilingConfig::parity_note() },
        CeilingConfig { goals: vec!["kl".to_owned()], ..CeilingConfig::parity_late() },
    ] {
        conformance(|| Comparable(law(&config)), input, Vec::new());
    }
}

#[test]
fn on_a_board_the_setpoint_is_absent_until_it_is_discovered() {
    let (kl, ceiling) = (Port::<RawLoss>::new("kl"), Port::<Setpoint<RawLoss>>::new("kl"));
    let rejections = Port::<FaultCount>::new("rejections");
    let mut layout = Layout::new();
    let measured = layout.declare(&kl).expect("new");
    let setpoint = layout.declare(&ceiling).expect("new");
    let rejected = layout.declare(&rejections).expect("new");
    let config = CeilingConfig::new(CeilingTarget::Relative(0.2));
    let inputs = (Optional(Some(kl)), Optional(None), Optional(Some(rejections)), Optional(None));
    let mut controller = Wired::new("kl-ceiling", law(&config), inputs, Optional(Some(ceiling)));
    controller.bind(&layout).expect("every port exists");
    let mut board = Board::new(layout);
    let mut found = Vec::new();
    for _ in 0..9 * 16 {
        board.set(measured, RawLoss::new(50.0).expect("finite"));
        board.set(rejected, FaultCount::new(0.0).expect("a count"));
        controller.step(&mut board).expect("a step");
        found.push(board.value(setpoint.index()));
    }
    assert_eq!(found[..8], [None; 8]);
    let (first, last) = (found[8].expect("discovered"), found[9 * 16 - 1].expect("squeezed"));
    assert!((first - 55.0).abs() < 1e-9 && (last - 11.0).abs() < 1e-9, "{first} {last}");
    let ceilings: Vec<f64> = found.into_iter().flatten().collect();
    assert!(ceilings.is_sorted_by(|one, next| one >= next));
}

#[test]
fn the_probes_show_phase_and_ceiling() {
    let law = law(&CeilingConfig::new(CeilingTarget::Absolute(8.0)));
    let mut state = law.init();
    for step in 0..40 {
        law.step(&mut state, input(step)).expect("a step");
    }
    let mut names = Vec::new();
    law.probe(&state, &mut |name: &'static str, value: f64| {
        names.push(name);
        assert!(value.is_finite(), "{name}");
    });
    assert_eq!(names[..3], ["phase", "epoch", "ceiling"]);
    let two =
        CeilingConfig { goals: vec!["a".into(), "b".into()], ..law.ceiling().config().clone() };
    let error = two.init_law::<RawLoss>(Clock::default()).expect_err("two goals").to_string();
    assert_eq!(error, "goals must be one where the ceiling is a law on the board, got 2");
}

#[test]
fn two_goals_that_share_a_schedule_are_as_many_laws() {
    let config = CeilingConfig::new(CeilingTarget::Relative(0.2));
    let goals = vec!["kl_core".to_owned(), "kl_detail".to_owned()];
    let clock = Clock::new(9).expect("at least one");
    let both = CeilingConfig { goals, ..config.clone() }.init(clock).expect("legal");
    let mut together = both.init_state();
    let one = law(&config);
    let mut apart = [one.init(), one.init()];
    let count = |count: u64| Some(FaultCount::new(count as f64).expect("a count"));
    for step in 0..9 * 40 {
        let mut random = Splitmix(step);
        let values = [random.between(20.0, 90.0), random.between(5.0, 30.0)];
        // Some epochs have a rejected step before every accepted one, some are spent outside.
        let rejected = u64::from((step / 9) % 6 == 5);
        let restored = (step / 9) % 8 == 7;
        let mut observe = |values: &[f64], score, outcome| {
            let batch = Batch { values, minimum_score: score, outcome: Some(outcome) };
            both.observe(&mut together, batch).expect("two values");
        };
        for _ in 0..rejected {
            observe(&[f64::NAN; 2], None, Outcome::Rejected);
        }
        let outcome = if restored { Outcome::Restored } else { Outcome::Accepted };
        observe(&values, Some(0.6), outcome);
        if together.batch() >= 9 {
            both.end_epoch(&mut together, &mut |_| {});
            both.begin_epoch(&mut together, &mut |_| {});
        }
        for (state, value) in apart.iter_mut().zip(values) {
            let value = Some(RawLoss::new(value).expect("finite"));
            let score = Some(Metric::new(0.6).expect("finite"));
            let input = (value, score, count(rejected), count(u64::from(restored)));
            one.step(state, input).expect("a step");
        }
        let expected: Vec<_> = together.goals().iter().map(|goal| goal.bounds()).collect();
        let found: Vec<_> = apart.iter().map(|state| state.goals()[0].bounds()).collect();
        assert_eq!(found, expected, "step {step}");
    }
    assert!(apart[0].sigma() > 6.0);
}

#[test]
fn rejections_are_counted_beside_the_accepted_step_they_came_before() {
    let law = law(&CeilingConfig::new(CeilingTarget::Relative(0.2)));
    let mut state = law.init();
    let value = || Some(RawLoss::new(50.0).expect("finite"));
    let count = |count: f64| Some(FaultCount::new(count).expect("a count"));
    for _ in 0..4 {
        law.step(&mut state, (value(), None, count(1.0), count(1.0))).expect("a step");
    }
    let found = state.rejections();
    assert_eq!((found.accepted, found.restored, found.rejected), (4, 4, 4));
    assert_eq!(found.rate(homeostat_ceiling::Rules::Mended), 0.5);
    // However many there were, the step takes no longer and nothing overflows.
    for _ in 0..3 {
        law.step(&mut state, (value(), None, count(1e300), None)).expect("a step");
    }
}
