//! Reads a method that is written as a name or as a table.

use std::fmt;

use serde::de::value::{MapDeserializer, UnitDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use crate::Method;

const NAMES: [&str; 13] = [
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
            "a method: the name of one whose options all have defaults, or a table with one of the keys \
             weighted-sum, pcgrad, gradvac, cagrad, upgrad, dualproj, nash-mtl, aligned-mtl, config",
        )
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Method, E> {
        Ok(match name {
            "sum" => Method::Sum,
            "mean" => Method::Mean,
            "mgda" => Method::Mgda,
            "imtl-g" => Method::ImtlG,
            "weighted-sum" => {
                return Err(E::custom(
                    "weighted-sum needs a table: { weighted-sum = { weights = … } }",
                ));
            }
            "pcgrad" => Method::Pcgrad(defaults()?),
            "gradvac" => Method::Gradvac(defaults()?),
            "cagrad" => Method::Cagrad(defaults()?),
            "upgrad" => Method::Upgrad(defaults()?),
            "dualproj" => Method::Dualproj(defaults()?),
            "nash-mtl" => Method::NashMtl(defaults()?),
            "aligned-mtl" => Method::AlignedMtl(defaults()?),
            "config" => Method::Config(defaults()?),
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
