//! Laying one table over another, and changing what a path with `*` names.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::Origin;

/// A part of a path that is not there, and what is.
pub(super) struct Lack {
    pub(super) missing: String,
    pub(super) known: Vec<String>,
}

pub(super) fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

pub(super) fn merge(
    into: &mut Table,
    from: Table,
    prefix: String,
    origin: &Origin,
    origins: &mut BTreeMap<String, Origin>,
) {
    for (key, value) in from {
        let path = join(&prefix, &key);
        match (into.get_mut(&key), value) {
            // A law is one choice among several: naming another replaces it.
            (Some(Value::Table(_)), Value::Table(new)) if key != "law" => {
                if let Some(Value::Table(old)) = into.get_mut(&key) {
                    merge(old, new, path, origin, origins);
                }
            }
            (Some(Value::Table(old)), Value::Table(new))
                if new.keys().all(|law| old.contains_key(law)) =>
            {
                merge(old, new, path, origin, origins);
            }
            (_, Value::Table(new)) => {
                let mut table = Table::new();
                merge(&mut table, new, path, origin, origins);
                into.insert(key, Value::Table(table));
            }
            (_, value) => {
                origins.insert(path, origin.clone());
                into.insert(key, value);
            }
        }
    }
}

pub(super) fn place(
    table: &mut Table,
    keys: &[&str],
    prefix: String,
    value: &Value,
    changed: &mut Vec<String>,
) -> Result<(), Lack> {
    let (key, rest) = (keys[0], &keys[1..]);
    if rest.is_empty() && key.contains('*') {
        let known: Vec<String> = table.keys().cloned().collect();
        let leaf = |name: &&String| fits(key, name) && !table[name.as_str()].is_table();
        let names: Vec<String> = known.iter().filter(leaf).cloned().collect();
        if names.is_empty() {
            return Err(Lack { missing: key.to_owned(), known });
        }
        for name in names {
            place(table, &[&name], prefix.clone(), value, changed)?;
        }
        return Ok(());
    }
    if rest.is_empty() {
        // `1` is a fine way to write a number that happens to be 1.0.
        let value = match (table.get(key), value) {
            (Some(Value::Float(_)), Value::Integer(whole)) => Value::Float(*whole as f64),
            (Some(Value::Float(_)) | None, Value::Float(number)) => Value::Float(*number),
            (_, value) => value.clone(),
        };
        table.insert(key.to_owned(), value);
        changed.push(join(&prefix, key));
        return Ok(());
    }
    let known: Vec<String> = table.keys().cloned().collect();
    let matches: Vec<&String> = known.iter().filter(|name| fits(key, name)).collect();
    if matches.is_empty() {
        return Err(Lack { missing: key.to_owned(), known });
    }
    let wild = key.contains('*');
    let (mut found, mut lack) = (false, None);
    for name in matches {
        let inner = table.get_mut(name).and_then(Value::as_table_mut);
        let result = match inner {
            Some(inner) => place(inner, rest, join(&prefix, name), value, changed),
            None => Err(Lack { missing: rest[0].to_owned(), known: Vec::new() }),
        };
        match result {
            Ok(()) => found = true,
            Err(error) => lack = Some(error),
        }
    }
    // A pattern sets what it fits and passes over the rest; a name must fit.
    match lack {
        Some(lack) if !(wild && found) => Err(lack),
        _ => Ok(()),
    }
}

pub(super) fn remove(table: &mut Table, keys: &[&str], prefix: String, changed: &mut Vec<String>) {
    let known: Vec<String> = table.keys().filter(|name| fits(keys[0], name)).cloned().collect();
    for name in known {
        let path = join(&prefix, &name);
        match (&keys[1..], table.get_mut(&name)) {
            ([], _) => {
                table.remove(&name);
                changed.push(path);
            }
            (rest, Some(Value::Table(inner))) => remove(inner, rest, path, changed),
            _ => {}
        }
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, end)) => {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        }
    }
}
