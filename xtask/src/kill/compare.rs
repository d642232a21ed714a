//! What a run leaves behind, as values that can be compared to the bit.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::KillError;

/// Every value of a run under its file and path, timings left out.
pub(super) type Numbers = BTreeMap<String, Value>;

/// Values that depend on the clock.
const TIMINGS: [&str; 3] = ["seconds", "wall_seconds", "samples_per_second"];

/// Reads summary and rows of a run.
pub(super) fn read(folder: &Path) -> Result<Numbers, KillError> {
    let mut numbers = Numbers::new();
    let summary = folder.join("summary.json");
    add("summary.json", &summary, &text(&summary)?, &mut numbers)?;
    let rows = folder.join("metrics.jsonl");
    for (index, line) in text(&rows)?.lines().enumerate() {
        add(&format!("metrics.jsonl:{}", index + 1), &rows, line, &mut numbers)?;
    }
    Ok(numbers)
}

fn text(path: &Path) -> Result<String, KillError> {
    fs::read_to_string(path).map_err(|source| KillError::File { path: path.to_owned(), source })
}

fn add(label: &str, path: &Path, text: &str, into: &mut Numbers) -> Result<(), KillError> {
    let value = serde_json::from_str(text).map_err(|error| KillError::Content {
        path: path.to_owned(),
        field: "content",
        expected: "JSON",
        found: error.to_string(),
    })?;
    flatten(label, &value, into);
    Ok(())
}

fn flatten(path: &str, value: &Value, into: &mut Numbers) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                if !TIMINGS.contains(&key.as_str()) {
                    flatten(&format!("{path} {key}"), value, into);
                }
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                flatten(&format!("{path} {index}"), value, into);
            }
        }
        value => drop(into.insert(path.to_owned(), value.clone())),
    }
}

/// The hash of all parameters, for display.
pub(super) fn parameter_hash(numbers: &Numbers) -> String {
    let hash = numbers.get("summary.json parameter_hash").and_then(Value::as_str);
    hash.unwrap_or("missing").to_owned()
}

/// One line for every value that is not the same in both.
pub(super) fn differences(expected: &Numbers, found: &Numbers) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, value) in expected {
        match found.get(path) {
            Some(other) if other == value => {}
            Some(other) => lines.push(format!("{path}: {value} became {other}")),
            None => lines.push(format!("{path}: {value} is missing")),
        }
    }
    let added = found.iter().filter(|(path, _)| !expected.contains_key(*path));
    lines.extend(added.map(|(path, value)| format!("{path}: {value} is new")));
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Numbers, differences, flatten, parameter_hash};

    fn numbers(value: &serde_json::Value) -> Numbers {
        let mut numbers = Numbers::new();
        flatten("summary.json", value, &mut numbers);
        numbers
    }

    #[test]
    fn only_timings_may_differ() {
        let a = json!({
            "parameter_hash": "1f", "wall_seconds": 1.0,
            "final": { "ami": 0.1, "seconds": 2.0, "samples_per_second": 9.0 },
        });
        let b = json!({
            "parameter_hash": "1f", "wall_seconds": 3.0,
            "final": { "ami": 0.1, "seconds": 4.0, "samples_per_second": 7.0 },
        });
        assert_eq!(differences(&numbers(&a), &numbers(&b)), [""; 0]);
        assert_eq!(parameter_hash(&numbers(&a)), "1f");
    }

    #[test]
    fn a_last_bit_a_missing_value_and_a_new_one_are_differences() {
        let a = json!({ "ami": 0.1, "loss": null, "old": [1] });
        let b = json!({ "ami": 0.1 + f64::EPSILON / 8.0, "loss": 0.0, "new": 1 });
        let found = differences(&numbers(&a), &numbers(&b));
        let words =
            ["ami: 0.1 became", "loss: null became", "old 0: 1 is missing", "new: 1 is new"];
        assert_eq!(found.len(), words.len(), "{found:?}");
        for (line, words) in found.iter().zip(words) {
            assert!(line.contains(words), "{line}");
        }
    }
}
