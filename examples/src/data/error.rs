use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a data set could not be read or made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// A name that no reader and no generator answers to.
    #[error("data set must be one of {legal}, got {found:?}")]
    UnknownName {
        /// The name that was asked for.
        found: String,
        /// Every legal name, separated by commas.
        legal: String,
    },
    /// None of the file's usual names is in any of the searched folders.
    #[error("data set {name} is incomplete: no {file} in {searched}; {remedy}")]
    Missing {
        /// Name of the data set.
        name: String,
        /// The names under which the file is known.
        file: String,
        /// The folders that were searched.
        searched: String,
        /// What to do about it.
        remedy: String,
    },
    /// The operating system refused to open or read a file.
    #[error("{} cannot be read from byte {offset} on", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Bytes read before the refusal.
        offset: u64,
        /// What the operating system said.
        source: io::Error,
    },
    /// A file whose name ends in `.gz` does not unpack.
    #[error(
        "{} byte {offset} of the unpacked content: expected a whole gzip stream, got {source}",
        file.display()
    )]
    Gzip {
        /// The packed file.
        file: PathBuf,
        /// Bytes unpacked before the failure.
        offset: u64,
        /// What the decoder said.
        source: io::Error,
    },
    /// A file's content breaks its format.
    #[error("{} byte {offset}: {field} must be {expected}, got {found}", file.display())]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// Where in the unpacked content the offending field begins.
        offset: u64,
        /// The field of the format.
        field: &'static str,
        /// What would be legal.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A setting of a generator or of a selection is out of its range.
    #[error("{field} must be {expected}, got {found}")]
    Setting {
        /// Name of the setting.
        field: &'static str,
        /// What would be legal.
        expected: String,
        /// The value found.
        found: String,
    },
}

impl DataError {
    /// A [`DataError::Setting`] from anything that can be shown.
    pub(super) fn setting(
        field: &'static str,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Self::Setting { field, expected: expected.into(), found: found.to_string() }
    }
}
