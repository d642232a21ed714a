//! What does a decision of gradient surgery cost? Nanoseconds and allocations of `Surgery::decide` for every
//! method, by the number of gradients K. Gramian and combination, which grow with the model, are measured by
//! the bench `surgery`.
//!
//! ```text
//! cargo bench --package homeostat-benches --bench surgery_laws
//! ```
//!
//! Read the column `median`. Lines `alloc` appear only where a step allocates: there must be none. Sixteen
//! Gramians of gradients that conflict take turns; every method gets what it asks for (a Gramian, losses), and
//! the monitor is off.

use divan::{AllocProfiler, Bencher, black_box};
use homeostat_surgery::{
    Gramian, Input, KrumConfig, Method, SurgeryConfig, SurgeryState, WeightedSumConfig,
};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

/// How many different Gramians take turns.
const TURNS: usize = 16;

/// The method of a name, with its defaults; two have options without one.
fn method(name: &str, rows: usize) -> Method {
    match name {
        "weighted-sum" => Method::WeightedSum(WeightedSumConfig { weights: vec![0.5; rows] }),
        "krum" => Method::Krum(KrumConfig { byzantine: 0, selected: 1 }),
        _ => {
            let text = format!("method = '{name}'");
            toml::from_str::<SurgeryConfig>(&text).expect("a name that is known").method
        }
    }
}

/// K gradients of 4·K numbers that share a direction, about a third of which turn against it.
fn gramian(seed: u64, rows: usize) -> Gramian {
    let mut bits = seed.wrapping_mul(77).wrapping_add(1);
    let mut uniform = || {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (bits >> 11) as f64 / 2.0_f64.powi(52) - 1.0
    };
    let gradients: Vec<Vec<f64>> = (0..rows)
        .map(|row| {
            let shared = if row % 3 == 2 { -0.3 } else { 0.3 };
            let length = 10.0_f64.powf(uniform());
            (0..4 * rows).map(|_| length * (shared + uniform())).collect()
        })
        .collect();
    Gramian::of_rows(&gradients).expect("finite numbers")
}

#[divan::bench(consts = [2, 8, 32], args = Method::NAMES)]
fn decide<const ROWS: usize>(bencher: Bencher, name: &str) {
    if name == "krum" && ROWS < 3 {
        // It looks for neighbours, of which two gradients have none.
        return;
    }
    let config = SurgeryConfig { monitor_every: 0, ..method(name, ROWS).into() };
    let surgery = config.init().expect("legal");
    let mut state: SurgeryState = surgery.init_state(ROWS, 1).expect("legal");
    let gramians: Vec<Gramian> = (0..TURNS as u64).map(|turn| gramian(turn, ROWS)).collect();
    let request = surgery.request(&state, 0);
    let losses: Vec<[f64; ROWS]> = (0..TURNS)
        .map(|turn| std::array::from_fn(|row| 1.5 + ((turn + row) as f64).sin()))
        .collect();
    let mut weights = [0.0; ROWS];
    let mut turn = 0;
    bencher.bench_local(|| {
        turn = (turn + 1) % TURNS;
        let input = Input {
            gramian: request.gramian.then_some(&gramians[turn]),
            losses: &losses[turn],
            ..Input::default()
        };
        surgery.decide(&mut state, 0, black_box(&input), black_box(&mut weights))
    });
}
