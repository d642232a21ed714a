//! Configurations and saved states.

use homeostat_surgery::{
    Granularity, Input, Lambda, Method, Normalize, SurgeryConfig, SurgeryError, SurgeryState,
};
use serde::Deserialize;

use crate::{fresh, gramian, step, surgery};

#[derive(Debug, Deserialize)]
struct File {
    surgery: SurgeryConfig,
}

fn file(text: &str) -> Result<SurgeryConfig, String> {
    let file: Result<File, _> = toml::from_str(&format!("surgery = {text}"));
    file.map(|file| file.surgery).map_err(|error| error.to_string())
}

fn method(text: &str) -> Result<Method, String> {
    file(&format!("{{ method = {text} }}")).map(|config| config.method)
}

/// Every method, those that need numbers with numbers for three rows.
pub(crate) fn all_methods() -> Vec<Method> {
    let mut methods = crate::properties::methods();
    for text in [
        "{ weighted-sum = { weights = [1.0, -2.0, 0.5] } }",
        "{ krum = { byzantine = 0 } }",
        "\"momentum-config\"",
        "\"gradnorm\"",
        "\"famo\"",
        "\"graddrop\"",
        "\"pcgrad\"",
        "\"gradvac\"",
    ] {
        methods.push(method(text).expect(text));
    }
    methods
}

#[test]
fn a_method_is_a_name_or_a_table_and_comes_back_from_a_file() {
    for one in all_methods() {
        let text = serde_json::to_string(&one).expect("serializes");
        assert_eq!(serde_json::from_str::<Method>(&text).expect("reads"), one);
        match method(&format!("\"{}\"", one.name())) {
            Ok(found) => assert_eq!(found.name(), one.name()),
            Err(error) => assert!(error.contains("needs a table"), "{error}"),
        }
        let config = SurgeryConfig { every: 3, ..SurgeryConfig::from(one) };
        let text = serde_json::to_string(&config).expect("serializes");
        assert_eq!(serde_json::from_str::<SurgeryConfig>(&text).expect("reads"), config);
        let text = toml::to_string(&config).expect("serializes");
        assert_eq!(toml::from_str::<SurgeryConfig>(&text).expect("reads"), config);
    }
    assert_eq!(method("{ pcgrad = {} }"), method("\"pcgrad\""));
}

#[test]
fn surgery_is_the_name_of_a_method_or_a_table() {
    let config = file("\"upgrad\"").expect("legal");
    assert_eq!(config, SurgeryConfig::from(Method::Upgrad(Default::default())));
    assert_eq!(file("{ method = \"upgrad\" }"), Ok(config));
    let config = file(
        "{ method = { cagrad = { radius = 0.4 } }, every = 4, normalize = \"loss-unit\", \
         granularity = \"layer\", smoothing = 0.9, force = true, monitor_every = 0 }",
    )
    .expect("legal");
    let expected = SurgeryConfig {
        every: 4,
        normalize: Normalize::LossUnit,
        granularity: Granularity::Layer,
        smoothing: 0.9,
        force: true,
        monitor_every: 0,
        ..SurgeryConfig::from(method("{ cagrad = { radius = 0.4 } }").expect("legal"))
    };
    assert_eq!(config, expected);
    let config = file("{ method = \"config\", lambda = \"preference\" }").expect("legal");
    assert_eq!(config.lambda, Lambda::Preference);
    assert!(config.init().is_ok());
}

