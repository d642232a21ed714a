//! Types such as a mechanism has: nested tables, choices, aliases, a choice that is written by hand.

use std::collections::BTreeMap;
use std::fmt;

use homeostat_core::ConfigError;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserializer, Error, MapAccess, Visitor};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    #[serde(default)]
    pub(crate) dual: Dual,
    #[serde(default)]
    pub(crate) constraints: BTreeMap<String, Constraint>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dual {
    #[serde(alias = "eta_lambda")]
    pub(crate) rate: Option<f64>,
    pub(crate) every: Option<u32>,
    pub(crate) deterministic: Option<bool>,
    #[serde(default)]
    pub(crate) spike: Option<Spike>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Spike {
    pub(crate) threshold: f64,
    pub(crate) window: usize,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Constraint {
    #[serde(default)]
    pub(crate) sense: Sense,
    pub(crate) target: f64,
    #[serde(default)]
    pub(crate) range: Option<[f64; 2]>,
    #[serde(default)]
    pub(crate) family: Option<String>,
    #[serde(default)]
    pub(crate) normalizer: Option<Normalizer>,
    #[serde(default)]
    pub(crate) law: Option<Law>,
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Sense {
    #[default]
    Le,
    Ge,
    Eq,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Law {
    Ascent,
    Pid(Spike),
    NuPi { nu: f64 },
    Pair(f64, f64),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    pub(crate) at: u64,
    pub(crate) value: f64,
}

/// A word or a table, written by hand as the mechanisms do it.
#[derive(Debug, PartialEq)]
pub(crate) enum Normalizer {
    None,
    Rank(Spike),
}

const NORMALIZERS: &[&str] = &["none", "rank", "winsor", "ema", "auto"];

impl<'de> Deserialize<'de> for Normalizer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Normalizer;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("none, rank, or a table such as { rank = { window = 100 } }")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Normalizer, E> {
                match word {
                    "none" => Ok(Normalizer::None),
                    "rank" => Ok(Normalizer::Rank(Spike::default())),
                    _ => Err(E::unknown_variant(word, NORMALIZERS)),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Normalizer, A::Error> {
                let key: Option<String> = map.next_key()?;
                match key.as_deref() {
                    Some("rank") => Ok(Normalizer::Rank(map.next_value()?)),
                    Some(other) => Err(A::Error::unknown_variant(other, NORMALIZERS)),
                    None => Err(A::Error::custom("needs the name of a normalizer")),
                }
            }
        }
        deserializer.deserialize_any(Form)
    }
}

/// The same choice, handed on to a derived type: for the other way in which authors write it.
#[derive(Debug, PartialEq)]
pub(crate) struct Delegated(pub(crate) Law);

impl<'de> Deserialize<'de> for Delegated {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> Visitor<'de> for Form {
            type Value = Delegated;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a law")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Delegated, E> {
                Law::deserialize(StrDeserializer::new(word)).map(Delegated)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Delegated, A::Error> {
                Law::deserialize(MapAccessDeserializer::new(map)).map(Delegated)
            }
        }
        deserializer.deserialize_any(Form)
    }
}

impl Settings {
    /// What the laws refuse, with the table that the refusal is relative to.
    pub(crate) fn init(&self) -> Result<(), (Vec<String>, ConfigError)> {
        let dual = |error| (vec!["dual".to_owned()], error);
        if let Some(rate) = self.dual.rate {
            ConfigError::not_negative("rate", rate).map_err(dual)?;
        }
        if let Some(spike) = &self.dual.spike {
            ConfigError::positive("spike.threshold", spike.threshold).map_err(dual)?;
        }
        for (name, constraint) in &self.constraints {
            constraint
                .init()
                .map_err(|error| (vec!["constraints".to_owned(), name.clone()], error))?;
        }
        Ok(())
    }
}

impl Constraint {
    fn init(&self) -> Result<(), ConfigError> {
        ConfigError::finite("target", self.target)?;
        if let Some([low, high]) = self.range {
            let found = format_args!("{low} … {high}");
            ConfigError::unless(low < high, "range", "must rise", found)?;
        }
        if let Some(Normalizer::Rank(rank)) = &self.normalizer {
            let rule = "must be at least 2";
            ConfigError::unless(rank.window >= 2, "normalizer.window", rule, rank.window)?;
        }
        if let Some(step) = self.steps.iter().find(|step| !step.value.is_finite()) {
            ConfigError::finite("steps[1].value", step.value)?;
        }
        let family = self.family.as_deref().unwrap_or("latency");
        ConfigError::unless(family == "latency", "family", "must name a family", family)
    }
}
