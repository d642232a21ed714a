//! A step of the engine allocates nothing.

use std::collections::BTreeMap;

use homeostat_multiplier::{
    DualConfig, DualState, FamilyConfig, LoadPolicy, Measurement, MultiplierConfig, UpdateOrder,
};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Constraints with every trick on, and a rank over the last 50,000 losses.
fn config(order: UpdateOrder, count: usize) -> DualConfig {
    let one: MultiplierConfig = toml::from_str(
        r#"
        target = { raw = { sigmoid = { from = 0.9, to = 0.3, width = 500, midpoint = 500 } } }
        normalizer = { rank = { window = 50000 } }
        rule = { nu-pi = { proportional = 1.0, decay = 0.5 } }
        family = "all"
        ease = "ease"
        strict = "strict"
        restart_after = 50
        spike = { maximum_freeze = 5 }
        every = 2
        "#,
    )
    .expect("legal");
    let names = (0..count).map(|index| format!("constraint-{index:02}"));
    let mut config = DualConfig {
        constraints: names.map(|name| (name, one.clone())).collect(),
        families: [("all".to_owned(), family())].into(),
        ..DualConfig::default()
    };
    config.dual.order = order;
    config.dual.stagger = true;
    config
}

fn family() -> FamilyConfig {
    FamilyConfig { budget: 5.0, mode: Default::default(), weights: BTreeMap::new() }
}

fn a_thousand_steps_of_twenty_constraints_allocate_nothing() {
    let _profiler = dhat::Profiler::builder().testing().build();
    for order in [UpdateOrder::Simultaneous, UpdateOrder::Extragradient] {
        let dual = config(order, 20).init().expect("legal");
        let mut state = dual.init_state();
        let mut measurements: Vec<Option<Measurement>> = vec![None; dual.len()];
        let mut bits = 1_u64;
        let mut uniform = || {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (bits >> 11) as f64 / 2.0_f64.powi(53)
        };
        let mut run = |state: &mut DualState, steps: u64| {
            let before = dhat::HeapStats::get().total_blocks;
            for step in 0..steps {
                for one in &mut measurements {
                    let level = if step % 300 > 280 { 50.0 } else { 0.5 };
                    let value = if uniform() < 0.01 { f64::NAN } else { level + uniform() };
                    let ease = Some(step as f64 + uniform());
                    let measured = Measurement { value, strict: Some(level), ease, setpoint: None };
                    *one = (uniform() > 0.01).then_some(measured);
                }
                dual.observe(state, &measurements).expect("as many as constraints");
                if order == UpdateOrder::Extragradient {
                    dual.extrapolate(state);
                    dual.remeasure(state, &measurements).expect("as many as constraints");
                }
                assert!(dual.coefficients(state).iter().all(|one| one.is_finite()));
                dual.update(state);
            }
            dhat::HeapStats::get().total_blocks - before
        };
        let load = |state: &DualState| {
            let text = serde_json::to_string(state).expect("plain data");
            let saved = serde_json::from_str(&text).expect("the same shape");
            dual.load(saved, LoadPolicy::default()).expect("its own memory")
        };
        // Loaded while all windows are empty, half full, and full.
        for steps in [20, 1000, 1000] {
            state = load(&state);
            assert_eq!(run(&mut state, steps), 0, "{order:?}");
        }
    }
}

/// No harness, whose own thread may allocate at any time.
fn main() {
    a_thousand_steps_of_twenty_constraints_allocate_nothing();
    eprintln!("test a_thousand_steps_of_twenty_constraints_allocate_nothing ... ok");
}
