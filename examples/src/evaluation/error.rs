use thiserror::Error;

/// Why a number could not be computed.
#[derive(Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum EvaluationError {
    /// Two lists that describe the same rows have different lengths.
    #[error("{field} must have {expected} entries, one per row, got {found}")]
    Length {
        /// Name of the list.
        field: &'static str,
        /// Number of rows.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// A setting is out of its range, or there is nothing to judge.
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

impl EvaluationError {
    /// An [`EvaluationError::Setting`] from anything that can be shown.
    pub(super) fn setting(
        field: &'static str,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Self::Setting { field, expected: expected.into(), found: found.to_string() }
    }
}
