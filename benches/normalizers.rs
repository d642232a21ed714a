//! What does it cost to normalize a loss? Nanoseconds per commit at a full window, for every normalizer
//! and for streams that are as hard as can be for a sorted window.
//!
//! ```text
//! cargo bench --package homeostat-benches --bench normalizers
//! ```
//!
//! Read the column `median`: a rank in a window of 50,000, with its secant slope, must stay below a
//! microsecond whatever the order of the stream. Lines `alloc` must not appear. `density` and `jitter`
//! look at the whole window in every step and are there to show what that costs.

use divan::{AllocProfiler, Bencher, black_box};
use homeostat_normalize::{
    Centre, EmaConfig, NormalizerConfig, RankConfig, RankSlope, Scale, WinsorConfig,
};
use homeostat_signal::OrderWindow;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    for capacity in [RANK, WINSOR] {
        let bytes = OrderWindow::new(capacity).bytes() as f64 / capacity as f64;
        eprintln!("a window of {capacity} takes {bytes:.2} bytes per slot");
        assert!(bytes <= 16.0, "a window may take 16 bytes per slot");
    }
    divan::main();
}

/// The default windows of rank and winsor.
const RANK: usize = 50_000;
const WINSOR: usize = 10_000;

/// How many losses take turns in a random stream: many more than branch predictors remember.
const TURNS: usize = 1 << 17;

#[derive(Clone, Copy, Debug)]
enum Stream {
    Random,
    Ascending,
    Descending,
    Equal,
}

const STREAMS: [Stream; 4] = [Stream::Random, Stream::Ascending, Stream::Descending, Stream::Equal];

impl Stream {
    /// The losses of this stream, without end.
    fn losses(self) -> impl FnMut() -> f64 {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let uniform: Vec<f64> =
            (0..TURNS).map(|_| (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64).collect();
        let mut turn = 0_usize;
        move || {
            turn += 1;
            match self {
                Self::Random => uniform[turn % TURNS],
                Self::Ascending => turn as f64,
                Self::Descending => -(turn as f64),
                Self::Equal => 0.5,
            }
        }
    }
}

/// Times commits to a full window.
fn commit(bencher: Bencher, config: &NormalizerConfig, stream: Stream, window: usize) {
    let normalizer = config.init().expect("a legal configuration");
    let mut state = normalizer.init_state();
    let mut losses = stream.losses();
    for _ in 0..window + 100 {
        normalizer.commit(&mut state, losses());
    }
    bencher.bench_local(|| normalizer.commit(&mut state, black_box(losses())));
}

/// The default rank: mid ties, secant slope.
#[divan::bench(args = STREAMS)]
fn rank(bencher: Bencher, stream: Stream) {
    commit(bencher, &NormalizerConfig::Rank(RankConfig::default()), stream, RANK);
}

/// What the commit would say, without pushing.
#[divan::bench]
fn rank_peek(bencher: Bencher) {
    let normalizer = NormalizerConfig::Rank(RankConfig::default()).init().expect("legal");
    let mut state = normalizer.init_state();
    let mut losses = Stream::Random.losses();
    for _ in 0..RANK + 100 {
        normalizer.commit(&mut state, losses());
    }
    bencher.bench_local(|| normalizer.peek(&state, black_box(losses())));
}

/// A rank over a random part of the window: O(n).
#[divan::bench(sample_count = 20)]
fn rank_jitter(bencher: Bencher) {
    let config = RankConfig { jitter: 0.3, ..RankConfig::default() };
    commit(bencher, &NormalizerConfig::Rank(config), Stream::Random, RANK);
}

/// A rank with the slope of a kernel density: O(n).
#[divan::bench(sample_count = 20)]
fn rank_density(bencher: Bencher) {
    let config = RankConfig { slope: RankSlope::Density, ..RankConfig::default() };
    commit(bencher, &NormalizerConfig::Rank(config), Stream::Random, RANK);
}

/// The default z-score: mean and standard deviation.
#[divan::bench(args = STREAMS)]
fn winsor(bencher: Bencher, stream: Stream) {
    commit(bencher, &NormalizerConfig::Winsor(WinsorConfig::default()), stream, WINSOR);
}

/// Median and median absolute deviation.
#[divan::bench(args = STREAMS)]
fn winsor_robust(bencher: Bencher, stream: Stream) {
    let config =
        WinsorConfig { centre: Centre::Median, scale: Scale::Mad, ..WinsorConfig::default() };
    commit(bencher, &NormalizerConfig::Winsor(config), stream, WINSOR);
}

/// Median and median absolute deviation of a random part of the window: O(n).
#[divan::bench(sample_count = 20)]
fn winsor_robust_jitter(bencher: Bencher) {
    let config = WinsorConfig { jitter: 0.3, ..WinsorConfig::robust() };
    commit(bencher, &NormalizerConfig::Winsor(config), Stream::Random, WINSOR);
}

/// Three numbers instead of a window.
#[divan::bench]
fn ema(bencher: Bencher) {
    commit(bencher, &NormalizerConfig::Ema(EmaConfig::default()), Stream::Random, 0);
}
