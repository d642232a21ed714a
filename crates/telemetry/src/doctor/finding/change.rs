//! One setting to change, as it stands in a configuration file.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::doctor::statistics::finite;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// Write another value into the configuration file.
    Set {
        /// The key, from the root of the file: `constraints.kl.rate`.
        key: String,
        /// The present value as TOML, where the doctor knows it.
        present: Option<String>,
        /// The proposed value as TOML.
        value: String,
    },
    /// Something that no setting does.
    Advice(String),
}

impl Change {
    pub(crate) fn set(
        key: impl Into<String>,
        present: impl Into<Option<String>>,
        value: impl Into<String>,
    ) -> Self {
        Self::Set { key: key.into(), present: present.into(), value: value.into() }
    }

    /// The key, where a setting is to be changed.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Set { key, .. } => Some(key),
            Self::Advice(_) => None,
        }
    }

    /// The proposed value as TOML, where a setting is to be changed.
    pub fn value(&self) -> Option<&str> {
        match self {
            Self::Set { value, .. } => Some(value),
            Self::Advice(_) => None,
        }
    }

    /// The number in the proposed value: of `0.0025` and also of `{ raw = 0.05 }`.
    pub fn number(&self) -> Option<f64> {
        let value = self.value()?;
        let digits = |part: &char| part.is_ascii_digit() || "+-.eE".contains(*part);
        let inner = value.rsplit('=').next()?.trim_matches(['{', '}', ' ']);
        inner.chars().all(|part| digits(&part)).then(|| inner.parse().ok())?
    }
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { key, present: Some(present), value } => {
                write!(formatter, "{key} = {value} (now {present})")
            }
            Self::Set { key, present: None, value } => write!(formatter, "{key} = {value}"),
            Self::Advice(text) => formatter.write_str(text),
        }
    }
}

/// A key of a table: `constraints.kl.rate`; a name that TOML does not take bare is quoted.
pub(crate) fn key(table: &str, name: &str, field: &str) -> String {
    let bare = |part: char| part.is_ascii_alphanumeric() || part == '-' || part == '_';
    if !name.is_empty() && name.chars().all(bare) {
        format!("{table}.{name}.{field}")
    } else {
        format!("{table}.{name:?}.{field}")
    }
}

/// A number as TOML, finite as every setting has to be.
pub(crate) fn number(value: f64) -> String {
    format!("{:?}", finite(value))
}

/// A table with one number, as TOML: `{ raw = 0.05 }`.
pub(crate) fn table(name: &str, value: f64) -> String {
    format!("{{ {name} = {} }}", number(value))
}

/// A number with three significant digits, which is as much as a proposal knows.
pub(crate) fn significant(value: f64) -> f64 {
    round(value, 3)
}

/// A number with so many significant digits.
pub(crate) fn round(value: f64, digits: usize) -> f64 {
    let text = format!("{value:.*e}", digits.saturating_sub(1));
    text.parse().ok().filter(|rounded: &f64| rounded.is_finite()).unwrap_or(value)
}

/// A number with as many digits as its resolution can tell apart, and three at least: 1000.2 with a
/// resolution of 0.1 is not 1000.
pub(crate) fn resolved(value: f64, resolution: f64) -> f64 {
    let ratio = (value / resolution).abs();
    let digits = if ratio.is_finite() && ratio > 1.0 { ratio.log10().ceil() as usize } else { 1 };
    round(value, (digits + 2).clamp(3, 17))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reads_like_a_line_of_a_file() {
        let change = Change::set(key("constraints", "kl", "rate"), number(0.005), number(0.0025));
        assert_eq!(change.to_string(), "constraints.kl.rate = 0.0025 (now 0.005)");
        assert_eq!(change.number(), Some(0.0025));
        let change = Change::set(key("constraints", "a b", "target"), None, table("raw", -1e-7));
        assert_eq!(change.to_string(), "constraints.\"a b\".target = { raw = -1e-7 }");
        assert_eq!(change.number(), Some(-1e-7));
        assert_eq!(Change::set("a", None, "\"none\"").number(), None);
        assert_eq!(Change::Advice("wait".to_owned()).number(), None);
    }

    #[test]
    fn a_rounded_number_keeps_what_its_resolution_can_tell_apart() {
        assert_eq!(significant(0.005 * 0.5), 0.0025);
        assert_eq!(significant(1.2345), 1.23);
        assert_eq!(significant(0.0), 0.0);
        assert_eq!(significant(f64::MAX), f64::MAX);
        assert_eq!(resolved(1000.23456, 0.1), 1000.235);
        assert_eq!(resolved(0.123456, 0.5), 0.123);
        assert_eq!(resolved(1.0 / 3.0, 0.0), 0.333);
    }
}
