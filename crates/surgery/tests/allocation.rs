//! A step allocates nothing.

use homeostat_surgery::{
    Gramian, Input, KrumConfig, Lambda, Method, RowSet, SurgeryConfig, WeightedSumConfig,
};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

const ROWS: usize = 9;

fn methods() -> Vec<Method> {
    vec![
        Method::Sum,
        Method::Mean,
        Method::WeightedSum(WeightedSumConfig { weights: vec![0.5; ROWS] }),
        Method::Pcgrad(Default::default()),
        Method::Gradvac(Default::default()),
        Method::Cagrad(Default::default()),
        Method::Mgda,
        Method::Upgrad(Default::default()),
        Method::Dualproj(Default::default()),
        Method::ImtlG,
        Method::NashMtl(Default::default()),
        Method::AlignedMtl(Default::default()),
        Method::Config(Default::default()),
        Method::MomentumConfig(Default::default()),
        Method::Fairgrad(Default::default()),
        Method::Sdmgrad(Default::default()),
        Method::Krum(KrumConfig { byzantine: 2, selected: 2 }),
        Method::Gradnorm(Default::default()),
        Method::Famo(Default::default()),
        Method::Graddrop(Default::default()),
    ]
}

fn a_hundred_steps_of_every_method_allocate_nothing() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let mut bits = 1_u64;
    let mut uniform = || {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (bits >> 11) as f64 / 2.0_f64.powi(52) - 1.0
    };
    // Gramians of conflicting rows of every size, with gaps.
    let entries: Vec<Vec<f64>> = (0..10)
        .map(|_| {
            let rows: Vec<Vec<f64>> = (0..ROWS as i32)
                .map(|row| (0..6).map(|_| uniform() * 10.0_f64.powi(row - 4)).collect())
                .collect();
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            rows.iter().flat_map(|a| rows.iter().map(move |b| dot(a, b))).collect()
        })
        .collect();
    for method in methods() {
        let smoothing = if matches!(method, Method::Graddrop(_)) { 0.0 } else { 0.5 };
        let lambda = if method.has_preference() { Lambda::Preference } else { Lambda::Rows };
        let config = SurgeryConfig {
            smoothing,
            lambda,
            force: true,
            monitor_every: 2,
            ..SurgeryConfig::from(method)
        };
        let surgery = config.init().expect("legal");
        let mut state = surgery.init_state(ROWS, 1).expect("legal");
        let mut gramian = Gramian::new(ROWS, &entries[0]).expect("legal");
        let (mut weights, mut losses, mut factors) = ([0.0; ROWS], [1.0; ROWS], [1.0; ROWS]);
        let before = dhat::HeapStats::get().total_blocks;
        for step in 0..100 {
            let mut present = RowSet::all(ROWS);
            present.remove(step % 13);
            gramian.refill(&entries[step % entries.len()], present).expect("legal");
            losses.fill_with(|| 2.0 + uniform());
            factors.fill_with(|| 2.0 + uniform());
            let input = Input {
                gramian: Some(&gramian),
                losses: &losses,
                remeasured: &losses,
                factors: &factors,
            };
            let report = surgery.decide(&mut state, 0, &input, &mut weights).expect("legal");
            assert!(report.norm.is_finite());
        }
        let blocks = dhat::HeapStats::get().total_blocks - before;
        assert_eq!(blocks, 0, "{:?}", surgery.config().method);
    }
}

/// No harness, whose own thread may allocate at any time.
fn main() {
    a_hundred_steps_of_every_method_allocate_nothing();
    eprintln!("test a_hundred_steps_of_every_method_allocate_nothing ... ok");
}
