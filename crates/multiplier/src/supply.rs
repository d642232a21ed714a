//! Who supplies a number that a constraint reads beside its loss.

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Who supplies a number that a constraint reads beside its loss: `true`, or the name of a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supply {
    /// The training loop, with the measurement. Written `true`.
    Loop,
    /// The signal of this name. A board needs one; elsewhere it says what the loop supplies.
    Signal(String),
}

impl Supply {
    /// The name of the signal, where there is one.
    pub fn signal(&self) -> Option<&str> {
        match self {
            Self::Loop => None,
            Self::Signal(name) => Some(name),
        }
    }
}

impl fmt::Display for Supply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.signal().unwrap_or("true"))
    }
}

impl Serialize for Supply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Loop => serializer.serialize_bool(true),
            Self::Signal(name) => serializer.serialize_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for Supply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SupplyVisitor)
    }
}

struct SupplyVisitor;

impl Visitor<'_> for SupplyVisitor {
    type Value = Supply;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "true where the training loop gives the number, or the name of a signal; leave it out \
             where there is none",
        )
    }

    fn visit_bool<E: Error>(self, given: bool) -> Result<Supply, E> {
        match given {
            true => Ok(Supply::Loop),
            false => Err(E::invalid_value(Unexpected::Bool(false), &self)),
        }
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Supply, E> {
        Ok(Supply::Signal(name.to_owned()))
    }
}
