//! Bad configuration files: every mistake gives exactly one error, with line, key, value and legal words.

use homeostat::{BuildError, ControlConfig};
use homeostat_config::{Document, FileError};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

/// A bad file, and the parts of its one error.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Who reads the file.
    reader: Reader,
    text: String,
    line: usize,
    key: String,
    rule: String,
    found: String,
    #[serde(default)]
    legal: Vec<String>,
    /// The legal words are the names of all laws.
    #[serde(default)]
    laws: bool,
    suggestion: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Reader {
    /// `[weight]`, `[setpoint]`, `[controller.NAME]`
    Control,
    /// `[dual]`, `[constraints.NAME]`, `[families.NAME]`
    Dual,
}

fn read(reader: Reader, text: &str) -> Result<(), FileError> {
    match reader {
        Reader::Dual => homeostat::read_dual("bad.toml", text).map(drop),
        Reader::Control => {
            let document = Document::parse("bad.toml", text)?;
            let config: ControlConfig = document.read()?;
            let (mut builder, _) = crate::builder();
            match builder.configure(&config) {
                Err(BuildError::Config { controller, source }) => {
                    Err(document.place(&["controller", &controller, "law"], &source))
                }
                other => panic!("the settings of a law are wrong, not {other:?}"),
            }
        }
    }
}

#[test]
fn every_bad_file_gives_its_one_error() {
    let cases: Cases = toml::from_str(include_str!("../bad_configs.toml")).expect("the cases");
    assert!(cases.case.len() >= 80, "{}", cases.case.len());
    let laws = crate::pages::laws();
    let mut wrong = Vec::new();
    for case in &cases.case {
        let Err(error) = read(case.reader, &case.text) else {
            wrong.push(format!("{}: no error", case.name));
            continue;
        };
        let found = (error.line, &error.key, &error.rule, &error.found);
        let expected = (case.line, &case.key, &case.rule, &case.found);
        let legal = if case.laws { &laws } else { &case.legal };
        if found != expected || (&error.legal, &error.suggestion) != (legal, &case.suggestion) {
            wrong.push(format!("{}:\n  {error}\n  {case:?}\n  {error:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.case.len(), wrong.join("\n"));
}

/// What most of the bad files go wrong from.
#[test]
fn the_files_are_bad_only_by_their_one_mistake() {
    let text = r#"
        [dual]
        rate = 5e-3
        pause = { threshold = 0.8, release = 0.5 }
        [constraints.kl]
        target = { raw = 0.05 }
        normalizer = "none"
        family = "latency"
        [constraints.usage]
        sense = "range"
        target = { raw = [0.1, 0.3] }
        normalizer = { winsor = { tau = 3.0, window = 100 } }
        [families.latency]
        budget = 3.0
        weights = { kl = 2.0 }
    "#;
    homeostat::read_dual("good.toml", text).unwrap_or_else(|error| panic!("{error}"));
}
