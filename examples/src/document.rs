//! Settings from several places, and where each value came from.
//!
//! A document starts from the defaults that are compiled in, then takes a file, then command-line
//! flags, then dotted overrides such as `controller.kl-weight.law.pid.kp=0.02`; whatever comes later
//! wins. A `*` in a path stands for every key at that place.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::suggestion::nearest;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The defaults that are compiled in.
    Default,
    /// A configuration file.
    File(PathBuf),
    /// The configuration inside a checkpoint.
    Checkpoint(PathBuf),
    /// A command-line flag.
    Flag(String),
    /// A dotted override on the command line.
    Override(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File(path) => write!(formatter, "file {}", path.display()),
            Self::Checkpoint(path) => write!(formatter, "checkpoint {}", path.display()),
            Self::Flag(flag) => write!(formatter, "flag {flag}"),
            Self::Override(text) => write!(formatter, "override '{text}'"),
        }
    }
}

/// A setting cannot be read or does not exist.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The text is no TOML.
    #[error("{origin} is not valid TOML: {source}")]
    Syntax {
        /// Where the text came from.
        origin: Origin,
        /// Line, column and reason.
        source: Box<toml::de::Error>,
    },
    /// The file cannot be read.
    #[error("cannot read the configuration {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// An override is not of the form `path.to.key=value`.
    #[error("override '{text}' is not of the form path.to.key=value")]
    Form {
        /// The override.
        text: String,
    },
    /// No such place.
    #[error("{origin}: there is no setting '{path}': '{missing}' is none of {known}{hint}")]
    Unknown {
        /// Who asked.
        origin: Origin,
        /// The whole path.
        path: String,
        /// The part that is not there.
        missing: String,
        /// What is there.
        known: String,
        /// A suggestion, or nothing.
        hint: String,
    },
    /// The settings do not fit their types.
    #[error("{message}{place}")]
    Schema {
        /// What the reader of the settings says.
        message: String,
        /// Where the value came from, or nothing.
        place: String,
    },
}

/// Settings and their origins.
#[derive(Clone, Debug)]
pub struct Document {
    table: Table,
    origins: BTreeMap<String, Origin>,
}

impl Document {
    /// The defaults that are compiled in.
    pub fn from_default(text: &str) -> Result<Self, DocumentError> {
        let mut document = Self { table: Table::new(), origins: BTreeMap::new() };
        document.merge_text(text, Origin::Default)?;
        Ok(document)
    }

