//! What a file may say, and in which words it is refused.

use std::fmt::{Debug, Display};

use serde::de::DeserializeOwned;

/// Parses a configuration and checks it by making its law; the error of either as text.
pub fn read<C: DeserializeOwned, L, E: Display>(
    text: &str,
    init: impl FnOnce(&C) -> Result<L, E>,
) -> Result<C, String> {
    let config: C = toml::from_str(text).map_err(|error| error.to_string())?;
    init(&config).map_err(|error| error.to_string())?;
    Ok(config)
}

/// The text must be refused with these words in the error.
#[track_caller]
pub fn refused<C: Debug>(text: &str, found: Result<C, String>, expected: &str) {
    let error = found.expect_err("an illegal configuration");
    assert!(error.contains(expected), "{text}: {error}");
}
