//! Reads a method, or the whole table, that may be written as a name.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, UnitDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::{Serialize, Serializer};

use crate::{Method, SurgeryConfig};

/// The names of all methods.
pub(crate) const NAMES: [&str; 20] = [
    "sum",
    "mean",
    "weighted-sum",
    "pcgrad",
    "gradvac",
    "cagrad",
    "mgda",
    "upgrad",
    "dualproj",
    "imtl-g",
    "nash-mtl",
    "aligned-mtl",
    "config",
    "momentum-config",
    "fairgrad",
    "sdmgrad",
    "krum",
    "gradnorm",
    "famo",
    "graddrop",
];

impl<'de> Deserialize<'de> for Method {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MethodVisitor)
    }
}

struct MethodVisitor;

impl<'de> Visitor<'de> for MethodVisitor {
    type Value = Method;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "a method: the name of one whose options all have defaults, or a table whose key is the name \
             of one that has options",
        )
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Method, E> {
        let table = |example| Err(E::custom(format_args!("{name} needs a table: {example}")));
        Ok(match name {
            "sum" => Method::Sum,
            "mean" => Method::Mean,
            "mgda" => Method::Mgda,
            "imtl-g" => Method::ImtlG,
            "weighted-sum" => return table("{ weighted-sum = { weights = … } }"),
            "krum" => return table("{ krum = { byzantine = … } }"),
            "pcgrad" => Method::Pcgrad(defaults()?),
            "gradvac" => Method::Gradvac(defaults()?),
            "cagrad" => Method::Cagrad(defaults()?),
            "upgrad" => Method::Upgrad(defaults()?),
            "dualproj" => Method::Dualproj(defaults()?),
            "nash-mtl" => Method::NashMtl(defaults()?),
            "aligned-mtl" => Method::AlignedMtl(defaults()?),
            "config" => Method::Config(defaults()?),
            "momentum-config" => Method::MomentumConfig(defaults()?),
            "fairgrad" => Method::Fairgrad(defaults()?),
            "sdmgrad" => Method::Sdmgrad(defaults()?),
            "gradnorm" => Method::Gradnorm(defaults()?),
            "famo" => Method::Famo(defaults()?),
            "graddrop" => Method::Graddrop(defaults()?),
            _ => return Err(E::unknown_variant(name, &NAMES)),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Method, A::Error> {
        let Some(name) = map.next_key::<String>()? else {
            return Err(A::Error::invalid_length(0, &self));
        };
        let method = match name.as_str() {
            "weighted-sum" => Method::WeightedSum(map.next_value()?),
            "pcgrad" => Method::Pcgrad(map.next_value()?),
            "gradvac" => Method::Gradvac(map.next_value()?),
            "cagrad" => Method::Cagrad(map.next_value()?),
            "upgrad" => Method::Upgrad(map.next_value()?),
            "dualproj" => Method::Dualproj(map.next_value()?),
            "nash-mtl" => Method::NashMtl(map.next_value()?),
            "aligned-mtl" => Method::AlignedMtl(map.next_value()?),
            "config" => Method::Config(map.next_value()?),
            "momentum-config" => Method::MomentumConfig(map.next_value()?),
            "fairgrad" => Method::Fairgrad(map.next_value()?),
            "sdmgrad" => Method::Sdmgrad(map.next_value()?),
            "krum" => Method::Krum(map.next_value()?),
            "gradnorm" => Method::Gradnorm(map.next_value()?),
            "famo" => Method::Famo(map.next_value()?),
            "graddrop" => Method::Graddrop(map.next_value()?),
            "sum" | "mean" | "mgda" | "imtl-g" => {
                let text = format_args!("{name} has no options: write method = \"{name}\"");
                return Err(A::Error::custom(text));
            }
            _ => return Err(A::Error::unknown_variant(&name, &NAMES)),
        };
        match map.next_key::<String>()? {
            None => Ok(method),
            Some(second) => Err(A::Error::custom(format_args!(
                "a method is one of {name} and {second}, not both"
            ))),
        }
    }
}

/// What an empty table stands for.
fn defaults<'de, T: Deserialize<'de>, E: Error>() -> Result<T, E> {
    let none = std::iter::empty::<(UnitDeserializer<E>, UnitDeserializer<E>)>();
    T::deserialize(MapDeserializer::new(none))
}

impl Serialize for SurgeryConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The inherent function, which writes a table.
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for SurgeryConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SurgeryVisitor)
    }
}

struct SurgeryVisitor;

impl<'de> Visitor<'de> for SurgeryVisitor {
    type Value = SurgeryConfig;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a method, or a table with the key 'method'")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<SurgeryConfig, E> {
        MethodVisitor.visit_str(name).map(SurgeryConfig::from)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SurgeryConfig, A::Error> {
        // The inherent function, which reads a table.
        Self::Value::deserialize(MapAccessDeserializer::new(map))
    }
}