#[test]
fn what_cannot_be_read_is_refused_by_name() {
    for (text, words) in [
        ("\"pc-grad\"", "pcgrad"),
        ("\"weighted-sum\"", "needs a table"),
        ("\"krum\"", "needs a table"),
        ("{ sum = {} }", "no options"),
        ("{ pcgrad = { ordr = 1 } }", "ordr"),
        ("{ pcgrad = {}, cagrad = {} }", "not both"),
        ("{ aligned-mtl = { scale = \"mean\" } }", "rmse"),
        ("3", "a method"),
    ] {
        let error = method(text).expect_err(text);
        assert!(error.contains(words), "{text}: {error}");
    }
    for (text, words) in [
        ("{ cagrad = {} }", "expected one of `method`"),
        ("{ method = \"sum\", evry = 2 }", "evry"),
        ("{ normalize = \"l2\" }", "unit"),
        ("1.0", "the name of a method"),
    ] {
        let error = file(text).expect_err(text);
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn what_is_not_legal_is_refused_by_field() {
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
        ("{ momentum-config = { decay = 1.0 } }", "method.momentum-config.decay"),
        ("{ momentum-config = { preference = [0.0] } }", "method.momentum-config.preference"),
        ("{ fairgrad = { fairness = 0.0 } }", "method.fairgrad.fairness"),
        ("{ sdmgrad = { regularization = -0.1 } }", "method.sdmgrad.regularization"),
        ("{ sdmgrad = { rate = 1.5 } }", "method.sdmgrad.rate"),
        ("{ sdmgrad = { iterations = 0 } }", "method.sdmgrad.iterations"),
        ("{ krum = { byzantine = 1, selected = 0 } }", "method.krum.selected"),
        ("{ gradnorm = { asymmetry = nan } }", "method.gradnorm.asymmetry"),
        ("{ gradnorm = { rate = 0.0 } }", "method.gradnorm.rate"),
        ("{ famo = { rate = 0.0 } }", "method.famo.rate"),
        ("{ famo = { decay = -1.0 } }", "method.famo.decay"),
        ("{ graddrop = { leak = [1.5] } }", "method.graddrop.leak"),
    ] {
        let config = SurgeryConfig::from(method(text).expect("a table"));
        assert_eq!(config.init().expect_err(text).field, field);
    }
    for (text, field) in [
        ("{ smoothing = 1.0 }", "surgery.smoothing"),
        ("{ every = 0 }", "surgery.every"),
        ("{ tolerance = 0.0 }", "surgery.tolerance"),
        ("{ tolerance = nan }", "surgery.tolerance"),
        ("{ method = \"imtl-g\", lambda = \"preference\" }", "surgery.lambda"),
        ("{ method = \"famo\", normalize = \"unit\" }", "surgery.normalize"),
        ("{ method = \"graddrop\", every = 2 }", "surgery.every"),
        ("{ method = \"momentum-config\", every = 2 }", "surgery.every"),
        ("{ method = \"graddrop\", smoothing = 0.5 }", "surgery.smoothing"),
        ("{ method = \"gradnorm\", granularity = \"layer\" }", "surgery.granularity"),
    ] {
        assert_eq!(file(text).expect("a table").init().expect_err(text).field, field);
    }
}

#[test]
fn a_state_is_made_for_as_many_rows_as_the_method_can_take() {
    let three = surgery(method("{ upgrad = { preference = [1.0, 2.0, 3.0] } }").expect("legal"));
    let error = three.init_state(2, 1).expect_err("two are not three");
    assert_eq!(
        error.to_string(),
        "the preference must have one entry for each of the 2 gradients, got 3"
    );
    let krum = surgery(method("{ krum = { byzantine = 2 } }").expect("legal"));
    let error = krum.init_state(4, 1).expect_err("five are needed");
    assert_eq!(error.to_string(), "krum needs at least 5 gradients, got 4");
    assert!(krum.init_state(5, 1).is_ok());
    let sum = surgery(Method::Sum);
    assert_eq!(sum.init_state(0, 1), Err(SurgeryError::Rows(0)));
    assert_eq!(sum.init_state(65, 1), Err(SurgeryError::Rows(65)));
    assert_eq!(sum.init_state(2, 2), Err(SurgeryError::Groups(2)));
    assert!(sum.init_state(64, 1).is_ok());
    let layers = surgery(file("{ granularity = \"parameter\" }").expect("legal"));
    assert_eq!(layers.init_state(2, 0), Err(SurgeryError::Groups(0)));
    assert_eq!(layers.init_state(2, 9).expect("legal").groups(), 9);
}

#[test]
fn a_saved_state_goes_on_where_it_was() {
    let rows: Vec<Vec<f64>> = (0..3_i32)
        .map(|i| (0..5_i32).map(|j| f64::from((7 * i + 5 * j + i * j) % 11 - 5)).collect())
        .collect();
    let gramian = gramian(&rows);
    for method in all_methods() {
        let smoothing = if matches!(method, Method::Graddrop(_)) { 0.0 } else { 0.5 };
        let surgery = surgery(SurgeryConfig { smoothing, ..SurgeryConfig::from(method) });
        let mut state = fresh(&surgery, 3);
        for time in 0..12 {
            let text = serde_json::to_string(&state).expect("serializes");
            let mut loaded: SurgeryState = serde_json::from_str(&text).expect("reads");
            assert_eq!(loaded, state);
            let losses = [1.0 / f64::from(time + 1), 2.0, 0.5 + f64::from(time % 3)];
            let input = Input { gramian: Some(&gramian), losses: &losses, ..Input::default() };
            let one = step(&surgery, &mut state, &input).expect("legal");
            let other = step(&surgery, &mut loaded, &input).expect("legal");
            assert_eq!((&one, &state), (&other, &loaded), "{:?}", surgery.config().method);
            assert_eq!(
                serde_json::to_string(&state).expect("serializes"),
                serde_json::to_string(&loaded).expect("serializes")
            );
        }
    }
}

#[test]
fn random_orders_differ_by_step_group_and_seed() {
    let rows: Vec<Vec<f64>> = (0..6_i32)
        .map(|i| (0..3_i32).map(|j| f64::from((7 * i + 5 * j + i * j) % 11 - 5)).collect())
        .collect();
    let gramian = gramian(&rows);
    let weights = |seed: u64, group: usize, steps: usize| {
        let text =
            format!("{{ method = {{ pcgrad = {{ seed = {seed} }} }}, granularity = \"layer\" }}");
        let surgery = surgery(file(&text).expect("legal"));
        let mut state = surgery.init_state(6, 2).expect("legal");
        let input = Input { gramian: Some(&gramian), ..Input::default() };
        let mut weights = [0.0; 6];
        for _ in 0..steps {
            surgery.decide(&mut state, group, &input, &mut weights).expect("legal");
        }
        weights
    };
    assert_eq!(weights(3, 0, 2), weights(3, 0, 2));
    for other in [weights(3, 0, 1), weights(3, 1, 2), weights(4, 0, 2)] {
        assert_ne!(other, weights(3, 0, 2));
    }
}

#[test]
fn a_state_that_no_step_can_have_written_is_refused() {
    let surgery = surgery(method("\"gradvac\"").expect("legal"));
    let gramian = gramian(&[vec![1.0], vec![2.0]]);
    let text = serde_json::to_string(&fresh(&surgery, 2)).expect("serializes");
    for (from, to) in [
        ("\"similarity\":[0.0,", "\"similarity\":[7.0,"),
        ("\"similarity\":[0.0,", "\"similarity\":["),
        ("\"held\":[0.0,", "\"held\":["),
    ] {
        let broken = text.replacen(from, to, 1);
        assert_ne!(broken, text);
        let mut state: SurgeryState = serde_json::from_str(&broken).expect("reads");
        let before = state.clone();
        let input = Input { gramian: Some(&gramian), ..Input::default() };
        assert!(step(&surgery, &mut state, &input).is_err(), "{to}");
        assert_eq!(state, before);
    }
    assert!(serde_json::from_str::<SurgeryState>(&text.replacen("rows", "rws", 1)).is_err());
}

#[test]
fn counters_of_a_file_do_not_run_over() {
    let surgery = surgery(method("\"momentum-config\"").expect("legal"));
    let text = serde_json::to_string(&fresh(&surgery, 2)).expect("serializes");
    let most = u64::MAX.to_string();
    let mut full = text.replace("\"renewals\":[0,0]", &format!("\"renewals\":[{most},{most}]"));
    for name in ["steps", "measured", "conflicts", "age"] {
        full = full.replace(&format!("\"{name}\":0"), &format!("\"{name}\":{most}"));
    }
    full = full.replace("\"turn\":0", &format!("\"turn\":{}", usize::MAX));
    assert_ne!(full, text);
    let mut state: SurgeryState = serde_json::from_str(&full).expect("reads");
    let gramian = gramian(&[vec![1.0], vec![-2.0]]);
    for _ in 0..3 {
        let input = Input { gramian: Some(&gramian), ..Input::default() };
        step(&surgery, &mut state, &input).expect("legal");
    }
    assert_eq!(state.counts(0).expect("a group").steps, u64::MAX);
}
