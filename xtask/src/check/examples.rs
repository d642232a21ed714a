//! Two epochs of every example, to the files that a run must leave behind.

use std::path::Path;

use serde_json::Value;

use super::CheckError;
use crate::TaskError;
use crate::process::{cargo, run as call};
use crate::temporary::Temporary;

const EPOCHS: usize = 2;

/// Runs every example that the manifest declares.
pub(super) fn run(root: &Path) -> Result<(), TaskError> {
    let names = names(&root.join("examples/Cargo.toml"))?;
    let temporary = Temporary::new("check")
        .map_err(|source| CheckError::File { path: std::env::temp_dir(), source })?;
    for name in names {
        let folder = temporary.path().join(&name);
        let mut command = cargo(root);
        command
            .args(["run", "--release", "--package", "homeostat-examples", "--example", &name])
            .args(["--", "--epochs", &EPOCHS.to_string(), "--output-dir"])
            .arg(&folder);
        call(&mut command)?;
        inspect(&folder)?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, CheckError> {
    std::fs::read_to_string(path)
        .map_err(|source| CheckError::File { path: path.to_owned(), source })
}

fn names(manifest: &Path) -> Result<Vec<String>, CheckError> {
    let wrong = |found: String| CheckError::Content {
        path: manifest.to_owned(),
        field: "[[example]]",
        expected: "a list of tables with a name each",
        found,
    };
    let document: toml::Table =
        read(manifest)?.parse().map_err(|error: toml::de::Error| wrong(error.to_string()))?;
    let examples = document.get("example").and_then(toml::Value::as_array);
    let examples = examples.ok_or_else(|| wrong("none".to_owned()))?;
    examples
        .iter()
        .map(|example| match example.get("name").and_then(toml::Value::as_str) {
            Some(name) => Ok(name.to_owned()),
            None => Err(wrong(example.to_string())),
        })
        .collect()
}

/// A summary that can be read, and one row per epoch.
fn inspect(folder: &Path) -> Result<(), CheckError> {
    let path = folder.join("summary.json");
    let summary = serde_json::from_str::<Value>(&read(&path)?);
    if !summary.as_ref().is_ok_and(Value::is_object) {
        let (field, expected) = ("content", "a JSON object");
        let found = summary.map_or_else(|error| error.to_string(), |value| value.to_string());
        return Err(CheckError::Content { path, field, expected, found });
    }
    let path = folder.join("metrics.jsonl");
    let rows = read(&path)?;
    let good = rows
        .lines()
        .filter(|line| serde_json::from_str::<Value>(line).is_ok_and(|v| v.is_object()));
    if good.count() == EPOCHS && rows.lines().count() == EPOCHS {
        return Ok(());
    }
    Err(CheckError::Content {
        path,
        field: "content",
        expected: "one JSON object for each of the two epochs",
        found: format!("{} lines", rows.lines().count()),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{inspect, names};
    use crate::root;
    use crate::temporary::Temporary;

    #[test]
    fn the_manifest_names_its_examples() {
        let names = names(&root().join("examples/Cargo.toml")).unwrap();
        assert!(names.contains(&"topoencoder_2d".to_owned()));
    }

    #[test]
    fn a_run_is_judged_by_what_it_leaves_behind() {
        for (summary, rows, complaint) in [
            ("{}", "{}\n{}\n", None),
            ("[]", "{}\n{}\n", Some("JSON object")),
            ("{", "{}\n{}\n", Some("JSON object")),
            ("{}", "{}\n", Some("1 lines")),
            ("{}", "{}\n{\n", Some("2 lines")),
        ] {
            let folder = Temporary::new("inspect").unwrap();
            fs::write(folder.path().join("summary.json"), summary).unwrap();
            fs::write(folder.path().join("metrics.jsonl"), rows).unwrap();
            let outcome = inspect(folder.path()).map_err(|error| error.to_string());
            match complaint {
                None => assert_eq!(outcome, Ok(())),
                Some(words) => assert!(outcome.unwrap_err().contains(words), "{summary} {rows}"),
            }
        }
    }
}
