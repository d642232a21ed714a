//! The file of an engine: `[dual]`, `[constraints.NAME]`, `[families.NAME]`.

use std::collections::BTreeMap;

use homeostat_config::{Document, FileError};
use homeostat_multiplier::{
    DualConfig, DualConfigError, DualDefaults, FamilyConfig, MultiplierConfig,
};
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The keys that the settings accept under another name, with that name first.
pub(crate) const ALIASES: &[(&str, &str)] = &[
    ("losses", "constraints"),
    ("eta", "rate"),
    ("eta_lambda", "rate"),
    ("lambda_init", "initial"),
    ("lambda_max", "maximum"),
    ("lambda_max_hard", "hard_maximum"),
    ("ema_alpha", "smoothing"),
    ("ema_init", "smoothing_start"),
    ("high", "from"),
    ("low", "to"),
];

/// The tables of a [`DualConfig`], and those that are somebody else's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EngineFile {
    #[serde(default)]
    dual: DualDefaults,
    #[serde(default, alias = "losses")]
    constraints: BTreeMap<String, MultiplierConfig>,
    #[serde(default)]
    families: BTreeMap<String, FamilyConfig>,
    /// Of the outer loop, which checks it when it is asked for.
    #[serde(default, rename = "search")]
    _search: IgnoredAny,
    /// Of gradient surgery, see `read_surgery`.
    #[serde(default, rename = "surgery")]
    _surgery: IgnoredAny,
    #[serde(default, rename = "rows")]
    _rows: IgnoredAny,
    #[serde(default, rename = "heads")]
    _heads: IgnoredAny,
}

/// Reads the settings of an engine and checks every one, so that whatever makes an engine of them
/// succeeds. A table `[search]` is passed over: it belongs to the outer loop (feature `search`); so are
/// `surgery`, `rows` and `heads`, which belong to gradient surgery.
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
    let document = Document::parse(file, text)?.with_aliases(ALIASES);
    let EngineFile { dual, constraints, families, .. } = document.read()?;
    let config = DualConfig { dual, constraints, families };
    match config.init() {
        Ok(_) => Ok(config),
        Err(error) => Err(place_dual(&document, &error)),
    }
}

/// The place in its file of an error that [`DualConfig::init`] found.
pub fn place_dual(document: &Document, error: &DualConfigError) -> FileError {
    match error {
        DualConfigError::Constraint { name, source } => {
            let (own, dual) = (["constraints", name], ["dual"]);
            // What a constraint does not say itself it has from [dual].
            let inherited = document.depth(&dual, source) > document.depth(&own, source);
            let placed = document.place(if inherited { &dual } else { &own }, source);
            match source.field {
                "family" => placed.with_legal(document.keys(&["families"])),
                _ => placed,
            }
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
