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

/// Settings that are one choice among several and take a table: `{ absolute = … }` or `{ relative = … }`. A `*`
/// stands for any key.
const CHOICES: &[&str] = &[
    "lbo.routing",
    "lbo.samples",
    "lbo.ceiling.target",
    "lbo.ceiling.squeeze",
    "model.latent_bound",
    "model.spectral.*",
    "surgery.method",
];

/// The same inside a law, at any depth.
const CHOICES_OF_LAWS: &[&str] = &[
    "anti_windup",
    "centre",
    "derivative",
    "form",
    "gate",
    "growth",
    "mode",
    "normalizer",
    "rule",
    "scale",
    "schedule",
    "slope",
    "squeeze",
    "start",
    "target",
];

fn is_law(path: &str) -> bool {
    let keys: Vec<&str> = path.split('.').collect();
    matches!(keys[..], ["controller", _, "law"])
}

/// Whether the table at a path is one choice among several, so that naming one replaces another.
fn is_choice(path: &str) -> bool {
    let keys: Vec<&str> = path.split('.').collect();
    if let ["controller", _, "law", _, .., last] = keys[..] {
        return CHOICES_OF_LAWS.contains(&last);
    }
    CHOICES.iter().any(|choice| {
        let parts: Vec<&str> = choice.split('.').collect();
        parts.len() == keys.len() && parts.iter().zip(&keys).all(|(part, key)| fits(part, key))
    })
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
            // A law is one choice among several: naming another replaces it, naming the same goes on from it.
            (Some(Value::Table(old)), Value::Table(new))
                if !is_choice(&path)
                    && (!is_law(&path) || new.keys().all(|law| old.contains_key(law))) =>
            {
                merge(old, new, path, origin, origins);
            }
            (_, Value::Table(new)) => {
                let under = format!("{path}.");
                origins.retain(|known, _| *known != path && !known.starts_with(&under));
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

/// Sets the value at a path, whose parts may be patterns, and collects the paths that were set.
pub(super) fn place(
    table: &mut Table,
    keys: &[&str],
    value: &Value,
    changed: &mut Vec<String>,
) -> Result<(), Lack> {
    let exact = !keys.iter().any(|key| key.contains('*'));
    place_under(table, keys, String::new(), exact, value, changed)
}

/// The same under a prefix; `exact` says that no part of the whole path is a pattern.
fn place_under(
    table: &mut Table,
    keys: &[&str],
    prefix: String,
    exact: bool,
    value: &Value,
    changed: &mut Vec<String>,
) -> Result<(), Lack> {
    let (key, rest) = (keys[0], &keys[1..]);
    // Another choice than the present one takes its place; a pattern chooses nothing.
    if exact {
        if is_choice(&prefix) && !table.contains_key(key) {
            table.clear();
            if !rest.is_empty() {
                table.insert(key.to_owned(), Value::Table(Table::new()));
            }
        }
        let inner = join(&prefix, key);
        let tabled = table.get(key).is_some_and(Value::is_table);
        if is_choice(&inner) && !rest.is_empty() && !tabled {
            table.insert(key.to_owned(), Value::Table(Table::new()));
        }
    }
    if rest.is_empty() && key.contains('*') {
        let known: Vec<String> = table.keys().cloned().collect();
        let leaf = |name: &&String| fits(key, name) && !table[name.as_str()].is_table();
        let names: Vec<String> = known.iter().filter(leaf).cloned().collect();
        if names.is_empty() {
            return Err(Lack { missing: key.to_owned(), known });
        }
        for name in names {
            place_under(table, &[&name], prefix.clone(), false, value, changed)?;
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
            Some(inner) => place_under(inner, rest, join(&prefix, name), exact, value, changed),
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
