//! Lists and tables, element by element.

use std::cell::Cell;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};

use super::Reader;
use crate::fault::{Cause, Fault};
use crate::node::{Entry, Node};
use crate::path::Part;

/// The elements of a list. The count is outside, because the type takes the access with it.
pub(super) struct Items<'de, 'c> {
    nodes: &'de [Node],
    taken: &'c Cell<usize>,
}

impl<'de> Items<'de, '_> {
    /// A type that leaves elements over did not want them.
    pub(super) fn read<V: Visitor<'de>>(nodes: &'de [Node], visitor: V) -> Result<V::Value, Fault> {
        let taken = Cell::new(0);
        let value = visitor.visit_seq(Items { nodes, taken: &taken })?;
        match taken.get() {
            count if count == nodes.len() => Ok(value),
            count => Err(Fault::new(Cause::Type { expected: format!("a list of {count}") })),
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let index = self.taken.get();
        let Some(node) = self.nodes.get(index) else { return Ok(None) };
        self.taken.set(index + 1);
        let value = seed.deserialize(Reader(node));
        value.map(Some).map_err(|fault| fault.at(&node.span).under(Part::Index(index)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.nodes.len() - self.taken.get())
    }
}

/// The entries of a table; `taken` counts the keys that were read.
pub(super) struct Pairs<'de, 'c> {
    entries: &'de [Entry],
    taken: &'c Cell<usize>,
}

impl<'de> Pairs<'de, '_> {
    /// A type that leaves keys over wanted only one of them.
    pub(super) fn read<V: Visitor<'de>>(
        entries: &'de [Entry],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let taken = Cell::new(0);
        let result = visitor.visit_map(Pairs { entries, taken: &taken });
        let last = taken.get().checked_sub(1).map(|last| &entries[last]);
        match result {
            Ok(value) => match (entries.get(taken.get()), last) {
                (Some(rest), Some(last)) => {
                    let cause = Cause::Second { first: last.key.clone() };
                    Err(Fault::new(cause).at(&rest.key_span).under_key(&rest.key))
                }
                (Some(rest), None) => {
                    let cause = Cause::UnknownKey { legal: &[] };
                    Err(Fault::new(cause).at(&rest.key_span).under_key(&rest.key))
                }
                (None, _) => Ok(value),
            },
            // The type tells which setting is there twice, and was just given its second key.
            Err(fault) => Err(match (&fault.cause, last) {
                (Cause::Twice { .. }, Some(last)) if fault.path.is_empty() => {
                    fault.at(&last.key_span).under_key(&last.key)
                }
                // A choice that is written by hand says so after it has seen the key.
                (Cause::UnknownValue { .. }, Some(last)) if fault.span.is_none() => {
                    fault.at(&last.key_span)
                }
                _ => fault,
            }),
        }
    }
}

impl<'de> MapAccess<'de> for Pairs<'de, '_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some(entry) = self.entries.get(self.taken.get()) else { return Ok(None) };
        self.taken.set(self.taken.get() + 1);
        let key = seed.deserialize(BorrowedStrDeserializer::new(&entry.key));
        key.map(Some).map_err(|fault: Fault| fault.at(&entry.key_span))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        let last = self.taken.get().checked_sub(1).expect("a value is asked for after its key");
        let entry = &self.entries[last];
        let value = seed.deserialize(Reader(&entry.node));
        value.map_err(|fault| fault.at(&entry.node.span).under_key(&entry.key))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.entries.len() - self.taken.get())
    }
}
