//! What can be wrong with a search.

use homeostat_core::ConfigError;

/// The settings of a search are not legal.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchConfigError {
    /// A field of the search.
    #[error(transparent)]
    Search(#[from] ConfigError),
    /// A field of a variable.
    #[error("[variables.{name}] {source}")]
    Variable {
        /// The variable.
        name: String,
        /// The field, the rule and what was found.
        source: ConfigError,
    },
}

/// What was measured does not fit the search, or a saved memory does not. Nothing has changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{what} {rule}, got {found}")]
#[non_exhaustive]
pub struct MisfitError {
    /// What does not fit.
    pub what: String,
    /// The rule, in words.
    pub rule: &'static str,
    /// What was found.
    pub found: String,
}

impl MisfitError {
    pub(crate) fn unless(
        legal: bool,
        what: impl Into<String>,
        rule: &'static str,
        found: impl std::fmt::Display,
    ) -> Result<(), Self> {
        match legal {
            true => Ok(()),
            false => Err(Self { what: what.into(), rule, found: found.to_string() }),
        }
    }
}
