//! Tests of the normalizers: one file per kind.

mod automatic;
mod config;
mod conformance;
mod defects;
mod goldens;
mod health;
mod peek;
mod rank;
mod reference;
mod resume;
mod window;
mod winsor;

use homeostat_normalize::{Normalizer, NormalizerConfig, NormalizerState, Reading};
use homeostat_testkit::Splitmix;

/// The normalizer of a configuration that is known to be legal.
#[track_caller]
fn init(config: &NormalizerConfig) -> Normalizer {
    config.init().expect("a legal configuration")
}

/// A configuration as it would stand in a file after `normalizer = `.
#[track_caller]
fn parse(text: &str) -> NormalizerConfig {
    #[derive(serde::Deserialize)]
    struct File {
        normalizer: NormalizerConfig,
    }
    let file: File = toml::from_str(&format!("normalizer = {text}")).expect("a legal file");
    file.normalizer
}

/// A normalizer as it would stand in a file.
#[track_caller]
fn normalizer(text: &str) -> Normalizer {
    init(&parse(text))
}

/// All readings of a stream, from the first loss on.
fn read(normalizer: &Normalizer, stream: &[f64]) -> (NormalizerState, Vec<Reading>) {
    let mut state = normalizer.init_state();
    let readings = stream.iter().map(|loss| normalizer.commit(&mut state, *loss)).collect();
    (state, readings)
}

/// Memory as text: equal text is equal memory to the bit.
fn text(state: &NormalizerState) -> String {
    serde_json::to_string(state).expect("a state is plain data")
}

/// `count` losses between `low` and `high`, the same for the same seed.
fn uniform(seed: u64, count: usize, low: f64, high: f64) -> Vec<f64> {
    let mut random = Splitmix(seed);
    (0..count).map(|_| random.between(low, high)).collect()
}

/// One configuration of every kind and of every path through the code.
const KINDS: [&str; 17] = [
    r#""none""#,
    r#"{ rank = { window = 40, min_count = 5 } }"#,
    r#"{ rank = { window = 40, min_count = 5, include_self = false, ties = "upper" } }"#,
    r#"{ rank = { window = 40, min_count = 5, jitter = 0.4, seed = 3 } }"#,
    r#"{ rank = { window = 40, min_count = 5, jitter = 0.5, include_self = false } }"#,
    r#"{ rank = { window = 40, min_count = 5, reference = { frozen = { step = 60 } } } }"#,
    r#"{ rank = { window = 40, min_count = 3, reference = { baseline = { values = [1, 2, 4] } } } }"#,
    r#"{ rank = { window = 40, min_count = 5, slope = "density" } }"#,
    r#"{ rank = { window = 40, min_count = 5, slope = "density-floored", jitter = 0.2 } }"#,
    r#"{ rank = { window = 40, min_count = 5, slope = "soft-rank", ties = "lower" } }"#,
    r#"{ winsor = { window = 40, min_count = 5 } }"#,
    r#"{ winsor = { window = 40, min_count = 5, include_self = false, slope = "hinge" } }"#,
    r#"{ winsor = { window = 40, min_count = 5, centre = "median", scale = "mad", slope = "zero" } }"#,
    r#"{ winsor = { window = 40, min_count = 5, centre = "median", scale = "mad", jitter = 0.5 } }"#,
    r#"{ winsor = { window = 40, min_count = 5, scale = "iqr", jitter = 0.3, include_self = false } }"#,
    r#"{ ema = { min_count = 5, beta = 0.1 } }"#,
    r#"{ auto = { warmup = 30, rank = { window = 40, min_count = 5 }, winsor = { window = 35, min_count = 5 } } }"#,
];
