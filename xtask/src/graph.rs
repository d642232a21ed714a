//! `cargo xtask graph`: who depends on whom, and whether they may.

mod print;
mod rules;

use std::path::Path;

use serde_json::Value;
use thiserror::Error;

use crate::options::Options;
use crate::process::{ProcessError, capture, cargo};
use crate::{TaskError, root};

pub(crate) const HELP: &str = "\
usage: cargo xtask graph [--dot]

Prints the packages of the workspace with what they depend on, of ours and of burn, and checks the
rules of the architecture on it.

  --dot      prints the graph in the language of Graphviz instead";

/// The graph could not be read, or breaks a rule.
#[derive(Debug, Error)]
pub(crate) enum GraphError {
    /// cargo failed.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// What cargo says has another form.
    #[error("the output of cargo metadata: {field} must be {expected}, got {found}")]
    Metadata { field: &'static str, expected: &'static str, found: String },
    /// The violations were printed.
    #[error("the dependencies must keep every rule, got {count} violations")]
    Violations { count: usize },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Normal,
    Dev,
    Build,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Dependency {
    name: String,
    kind: Kind,
    optional: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Package {
    name: String,
    /// Folder from the root, such as `crates/pid`.
    folder: String,
    dependencies: Vec<Dependency>,
}

/// Runs the command.
pub(crate) fn run(arguments: Vec<String>) -> Result<(), TaskError> {
    let options = Options::read(arguments, &["--dot"], &[])?;
    let packages = read(&root())?;
    let text = if options.has("--dot") { print::dot(&packages) } else { print::list(&packages) };
    print!("{text}");
    Ok(judge(&packages)?)
}

/// Checks the rules without printing the graph.
pub(crate) fn check(root: &Path) -> Result<(), TaskError> {
    let packages = read(root)?;
    judge(&packages)?;
    println!("{} packages keep the rules of the graph", packages.len());
    Ok(())
}

fn judge(packages: &[Package]) -> Result<(), GraphError> {
    let violations = rules::violations(packages);
    for violation in &violations {
        // Apart from the graph, which somebody may want to pipe into a file.
        eprintln!("{violation}");
    }
    if violations.is_empty() {
        return Ok(());
    }
    Err(GraphError::Violations { count: violations.len() })
}

fn read(root: &Path) -> Result<Vec<Package>, GraphError> {
    let mut command = cargo(root);
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    let output = capture(&mut command)?;
    let metadata: Value = serde_json::from_slice(&output)
        .map_err(|error| wrong("the document", "JSON", error.to_string()))?;
    parse(&metadata)
}

fn wrong(field: &'static str, expected: &'static str, found: String) -> GraphError {
    GraphError::Metadata { field, expected, found }
}

fn parse(metadata: &Value) -> Result<Vec<Package>, GraphError> {
    let root = text(metadata, "workspace_root")?;
    let packages = list(metadata, "packages")?;
    packages
        .iter()
        .map(|package| {
            let manifest = Path::new(text(package, "manifest_path")?);
            let folder = manifest.parent().unwrap_or(manifest);
            let folder = folder.strip_prefix(root).unwrap_or(folder);
            let dependencies = list(package, "dependencies")?;
            Ok(Package {
                name: text(package, "name")?.to_owned(),
                folder: folder.to_string_lossy().replace('\\', "/"),
                dependencies: dependencies.iter().map(dependency).collect::<Result<_, _>>()?,
            })
        })
        .collect()
}

fn dependency(value: &Value) -> Result<Dependency, GraphError> {
    let kind = match value.get("kind").and_then(Value::as_str) {
        None => Kind::Normal,
        Some("dev") => Kind::Dev,
        Some("build") => Kind::Build,
        Some(other) => return Err(wrong("kind", "null, dev or build", other.to_owned())),
    };
    let optional = value.get("optional").and_then(Value::as_bool).unwrap_or(false);
    Ok(Dependency { name: text(value, "name")?.to_owned(), kind, optional })
}

fn text<'a>(value: &'a Value, field: &'static str) -> Result<&'a str, GraphError> {
    let found = value.get(field);
    found.and_then(Value::as_str).ok_or_else(|| wrong(field, "a text", format!("{found:?}")))
}

fn list<'a>(value: &'a Value, field: &'static str) -> Result<&'a Vec<Value>, GraphError> {
    let found = value.get(field);
    found.and_then(Value::as_array).ok_or_else(|| wrong(field, "a list", format!("{found:?}")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Dependency, Kind, parse};

    #[test]
    fn the_metadata_of_cargo_is_understood() {
        let metadata = json!({
            "workspace_root": "/w",
            "packages": [{
                "name": "homeostat-pid",
                "manifest_path": "/w/crates/pid/Cargo.toml",
                "dependencies": [
                    { "name": "serde", "kind": null, "optional": true },
                    { "name": "proptest", "kind": "dev", "optional": false },
                ],
            }],
        });
        let packages = parse(&metadata).unwrap();
        assert_eq!(packages[0].folder, "crates/pid");
        let serde = Dependency { name: "serde".into(), kind: Kind::Normal, optional: true };
        assert_eq!(packages[0].dependencies[0], serde);
        assert_eq!(packages[0].dependencies[1].kind, Kind::Dev);
    }

    #[test]
    fn metadata_of_another_form_is_refused() {
        let error = parse(&json!({ "workspace_root": "/w" })).unwrap_err().to_string();
        assert!(error.contains("packages must be a list"), "{error}");
    }
}
