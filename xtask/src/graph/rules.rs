//! The rules of the architecture.

use super::{Dependency, Kind, Package};

/// Everything under crates/ that is not one of these is a mechanism.
///
/// `normalize` conditions signals: the spike gate of a multiplier must run before the normalizer takes a
/// loss in, and a mapped target is read in the same window, so a multiplier holds its normalizer.
const NOT_MECHANISMS: [&str; 9] = [
    "core",
    "signal",
    "normalize",
    "testkit",
    "burn",
    "homeostat",
    "config",
    "search",
    "telemetry",
];

/// Who may name burn.
const BURN_FACING: [&str; 3] = ["crates/burn", "examples", "benches"];

/// Who may use the umbrella.
const USERS: [&str; 2] = ["examples", "benches"];

/// burn itself and its parts.
pub(super) fn is_burn(name: &str) -> bool {
    name == "burn" || name.starts_with("burn-")
}

/// Whether the workspace holds a package of that name.
pub(super) fn is_ours(packages: &[Package], name: &str) -> bool {
    packages.iter().any(|package| package.name == name)
}

fn is_mechanism(package: &Package) -> bool {
    let folder = package.folder.strip_prefix("crates/");
    folder.is_some_and(|folder| !NOT_MECHANISMS.contains(&folder))
}

/// One line for every dependency that must not be.
pub(super) fn violations(packages: &[Package]) -> Vec<String> {
    let mut lines = Vec::new();
    for package in packages {
        for dependency in &package.dependencies {
            if let Some(rule) = broken(packages, package, dependency) {
                let folder = &package.folder;
                lines.push(format!("{folder}/Cargo.toml: {}: {rule}", dependency.name));
            }
        }
    }
    lines
}

fn broken(packages: &[Package], from: &Package, to: &Dependency) -> Option<&'static str> {
    let folder = from.folder.as_str();
    let target = packages.iter().find(|package| package.name == to.name);
    if is_mechanism(from) && target.is_some_and(is_mechanism) {
        return Some("a mechanism does not depend on a mechanism, not even in tests");
    }
    if is_burn(&to.name) && !BURN_FACING.contains(&folder) {
        return Some("only homeostat-burn, examples and benches name burn");
    }
    match to.name.as_str() {
        "homeostat" if !USERS.contains(&folder) => {
            Some("only examples and benches depend on homeostat")
        }
        "homeostat-burn" if folder == "crates/homeostat" && !to.optional => {
            Some("homeostat takes homeostat-burn only as an optional dependency")
        }
        "homeostat-testkit" if to.kind != Kind::Dev => {
            Some("homeostat-testkit is a dependency of tests only")
        }
        _ if folder == "xtask" && target.is_some() => Some("xtask depends on none of our packages"),
        _ => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A package; a dependency that ends in `?` is optional, one that ends in `!` is of tests.
    pub(in crate::graph) fn package(name: &str, folder: &str, dependencies: &[&str]) -> Package {
        let dependency = |text: &&str| Dependency {
            name: text.trim_end_matches(['?', '!']).to_owned(),
            kind: if text.ends_with('!') { Kind::Dev } else { Kind::Normal },
            optional: text.ends_with('?'),
        };
        Package {
            name: name.to_owned(),
            folder: folder.to_owned(),
            dependencies: dependencies.iter().map(dependency).collect(),
        }
    }

    fn complaints(name: &str, folder: &str, dependencies: &[&str]) -> Vec<String> {
        violations(&[
            package("homeostat-core", "crates/core", &[]),
            package("homeostat-governor", "crates/governor", &["homeostat-core"]),
            package("homeostat-burn", "crates/burn", &["burn", "homeostat-core"]),
            package("homeostat-testkit", "crates/testkit", &["homeostat-core"]),
            package(name, folder, dependencies),
        ])
    }

    #[track_caller]
    fn check(name: &str, folder: &str, fine: &[&str], wrong: &str, words: &str) {
        assert_eq!(complaints(name, folder, fine), [""; 0]);
        let found = complaints(name, folder, &[wrong]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with(folder) && found[0].contains(words), "{found:?}");
    }

    #[test]
    fn a_mechanism_never_depends_on_a_mechanism() {
        let fine = ["homeostat-core", "homeostat-testkit!", "serde"];
        let rule = "not even in tests";
        check("homeostat-pid", "crates/pid", &fine, "homeostat-governor!", rule);
        check("homeostat-pid", "crates/pid", &fine, "homeostat-governor", rule);
    }

    #[test]
    fn only_the_burn_facing_packages_name_burn() {
        check("homeostat-pid", "crates/pid", &["serde"], "burn-flex!", "name burn");
        check("homeostat", "crates/homeostat", &["homeostat-burn?"], "burn?", "name burn");
        let examples = ["burn", "burn-flex", "homeostat"];
        assert_eq!(complaints("homeostat-examples", "examples", &examples), [""; 0]);
    }

    #[test]
    fn homeostat_takes_burn_only_optionally() {
        let fine = ["homeostat-governor", "homeostat-burn?"];
        check("homeostat", "crates/homeostat", &fine, "homeostat-burn", "optional");
    }

    #[test]
    fn only_examples_and_benches_depend_on_the_umbrella() {
        check("homeostat-pid", "crates/pid", &["serde"], "homeostat!", "examples and benches");
    }

    #[test]
    fn the_testkit_is_for_tests() {
        check("homeostat-pid", "crates/pid", &["homeostat-testkit!"], "homeostat-testkit", "tests");
    }

    #[test]
    fn xtask_needs_none_of_ours() {
        check("xtask", "xtask", &["serde_json"], "homeostat-core", "none of our packages");
    }
}
