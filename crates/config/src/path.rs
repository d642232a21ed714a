//! Dotted paths: `constraints."my loss".steps[2].target`.

/// One part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Key(String),
    Index(usize),
}

/// A path as it is printed; keys that are not bare stand in quotes.
pub(crate) fn print<'a>(parts: impl IntoIterator<Item = &'a Part>) -> String {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Index(index) => text.push_str(&format!("[{index}]")),
            Part::Key(key) => {
                if !text.is_empty() {
                    text.push('.');
                }
                text.push_str(&quote(key));
            }
        }
    }
    text
}

/// The parts of a path that was printed.
pub(crate) fn parse(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        let quoted = rest.strip_prefix('"').and_then(|inner| {
            // An escaped quote is no end.
            let mut escaped = false;
            let end = inner.find(|letter| {
                let end = letter == '"' && !escaped;
                escaped = letter == '\\' && !escaped;
                end
            })?;
            let node: toml::de::DeValue<'_> =
                toml::de::DeValue::parse(&rest[..end + 2]).ok()?.into_inner();
            Some((Part::Key(node.as_str()?.to_owned()), &inner[end + 1..]))
        });
        let index = rest.strip_prefix('[').and_then(|inner| {
            let (index, rest) = inner.split_once(']')?;
            Some((Part::Index(index.parse().ok()?), rest))
        });
        let (part, after) = quoted.or(index).unwrap_or_else(|| {
            let end = rest.find(['.', '[']).filter(|end| *end > 0).unwrap_or(rest.len());
            (Part::Key(rest[..end].to_owned()), &rest[end..])
        });
        parts.push(part);
        rest = after;
    }
    parts
}

/// The parts of a path of a [`homeostat_core::ConfigError`]: plain keys and indices. What follows the
/// first word is prose ("kp, ki or kd" is about `kp`).
pub(crate) fn field(text: &str) -> Vec<Part> {
    let word = text.split([',', ' ']).next().unwrap_or_default();
    let mut parts = Vec::new();
    for piece in word.split('.') {
        let (key, indices) = piece.split_once('[').unwrap_or((piece, ""));
        if let Ok(index) = key.parse() {
            parts.push(Part::Index(index));
        } else if !key.is_empty() {
            parts.push(Part::Key(key.to_owned()));
        }
        for index in indices.split(['[', ']']).filter_map(|index| index.parse().ok()) {
            parts.push(Part::Index(index));
        }
    }
    parts
}

/// The last key of a printed path, without quotes.
pub(crate) fn last(path: &str) -> String {
    match parse(path).pop() {
        Some(Part::Key(key)) => key,
        _ => String::new(),
    }
}

/// A key as it must be written.
fn quote(key: &str) -> String {
    let bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !key.is_empty() && key.chars().all(bare) { key.to_owned() } else { format!("{key:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_path_is_read_again() {
        let key = |text: &str| Part::Key(text.to_owned());
        for parts in [
            vec![key("a"), key("b c"), Part::Index(3), key("d")],
            vec![key("a.b"), key("\"quoted\" [x]"), key("\\"), key("ü")],
            vec![key("")],
            vec![],
        ] {
            assert_eq!(parse(&print(&parts)), parts);
        }
    }

    #[test]
    fn a_field_is_taken_apart_and_printed_again() {
        for (text, expected) in [
            ("rate", "rate"),
            ("spike.minimum", "spike.minimum"),
            ("kp, ki or kd", "kp"),
            ("steps[2].value", "steps[2].value"),
            ("steps.2", "steps[2]"),
            ("anti_windup.back-calculation.time", "anti_windup.back-calculation.time"),
        ] {
            assert_eq!(print(&field(text)), expected);
        }
        assert_eq!(print(&[Part::Key("a".into()), Part::Key("b c".into())]), "a.\"b c\"");
        assert_eq!(last("a.\"b c\""), "b c");
        assert_eq!(last("a.b"), "b");
    }
}
