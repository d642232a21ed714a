//! Text that is no TOML.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use crate::error::{FileError, Problem};
use crate::path::{self, Part};
use crate::source::Source;

/// The parser's error at its line, under the key that is being written there.
pub(crate) fn place(source: &Source, error: &toml::de::Error) -> FileError {
    let span = error.span().unwrap_or(source.text.len()..source.text.len());
    let rule = format!("the text is no TOML: {}", error.message().replace('`', "'"));
    let placed = build(source, &span, rule);
    // The parser says so of every word that stands without quotes.
    let bare = ["string values must be quoted", "invalid boolean"]
        .iter()
        .any(|start| error.message().starts_with(start));
    FileError { suggestion: meant(&placed.found).filter(|_| bare), ..placed }
}

/// A bare word as it should be written.
fn meant(found: &str) -> Option<String> {
    let lower = found.to_lowercase();
    if ["true", "false", "nan", "inf"].contains(&lower.as_str()) {
        return Some(lower);
    }
    let word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    (!found.is_empty() && found.chars().all(word)).then(|| format!("\"{found}\""))
}

/// A number that no type can hold.
pub(crate) fn overflow(source: &Source, span: &Range<usize>) -> FileError {
    build(source, span, "must be a number that a computer can hold".to_owned())
}

fn build(source: &Source, span: &Range<usize>, rule: String) -> FileError {
    let (line, column) = source.position(span.start);
    let key = key(source, span);
    let found = match source.written(span) {
        text if text.is_empty() => rest_of_line(source, span.start),
        text => text,
    };
    let (file, problem) = (source.file.clone(), Problem::Syntax);
    let (detail, legal, suggestion) = (None, Vec::new(), None);
    FileError { file, line, column, key, problem, rule, found, detail, legal, suggestion }
}

/// What stands from a byte to the end of its line; where that is nothing, the end of the line.
fn rest_of_line(source: &Source, byte: usize) -> String {
    let rest = source.text.get(byte..).unwrap_or_default();
    let end = byte + rest.find(['\n', '\r']).unwrap_or(rest.len());
    match source.written(&(byte..end)) {
        text if text.is_empty() => "the end of the line".to_owned(),
        text => text,
    }
}

/// The last `[table]` before the place, and the key that its line begins with.
fn key(source: &Source, span: &Range<usize>) -> String {
    let (table, _) = DeTable::parse_recoverable(&source.text);
    let mut last = (0, Vec::new());
    headers(table.get_ref(), span.start, &mut Vec::new(), &mut last);
    let mut parts = last.1;
    // Up to the end of what is wrong, because that may be the key itself.
    let line = source.line_before(span.end);
    let name = line.split('=').next().unwrap_or_default().trim();
    let bare = |letter: char| letter.is_ascii_alphanumeric() || "_-.\"' ".contains(letter);
    if !name.is_empty() && name.chars().all(bare) {
        let pieces = name.split('.').map(|piece| piece.trim().trim_matches(['"', '\'']));
        parts.extend(pieces.map(|piece| Part::Key(piece.to_owned())));
    }
    path::print(&parts)
}

/// Finds the header that stands last before a byte.
fn headers(
    table: &DeTable<'_>,
    before: usize,
    path: &mut Vec<Part>,
    last: &mut (usize, Vec<Part>),
) {
    for (key, value) in table.iter() {
        path.push(Part::Key(key.get_ref().to_string()));
        let tables: Vec<_> = match value.get_ref() {
            DeValue::Table(inner) => vec![(value.span(), inner)],
            DeValue::Array(list) => list
                .iter()
                .filter_map(|one| Some((one.span(), one.get_ref().as_table()?)))
                .collect(),
            _ => vec![],
        };
        for (span, inner) in tables {
            // A header's span starts at its bracket, before its key; an implicit table's at its key.
            let header = span.start < key.span().start && key.span().end < span.end;
            if header && span.start >= last.0 && span.start < before {
                *last = (span.start, path.clone());
            }
            headers(inner, before, path, last);
        }
        path.pop();
    }
}