    /// Lays a file over what is there. Its keys may be new: the types decide in [`Self::resolve`].
    pub fn merge_file(&mut self, path: &std::path::Path) -> Result<(), DocumentError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| DocumentError::Read { path: path.to_owned(), source })?;
        self.merge_text(&text, Origin::File(path.to_owned()))
    }

    /// Lays a text over what is there.
    pub fn merge_text(&mut self, text: &str, origin: Origin) -> Result<(), DocumentError> {
        let table: Table = toml::from_str(text).map_err(|source| DocumentError::Syntax {
            origin: origin.clone(),
            source: source.into(),
        })?;
        merge(&mut self.table, table, String::new(), &origin, &mut self.origins);
        Ok(())
    }

    /// Sets one value, or with `*` several; all keys but the last must exist. Returns the paths.
    pub fn set(
        &mut self,
        path: &str,
        value: Value,
        origin: Origin,
    ) -> Result<Vec<String>, DocumentError> {
        let keys: Vec<&str> = path.split('.').collect();
        let mut changed = Vec::new();
        place(&mut self.table, &keys, String::new(), &value, &mut changed).map_err(|lack| {
            let known: Vec<_> = lack.known.iter().map(|key| format!("'{key}'")).collect();
            let hint = nearest(&lack.missing, &lack.known)
                .map(|key| format!("; did you mean '{key}'?"))
                .unwrap_or_default();
            DocumentError::Unknown {
                origin: origin.clone(),
                path: path.to_owned(),
                missing: lack.missing,
                known: if known.is_empty() { "nothing".into() } else { known.join(", ") },
                hint,
            }
        })?;
        for path in &changed {
            self.origins.insert(path.clone(), origin.clone());
        }
        Ok(changed)
    }

    /// Removes the values that a path names; a setting that is optional is off then.
    pub fn unset(&mut self, path: &str, origin: Origin) -> Vec<String> {
        let keys: Vec<&str> = path.split('.').collect();
        let mut changed = Vec::new();
        remove(&mut self.table, &keys, String::new(), &mut changed);
        for path in &changed {
            self.origins.insert(path.clone(), origin.clone());
        }
        changed
    }

    /// Sets from the text of an override, `path.to.key=value`. The value is TOML; a bare word that is
    /// none is taken as text.
    pub fn set_override(&mut self, text: &str) -> Result<Vec<String>, DocumentError> {
        let (path, value) =
            text.split_once('=').ok_or_else(|| DocumentError::Form { text: text.to_owned() })?;
        if path.trim().is_empty() || value.trim().is_empty() {
            return Err(DocumentError::Form { text: text.to_owned() });
        }
        self.set(path.trim(), parse_value(value.trim()), Origin::Override(text.to_owned()))
    }

    /// The value at a path.
    pub fn get(&self, path: &str) -> Option<&Value> {
        let mut keys = path.split('.');
        let first = self.table.get(keys.next()?)?;
        keys.try_fold(first, |value, key| value.as_table()?.get(key))
    }

    /// Where the value at a path came from.
    pub fn origin(&self, path: &str) -> Option<&Origin> {
        self.origins.get(path)
    }

    /// The paths whose values differ from those of another document.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        self.origins
            .keys()
            .chain(other.origins.keys())
            .filter(|path| self.get(path) != other.get(path))
            .cloned()
            .collect()
    }

    /// The settings as their type. Unknown keys and wrong types are errors that name the origin.
    pub fn resolve<T: DeserializeOwned>(&self) -> Result<T, DocumentError> {
        T::deserialize(self.table.clone()).map_err(|error| {
            let text = error.to_string();
            let message = text.trim().replace('\n', " ");
            // The reader ends its message with the path of the table it was in.
            let inside = text.split("in `").nth(1).and_then(|rest| rest.split('`').next());
            let named = message.split('`').nth(1).unwrap_or_default();
            let exact = inside.map(|table| format!("{table}.{named}"));
            let place = [exact.as_deref(), inside, Some(named)]
                .into_iter()
                .flatten()
                .find_map(|path| Some(format!(" ({path}, from {})", self.nearest_origin(path)?)))
                .unwrap_or_default();
            DocumentError::Schema { message, place }
        })
    }

    fn nearest_origin(&self, path: &str) -> Option<&Origin> {
        let under = format!("{path}.");
        self.origins.get(path).or_else(|| {
            self.origins
                .iter()
                .filter(|(known, _)| known.starts_with(&under))
                .map(|(_, origin)| origin)
                .find(|origin| **origin != Origin::Default)
        })
    }

    /// The settings as TOML, with a comment that names the origin of every value that is no default.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        print_table(&self.table, "", &self.origins, &mut text);
        text
    }
}

struct Lack {
    missing: String,
    known: Vec<String>,
}

fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

/// Reads a value as TOML; what is none is text.
pub fn parse_value(text: &str) -> Value {
    toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn merge(
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

fn place(
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

fn remove(table: &mut Table, keys: &[&str], prefix: String, changed: &mut Vec<String>) {
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

fn print_table(table: &Table, prefix: &str, origins: &BTreeMap<String, Origin>, text: &mut String) {
    // Writing to a string cannot fail.
    let (tables, values): (Vec<_>, Vec<_>) =
        table.iter().partition(|(_, value)| matches!(value, Value::Table(_)));
    for (key, value) in values {
        let path = join(prefix, key);
        let _ = write!(text, "{} = {value}", quote(key));
        match origins.get(&path) {
            None | Some(Origin::Default) => text.push('\n'),
            Some(origin) => {
                let _ = writeln!(text, " # {}", origin.to_string().replace('\n', " "));
            }
        }
    }
    for (key, value) in tables {
        let path = join(prefix, key);
        let heading: Vec<_> = path.split('.').map(quote).collect();
        let _ = writeln!(text, "\n[{}]", heading.join("."));
        if let Value::Table(inner) = value {
            print_table(inner, &path, origins, text);
        }
    }
}

fn quote(key: &str) -> String {
    let bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { format!("{key:?}") }
}
