//! A mechanism is more than a crate: it has a page, a place in a configuration and in the changelog.

use toml::Table;

use super::Violation;
use super::tree::Tree;

const CATALOG: &str = "crates/homeostat/src/catalog.rs";

/// Where every crate of a mechanism is mentioned; `quick` is the alias that tests it alone.
const MENTIONS: [&str; 4] =
    [".cargo/config.toml", "CHANGELOG.md", "README.md", "docs/ARCHITECTURE.md"];

/// A crate with the names of the laws that a file can call it by.
struct Mechanism {
    folder: String,
    laws: Vec<String>,
}

/// Every crate whose law stands in the catalog has a page, a configuration for each of its laws, and a
/// mention wherever all are listed.
pub(super) fn places(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for Mechanism { folder, laws } in mechanisms(tree) {
        let package = format!("homeostat-{folder}");
        let page = format!("docs/mechanisms/{folder}.md");
        if tree.text(&page).is_none() {
            violations.push(Violation::new(&page, 1, format!("{package} has no page")));
        }
        for law in &laws {
            let mut configs = tree.ending(".toml").filter(|(path, _)| path.starts_with("configs/"));
            if !configs.any(|(_, text)| names(text, &format!("law.{law}"))) {
                let rule = format!("no file in configs/ names law.{law}");
                violations.push(Violation::new(&format!("crates/{folder}/Cargo.toml"), 1, rule));
            }
        }
        for path in MENTIONS {
            if !tree.text(path).is_some_and(|text| names(text, &package)) {
                let rule = format!("{package} is not mentioned");
                violations.push(Violation::new(path, 1, rule));
            }
        }
    }
    violations
}

/// The crates whose configurations the catalog's laws hold, as far as they build on the core.
fn mechanisms(tree: &Tree) -> Vec<Mechanism> {
    let catalog = tree.text(CATALOG).unwrap_or_default();
    let imports = imports(catalog);
    let mut mechanisms: Vec<Mechanism> = Vec::new();
    for (law, config) in laws(catalog) {
        let Some((folder, _)) = imports.iter().find(|(_, names)| names.contains(&config)) else {
            continue;
        };
        let manifest = tree.text(&format!("crates/{folder}/Cargo.toml")).unwrap_or_default();
        let manifest: Table = manifest.parse().unwrap_or_default();
        let core = manifest.get("dependencies").and_then(|all| all.get("homeostat-core"));
        if core.is_none() {
            continue;
        }
        match mechanisms.iter_mut().find(|known| known.folder == *folder) {
            Some(known) => known.laws.push(law),
            None => mechanisms.push(Mechanism { folder: folder.clone(), laws: vec![law] }),
        }
    }
    mechanisms
}

/// Folder of every crate of ours that the catalog imports from, and the names it takes.
fn imports(catalog: &str) -> Vec<(String, Vec<&str>)> {
    catalog
        .split("\nuse homeostat_")
        .skip(1)
        .filter_map(|rest| {
            let (name, names) = rest.split(';').next()?.split_once("::")?;
            let names = names.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            Some((name.replace('_', "-"), names))
        })
        .collect()
}

/// Name in a file and configuration of every variant of the catalog's `LawConfig`.
fn laws(catalog: &str) -> Vec<(String, &str)> {
    let body = catalog.split_once("enum LawConfig {").map_or("", |(_, rest)| rest);
    body.lines()
        .take_while(|line| !line.starts_with('}'))
        .filter_map(|line| {
            let (variant, rest) = line.trim().split_once('(')?;
            variant.chars().all(char::is_alphanumeric).then_some(())?;
            Some((kebab(variant), rest.split_once(')')?.0))
        })
        .collect()
}

fn kebab(variant: &str) -> String {
    let mut name = String::new();
    for letter in variant.chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// Whether a text has the word outside of comments: of `law.pid` in `law.pid = …` and
/// `[controller.x.law.pid]`, not in `law.pid-slow`.
fn names(text: &str, word: &str) -> bool {
    text.lines().filter(|line| !line.trim_start().starts_with('#')).any(|line| {
        line.match_indices(word).any(|(at, _)| {
            let after = line[at + word.len()..].chars().next();
            !after.is_some_and(|next| next.is_alphanumeric() || next == '-' || next == '_')
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::expect;

    const TEXT: &str = "\nuse homeostat_core::{Clock, PidConfigs};\nuse homeostat_pid::{\n    \
                        PidConfig, Slow,\n};\npub enum LawConfig {\n    /// [`homeostat_pid`] (PI)\n    \
                        Pid(PidConfig),\n    SlowPid(Slow),\n}\n";
    const MANIFEST: &str = "[dependencies]\nhomeostat-core.workspace = true\n";
    const GOOD: [(&str, &str); 8] = [
        (CATALOG, TEXT),
        ("crates/pid/Cargo.toml", MANIFEST),
        ("docs/mechanisms/pid.md", "PID.\n"),
        ("configs/a.toml", "law.slow-pid = { kp = 1.0 }\nlaw.pid = {}\n"),
        (".cargo/config.toml", "quick = \"test --package homeostat-pid\"\n"),
        ("CHANGELOG.md", "- `homeostat-pid`: new.\n"),
        ("README.md", "| `homeostat-pid` |\n"),
        ("docs/ARCHITECTURE.md", "| `homeostat-pid` |\n"),
    ];

    #[test]
    fn the_catalog_names_laws_and_their_crates() {
        assert_eq!(laws(TEXT), [("pid".to_owned(), "PidConfig"), ("slow-pid".to_owned(), "Slow")]);
        let found = mechanisms(&Tree::of(&GOOD));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].folder.as_str(), found[0].laws.len()), ("pid", 2));
    }

    #[test]
    fn a_mechanism_has_every_place() {
        expect(places, &GOOD, &[]);
        for (missing, path, words) in [
            ("docs/mechanisms/pid.md", "docs/mechanisms/pid.md", "no page"),
            (".cargo/config.toml", ".cargo/config.toml", "not mentioned"),
            ("CHANGELOG.md", "CHANGELOG.md", "not mentioned"),
            ("README.md", "README.md", "not mentioned"),
            ("docs/ARCHITECTURE.md", "docs/ARCHITECTURE.md", "not mentioned"),
        ] {
            let rest: Vec<_> = GOOD.into_iter().filter(|(path, _)| *path != missing).collect();
            expect(places, &rest, &[(path, 1, words)]);
        }
    }

    #[test]
    fn every_law_is_in_a_configuration_of_its_own() {
        let mut files = GOOD;
        files[3].1 = "law.slow-pid = { kp = 1.0 }\n";
        expect(places, &files, &[("crates/pid/Cargo.toml", 1, "names law.pid")]);
    }

    #[test]
    fn a_law_is_named_by_its_whole_name_and_not_in_a_comment() {
        assert!(names("[controller.a.law.pid]\n", "law.pid"));
        assert!(!names("law.pid-slow = {}\n# law.pid = {}\n", "law.pid"));
    }
}
