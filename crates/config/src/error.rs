//! The one error of a configuration file.

use std::fmt;

use crate::nearest::nearest;

/// What is wrong at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The text is no TOML.
    Syntax,
    /// A key that nobody reads.
    UnknownKey,
    /// A word that is none of the legal words.
    UnknownValue,
    /// A key that must be there and is not.
    MissingKey,
    /// A setting that is there twice, under two of its names.
    Twice,
    /// A value of another type.
    WrongType,
    /// A value of the right type that breaks a rule.
    Rule,
}

/// An error in a configuration file: where, which key, what is written there, what would be legal.
///
/// The message fits on one line:
///
/// ```text
/// robots.toml:12:14: constraints.cfs.normalizer: unknown normalizer "rnak"; legal are none, rank,
/// winsor, ema, auto; did you mean "rank"?
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The name of the file, as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The dotted path of the key; empty for a mistake that belongs to no key.
    pub key: String,
    /// What kind of mistake it is.
    pub problem: Problem,
    /// The rule that is broken, in words.
    pub rule: String,
    /// The value as it is written, shortened; "nothing" where it is missing.
    pub found: String,
    /// What the value means beside other settings, where the rule is about several.
    pub detail: Option<String>,
    /// The legal words, where they can be listed.
    pub legal: Vec<String>,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

impl FileError {
    /// Lists the legal words and suggests the nearest one to what was found.
    ///
    /// For a rule whose legal words only the caller knows: the names of the families in this file. A
    /// detail is dropped, because it would list them too.
    #[must_use]
    pub fn with_legal<S: Into<String>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.legal = words.into_iter().map(Into::into).collect();
        let found = self.found.trim_matches(['"', '\'']);
        self.suggestion = nearest(found, &self.legal).map(str::to_owned);
        self.detail = None;
        self
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}: ", self.file, self.line, self.column)?;
        self.write_message(formatter)
    }
}

impl std::error::Error for FileError {}

impl FileError {
    /// The message without file, line and column: for a value that was not written in a file.
    pub fn message(&self) -> String {
        struct Message<'a>(&'a FileError);
        impl fmt::Display for Message<'_> {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.write_message(formatter)
            }
        }
        Message(self).to_string()
    }

    fn write_message(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(formatter, "{}: ", self.key)?;
        }
        write!(formatter, "{}", self.rule)?;
        match self.problem {
            Problem::UnknownKey | Problem::UnknownValue | Problem::MissingKey => {
                write!(formatter, " {}", quoted(&self.word()))?;
            }
            _ if self.found.is_empty() => {}
            _ => write!(formatter, ", got {}", self.found)?,
        }
        if let Some(detail) = &self.detail {
            write!(formatter, " ({detail})")?;
        }
        match self.legal.as_slice() {
            [] => {}
            [one] => write!(formatter, "; legal is only {one}")?,
            words => write!(formatter, "; legal are {}", words.join(", "))?,
        }
        match (&self.suggestion, self.problem) {
            (None, _) => Ok(()),
            // Other values are suggested as they should be written.
            (Some(text), Problem::WrongType | Problem::Syntax) => {
                write!(formatter, "; did you mean {text}?")
            }
            (Some(text), _) => write!(formatter, "; did you mean \"{text}\"?"),
        }
    }

    /// The word that the message is about.
    fn word(&self) -> String {
        match self.problem {
            Problem::MissingKey => crate::path::last(&self.key),
            _ => self.found.clone(),
        }
    }
}

fn quoted(text: &str) -> String {
    if text.starts_with(['"', '\'']) { text.to_owned() } else { format!("\"{text}\"") }
}
