//! Traces from independent sources, through the constraint's own state machine.

use homeostat_core::Law;
use homeostat_multiplier::{LeakWhen, MultiplierConfig, RuleConfig};
use homeostat_testkit::golden::{close, load};
use serde::Deserialize;

use crate::{decide, law};

#[derive(Deserialize)]
struct Rules {
    tolerance: f64,
    errors: Vec<f64>,
    trace: Vec<Trace>,
}

#[derive(Deserialize)]
struct Trace {
    name: String,
    rule: RuleConfig,
    #[serde(default = "rate")]
    rate: f64,
    #[serde(default)]
    initial: f64,
    #[serde(default)]
    leak: f64,
    maximum: Option<f64>,
    multipliers: Vec<f64>,
    /// Where the price is another number than the multiplier.
    prices: Option<Vec<f64>>,
}

fn rate() -> f64 {
    0.1
}

#[test]
fn every_rule_has_its_published_trace() {
    let golden: Rules =
        load(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/rules.toml"));
    assert!(golden.trace.len() >= 11);
    for trace in golden.trace {
        let law = law(&MultiplierConfig {
            rule: Some(trace.rule),
            leak: Some(trace.leak),
            leak_when: Some(LeakWhen::Always),
            minimum: Some(0.0),
            maximum: trace.maximum,
            ..MultiplierConfig::new(trace.initial, trace.rate)
        });
        let mut state = law.init();
        assert_eq!(trace.multipliers.len(), golden.errors.len(), "{}", trace.name);
        let prices = trace.prices.as_ref().unwrap_or(&trace.multipliers);
        for (step, error) in golden.errors.iter().enumerate() {
            let price = decide(&law, &mut state, 1.0 + error, Some(1.0));
            let what = format!("{}, step {step}", trace.name);
            let expected = trace.multipliers[step];
            close(&what, state.multiplier(), expected, 0.0, golden.tolerance);
            close(&format!("{what}, price"), price, prices[step], 0.0, golden.tolerance);
        }
    }
}
