//! The graph as text. Of the dependencies only ours and those on burn are shown.

use super::rules::{is_burn, is_ours};
use super::{Dependency, Kind, Package};

fn shown<'a>(
    packages: &'a [Package],
    package: &'a Package,
) -> impl Iterator<Item = &'a Dependency> {
    let shown = |name: &str| is_ours(packages, name) || is_burn(name);
    package.dependencies.iter().filter(move |dependency| shown(&dependency.name))
}

fn remark(dependency: &Dependency) -> &'static str {
    match (dependency.kind, dependency.optional) {
        (Kind::Dev, _) => " (dev)",
        (Kind::Build, _) => " (build)",
        (Kind::Normal, true) => " (optional)",
        (Kind::Normal, false) => "",
    }
}

/// One paragraph per package.
pub(super) fn list(packages: &[Package]) -> String {
    let mut text = String::new();
    for package in packages {
        text += &format!("{} ({})\n", package.name, package.folder);
        for dependency in shown(packages, package) {
            text += &format!("    {}{}\n", dependency.name, remark(dependency));
        }
    }
    text
}

/// The language of Graphviz; dependencies of tests are dotted, optional ones dashed.
pub(super) fn dot(packages: &[Package]) -> String {
    let mut text =
        String::from("digraph homeostat {\n    rankdir = BT;\n    node [shape = box];\n");
    for package in packages {
        text += &format!("    \"{}\";\n", package.name);
        for dependency in shown(packages, package) {
            let style = match (dependency.kind, dependency.optional) {
                (Kind::Normal, false) => "solid",
                (Kind::Normal, true) => "dashed",
                _ => "dotted",
            };
            let (from, to) = (&package.name, &dependency.name);
            text += &format!("    \"{from}\" -> \"{to}\" [style = {style}];\n");
        }
    }
    text + "}\n"
}

#[cfg(test)]
mod tests {
    use super::super::rules::tests::package;
    use super::{dot, list};

    #[test]
    fn only_ours_and_burn_are_shown() {
        let packages = [
            package("homeostat-core", "crates/core", &["serde"]),
            package("homeostat", "crates/homeostat", &["homeostat-core", "burn?", "serde"]),
        ];
        let expected = "homeostat-core (crates/core)\nhomeostat (crates/homeostat)\n    \
                        homeostat-core\n    burn (optional)\n";
        assert_eq!(list(&packages), expected);
        assert!(dot(&packages).contains("\"homeostat\" -> \"burn\" [style = dashed];"));
    }
}
