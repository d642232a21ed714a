//! One of several: a word, or a table whose only key is the word.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, VariantAccess, Visitor};

use super::Reader;
use crate::fault::{Cause, Fault};
use crate::node::{Entry, Value};

/// How the choice is written.
#[derive(Clone, Copy)]
pub(super) enum Choice<'de> {
    /// `"rank"`
    Word(&'de str),
    /// `{ rank = … }`
    Entry(&'de Entry),
}

impl<'de> EnumAccess<'de> for Choice<'de> {
    type Error = Fault;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self), Fault> {
        let read = |text| seed.deserialize(BorrowedStrDeserializer::new(text));
        match self {
            Self::Word(word) => Ok((read(word)?, self)),
            Self::Entry(entry) => {
                let value = read(&entry.key).map_err(|fault: Fault| fault.at(&entry.key_span))?;
                Ok((value, self))
            }
        }
    }
}

impl<'de> Choice<'de> {
    /// The settings of the choice, put under its name.
    fn settings<T>(self, read: impl FnOnce(Reader<'de>) -> Result<T, Fault>) -> Result<T, Fault> {
        match self {
            Self::Word(word) => {
                Err(Fault::new(Cause::Rule(format!("needs settings: {{ {word} = … }}"))))
            }
            Self::Entry(entry) => read(Reader(&entry.node))
                .map_err(|fault| fault.at(&entry.node.span).under_key(&entry.key)),
        }
    }
}

impl<'de> VariantAccess<'de> for Choice<'de> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self {
            Self::Word(_) => Ok(()),
            Self::Entry(_) => self.settings(|reader| match &reader.0.value {
                Value::Table(entries) if entries.is_empty() => Ok(()),
                _ => Err(Fault::new(Cause::Rule("takes no settings".to_owned()))),
            }),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        self.settings(|reader| seed.deserialize(reader))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Fault> {
        self.settings(|reader| reader.deserialize_seq(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        legal: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        self.settings(|reader| {
            // The attribute that forbids unknown keys does not reach the fields of a variant.
            let entries = reader.0.entries();
            if let Some(entry) = entries.iter().find(|one| !legal.contains(&one.key.as_str())) {
                return Err(Fault::unknown_field(&entry.key, legal).at(&entry.key_span));
            }
            reader.deserialize_map(visitor)
        })
    }
}
