use std::fmt;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why a run could not be recorded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrackingError {
    /// An address of a kind that this tracker does not speak.
    #[error(
        "tracking uri must be http://host:port, file:PATH or a path, got {found:?} (for https, \
         log to a folder and import it, or put a local proxy in between)"
    )]
    Uri {
        /// The address.
        found: String,
    },
    /// The server could not be reached or broke off.
    #[error("{url} must answer, got {source}")]
    Connection {
        /// What was called.
        url: String,
        /// What went wrong on the way.
        source: Box<ureq::Error>,
    },
    /// The server refused.
    #[error("{url} must answer with status 200, got {status}: {message}")]
    Refused {
        /// What was called.
        url: String,
        /// The status.
        status: u16,
        /// The beginning of the answer.
        message: String,
    },
    /// The server's answer lacks what MLflow promises.
    #[error("{url} must answer with a text at {field}, got {message}")]
    Answer {
        /// What was called.
        url: String,
        /// JSON pointer of the missing field.
        field: &'static str,
        /// The beginning of the answer.
        message: String,
    },
    /// The folder could not be read or written.
    #[error("{} must be readable and writable, got {source}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// Tells that tracking has been turned off, and why.
#[derive(Debug)]
pub struct TrackingWarning {
    /// The failure.
    pub reason: TrackingError,
}

impl fmt::Display for TrackingWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the run goes on without mlflow: {}", self.reason)
    }
}
