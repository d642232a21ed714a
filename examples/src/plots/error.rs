use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a picture could not be drawn.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The inputs do not describe a picture.
    #[error("{field} must be {expected}, got {found}")]
    Input {
        /// Name of the input.
        field: &'static str,
        /// What would be legal.
        expected: String,
        /// The value found.
        found: String,
    },
    /// The file could not be written.
    #[error("{} cannot be written", file.display())]
    Write {
        /// The picture.
        file: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The image could not be encoded.
    #[error("{} cannot be encoded", file.display())]
    Encode {
        /// The picture.
        file: PathBuf,
        /// What the encoder said.
        source: png::EncodingError,
    },
}

impl PlotError {
    /// A [`PlotError::Input`] from anything that can be shown.
    pub(super) fn input(
        field: &'static str,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Self::Input { field, expected: expected.into(), found: found.to_string() }
    }
}
