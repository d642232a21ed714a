//! Rules about manifests.

use toml::{Table, Value};

use super::Violation;
use super::tree::Tree;

const PREFIX: &str = "homeostat-";

/// Path, text and content of the manifest of every package; one that cannot be read is empty.
fn packages(tree: &Tree) -> impl Iterator<Item = (&str, &str, Table)> {
    tree.ending("Cargo.toml")
        .map(|(path, text)| (path, text, text.parse::<Table>().unwrap_or_default()))
        .filter(|(path, _, manifest)| *path != "Cargo.toml" || manifest.contains_key("package"))
}

/// The first line that starts with these words, or 1.
fn line_of(text: &str, start: &str) -> usize {
    text.lines().position(|line| line.trim_start().starts_with(start)).map_or(1, |line| line + 1)
}

fn package_field<'a>(manifest: &'a Table, field: &str) -> Option<&'a Value> {
    manifest.get("package")?.get(field)
}

/// A folder under crates/ is called like its package without the prefix.
pub(super) fn folders(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text, manifest) in packages(tree) {
        let folder = path.strip_prefix("crates/").and_then(|rest| rest.strip_suffix("/Cargo.toml"));
        let Some(folder) = folder else { continue };
        let name = package_field(&manifest, "name").and_then(Value::as_str).unwrap_or_default();
        let expected = match folder {
            "homeostat" => "homeostat".to_owned(),
            folder => format!("{PREFIX}{folder}"),
        };
        if name != expected {
            let rule = format!("the package of this folder is called '{expected}', not '{name}'");
            violations.push(Violation::new(path, line_of(text, "name"), rule));
        }
    }
    violations
}

/// Every package takes lints and version from the workspace and says what it is for.
pub(super) fn fields(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    let inherits = |value: Option<&Value>| {
        value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
    };
    for (path, text, manifest) in packages(tree) {
        let described = package_field(&manifest, "description")
            .and_then(Value::as_str)
            .is_some_and(|words| !words.trim().is_empty());
        let mut demand = |kept: bool, start: &str, rule: &str| {
            if !kept {
                violations.push(Violation::new(path, line_of(text, start), rule));
            }
        };
        demand(
            inherits(manifest.get("lints")),
            "[lints",
            "a package has `[lints] workspace = true`",
        );
        demand(described, "description", "a package has a description");
        let version = package_field(&manifest, "version");
        demand(inherits(version), "version", "a package has `version.workspace = true`");
    }
    violations
}

/// Every dependency that is not ours stands under a comment that gives its reason. A comment holds
/// until the next empty line.
pub(super) fn reasons(tree: &Tree) -> Vec<Violation> {
    let text = tree.text("Cargo.toml").unwrap_or_default();
    let (mut inside, mut reason) = (false, false);
    let mut violations = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            (inside, reason) = (line.trim() == "[workspace.dependencies]", false);
        } else if line.trim().is_empty() {
            reason = false;
        } else if line.starts_with('#') {
            reason = true;
        } else if inside && !reason && line.starts_with(|first: char| first.is_alphanumeric()) {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            if name != "homeostat" && !name.starts_with(PREFIX) {
                let rule = format!("no comment says why there is a dependency on '{name}'");
                violations.push(Violation::new("Cargo.toml", index + 1, rule));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::expect;

    const GOOD: &str = "[package]\nname = \"homeostat-pid\"\ndescription = \"PID\"\n\
                        version.workspace = true\n[lints]\nworkspace = true\n";

    #[test]
    fn a_folder_is_called_like_its_package() {
        let umbrella = "[package]\nname = \"homeostat\"\n";
        let files = [("crates/pid/Cargo.toml", GOOD), ("crates/homeostat/Cargo.toml", umbrella)];
        expect(folders, &files, &[]);
        expect(folders, &[("xtask/Cargo.toml", "[package]\nname = \"xtask\"\n")], &[]);
        let path = "crates/control/Cargo.toml";
        expect(folders, &[(path, GOOD)], &[(path, 2, "'homeostat-control', not 'homeostat-pid'")]);
    }

    #[test]
    fn a_package_has_lints_description_and_version() {
        let workspace = ("Cargo.toml", "[workspace]\nmembers = []\n");
        expect(fields, &[("crates/pid/Cargo.toml", GOOD), workspace], &[]);
        for (words, replacement, line, rule) in [
            ("[lints]", "[notes]", 1, "lints"),
            ("\"PID\"", "\" \"", 3, "description"),
            ("version.workspace = true", "version = \"0.1.0\"", 4, "version"),
        ] {
            let text = GOOD.replace(words, replacement);
            expect(fields, &[("a/Cargo.toml", &text)], &[("a/Cargo.toml", line, rule)]);
        }
    }

    #[test]
    fn a_dependency_stands_under_its_reason() {
        let good = "[workspace.dependencies]\nhomeostat-pid = { path = \"x\" }\n\n\
                    # Backends.\nburn-flex = \"1\"\nburn-cuda = { features = [\n    \"std\",\n] }\n";
        expect(reasons, &[("Cargo.toml", good)], &[]);
        let bad = "# Top.\n[workspace.dependencies]\n# Saved state.\nserde = \"1\"\n\ntoml = \"1\"\n\
                   [workspace.lints]\nx = 1\n";
        expect(reasons, &[("Cargo.toml", bad)], &[("Cargo.toml", 6, "'toml'")]);
    }
}
