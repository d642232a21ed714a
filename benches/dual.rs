//! What does the engine cost? Microseconds per step of twenty constraints with every trick on.
//!
//! ```text
//! cargo bench --package homeostat-benches --bench dual
//! ```
//!
//! Read the column `median`: with short windows a step must stay below 20 µs. What a rank in a window of
//! 50,000 adds is memory that is not in the cache, and is measured alone by the bench `normalizers`.
//! Lines `alloc` must not appear.

use divan::{AllocProfiler, Bencher, black_box};
use homeostat::multiplier::{
    Dual, DualConfig, DualState, FamilyConfig, Measurement, MultiplierConfig, NuPiConfig,
    RuleConfig, Schedule, Supply, Switch, Target,
};
use homeostat_normalize::{NormalizerConfig, RankConfig, WinsorConfig};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

const CONSTRAINTS: usize = 20;

/// How many steps' measurements take turns.
const TURNS: usize = 1 << 12;

/// An engine of twenty constraints, with as many losses behind it as the window holds.
fn engine(one: MultiplierConfig, window: usize) -> (Dual, DualState) {
    let names = (0..CONSTRAINTS).map(|index| format!("constraint-{index:02}"));
    let mut config = DualConfig {
        constraints: names.map(|name| (name, one.clone())).collect(),
        ..DualConfig::default()
    };
    if one.family.is_some() {
        let family =
            FamilyConfig { budget: 5.0, mode: Default::default(), weights: Default::default() };
        config.families.insert("all".into(), family);
    }
    let dual = config.init().expect("legal");
    let mut state = dual.init_state();
    let turns = turns();
    for step in 0..window + 100 {
        dual.observe(&mut state, &turns[step % TURNS]).expect("as many as constraints");
        dual.update(&mut state);
    }
    (dual, state)
}

/// Losses around 1 and an ease, from Knuth's MMIX generator.
fn turns() -> Vec<Vec<Option<Measurement>>> {
    let mut bits = 42_u64;
    let mut uniform = || {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005);
        bits = bits.wrapping_add(1_442_695_040_888_963_407);
        (bits >> 11) as f64 / 2.0_f64.powi(53)
    };
    let mut one = || Some(Measurement { ease: Some(uniform()), ..(0.5 + uniform()).into() });
    (0..TURNS).map(|_| (0..CONSTRAINTS).map(|_| one()).collect()).collect()
}

fn bench(bencher: Bencher, one: MultiplierConfig, window: usize) {
    let (dual, mut state) = engine(one, window);
    let turns = turns();
    let mut step = 0;
    bencher.bench_local(|| {
        step = (step + 1) % TURNS;
        dual.observe(&mut state, black_box(&turns[step])).expect("as many as constraints");
        dual.update(&mut state);
        black_box(dual.coefficients(&state)[0])
    });
}

fn every_trick(normalizer: NormalizerConfig) -> MultiplierConfig {
    MultiplierConfig {
        family: Some("all".into()),
        ease: Some(Supply::Loop),
        restart_after: Some(50),
        rule: Some(RuleConfig::NuPi(NuPiConfig::new(1.0))),
        ..MultiplierConfig::constraint(Target::Raw(Schedule::Fixed(0.9)), normalizer)
    }
}

/// Dual ascent and nothing else.
#[divan::bench]
fn plain(bencher: Bencher) {
    let target = Target::Raw(Schedule::Fixed(0.9));
    let one = MultiplierConfig {
        spike: Some(Switch::Off),
        pause: Some(Switch::Off),
        verdict: Some(Switch::Off),
        ..MultiplierConfig::constraint(target, NormalizerConfig::None)
    };
    bench(bencher, one, 0);
}

/// Every trick, without a normalizer.
#[divan::bench]
fn every_trick_alone(bencher: Bencher) {
    bench(bencher, every_trick(NormalizerConfig::None), 200);
}

/// Every trick, and a z-score.
#[divan::bench(args = [1000, 10_000])]
fn every_trick_and_winsor(bencher: Bencher, window: usize) {
    let winsor = WinsorConfig { window, ..WinsorConfig::default() };
    bench(bencher, every_trick(NormalizerConfig::Winsor(winsor)), window);
}

/// Every trick, and a rank.
#[divan::bench(args = [1000, 50_000])]
fn every_trick_and_rank(bencher: Bencher, window: usize) {
    let rank = RankConfig { window, ..RankConfig::default() };
    bench(bencher, every_trick(NormalizerConfig::Rank(rank)), window);
}
