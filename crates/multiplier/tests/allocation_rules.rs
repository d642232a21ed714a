//! Rules, budgets, schedules, verdicts and sets of multipliers allocate nothing in a step.

use homeostat_multiplier::{
    Bound, BudgetMode, IndexedConfig, JudgeConfig, JudgeReading, Percentile, PidRuleConfig,
    RuleConfig, Schedule, project,
};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn a_thousand_steps_of_each_allocate_nothing() {
    const COUNT: usize = 10_000;
    let rule =
        RuleConfig::Pid(PidRuleConfig { derivative_delay: 10, ..PidRuleConfig::new(1.0, 0.5) });
    let set = IndexedConfig { rule, ..IndexedConfig::new(COUNT, 0.5) }.init().expect("legal");
    let mut members = set.init_state();
    let percentile = Percentile { minimum_samples: Some(1), ..Percentile::recorded(1.0) };
    let schedule = Schedule::Percentile(percentile).init(Bound::Upper, false).expect("legal");
    let mut targets = schedule.init_state();
    let judge = JudgeConfig::default().init().expect("legal");
    let mut memory = judge.init_state();
    let mut scratch = [0; 8];

    let _profiler = dhat::Profiler::builder().testing().build();
    let before = dhat::HeapStats::get().total_blocks;
    for step in 0..1000_usize {
        let value = (step % 17) as f64 / 10.0;
        let indices: [usize; 32] = std::array::from_fn(|place| (step * 31 + place * place) % COUNT);
        set.step(&mut members, &indices, &[value; 32]).expect("a legal batch");
        schedule.observe_baseline(&mut targets, value).expect("finite");
        schedule.advance(&mut targets, Some(value));
        let tolerance = schedule.target(&targets);
        judge.observe(
            &mut memory,
            JudgeReading {
                multiplier: 10.0,
                maximum: 10.0,
                held: false,
                violation: value,
                tolerance,
            },
        );
        for mode in [BudgetMode::Euclidean, BudgetMode::Proportional] {
            let mut multipliers = [value, 3.0, 0.1, 9.0, 2.0, 2.0, value, 0.0];
            project(mode, 5.0, &mut multipliers, &[1.5; 8], &[false; 8], &mut scratch);
        }
        judge.verdict(&memory);
    }
    assert_eq!(dhat::HeapStats::get().total_blocks, before);
    assert!(members.multipliers().iter().any(|one| *one > 0.0), "something was done");
}

/// No harness, whose own thread may allocate at any time.
fn main() {
    a_thousand_steps_of_each_allocate_nothing();
    eprintln!("test a_thousand_steps_of_each_allocate_nothing ... ok");
}
