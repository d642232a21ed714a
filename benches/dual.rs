//! What does the engine cost? Microseconds per step of twenty constraints with every trick on.
//!
//! ```text
//! cargo bench --package homeostat-benches --bench dual
//! ```
//!
//! Read the column `median`: a step must stay below 20 µs, with ranks in windows of 50,000 too. Lines
//! `alloc` must not appear.

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

/// An engine of twenty constraints, with as many losses behind it as the window holds.
fn engine(one: MultiplierConfig, window: usize) -> (Dual, DualState, Losses) {
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
    let mut losses = Losses { bits: 42 };
    for _ in 0..window + 100 {
        dual.observe(&mut state, &losses.next()).expect("as many as constraints");
        dual.update(&mut state);
    }
    (dual, state, losses)
}

/// Losses around 1, each with an ease, from Knuth's MMIX generator. They are drawn in the loop, which costs
/// some tens of nanoseconds: a list that repeats would fill the windows with equal values.
struct Losses {
    bits: u64,
}

impl Losses {
    fn uniform(&mut self) -> f64 {
        self.bits = self.bits.wrapping_mul(6_364_136_223_846_793_005);
        self.bits = self.bits.wrapping_add(1_442_695_040_888_963_407);
        (self.bits >> 11) as f64 / 2.0_f64.powi(53)
    }

    fn next(&mut self) -> [Option<Measurement>; CONSTRAINTS] {
        std::array::from_fn(|_| {
            Some(Measurement { ease: Some(self.uniform()), ..(0.5 + self.uniform()).into() })
        })
    }
}

fn bench(bencher: Bencher, one: MultiplierConfig, window: usize) {
    let (dual, mut state, mut losses) = engine(one, window);
    bencher.bench_local(|| {
        dual.observe(&mut state, black_box(&losses.next())).expect("as many as constraints");
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
