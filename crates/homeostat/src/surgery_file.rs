//! Gradient surgery in the file of an engine: `surgery`, `rows`, `heads`.

use homeostat_burn::surgery::{HeadRule, RowMode, Surgeon, SurgeonConfig};
use homeostat_config::{Document, FileError};
use homeostat_surgery::SurgeryConfig;
use serde::Deserialize;

/// What surgery takes from the file; the rest is the engine's.
#[derive(Deserialize)]
struct SurgeryFile {
    surgery: Option<SurgeryConfig>,
    #[serde(default)]
    rows: RowMode,
    #[serde(default)]
    heads: HeadRule,
}

/// Reads what the file of an engine says of gradient surgery, or `None` where it has none. Both words, as a
/// command line gives them, replace those of the file. Checked, alone and with the multipliers of the
/// engine.
///
/// ```
/// let text = "surgery = \"upgrad\"\nrows = \"groups\"\n[constraints.kl]\ntarget = { raw = 0.1 }\n";
/// let config = homeostat::read_surgery("run.toml", text, None, None)?.expect("is there");
/// assert_eq!(config.surgery.method.name(), "upgrad");
/// let error = homeostat::read_surgery("run.toml", text, Some("upgrade"), None).expect_err("none");
/// assert_eq!(error.suggestion.as_deref(), Some("upgrad"));
/// # Ok::<(), homeostat::configuration::FileError>(())
/// ```
///
/// # Errors
///
/// The first mistake, with its place.
pub fn read_surgery(
    file: &str,
    text: &str,
    method: Option<&str>,
    rows: Option<&str>,
) -> Result<Option<SurgeonConfig>, FileError> {
    let document = Document::parse(file, text)?;
    let mut found: SurgeryFile = document.read()?;
    let word = |key: &str, value: &str| format!("{key} = {value:?}");
    if let Some(method) = method {
        let line = word("surgery", method);
        found.surgery = Document::parse("--surgery", &line)?.read::<SurgeryFile>()?.surgery;
    }
    if let Some(rows) = rows {
        let line = word("rows", rows);
        found.rows = Document::parse("--rows", &line)?.read::<SurgeryFile>()?.rows;
    }
    let SurgeryFile { surgery: Some(surgery), rows, heads } = found else { return Ok(None) };
    let config = SurgeonConfig { rows, heads, surgery };
    let checked = Surgeon::new(&config).and_then(|_| config.surgery.check_multipliers());
    match checked {
        Ok(()) => Ok(Some(config)),
        Err(error) => Err(document.place(&["surgery"], &error)),
    }
}
