//! What does control cost? Nanoseconds and allocations per step: every law alone, a law wired to a
//! board, and the orchestrator with all controllers of `configs/topoencoder_2d.toml`.
//!
//! ```text
//! cargo bench --package homeostat-benches --bench laws
//! ```
//!
//! Read the column `median`. A training step takes milliseconds, so a law of 20 ns is free, and the
//! orchestrator must stay below some microseconds. Lines `alloc` appear only where a step allocates:
//! there must be none. Every input changes from step to step, so that no branch is always the same.

use divan::{AllocProfiler, Bencher, black_box};
use homeostat::governor::{GovernorConfig, GovernorInput, RampConfig};
use homeostat::multiplier::{Baseline, MultiplierConfig, Target};
use homeostat::pid::PidConfig;
use homeostat::precision::{Mode, PrecisionConfig};
use homeostat::signal::{Ema, EmaStart};
use homeostat::{
    Board, Clock, Controller, Entropy, FaultCount, GradientNorm, Law, Layout, Optional,
    ParameterNorm, Port, RawLoss, Setpoint, UpdateNorm, Weight, Wired,
};
use homeostat_benches::{observe, settings, steps_per_epoch};
use homeostat_examples::trainer::panel;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// How many different inputs take turns; a power of two.
const TURNS: usize = 64;

/// Steps of the orchestrator per sample: enough to leave the warm-up of the baselines behind in the
/// first of them, and for the clock.
const STEPS: u32 = 200;

/// A loss that swings around 1.
fn loss(turn: usize) -> RawLoss {
    RawLoss::new(1.0 + 0.2 * (0.7 * turn as f64).sin()).expect("finite")
}

/// Times the steps of a law over inputs that take turns.
fn bench<L: Law>(bencher: Bencher, law: &L, input: impl Fn(usize) -> L::Input)
where
    L::Input: Clone,
{
    let inputs: Vec<L::Input> = (0..TURNS).map(input).collect();
    let mut state = law.init();
    let mut turn = 0;
    bencher.bench_local(|| {
        turn = (turn + 1) % TURNS;
        law.step(&mut state, black_box(inputs[turn].clone()))
    });
}

/// Dual ascent on a constraint with a known bound.
#[divan::bench]
fn multiplier_setpoint(bencher: Bencher) {
    let config = MultiplierConfig::new(0.1, 0.01);
    let law = config.init::<RawLoss>(Clock::default()).expect("legal");
    let setpoint = Setpoint::<RawLoss>::new(1.0).expect("finite");
    bench(bencher, &law, |turn| (loss(turn), Some(setpoint)));
}

/// Dual ascent towards a bound that is learned, after its warm-up.
#[divan::bench]
fn multiplier_baseline(bencher: Bencher) {
    let target = Target::Baseline(Baseline { warmup: 10.0, ..Baseline::default() });
    let config = MultiplierConfig { target: Some(target), ..MultiplierConfig::new(0.1, 0.01) };
    let law = config.init::<RawLoss>(Clock::default()).expect("legal");
    bench(bencher, &law, |turn| (loss(turn), None));
}

/// A PID controller with all three parts.
#[divan::bench]
fn pid(bencher: Bencher) {
    let config = PidConfig { kd: 0.01, ..PidConfig::new(0.1, 0.05, 0.01) };
    let law = config.init::<RawLoss>(Clock::default()).expect("legal");
    let setpoint = Setpoint::<RawLoss>::new(1.0).expect("finite");
    bench(bencher, &law, |turn| (loss(turn), setpoint));
}

/// A learned precision in closed form.
#[divan::bench]
fn precision(bencher: Bencher) {
    let config = PrecisionConfig::new(Mode::ClosedForm { averaging_time: 50.0 });
    let law = config.init(Clock::default()).expect("legal");
    bench(bencher, &law, loss);
}

