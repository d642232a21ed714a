//! The files that the rules look at.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use super::TidyError;

/// Every file of the repository by its path from the root; a file that is not text has no content.
#[derive(Debug, Default)]
pub(super) struct Tree(BTreeMap<String, Option<String>>);

impl Tree {
    /// Reads the files that are tracked, or would be if they were added.
    pub(super) fn read(root: &Path) -> Result<Self, TidyError> {
        let failed = |path: &Path, source| TidyError::File { path: path.to_owned(), source };
        let paths = match listed(root) {
            Some(paths) => paths,
            // Without git, or in an unpacked archive, everything that is there counts.
            None => walked(root).map_err(|source| failed(root, source))?,
        };
        let mut files = BTreeMap::new();
        for path in paths {
            let place = root.join(&path);
            match fs::read(&place) {
                // git names zero bytes as the mark of a file that is not text.
                Ok(bytes) if bytes.contains(&0) => drop(files.insert(path, None)),
                Ok(bytes) => drop(files.insert(path, String::from_utf8(bytes).ok())),
                // Tracked, but deleted since.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(failed(&place, source)),
            }
        }
        Ok(Self(files))
    }

    #[cfg(test)]
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter();
        Self(files.map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))).collect())
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Every text file except the lock file, which cargo writes.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter(|(path, _)| *path != "Cargo.lock")
            .filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// Every text file with this ending, such as `.rs`.
    pub(super) fn ending(&self, ending: &str) -> impl Iterator<Item = (&str, &str)> {
        self.texts().filter(move |(path, _)| path.ends_with(ending))
    }

    /// The text of one file.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.0.get(path)?.as_deref()
    }

    /// Whether there is such a file, or a folder with a file in it. The root is the empty path.
    pub(super) fn holds(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        path.is_empty()
            || self.0.contains_key(path)
            || self.0.keys().any(|file| file.starts_with(&folder))
    }
}

/// What git lists, or nothing where there is no git or no repository.
fn listed(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let paths: Vec<String> =
        text.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    (output.status.success() && !paths.is_empty()).then_some(paths)
}

/// Every file below the root, except what the ignore file names there.
fn walked(root: &Path) -> io::Result<Vec<String>> {
    let ignored = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
    let ignored: Vec<&str> =
        ignored.lines().map(|line| line.trim_matches('/')).chain([".git"]).collect();
    let (mut paths, mut folders) = (Vec::new(), vec![String::new()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = format!("{folder}{}", entry.file_name().to_string_lossy());
            if ignored.contains(&path.as_str()) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                folders.push(path + "/");
            } else {
                paths.push(path);
            }
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::{Tree, listed, walked};
    use crate::root;
    use crate::temporary::Temporary;

    #[test]
    fn the_walk_leaves_out_what_is_ignored_and_git_finds_nothing_that_the_walk_does_not() {
        let walk = walked(&root()).unwrap();
        assert!(walk.iter().all(|path| !path.starts_with("target/")));
        // A checkout without git has nothing to compare with.
        for path in listed(&root()).unwrap_or_default() {
            assert!(walk.contains(&path) || !root().join(&path).exists(), "{path}");
        }
    }

    #[test]
    fn a_file_with_a_zero_byte_is_not_text() {
        let folder = Temporary::new("tree").unwrap();
        std::fs::write(folder.path().join("picture"), [1, 0, 2]).unwrap();
        std::fs::write(folder.path().join("words"), "words").unwrap();
        let tree = Tree::read(folder.path()).unwrap();
        assert_eq!(tree.texts().collect::<Vec<_>>(), [("words", "words")]);
        assert!(tree.holds("picture"));
    }

    #[test]
    fn a_folder_is_held_when_a_file_is_in_it() {
        let tree = Tree::of(&[("docs/plots/pid.svg", "")]);
        assert!(tree.holds("docs/plots") && tree.holds("docs/plots/") && tree.holds(""));
        assert!(!tree.holds("docs/plot"));
    }
}
