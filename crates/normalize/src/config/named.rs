//! Reading a normalizer from a file: a name, or a table with the name as its only key.

use std::fmt;

use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{AutoConfig, EmaConfig, NormalizerConfig, RankConfig, WinsorConfig};

/// Every name that a file may use.
const NAMES: &[&str] = &["none", "rank", "winsor", "ema", "auto"];

impl NormalizerConfig {
    /// The normalizer of this name with its default settings.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "none" => Self::None,
            "rank" => Self::Rank(RankConfig::default()),
            "winsor" => Self::Winsor(WinsorConfig::default()),
            "ema" => Self::Ema(EmaConfig::default()),
            "auto" => Self::Auto(AutoConfig::default()),
            _ => return None,
        })
    }
}

impl<'de> Deserialize<'de> for NormalizerConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrTable)
    }
}

struct NameOrTable;

impl<'de> Visitor<'de> for NameOrTable {
    type Value = NormalizerConfig;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(
            "the name of a normalizer (\"none\", \"rank\", \"winsor\", \"ema\" or \"auto\"), or a \
             table with that name as its only key, such as { rank = { window = 50000 } }",
        )
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        NormalizerConfig::named(name).ok_or_else(|| E::unknown_variant(name, NAMES))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let name: String = map.next_key()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let config = match name.as_str() {
            "none" => map.next_value().map(|NoSettings {}| NormalizerConfig::None)?,
            "rank" => NormalizerConfig::Rank(map.next_value()?),
            "winsor" => NormalizerConfig::Winsor(map.next_value()?),
            "ema" => NormalizerConfig::Ema(map.next_value()?),
            "auto" => NormalizerConfig::Auto(map.next_value()?),
            _ => return Err(A::Error::unknown_variant(&name, NAMES)),
        };
        match map.next_key::<String>()? {
            None => Ok(config),
            Some(second) => Err(A::Error::custom(format_args!(
                "a normalizer has one name, found `{name}` and `{second}`"
            ))),
        }
    }
}

/// The settings of a normalizer that has none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoSettings {}
