//! Turns the tree into a type and remembers where it was when the type refused.

mod choice;
mod items;

use serde::de::{Deserializer, Error, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use crate::fault::{Cause, Fault};
use crate::node::{Node, Value};
use choice::Choice;
use items::{Items, Pairs};

/// Reads one value.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a Node);

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let result = match &self.0.value {
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::Whole(whole) => visit_whole(*whole, visitor),
            Value::Number(number) => visitor.visit_f64(*number),
            Value::Switch(switch) => visitor.visit_bool(*switch),
            Value::Date => Err(Fault::invalid_type(Unexpected::Other("a date"), &visitor)),
            Value::List(nodes) => Items::read(nodes, visitor),
            Value::Table(entries) => Pairs::read(entries, visitor),
        };
        result.map_err(|fault| fault.at(&self.0.span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self).map_err(|fault| fault.at(&self.0.span))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        legal: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let result = match &self.0.value {
            Value::Text(text) => visitor.visit_enum(Choice::Word(text)),
            Value::Table(entries) => match entries.as_slice() {
                [entry] => visitor.visit_enum(Choice::Entry(entry)),
                [] => Err(Fault::new(Cause::NoChoice { legal })),
                [first, rest @ ..] => {
                    // A misspelt name is the better explanation of a name too many.
                    let unknown = entries.iter().find(|one| !legal.contains(&one.key.as_str()));
                    Err(match unknown {
                        Some(one) => Fault::new(Cause::UnknownValue { legal }).at(&one.key_span),
                        None => Fault::new(Cause::Second { first: first.key.clone() })
                            .at(&rest[0].key_span)
                            .under_key(&rest[0].key),
                    })
                }
            },
            _ => Err(Fault::new(Cause::NoChoice { legal })),
        };
        result.map_err(|fault| fault.at(&self.0.span))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

fn visit_whole<'de, V: Visitor<'de>>(whole: i128, visitor: V) -> Result<V::Value, Fault> {
    if let Ok(whole) = i64::try_from(whole) {
        visitor.visit_i64(whole)
    } else if let Ok(whole) = u64::try_from(whole) {
        visitor.visit_u64(whole)
    } else {
        visitor.visit_i128(whole)
    }
}
