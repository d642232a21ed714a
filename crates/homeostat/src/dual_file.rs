//! The file of an engine: `[dual]`, `[constraints.NAME]`, `[families.NAME]`.

use homeostat_config::{Document, FileError};
use homeostat_multiplier::{DualConfig, DualConfigError};

/// Reads the settings of an engine and checks every one, so that whatever makes an engine of them
/// succeeds.
///
/// ```
/// let text = "[constraints.kl]\ntarget = { raw = 0.05 }\nnormalizer = \"rnak\"\n";
/// let error = homeostat::read_dual("run.toml", text).expect_err("no such normalizer");
/// assert!(error.to_string().starts_with("run.toml:3:14: constraints.kl.normalizer"));
/// assert_eq!(error.suggestion.as_deref(), Some("rank"));
/// ```
///
/// # Errors
///
/// The first mistake, with its file, line, column and key, what stands there, what would be legal, and
/// what was probably meant.
pub fn read_dual(file: &str, text: &str) -> Result<DualConfig, FileError> {
    let document = Document::parse(file, text)?;
    let config: DualConfig = document.read()?;
    match config.init() {
        Ok(_) => Ok(config),
        Err(error) => Err(place_dual(&document, &error)),
    }
}

/// The place in its file of an error that [`DualConfig::init`] found.
pub fn place_dual(document: &Document, error: &DualConfigError) -> FileError {
    match error {
        DualConfigError::Constraint { name, source } => {
            document.place(&["constraints", name], source)
        }
        DualConfigError::Family { name, source } => document.place(&["families", name], source),
        DualConfigError::Dual(source) if source.field == "constraints" => {
            document.place(&[], source)
        }
        DualConfigError::Dual(source) => document.place(&["dual"], source),
        other => {
            document.place(&[], &homeostat_core::ConfigError::new("dual", "must be legal", other))
        }
    }
}
