//! The text of a file: lines, columns, and pieces short enough for a message.

use std::ops::Range;

/// The longest piece of a file that a message repeats, in characters.
const LONGEST: usize = 40;

/// A file's name and its text.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) file: String,
    pub(crate) text: String,
}

impl Source {
    /// Line and column from 1, in characters.
    pub(crate) fn position(&self, byte: usize) -> (usize, usize) {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let before = self.text[..byte].trim_start_matches('\u{feff}');
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (line, before[start..].chars().count() + 1)
    }

    /// What is written in these bytes, on one line and shortened.
    pub(crate) fn written(&self, span: &Range<usize>) -> String {
        let text = self.text.get(span.clone()).unwrap_or_default();
        let words: Vec<&str> = text.split_whitespace().collect();
        shorten(&words.join(" "))
    }

    /// The line in which a byte stands, up to that byte.
    pub(crate) fn line_before(&self, byte: usize) -> &str {
        let before = self.text.get(..byte).unwrap_or(&self.text);
        before.rsplit('\n').next().unwrap_or_default()
    }
}

pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn columns_count_characters_and_lines_end_at_newlines() {
        let source = Source { file: String::new(), text: "\u{feff}a = 'ü'\r\nb = 1\n".into() };
        assert_eq!(source.position(0), (1, 1));
        let b = source.text.find('b').expect("there");
        assert_eq!(source.position(b), (2, 1));
        assert_eq!(source.position(b - 3), (1, 7));
        assert_eq!(source.position(1000), (3, 1));
    }

    #[test]
    fn a_long_value_is_shortened() {
        let source = Source { file: String::new(), text: "x".repeat(50) };
        assert_eq!(source.written(&(0..50)).chars().count(), 41);
        assert_eq!(source.written(&(0..40)).chars().count(), 40);
    }
}
