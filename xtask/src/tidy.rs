//! `cargo xtask tidy`: the rules of the house that no compiler knows, as code.
//!
//! A rule is a function from the tree of files to violations, so that it is tested on small strings.

mod links;
mod manifests;
mod mechanisms;
mod reads;
mod text;
mod tree;

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::options::Options;
use crate::{TaskError, root};
use tree::Tree;

pub(crate) const HELP: &str = "\
usage: cargo xtask tidy

Prints every violation of a rule of the house as `path:line: rule`. The rules are about the length of
files, unfinished code, machine paths, registry addresses, white space, manifests, reasons for
dependencies, reads from the device, the places of a mechanism, and links in documents.";

/// The rules could not be checked, or were violated.
#[derive(Debug, Error)]
pub(crate) enum TidyError {
    /// The operating system refused.
    #[error("{} must be readable, got {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// The violations were printed.
    #[error("the tree must keep every rule, got {count} violations")]
    Violations { count: usize },
}

/// A place where a rule is not kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Violation {
    path: String,
    line: usize,
    rule: String,
}

impl Violation {
    fn new(path: &str, line: usize, rule: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, rule: rule.into() }
    }
}

const RULES: &[fn(&Tree) -> Vec<Violation>] = &[
    text::length,
    text::unfinished,
    text::machine_paths,
    text::registries,
    text::white_space,
    manifests::folders,
    manifests::fields,
    manifests::reasons,
    reads::host_reads,
    mechanisms::places,
    links::targets,
];

/// Runs the command.
pub(crate) fn run(arguments: Vec<String>) -> Result<(), TaskError> {
    Options::read(arguments, &[], &[])?;
    check(&root())
}

/// Checks every rule and prints what violates it.
pub(crate) fn check(root: &Path) -> Result<(), TaskError> {
    let tree = Tree::read(root)?;
    let mut violations: Vec<Violation> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    violations.sort();
    for Violation { path, line, rule } in &violations {
        println!("{path}:{line}: {rule}");
    }
    if violations.is_empty() {
        println!("{} files keep all {} rules", tree.len(), RULES.len());
        return Ok(());
    }
    Err(TidyError::Violations { count: violations.len() }.into())
}

/// For the tests of the rules: the lines at which a rule complains about a tree of small strings.
#[cfg(test)]
#[track_caller]
fn expect(
    rule: fn(&Tree) -> Vec<Violation>,
    files: &[(&str, &str)],
    expected: &[(&str, usize, &str)],
) {
    let found = rule(&Tree::of(files));
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for (violation, (path, line, words)) in found.iter().zip(expected) {
        assert_eq!((violation.path.as_str(), violation.line), (*path, *line), "{found:?}");
        assert!(violation.rule.contains(words), "{found:?}");
    }
}
