//! A file that was read, and the three ways in which it can be wrong.

use homeostat_core::ConfigError;
use serde::de::DeserializeOwned;
use toml::de::DeTable;

use crate::error::{FileError, Problem};
use crate::fault::{Cause, Fault};
use crate::lookup::{self, Aliases, Found};
use crate::node::{Node, Value};
use crate::path::{self, Part};
use crate::reader::Reader;
use crate::source::{Source, shorten};
use crate::{nearest, syntax, words};

/// A TOML file of which every value knows its line.
///
/// ```
/// use homeostat_config::Document;
///
/// #[derive(Debug, serde::Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Settings {
///     rate: f64,
/// }
///
/// let document = Document::parse("run.toml", "# settings\nraet = 0.1\n")?;
/// let error = document.read::<Settings>().expect_err("misspelt");
/// assert_eq!(
///     error.to_string(),
///     "run.toml:2:1: raet: unknown key \"raet\"; legal is only rate; did you mean \"rate\"?"
/// );
/// # Ok::<(), homeostat_config::FileError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Document {
    source: Source,
    root: Node,
    aliases: Aliases,
}

impl Document {
    /// Reads the text of a file; `file` is its name in every message.
    pub fn parse(file: impl Into<String>, text: impl Into<String>) -> Result<Self, FileError> {
        let source = Source { file: file.into(), text: text.into() };
        let table = DeTable::parse(&source.text).map_err(|error| syntax::place(&source, &error))?;
        let root = Node::root(table.get_ref());
        let root = root.map_err(|overflow| syntax::overflow(&source, &overflow.0))?;
        Ok(Self { source, root, aliases: &[] })
    }

    /// Tells [`Self::place`] under which other names the types accept a key: pairs of the other name and
    /// the key.
    #[must_use]
    pub fn with_aliases(self, aliases: &'static [(&'static str, &'static str)]) -> Self {
        Self { aliases, ..self }
    }

