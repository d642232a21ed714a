//! Reads and writes a schedule: a number, a pair of numbers, or a table with one key.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::config::Schedule;

const NAMES: [&str; 4] = ["sigmoid", "linear", "steps", "percentile"];

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(target) => return serializer.serialize_f64(*target),
            Self::Range { low, high } => return [*low, *high].serialize(serializer),
            _ => {}
        }
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Fixed(_) | Self::Range { .. } => {}
            Self::Sigmoid(sigmoid) => map.serialize_entry("sigmoid", sigmoid)?,
            Self::Linear(linear) => map.serialize_entry("linear", linear)?,
            Self::Steps(steps) => map.serialize_entry("steps", steps)?,
            Self::Percentile(percentile) => map.serialize_entry("percentile", percentile)?,
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScheduleVisitor)
    }
}

struct ScheduleVisitor;

impl<'de> Visitor<'de> for ScheduleVisitor {
    type Value = Schedule;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "a target: a number, a range [low, high], or a table with one of the keys sigmoid, linear, \
             steps, percentile",
        )
    }

    fn visit_f64<E: Error>(self, target: f64) -> Result<Schedule, E> {
        Ok(Schedule::Fixed(target))
    }

    fn visit_i64<E: Error>(self, target: i64) -> Result<Schedule, E> {
        Ok(Schedule::Fixed(target as f64))
    }

    fn visit_u64<E: Error>(self, target: u64) -> Result<Schedule, E> {
        Ok(Schedule::Fixed(target as f64))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut ends: A) -> Result<Schedule, A::Error> {
        let low = ends.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let high = ends.next_element()?.ok_or_else(|| A::Error::invalid_length(1, &self))?;
        match ends.next_element::<f64>()? {
            None => Ok(Schedule::Range { low, high }),
            Some(_) => Err(A::Error::invalid_length(3, &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Schedule, A::Error> {
        let Some(name) = map.next_key::<String>()? else {
            return Err(A::Error::invalid_length(0, &self));
        };
        let schedule = match name.as_str() {
            "sigmoid" => Schedule::Sigmoid(map.next_value()?),
            "linear" => Schedule::Linear(map.next_value()?),
            "steps" => Schedule::Steps(map.next_value()?),
            "percentile" => Schedule::Percentile(map.next_value()?),
            _ => return Err(A::Error::unknown_variant(&name, &NAMES)),
        };
        match map.next_key::<String>()? {
            None => Ok(schedule),
            Some(second) => Err(A::Error::custom(format_args!(
                "a target is one of {name} and {second}, not both"
            ))),
        }
    }
}
