//! No commit and no peek allocates. A test binary of its own, because an allocator is global.

use homeostat_normalize::{Normalizer, NormalizerConfig, NormalizerState};
use homeostat_testkit::Splitmix;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const KINDS: [&str; 9] = [
    r#""none""#,
    r#"{"rank":{"window":200}}"#,
    r#"{"rank":{"window":200,"include_self":false,"slope":"density-floored"}}"#,
    r#"{"rank":{"window":200,"jitter":0.5,"slope":"soft-rank"}}"#,
    r#"{"rank":{"window":200,"reference":{"frozen":{"step":700}}}}"#,
    r#"{"winsor":{"window":200}}"#,
    r#"{"winsor":{"window":200,"centre":"median","scale":"mad","jitter":0.3}}"#,
    r#""ema""#,
    r#"{"auto":{"warmup":600,"rank":{"window":200},"winsor":{"window":200}}}"#,
];

fn fill(kind: &str) -> (Normalizer, NormalizerState, Splitmix) {
    let config: NormalizerConfig = serde_json::from_str(kind).expect("a legal configuration");
    let normalizer = config.init().expect("a legal configuration");
    let (mut state, mut random) = (normalizer.init_state(), Splitmix(5));
    for _ in 0..250 {
        normalizer.commit(&mut state, random.between(-1.0, 1.0));
    }
    (normalizer, state, random)
}

fn a_thousand_commits_at_full_window_allocate_nothing() {
    let mut filled: Vec<_> = KINDS.iter().map(|kind| fill(kind)).collect();
    let _profiler = dhat::Profiler::builder().testing().build();
    for (kind, (normalizer, state, random)) in KINDS.iter().zip(&mut filled) {
        let before = dhat::HeapStats::get().total_blocks;
        for _ in 0..1000 {
            let loss = random.between(-1.0, 1.0);
            let peeked = normalizer.peek(state, loss);
            let mapped = normalizer.map_after(state, loss, 0.2);
            let reading = normalizer.commit(state, loss);
            std::hint::black_box((peeked, mapped, reading, normalizer.map(state, 0.1)));
        }
        assert_eq!(dhat::HeapStats::get().total_blocks, before, "{kind}");
    }
    let before = dhat::HeapStats::get().total_blocks;
    let vector = std::hint::black_box(vec![0_u8; 10]);
    assert_eq!(dhat::HeapStats::get().total_blocks, before + 1, "{vector:?}: it does count");
}

/// No harness, whose own thread may allocate at any time.
fn main() {
    a_thousand_commits_at_full_window_allocate_nothing();
    eprintln!("test a_thousand_commits_at_full_window_allocate_nothing ... ok");
}
