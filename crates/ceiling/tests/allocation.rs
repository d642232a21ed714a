//! No step allocates. A test binary of its own, because an allocator is global.

use homeostat_ceiling::{
    Batch, CeilingConfig, CeilingTarget, Constraint, GoalsConfig, Look, Outcome, StepConfig,
    violation,
};
use homeostat_core::{Clock, Law, RawLoss};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[test]
fn a_step_of_goals_ceiling_verdict_and_law_allocates_nothing() {
    let clock = Clock::new(20).unwrap();
    let goals = GoalsConfig::small().init().unwrap();
    let mut state = goals.init_state();
    let mut evaluation = goals.evaluation();
    let names = ["kl_core", "kl_detail"];
    let places = names.map(|name| goals.index(name).unwrap());
    let mut config = CeilingConfig::new(CeilingTarget::Absolute(8.0));
    let law = config.init_law::<RawLoss>(clock).unwrap();
    let mut law_state = law.init();
    config.goals = names.map(str::to_owned).to_vec();
    let ceiling = config.init(clock).unwrap();
    let mut ceiling_state = ceiling.init_state();
    let search = StepConfig::default().init().unwrap();
    let mut steps = search.init_state();
    let mut measured = vec![0.5; goals.len()];
    let mut samples = goals.sample_evaluation(64);
    let mut rows = vec![0.5; 64 * goals.len()];

    let _profiler = dhat::Profiler::builder().testing().build();
    let before = dhat::HeapStats::get().total_blocks;
    for step in 0..20 * 30 {
        ceiling.begin_epoch(&mut ceiling_state, &mut |_| {});
        for (place, goal) in places.iter().zip(ceiling_state.goals()) {
            measured[*place] = 30.0 + f64::from(step % 7);
            let constraint = Constraint::from(goal.bounds());
            goals.set_constraint(&mut state, *place, constraint).unwrap();
        }
        goals.calibrate(&mut state, &measured).unwrap();
        let _ = goals.evaluate(&state, &measured, &mut evaluation);
        for (index, row) in rows.chunks_exact_mut(goals.len()).enumerate() {
            row[0] = ((index * 37) % 64) as f64;
        }
        let _ = goals.evaluate_samples(&state, &rows, 9, &mut samples);
        let values = places.map(|place| measured[place]);
        let loss = Ok(evaluation.loss().unwrap_or(1.0));
        let look = Look { loss, violation: violation(&values, ceiling_state.ceilings()) };
        let outcome = search.decide(&mut steps, 0, look, look).outcome();
        let outcome = outcome.or(Some(Outcome::Rejected)).filter(|_| step % 9 > 0);
        let batch = Batch { values: &values, minimum_score: evaluation.minimum_score(), outcome };
        ceiling.observe(&mut ceiling_state, batch).unwrap();
        if step % 20 == 19 {
            ceiling.end_epoch(&mut ceiling_state, &mut |_| {});
        }
        let value = Some(RawLoss::new(30.0 + f64::from(step % 5)).unwrap());
        law.step(&mut law_state, (value, None, None, None)).unwrap();
    }
    assert_eq!(dhat::HeapStats::get().total_blocks, before);
    let vector = std::hint::black_box(vec![0_u8; 10]);
    assert_eq!(dhat::HeapStats::get().total_blocks, before + 1, "{vector:?}: it does count");
}
