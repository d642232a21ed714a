//! What a type expects, in words for somebody who writes a file.

use crate::nearest::nearest;

/// From serde's name of a type to words; what a type says in its own words stays.
pub(crate) fn expected(name: &str) -> String {
    let whole = |rest| format!("a whole number{rest}");
    match name {
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => whole(""),
        "u8" => whole(" from 0 to 255"),
        "u16" => whole(" from 0 to 65535"),
        "u32" => whole(" from 0 to 4294967295"),
        "u64" | "u128" | "usize" => whole(" that is not negative"),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "a borrowed string" | "str" => "a text in quotes".to_owned(),
        "a map" => "a table".to_owned(),
        "a sequence" => "a list".to_owned(),
        _ if name.starts_with("struct ") => "a table".to_owned(),
        _ => ["an array of length ", "a tuple of size "]
            .iter()
            .find_map(|start| Some(format!("a list of {}", name.strip_prefix(start)?)))
            .unwrap_or_else(|| name.to_owned()),
    }
}

/// What was probably meant by a value of another type, as it should be written.
pub(crate) fn other_form(expected: &str, written: &str) -> Option<String> {
    let inner = ['"', '\'']
        .iter()
        .find_map(|quote| written.strip_prefix(*quote)?.strip_suffix(*quote))
        .map(str::trim);
    let whole = expected.starts_with("a whole number");
    match (expected, inner) {
        ("true or false", Some("true" | "false")) => inner.map(str::to_owned),
        ("a text in quotes", None) => {
            let plain = written.starts_with(|first: char| first.is_ascii_alphanumeric());
            plain.then(|| format!("\"{written}\""))
        }
        ("a number", Some(text)) => {
            text.parse::<f64>().ok().filter(|number| number.is_finite())?;
            Some(text.to_owned())
        }
        (_, text) if whole => {
            // `100.0` and `"100"` are fine ways to mean 100.
            let text = text.unwrap_or(written).replace('_', "");
            let number = text.parse::<f64>().ok()?;
            let legal = number.fract() == 0.0 && number.abs() < 9e15;
            let negative = number < 0.0 && expected != "a whole number";
            (legal && !negative).then(|| format!("{number}"))
        }
        // A type that says in its own words which words it takes.
        (_, Some(text)) => {
            let words: Vec<&str> = expected.split('"').skip(1).step_by(2).collect();
            nearest(text, &words).map(|word| format!("\"{word}\""))
        }
        _ => None,
    }
    .filter(|text| text != written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_in_words() {
        for (name, words) in [
            ("usize", "a whole number that is not negative"),
            ("u32", "a whole number from 0 to 4294967295"),
            ("f64", "a number"),
            ("struct SpikeConfig", "a table"),
            ("a tuple of size 2", "a list of 2"),
            ("\"rank\" or a table", "\"rank\" or a table"),
        ] {
            assert_eq!(expected(name), words);
        }
    }

    #[test]
    fn a_value_of_another_type_is_suggested_where_it_is_plain_what_was_meant() {
        for (wanted, written, suggestion) in [
            ("a number", "\"0.1\"", Some("0.1")),
            ("a number", "\"fast\"", None),
            ("a number", "\"nan\"", None),
            ("a number", "true", None),
            ("true or false", "'true'", Some("true")),
            ("true or false", "1", None),
            ("a text in quotes", "0.5", Some("\"0.5\"")),
            ("a text in quotes", "[1]", None),
            ("a whole number", "1e3", Some("1000")),
            ("a whole number", "-3.0", Some("-3")),
            ("a whole number that is not negative", "-3.0", None),
            ("a whole number that is not negative", "\"64\"", Some("64")),
            ("a whole number that is not negative", "2.5", None),
            ("a whole number from 0 to 255", "300", None),
            ("a table", "3", None),
            ("\"off\" or a table of settings", "\"of\"", Some("\"off\"")),
            ("\"raw\", \"frozen\" or { limit = 1.05 }", "'forzen'", Some("\"frozen\"")),
            ("\"off\" or a table of settings", "\"none at all\"", None),
        ] {
            let found = other_form(wanted, written);
            assert_eq!(found.as_deref(), suggestion, "{wanted} {written}");
        }
    }
}
