//! Reads a rule that is written as a name or as a table.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::config::RuleConfig;
use super::multiplicative::MultiplicativeConfig;
use super::softplus::SoftplusConfig;

const NAMES: [&str; 6] = ["ascent", "nu-pi", "pid", "augmented", "multiplicative", "softplus"];

impl<'de> Deserialize<'de> for RuleConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RuleVisitor)
    }
}

struct RuleVisitor;

impl<'de> Visitor<'de> for RuleVisitor {
    type Value = RuleConfig;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "an update rule: \"ascent\", \"multiplicative\", \"softplus\", or a table with one of the \
             keys nu-pi, pid, augmented, multiplicative, softplus",
        )
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<RuleConfig, E> {
        match name {
            "ascent" => Ok(RuleConfig::Ascent),
            "multiplicative" => Ok(RuleConfig::Multiplicative(MultiplicativeConfig::default())),
            "softplus" => Ok(RuleConfig::Softplus(SoftplusConfig::default())),
            "nu-pi" => Err(E::custom("nu-pi needs a table: { nu-pi = { proportional = … } }")),
            "pid" => Err(E::custom("pid needs a table: { pid = { proportional = … } }")),
            "augmented" => {
                Err(E::custom("augmented needs a table: { augmented = { penalty = … } }"))
            }
            _ => Err(E::unknown_variant(name, &NAMES)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RuleConfig, A::Error> {
        let Some(name) = map.next_key::<String>()? else {
            return Err(A::Error::invalid_length(0, &self));
        };
        let rule = match name.as_str() {
            "nu-pi" => RuleConfig::NuPi(map.next_value()?),
            "pid" => RuleConfig::Pid(map.next_value()?),
            "augmented" => RuleConfig::Augmented(map.next_value()?),
            "multiplicative" => RuleConfig::Multiplicative(map.next_value()?),
            "softplus" => RuleConfig::Softplus(map.next_value()?),
            "ascent" => {
                return Err(A::Error::custom("ascent has no options: write rule = \"ascent\""));
            }
            _ => return Err(A::Error::unknown_variant(&name, &NAMES)),
        };
        match map.next_key::<String>()? {
            None => Ok(rule),
            Some(second) => Err(A::Error::custom(format_args!(
                "an update rule is one of {name} and {second}, not both"
            ))),
        }
    }
}
