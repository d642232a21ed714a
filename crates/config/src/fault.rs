//! What a type says when it refuses a value, before it is known in which file that was.
//!
//! serde hands the cause over as arguments, not as text: so the legal words and the missing key are
//! taken from where they are known, and no message is taken apart.

use std::fmt::Display;
use std::ops::Range;

use serde::de::{Error, Expected, Unexpected};

use crate::path::Part;

#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) cause: Cause,
    /// Where it is written, as soon as somebody on the way up knows.
    pub(crate) span: Option<Range<usize>>,
    /// The path from the inside outwards.
    pub(crate) path: Vec<Part>,
}

#[derive(Debug)]
pub(crate) enum Cause {
    UnknownKey {
        legal: &'static [&'static str],
    },
    UnknownValue {
        legal: &'static [&'static str],
    },
    /// Neither a word nor a table where one of these names is wanted.
    NoChoice {
        legal: &'static [&'static str],
    },
    /// A second choice beside the first one.
    Second {
        first: String,
    },
    Missing,
    Twice {
        name: &'static str,
    },
    Type {
        expected: String,
    },
    Rule(String),
}

impl Fault {
    pub(crate) fn new(cause: Cause) -> Self {
        Self { cause, span: None, path: Vec::new() }
    }

    /// The place, unless somebody further inside knew a better one.
    pub(crate) fn at(mut self, span: &Range<usize>) -> Self {
        self.span.get_or_insert_with(|| span.clone());
        self
    }

    /// One step outwards.
    pub(crate) fn under(mut self, part: Part) -> Self {
        self.path.push(part);
        self
    }

    pub(crate) fn under_key(self, key: &str) -> Self {
        self.under(Part::Key(key.to_owned()))
    }
}

impl Display for Fault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?}", self.cause)
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(Cause::Rule(message.to_string()))
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Cause::Type { expected: expected.to_string() })
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(Cause::Type { expected: expected.to_string() })
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new(Cause::Type { expected: expected.to_string() })
    }

    fn unknown_variant(_: &str, legal: &'static [&'static str]) -> Self {
        Self::new(Cause::UnknownValue { legal })
    }

    fn unknown_field(key: &str, legal: &'static [&'static str]) -> Self {
        Self::new(Cause::UnknownKey { legal }).under_key(key)
    }

    fn missing_field(key: &'static str) -> Self {
        Self::new(Cause::Missing).under_key(key)
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::new(Cause::Twice { name })
    }
}
