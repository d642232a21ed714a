//! How much each gradient counts.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

/// The options of UPGrad and DualProj.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PreferenceConfig {
    /// One number for each gradient, finite and not negative, one of them above 0. Default 1/m each.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preference: Option<Vec<f64>>,
}

impl PreferenceConfig {
    pub(super) fn check(&self, field: &'static str) -> Result<(), ConfigError> {
        check(field, self.preference.as_deref())
    }
}

/// Refuses a preference that no method can follow.
pub(super) fn check(field: &'static str, preference: Option<&[f64]>) -> Result<(), ConfigError> {
    let Some(preference) = preference else { return Ok(()) };
    for value in preference {
        ConfigError::not_negative(field, *value)?;
    }
    let some = preference.iter().any(|value| *value > 0.0);
    ConfigError::unless(some, field, "must have an entry above 0", format_args!("{preference:?}"))
}
