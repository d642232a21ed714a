//! What the tests of the engine share.

use homeostat_multiplier::{Dual, DualConfig, DualState, Gate, Measurement};

/// The engine of a file that is known to be legal.
#[track_caller]
pub(crate) fn engine(text: &str) -> Dual {
    let config: DualConfig = toml::from_str(text).unwrap_or_else(|error| panic!("{error}"));
    config.init().unwrap_or_else(|error| panic!("{error}"))
}

/// `[dual]` with every trick off: plain dual ascent.
pub(crate) const PLAIN: &str = r#"
[dual]
rate = 0.1
smoothing = 1.0
deadzone = 0.0
leak = 0.0
spike = "off"
pause = "off"
slope = "raw"
"#;

/// One step in the order of simultaneous updates.
#[track_caller]
pub(crate) fn step(dual: &Dual, state: &mut DualState, measurements: &[Option<Measurement>]) {
    dual.observe(state, measurements).expect("as many measurements as constraints");
    dual.update(state);
}

/// One step of losses that were all measured.
#[track_caller]
pub(crate) fn losses(dual: &Dual, state: &mut DualState, values: &[f64]) {
    let measurements: Vec<_> = values.iter().map(|value| Some((*value).into())).collect();
    step(dual, state, &measurements);
}

/// λ of every constraint.
pub(crate) fn multipliers(state: &DualState) -> Vec<f64> {
    state.constraints().iter().map(|one| one.multiplier()).collect()
}

/// A memory as text: equal text is equal memory to the bit.
pub(crate) fn text(state: &DualState) -> String {
    serde_json::to_string(state).expect("a state is plain data")
}

/// The letter of a gate in the golden tables.
pub(crate) fn letter(gate: Gate) -> char {
    match gate {
        Gate::Missing => 'm',
        Gate::NonFinite => 'n',
        Gate::Spike => 's',
        Gate::Frozen => 'f',
        Gate::Warmup => 'w',
        Gate::Waiting => 'q',
        Gate::Paused => 'p',
        Gate::Deadzone => 'd',
        Gate::Update => 'u',
    }
}
