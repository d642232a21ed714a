//! Rules about the text of a file. Where a pattern stands here it is put together, so that this file
//! does not match it.

use super::Violation;
use super::tree::Tree;

const MOST_LINES: usize = 400;

/// No Rust file is longer than a person can hold in mind.
pub(super) fn length(tree: &Tree) -> Vec<Violation> {
    tree.ending(".rs")
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > MOST_LINES)
        .map(|(path, lines)| {
            let rule = format!("a Rust file has at most {MOST_LINES} lines, this one has {lines}");
            Violation::new(path, MOST_LINES + 1, rule)
        })
        .collect()
}

const UNFINISHED: [&str; 4] = [
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[", "ignore"),
    concat!("dbg", "!("),
];

/// No placeholder, no test that is switched off, no debugging output.
pub(super) fn unfinished(tree: &Tree) -> Vec<Violation> {
    lines(tree.ending(".rs"), |line| {
        let found = UNFINISHED.iter().find(|pattern| line.contains(*pattern))?;
        Some(format!("'{found}' has no place in finished code"))
    })
}

/// First folders of paths that exist on somebody's machine only.
const FOLDERS: [&str; 5] = ["work", "root", "tmp", "home", "Users"];

/// No path of a machine.
pub(super) fn machine_paths(tree: &Tree) -> Vec<Violation> {
    lines(tree.texts(), |line| {
        let folder = FOLDERS.iter().find(|folder| holds_path(line, folder))?;
        Some(format!("a path below '/{folder}' exists on one machine only"))
    })
}

/// Whether the folder stands at the start of a path: not inside a longer one or an address.
fn holds_path(line: &str, folder: &str) -> bool {
    let pattern = format!("/{folder}/");
    line.match_indices(&pattern).any(|(at, _)| {
        let before = &line[..at];
        let inside = |last: char| last.is_alphanumeric() || "_.~-/}$*".contains(last);
        before.ends_with("://") || !before.ends_with(inside)
    })
}

const REGISTRIES: [&str; 9] = [
    "crates.io",
    "pypi.org",
    "pythonhosted.org",
    "npmjs.org",
    "npmjs.com",
    "debian.org",
    "ubuntu.com",
    "golang.org",
    "rubygems.org",
];

/// No address of a package registry: packages are named, and clients know where to find them.
pub(super) fn registries(tree: &Tree) -> Vec<Violation> {
    lines(tree.texts(), |line| {
        let host = line.split("://").skip(1).find_map(|rest| {
            let host = rest.split(|c: char| !c.is_alphanumeric() && c != '.' && c != '-').next()?;
            REGISTRIES.iter().find(|known| {
                host.strip_suffix(**known).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'))
            })
        })?;
        Some(format!("the address of a registry ({host}) belongs to its client"))
    })
}

/// No blanks at the end of a line, and a line end at the end of the file.
pub(super) fn white_space(tree: &Tree) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in tree.texts() {
        // Not `lines`, which would hide a carriage return.
        for (index, line) in text.split('\n').enumerate() {
            if line.ends_with(char::is_whitespace) {
                violations.push(Violation::new(path, index + 1, "white space ends the line"));
            }
        }
        if !text.is_empty() && !text.ends_with('\n') {
            let last = text.lines().count();
            violations.push(Violation::new(path, last, "the last line does not end"));
        }
    }
    violations
}

fn lines<'a>(
    files: impl Iterator<Item = (&'a str, &'a str)>,
    rule: impl Fn(&str) -> Option<String>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (path, text) in files {
        for (index, line) in text.lines().enumerate() {
            if let Some(rule) = rule(line) {
                violations.push(Violation::new(path, index + 1, rule));
            }
        }
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::expect;

    #[test]
    fn a_rust_file_has_at_most_400_lines() {
        expect(length, &[("a.rs", &"\n".repeat(400)), ("a.md", &"\n".repeat(500))], &[]);
        expect(length, &[("a.rs", &"\n".repeat(401))], &[("a.rs", 401, "has 401")]);
    }

    #[test]
    fn unfinished_code_is_found() {
        expect(unfinished, &[("a.rs", "// ignore the todo list\n")], &[]);
        let text = format!("fn a() {{\n    {})\n}}\n", UNFINISHED[0]);
        expect(unfinished, &[("a.rs", &text)], &[("a.rs", 2, "finished")]);
        let text = format!("{}]\n{})\n{})\n", UNFINISHED[2], UNFINISHED[1], UNFINISHED[3]);
        let found = [("a.rs", 1, "finished"), ("a.rs", 2, "finished"), ("a.rs", 3, "finished")];
        expect(unfinished, &[("a.rs", &text)], &found);
    }

    #[test]
    fn machine_paths_are_found_and_relative_paths_are_not() {
        let fine = "see src/tmp/a, https://x.org/home/me, ~/work/, $HOME/work/x and /dev/null\n";
        expect(machine_paths, &[("a.md", fine), ("Cargo.lock", concat!("/", "root/x"))], &[]);
        for folder in FOLDERS {
            let text = format!("one\npath = \"/{folder}/x\"\nfile:///{folder}/y\n");
            let found = [("a.toml", 2, folder), ("a.toml", 3, folder)];
            expect(machine_paths, &[("a.toml", &text)], &found);
        }
    }

    #[test]
    fn addresses_of_registries_are_found_and_their_names_are_not() {
        let fine = "crates.io, https://github.com/x/crates.io-index and https://notpypi.org/x\n";
        expect(registries, &[("a.md", fine)], &[]);
        for host in ["static.crates.io", "pypi.org", "registry.npmjs.org", "deb.debian.org"] {
            let text = format!("see <https:{}{host}/x>\n", "//");
            expect(registries, &[("a.md", &text)], &[("a.md", 1, "registry")]);
        }
    }

    #[test]
    fn lines_end_with_a_letter_and_files_with_a_line_end() {
        expect(white_space, &[("a.md", "one\n\ntwo\n"), ("empty", "")], &[]);
        expect(white_space, &[("a.md", "one \ntwo\n")], &[("a.md", 1, "ends the line")]);
        expect(white_space, &[("a.md", "one\r\ntwo\n")], &[("a.md", 1, "ends the line")]);
        expect(white_space, &[("a.md", "one\ntwo")], &[("a.md", 2, "does not end")]);
    }
}
