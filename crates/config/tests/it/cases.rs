//! One bad file after the other.

use homeostat_config::{Document, FileError};

use crate::settings::Settings;

/// Reads and checks a file as a program does.
fn check(text: &str) -> Result<(), FileError> {
    let document = Document::parse("f.toml", text)?;
    let settings: Settings = document.read()?;
    settings.init().map_err(|(table, error)| {
        let table: Vec<_> = table.iter().map(String::as_str).collect();
        let placed = document.place(&table, &error);
        if error.field == "family" { placed.with_legal(["latency", "memory"]) } else { placed }
    })
}

#[test]
fn every_bad_file_gives_its_one_error() {
    let cases: toml::Table = toml::from_str(include_str!("cases.toml")).expect("the cases");
    let cases = cases["case"].as_array().expect("a list");
    assert!(cases.len() >= 50, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let [name, text, expected] = ["name", "text", "error"].map(|key| case[key].as_str());
        let error = check(text.expect("a text")).expect_err(name.expect("a name")).to_string();
        if Some(error.as_str()) != expected {
            wrong.push(format!("{}\n  {error}\n  {}", name.unwrap(), expected.unwrap()));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_good_file_gives_none() {
    let text = r#"
        dual = { rate = 1, every = 2, deterministic = true, spike = { threshold = 8, window = 64 } }
        [constraints.a]
        sense = "ge"
        target = 0.5
        range = [0, 1]
        family = "latency"
        normalizer = { rank = { window = 100 } }
        law.pair = [1, 2]
        steps = [{ at = 1, value = 2.0 }]
        [constraints.b]
        target = -1e-3
        normalizer = "none"
        law = { nu-pi = { nu = 0.5 } }
        [constraints.c]
        target = 0
        law = "ascent"
        [constraints.d]
        target = 0
        law = { pid = { threshold = 1, window = 2 } }
        [constraints.e]
        target = 0
        law = { ascent = {} }
    "#;
    check(text).unwrap_or_else(|error| panic!("{error}"));
    let document = Document::parse("f.toml", text).expect("legal");
    let settings: Settings = document.read().expect("legal");
    let shown = format!("{settings:?}");
    for part in [
        "rate: Some(1.0)",
        "every: Some(2)",
        "Rank(Spike { threshold: 0.0, window: 100 })",
        "Pair(1.0, 2.0)",
        "NuPi { nu: 0.5 }",
        "Pid(Spike { threshold: 1.0, window: 2 })",
        "Some(Ascent)",
        "Step { at: 1, value: 2.0 }",
        "sense: Ge",
        "normalizer: Some(None)",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}
