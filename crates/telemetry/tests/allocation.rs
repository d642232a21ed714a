//! A step of the doctor allocates nothing; an evaluation may.

#[path = "it/calm.rs"]
mod calm;

use calm::calm;
use homeostat_telemetry::{
    ConstraintProfile, DoctorConfig, DoctorState, RunProfile, StepObservation,
};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

fn a_step_allocates_nothing_before_and_after_the_ring_is_full_and_after_loading() {
    let names = ["kl", "entropy", "safety"];
    let profile = RunProfile::new(names.map(ConstraintProfile::new).into());
    let doctor = DoctorConfig::default().init(profile).expect("a legal run");
    let fresh = doctor.init_state();
    let mut loaded = fresh.clone();
    for _ in 0..700 {
        for constraint in 0..3 {
            doctor.observe(&mut loaded, &calm(constraint)).expect("legal");
        }
        doctor.step(&mut loaded, &StepObservation::default());
    }
    let loaded = {
        let text = serde_json::to_string(&loaded).expect("finite");
        serde_json::from_str::<DoctorState>(&text).expect("what was written")
    };
    for mut state in [fresh.clone(), loaded.clone(), loaded] {
        let profiler = dhat::Profiler::builder().testing().build();
        let mut allocations = 0;
        for _ in 0..1000 {
            let before = dhat::HeapStats::get().total_blocks;
            for constraint in 0..3 {
                doctor.observe(&mut state, &calm(constraint)).expect("legal");
            }
            let news = doctor.step(&mut state, &StepObservation::default());
            assert!(news.is_empty());
            let evaluated = state.steps() % 100 == 0;
            let made = dhat::HeapStats::get().total_blocks - before;
            allocations += if evaluated { 0 } else { made };
            assert!(made > 0 || !evaluated, "an evaluation makes lists");
        }
        drop(profiler);
        assert_eq!(allocations, 0);
    }
}

/// No harness, whose own thread may allocate at any time.
fn main() {
    a_step_allocates_nothing_before_and_after_the_ring_is_full_and_after_loading();
    eprintln!("test a_step_allocates_nothing ... ok");
}
