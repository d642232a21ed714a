//! The slope of the normalizer that multiplies the price.
//!
//! The same λ pushes twice as hard on the parameters when the spread of a loss halves. A slope that
//! may change only slowly keeps a constraint that has just become easy from shaking the model.

use homeostat_core::ConfigError;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is made of the slopes that the normalizer reports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SlopeConfig {
    /// `"raw"`: the slope as it is.
    Raw,
    /// `"frozen"`: the first one after the warm-up, for ever.
    Frozen,
    /// `{ limit = 1.05 }`: a factor of at most `limit` per reading, up or down. Default of the
    /// engine, with the design note's 1.05.
    Limit(f64),
}

impl Default for SlopeConfig {
    fn default() -> Self {
        Self::Limit(1.05)
    }
}

impl SlopeConfig {
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        match self {
            Self::Raw | Self::Frozen => Ok(()),
            Self::Limit(limit) => {
                let legal = limit.is_finite() && *limit > 1.0;
                ConfigError::unless(legal, "slope.limit", "must be finite and above 1", limit)
            }
        }
    }

    /// The slope after one more reading. `spread`: whether the window had one; a slope that comes
    /// from the floor of the normalizer never replaces one that was measured.
    pub(crate) fn next(&self, before: Option<f64>, slope: f64, spread: bool) -> f64 {
        let Some(before) = before.filter(|before| *before > 0.0) else { return slope };
        match self {
            _ if !spread => before,
            Self::Raw => slope,
            Self::Frozen => before,
            Self::Limit(limit) => slope.clamp(before / limit, (before * limit).min(f64::MAX)),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    limit: f64,
}

impl Serialize for SlopeConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Raw => serializer.serialize_str("raw"),
            Self::Frozen => serializer.serialize_str("frozen"),
            Self::Limit(limit) => Table { limit: *limit }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for SlopeConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SlopeVisitor)
    }
}

struct SlopeVisitor;

impl<'de> Visitor<'de> for SlopeVisitor {
    type Value = SlopeConfig;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("\"raw\", \"frozen\" or { limit = 1.05 }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SlopeConfig, E> {
        match text {
            "raw" => Ok(SlopeConfig::Raw),
            "frozen" => Ok(SlopeConfig::Frozen),
            _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SlopeConfig, A::Error> {
        let table = Table::deserialize(MapAccessDeserializer::new(map))?;
        Ok(SlopeConfig::Limit(table.limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slope_moves_by_its_limit_and_never_to_the_floor_of_a_window_without_spread() {
        let limit = SlopeConfig::default();
        assert_eq!(limit.next(None, 4.0, false), 4.0, "there is nothing better yet");
        assert_eq!(limit.next(Some(4.0), 40.0, true), 4.0 * 1.05);
        assert_eq!(limit.next(Some(4.0), 0.0, true), 4.0 / 1.05);
        assert_eq!(limit.next(Some(4.0), 4.1, true), 4.1);
        assert_eq!(limit.next(Some(4.0), 1e12, false), 4.0);
        assert_eq!(SlopeConfig::Raw.next(Some(4.0), 40.0, true), 40.0);
        assert_eq!(SlopeConfig::Frozen.next(Some(4.0), 40.0, true), 4.0);
    }
}