/// The learning-rate governor with every reading and every limit, a decision every 19 steps.
#[divan::bench]
fn governor(bencher: Bencher) {
    let config = GovernorConfig {
        window: 19.0,
        maximum_update_ratio: Some(1e-2),
        maximum_velocity: Some(1.0),
        ..GovernorConfig::new(1e-3, 1e-2)
    };
    let law = config.init(Clock::default()).expect("legal");
    let input = |turn: usize| -> GovernorInput {
        let swing = 0.1 * (0.7 * turn as f64).sin();
        (
            Some(loss(turn)),
            Some(GradientNorm::new(1.0 + swing).expect("a norm")),
            Some(ParameterNorm::new(30.0 + swing).expect("a norm")),
            Some(UpdateNorm::new(0.2 + swing).expect("a norm")),
            None,
            Some(Entropy::new(1.0 + swing).expect("finite")),
            FaultCount::new(0.0).expect("a count"),
        )
    };
    bench(bencher, &law, input);
}

/// A weight on its way up.
#[divan::bench]
fn ramp(bencher: Bencher) {
    let law = RampConfig::new(5, 1_000_000_000).init(Clock::default()).expect("legal");
    let weight = Weight::new(0.1).expect("a weight");
    bench(bencher, &law, |_| (weight, None));
}

/// The average that most laws hold.
#[divan::bench]
fn ema(bencher: Bencher) {
    let mut mean = Ema::new(EmaStart::Debiased);
    let losses: Vec<f64> = (0..TURNS).map(|turn| loss(turn).get()).collect();
    let mut turn = 0;
    bencher.bench_local(|| {
        turn = (turn + 1) % TURNS;
        mean.observe(black_box(0.98), black_box(losses[turn]));
        mean.value()
    });
}

/// The multiplier of above behind `dyn Controller`: reads its ports, steps, writes its port.
#[divan::bench]
fn wired_multiplier(bencher: Bencher) {
    let (measured, weight) = (Port::<RawLoss>::new("kl"), Port::<Weight>::new("kl"));
    let setpoint = Port::<Setpoint<RawLoss>>::new("kl");
    let mut layout = Layout::new();
    let measured_slot = layout.declare(&measured).expect("new");
    let setpoint_slot = layout.declare(&setpoint).expect("new");
    layout.declare(&weight).expect("new");
    let config = MultiplierConfig::new(0.1, 0.01);
    let law = config.init::<RawLoss>(Clock::default()).expect("legal");
    let inputs = (measured, Optional(Some(setpoint)));
    let mut controller: Box<dyn Controller> =
        Box::new(Wired::new("kl-weight", law, inputs, weight));
    controller.bind(&layout).expect("every port is declared");
    let mut board = Board::new(layout);
    board.set(setpoint_slot, Setpoint::new(1.0).expect("finite"));
    let losses: Vec<RawLoss> = (0..TURNS).map(loss).collect();
    let mut turn = 0;
    bencher.bench_local(|| {
        turn = (turn + 1) % TURNS;
        board.set(measured_slot, black_box(losses[turn]));
        controller.step(&mut board)
    });
}

/// All controllers of the example decide; the readings stay as they are.
#[divan::bench(sample_size = STEPS)]
fn orchestrator_step(bencher: Bencher) {
    let settings = settings().expect("the defaults are legal");
    let (panel, mut control) =
        panel::build(&settings, steps_per_epoch(&settings)).expect("the defaults can be wired");
    observe(&panel, control.board_mut(), 0.0).expect("plausible");
    bencher.bench_local(|| control.step());
}

/// The same, with a new reading for every sensor before each step.
#[divan::bench(sample_size = STEPS)]
fn orchestrator_observe_and_step(bencher: Bencher) {
    let settings = settings().expect("the defaults are legal");
    let (panel, mut control) =
        panel::build(&settings, steps_per_epoch(&settings)).expect("the defaults can be wired");
    let mut turn = 0;
    bencher.bench_local(|| {
        turn = (turn + 1) % TURNS;
        let shift = 1e-4 * black_box(turn) as f64;
        observe(&panel, control.board_mut(), shift).expect("plausible");
        control.step()
    });
}