    /// The file as a type.
    ///
    /// A key that the type does not know, a missing key, a value of another type and an unknown word
    /// are errors at their lines; a missing key is reported at the line that opens its table.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, FileError> {
        T::deserialize(Reader(&self.root)).map_err(|fault| self.explain(fault))
    }

    /// Finds the line for an error that a configuration raised when it was turned into a law.
    ///
    /// `prefix` leads to the table that the error is relative to, one key a part: the name of a
    /// constraint may hold a dot. A name of a choice that the error leaves out (`window` in
    /// `{ rank = { window = 0 } }`) is passed through. Where the value is not written in the file, the
    /// error stands at the table in which it would be.
    pub fn place(&self, prefix: &[&str], error: &ConfigError) -> FileError {
        let found = self.find(prefix, error);
        let start = if found.complete { found.node.span.start } else { found.start };
        // Of a `[table]` only the header could be repeated.
        let written = Some(self.source.written(&found.node.span)).filter(|text| {
            let table = matches!(found.node.value, Value::Table(_));
            found.complete && (!table || text.starts_with('{'))
        });
        // A single word repeats the value, in another notation perhaps; more words explain it.
        let detail = written.is_some() && error.found.contains(' ');
        let value = written.unwrap_or_else(|| shorten(&error.found));
        let key = path::print(&found.path);
        FileError {
            detail: detail.then(|| error.found.clone()),
            ..self.error(start, key, Problem::Rule, error.rule.to_owned(), value)
        }
    }

    /// How many keys of the path of an error are written in this file, under that prefix.
    ///
    /// For settings that are inherited: the error belongs to the table that has more of them.
    pub fn depth(&self, prefix: &[&str], error: &ConfigError) -> usize {
        self.find(prefix, error).matched.saturating_sub(prefix.len())
    }

    /// The keys of a table, in the order of the file; none where there is no such table.
    pub fn keys(&self, table: &[&str]) -> Vec<&str> {
        let found = lookup::find(&self.root, &parts(table), self.aliases);
        let entries = if found.complete { found.node.entries() } else { &[] };
        entries.iter().map(|entry| entry.key.as_str()).collect()
    }

    /// The same error at the place of its key in this file, for settings that were put together from
    /// several files before they were read; at the nearest table where the key is not written here.
    #[must_use]
    pub fn relocate(&self, error: FileError) -> FileError {
        let found = lookup::find(&self.root, &path::parse(&error.key), &[]);
        let of_key = matches!(error.problem, Problem::UnknownKey | Problem::Twice);
        let start = if found.complete && !of_key { found.node.span.start } else { found.start };
        let (line, column) = self.source.position(start);
        let of_value = matches!(error.problem, Problem::WrongType | Problem::UnknownValue);
        let plain = !matches!(found.node.value, Value::Table(_));
        let value = match found.complete && of_value && plain {
            true => self.source.written(&found.node.span),
            false => error.found,
        };
        FileError { file: self.source.file.clone(), line, column, found: value, ..error }
    }

    /// Line and column, from 1, of the value at a path; `None` where the file has none.
    pub fn position(&self, keys: &[&str]) -> Option<(usize, usize)> {
        let found = lookup::find(&self.root, &parts(keys), &[]);
        found.complete.then(|| self.source.position(found.node.span.start))
    }

    fn find(&self, prefix: &[&str], error: &ConfigError) -> Found<'_> {
        let mut wanted = parts(prefix);
        wanted.extend(path::field(error.field));
        lookup::find(&self.root, &wanted, self.aliases)
    }

    fn error(
        &self,
        start: usize,
        key: String,
        problem: Problem,
        rule: String,
        found: String,
    ) -> FileError {
        let (line, column) = self.source.position(start);
        let file = self.source.file.clone();
        let (detail, legal, suggestion) = (None, Vec::new(), None);
        FileError { file, line, column, key, problem, rule, found, detail, legal, suggestion }
    }

    /// From what a type said to what the reader of a message needs.
    fn explain(&self, fault: Fault) -> FileError {
        let span = fault.span.unwrap_or_default();
        let written = self.source.written(&span);
        let key = path::print(fault.path.iter().rev());
        let named = fault.path.iter().find_map(|part| match part {
            Part::Key(key) => Some(key.as_str()),
            Part::Index(_) => None,
        });
        let error = |problem, rule: String, found: String| {
            self.error(span.start, key.clone(), problem, rule, found)
        };
        let list = |legal: &[&str]| legal.iter().map(|word| (*word).to_owned()).collect();
        match fault.cause {
            Cause::UnknownKey { legal } => FileError {
                suggestion: nearest(named.unwrap_or_default(), legal).map(str::to_owned),
                legal: list(legal),
                ..error(Problem::UnknownKey, "unknown key".into(), written)
            },
            Cause::UnknownValue { legal } => FileError {
                suggestion: nearest(written.trim_matches(['"', '\'']), legal).map(str::to_owned),
                legal: list(legal),
                ..error(
                    Problem::UnknownValue,
                    format!("unknown {}", named.unwrap_or("word")),
                    written,
                )
            },
            Cause::NoChoice { legal } => FileError {
                legal: list(legal),
                ..error(Problem::WrongType, "must be one of several words".into(), written)
            },
            Cause::Second { first } => {
                let rule = format!("must be left out, because \"{first}\" is chosen already");
                error(Problem::Rule, rule, written)
            }
            Cause::Missing => error(Problem::MissingKey, "missing key".into(), "nothing".into()),
            Cause::Twice { name } => {
                error(Problem::Twice, format!("sets \"{name}\" a second time"), written)
            }
            Cause::Type { expected } => {
                let expected = words::expected(&expected);
                let suggestion = words::other_form(&expected, &written);
                let rule = format!("must be {expected}");
                FileError { suggestion, ..error(Problem::WrongType, rule, written) }
            }
            Cause::Rule(rule) => error(Problem::Rule, rule, written),
        }
    }
}

fn parts(keys: &[&str]) -> Vec<Part> {
    keys.iter().map(|key| Part::Key((*key).to_owned())).collect()
}
