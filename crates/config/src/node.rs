//! A document as a tree in which every key and every value knows where it stands.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value and the bytes in which it is written; of a `[table]`, those of its header.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) span: Range<usize>,
    pub(crate) value: Value,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Whole(i128),
    Number(f64),
    Switch(bool),
    Date,
    List(Vec<Node>),
    /// In the order of the file, so that the first mistake is the first one reported.
    Table(Vec<Entry>),
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Node,
}

/// A number that no type can hold, and where it stands.
pub(crate) struct Overflow(pub(crate) Range<usize>);

impl Node {
    pub(crate) fn root(table: &DeTable<'_>) -> Result<Self, Overflow> {
        Ok(Self { span: 0..0, value: Value::Table(entries(table)?) })
    }

    fn new(value: &Spanned<DeValue<'_>>) -> Result<Self, Overflow> {
        let span = value.span();
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Integer(number) => {
                let whole = i128::from_str_radix(number.as_str(), number.radix());
                Value::Whole(whole.map_err(|_| Overflow(span.clone()))?)
            }
            DeValue::Float(number) => {
                let text = number.as_str();
                // The parser has checked the form; `1e999` is infinite without saying so.
                let float: f64 = text.parse().map_err(|_| Overflow(span.clone()))?;
                if float.is_infinite() && !text.contains("inf") {
                    return Err(Overflow(span));
                }
                Value::Number(float)
            }
            DeValue::Boolean(switch) => Value::Switch(*switch),
            DeValue::Datetime(_) => Value::Date,
            DeValue::Array(list) => {
                Value::List(list.iter().map(Self::new).collect::<Result<_, _>>()?)
            }
            DeValue::Table(table) => Value::Table(entries(table)?),
        };
        Ok(Self { span, value })
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }
}

fn entries(table: &DeTable<'_>) -> Result<Vec<Entry>, Overflow> {
    let mut entries = table
        .iter()
        .map(|(key, value)| {
            Ok(Entry {
                key: key.get_ref().to_string(),
                key_span: key.span(),
                node: Node::new(value)?,
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(|entry| entry.key_span.start);
    Ok(entries)
}
