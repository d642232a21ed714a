//! Settings from several places, and where each value came from.
//!
//! A document starts from the defaults that are compiled in, then takes a file, then command-line
//! flags, then dotted overrides such as `controller.kl-weight.law.pid.kp=0.02`; whatever comes later
//! wins. A `*` in a path stands for every key at that place.

mod merge;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use homeostat_config::{Document as File, FileError, nearest};
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use merge::{join, merge, place, remove};

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
    /// A file is no TOML, or a value in it does not fit its type.
    #[error(transparent)]
    File(FileError),
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
    /// A value from elsewhere does not fit its type.
    #[error("{origin}: {}", error.message())]
    Schema {
        /// Where the value came from.
        origin: Origin,
        /// What is wrong with it.
        error: FileError,
    },
}

/// Settings and their origins.
#[derive(Clone, Debug)]
pub struct Document {
    table: Table,
    origins: BTreeMap<String, Origin>,
    /// The files that were read, for the lines of their values.
    files: BTreeMap<PathBuf, File>,
}

impl Document {
    /// The defaults that are compiled in.
    pub fn from_default(text: &str) -> Result<Self, DocumentError> {
        let mut document =
            Self { table: Table::new(), origins: BTreeMap::new(), files: BTreeMap::new() };
        document.merge_text(text, Origin::Default)?;
        Ok(document)
    }

    /// The settings that a checkpoint holds, all of them: what it leaves out is left out.
    pub fn from_checkpoint(text: &str, file: PathBuf) -> Result<Self, DocumentError> {
        let mut document =
            Self { table: Table::new(), origins: BTreeMap::new(), files: BTreeMap::new() };
        document.merge_text(text, Origin::Checkpoint(file))?;
        Ok(document)
    }

    /// Lays a file over what is there. A choice among several, such as `{ absolute = … }` over
    /// `{ relative = … }`, takes the place of the other. Its keys may be new: the types decide in [`Self::resolve`].
    pub fn merge_file(&mut self, path: &std::path::Path) -> Result<(), DocumentError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| DocumentError::Read { path: path.to_owned(), source })?;
        self.merge_text(&text, Origin::File(path.to_owned()))
    }

    /// Lays a text over what is there.
    pub fn merge_text(&mut self, text: &str, origin: Origin) -> Result<(), DocumentError> {
        let name = match &origin {
            Origin::File(path) => path.display().to_string(),
            other => other.to_string(),
        };
        let file = File::parse(name, text).map_err(DocumentError::File)?;
        let table: Table = file.read().map_err(DocumentError::File)?;
        merge(&mut self.table, table, String::new(), &origin, &mut self.origins);
        if let Origin::File(path) = origin {
            self.files.insert(path, file);
        }
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
        place(&mut self.table, &keys, &value, &mut changed).map_err(|lack| {
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

    /// Whether a person asked for the value at a path, or for one under it, in a file, flag or override.
    pub fn is_asked(&self, path: &str) -> bool {
        let under = format!("{path}.");
        self.origins.iter().any(|(known, origin)| {
            (known == path || known.starts_with(&under))
                && self.get(known).is_some()
                && !matches!(origin, Origin::Default | Origin::Checkpoint(_))
        })
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

    /// Where the value at a path came from, in words; of a file, its line and column too.
    pub fn place(&self, path: &str) -> Option<String> {
        let origin = self.origins.get(path)?;
        let position = match origin {
            Origin::File(file) => {
                let keys: Vec<_> = path.split('.').collect();
                self.files.get(file).and_then(|file| file.position(&keys))
            }
            _ => None,
        };
        let position = position.map(|(line, column)| format!(":{line}:{column}"));
        Some(format!("{origin}{}", position.unwrap_or_default()))
    }

    /// The settings as their type. Unknown keys and wrong types are errors that name the origin, and
    /// the line where that is a file.
    pub fn resolve<T: DeserializeOwned>(&self) -> Result<T, DocumentError> {
        let merged = toml::to_string(&self.table).expect("what was read as TOML can be written");
        let merged = File::parse("the settings", merged).map_err(DocumentError::File)?;
        merged.read().map_err(|error| {
            let origin = self.nearest_origin(&error.key).cloned().unwrap_or(Origin::Default);
            match &origin {
                Origin::File(path) if self.files.contains_key(path) => {
                    DocumentError::File(self.files[path].relocate(error))
                }
                _ => DocumentError::Schema { origin, error },
            }
        })
    }

    /// The origin of a value; of one that has none, whoever wrote something into its table last.
    fn nearest_origin(&self, key: &str) -> Option<&Origin> {
        // Origins have neither quotes nor places in a list.
        let plain: String = key.split('[').next().unwrap_or_default().replace('"', "");
        let mut path = plain.as_str();
        loop {
            let under = format!("{path}.");
            let inside = self.origins.iter().filter(|(known, _)| known.starts_with(&under));
            let inside = inside.map(|(_, origin)| origin).find(|one| **one != Origin::Default);
            if let Some(origin) = self.origins.get(path).or(inside) {
                return Some(origin);
            }
            path = path.rsplit_once('.')?.0;
        }
    }

    /// The settings as TOML, with a comment that names the origin of every value that is no default.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        print_table(&self.table, "", &self.origins, &mut text);
        text
    }
}

/// Reads a value as TOML; what is none is text.
pub fn parse_value(text: &str) -> Value {
    toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
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
