//! Links between documents.

use super::Violation;
use super::tree::Tree;

/// Every link to a file in the README and under docs/ points to a file that exists.
pub(super) fn targets(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.ending(".md") {
        if path != "README.md" && !path.starts_with("docs/") {
            continue;
        }
        for (line, target) in links(text) {
            let file = target.split('#').next().unwrap_or_default();
            let address = target.contains("://") || target.starts_with("mailto:");
            // A name with colons is an item of the documentation, which rustdoc checks.
            if file.is_empty() || address || file.contains("::") {
                continue;
            }
            if !resolve(path, file).is_some_and(|file| tree.holds(&file)) {
                let rule = format!("the link to '{target}' leads nowhere");
                violations.push(Violation::new(path, line, rule));
            }
        }
    }
    violations
}

/// Line and target of every link outside code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut code = false;
    for (index, line) in text.lines().enumerate() {
        let start = line.trim_start();
        if start.starts_with("```") || start.starts_with("~~~") {
            code = !code;
        }
        if code {
            continue;
        }
        // Every second piece between back quotes is code.
        let prose: String = line.split('`').step_by(2).collect();
        for (at, mark) in prose.match_indices("](") {
            let rest = &prose[at + mark.len()..];
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            found.push((index + 1, target.trim_matches(['<', '>']).to_owned()));
        }
        if start.starts_with('[')
            && let Some((_, target)) = prose.split_once("]: ")
        {
            found.push((index + 1, target.trim().trim_matches(['<', '>']).to_owned()));
        }
    }
    found
}

/// The path from the root, or nothing for one that leaves it.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::expect;

    #[test]
    fn a_link_that_leads_somewhere_is_fine() {
        let page = "See [`pid`](pid.md#formula), [up](../../README.md), ![plot](../plots/pid.svg \"a\"),\n\
                    [there](https://example.org/x), [here](#formula), [item](crate::Pid), [docs](..).\n\
                    ```\n[no](link.md)\n```\n`[no](link.md)`\n[ref]: pid.md\n";
        let files = [
            ("docs/mechanisms/pid.md", page),
            ("README.md", "[docs](docs/)\n"),
            ("docs/plots/pid.svg", ""),
            ("crates/pid/notes.md", "[x](nowhere.md)\n"),
        ];
        expect(targets, &files, &[]);
    }

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let files = [("README.md", "One\n[a](docs/a.md) [b](../b.md)\n[c]: c.md\n")];
        let found =
            [("README.md", 2, "docs/a.md"), ("README.md", 2, "../b.md"), ("README.md", 3, "c.md")];
        expect(targets, &files, &found);
    }
}
