//! Configurations and saved states.

use homeostat_surgery::{AggregatorState, Method};
use serde::Deserialize;

use crate::gramian;

#[derive(Debug, Deserialize)]
struct File {
    method: Method,
}

fn read(text: &str) -> Result<Method, String> {
    let file: Result<File, _> = toml::from_str(&format!("method = {text}"));
    file.map(|file| file.method).map_err(|error| error.to_string())
}

#[test]
fn a_method_is_a_name_or_a_table_and_comes_back_from_a_file() {
    for method in crate::properties::methods() {
        let text = serde_json::to_string(&method).expect("serializes");
        assert_eq!(serde_json::from_str::<Method>(&text).expect("reads"), method);
        assert_eq!(read(&format!("\"{}\"", method.name())).expect("a name").name(), method.name());
    }
    assert_eq!(read("{ pcgrad = {} }"), read("\"pcgrad\""));
    assert!(read("{ weighted-sum = { weights = [1.0] } }").is_ok());
}

#[test]
fn what_is_not_legal_is_refused_by_name() {
    for (text, words) in [
        ("\"pc-grad\"", "pcgrad"),
        ("\"weighted-sum\"", "needs a table"),
        ("{ sum = {} }", "no options"),
        ("{ pcgrad = { ordr = 1 } }", "ordr"),
        ("{ pcgrad = {}, cagrad = {} }", "not both"),
        ("3", "a method"),
    ] {
        let error = read(text).expect_err(text);
        assert!(error.contains(words), "{text}: {error}");
    }
    for (text, field) in [
        ("{ cagrad = { radius = -1.0 } }", "method.cagrad.radius"),
        ("{ gradvac = { rate = 1.5 } }", "method.gradvac.rate"),
        ("{ gradvac = { similarity = 1.0 } }", "method.gradvac.similarity"),
        ("{ nash-mtl = { maximum_norm = 0.0 } }", "method.nash-mtl.maximum_norm"),
        ("{ upgrad = { preference = [-1.0, 1.0] } }", "method.upgrad.preference"),
        ("{ dualproj = { preference = [0.0] } }", "method.dualproj.preference"),
        ("{ config = { preference = [nan] } }", "method.config.preference"),
        ("{ aligned-mtl = { preference = [inf] } }", "method.aligned-mtl.preference"),
        ("{ weighted-sum = { weights = [inf] } }", "method.weighted-sum.weights"),
    ] {
        let error = read(text).expect("a table").init().expect_err(text);
        assert_eq!(error.field, field);
    }
}

#[test]
fn a_saved_state_goes_on_where_it_was() {
    let rows: Vec<Vec<f64>> = (0..5_i32)
        .map(|i| (0..3_i32).map(|j| f64::from((7 * i + 5 * j + i * j) % 11 - 5)).collect())
        .collect();
    let gramian = gramian(&rows);
    for name in ["pcgrad", "gradvac"] {
        let aggregator = read(&format!("{{ {name} = {{ seed = 3 }} }}"))
            .and_then(|method| method.init().map_err(|error| error.to_string()));
        let aggregator = aggregator.expect("legal");
        let mut state = aggregator.init_state(5);
        let mut seen = Vec::new();
        for _ in 0..8 {
            let text = serde_json::to_string(&state).expect("serializes");
            let mut loaded: AggregatorState = serde_json::from_str(&text).expect("reads");
            assert_eq!(loaded, state);
            let (mut one, mut other) = ([0.0; 5], [0.0; 5]);
            aggregator.weights(&mut state, &gramian, &mut one).expect("legal");
            aggregator.weights(&mut loaded, &gramian, &mut other).expect("legal");
            assert_eq!((one, &state), (other, &loaded));
            seen.push(one);
        }
        assert!(seen.iter().any(|weights| *weights != seen[0]), "the order is drawn anew");
    }
}
