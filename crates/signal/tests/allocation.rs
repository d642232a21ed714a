//! No observation allocates. A test binary of its own, because an allocator is global.

use homeostat_signal::{OrderWindow, PairRing, SlidingMoments};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn a_full_window_allocates_nothing() {
    let mut window = OrderWindow::new(1000);
    let mut moments = SlidingMoments::default();
    let mut ring = PairRing::new(64);
    let mut random = 3_u64;
    let mut step = |window: &mut OrderWindow| {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let value = (random >> 40) as f64;
        let planned = window.after(value).newest(700).median_absolute_deviation();
        let evicted = window.push(value);
        moments.push(value, evicted, window.iter());
        ring.push(value, moments.mean().unwrap_or(0.0));
        (planned, window.median_absolute_deviation(), window.quantile(0.9), ring.correlation())
    };
    for _ in 0..1500 {
        step(&mut window);
    }
    let _profiler = dhat::Profiler::builder().testing().build();
    let before = dhat::HeapStats::get().total_blocks;
    for _ in 0..1000 {
        step(&mut window);
    }
    assert_eq!(dhat::HeapStats::get().total_blocks, before);
    let vector = std::hint::black_box(vec![0_u8; 10]);
    assert_eq!(dhat::HeapStats::get().total_blocks, before + 1, "{vector:?}: it does count");
}

/// No harness, whose own thread may allocate at any time.
fn main() {
    a_full_window_allocates_nothing();
    eprintln!("test a_full_window_allocates_nothing ... ok");
}
