//! What holds for every file.

use homeostat_config::{Document, nearest};
use homeostat_core::ConfigError;
use proptest::prelude::*;
use toml::{Table, Value};

use crate::settings::Settings;

fn keys() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z][a-z_-]{0,5}",
        1 => "[ -~äß.\"]{1,6}",
    ]
}

fn leaves() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Integer),
        prop::num::f64::NORMAL.prop_map(Value::Float),
        any::<bool>().prop_map(Value::Boolean),
        "[ -~\nü]{0,12}".prop_map(Value::String),
        prop::collection::vec(any::<i64>().prop_map(Value::Integer), 0..3).prop_map(Value::Array),
    ]
}

fn tables() -> impl Strategy<Value = Table> {
    let value = leaves().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::btree_map(keys(), inner.clone(), 0..4)
                .prop_map(|map| Value::Table(map.into_iter().collect())),
            prop::collection::vec(inner, 0..3).prop_map(Value::Array),
        ]
    });
    prop::collection::btree_map(keys(), value, 0..4).prop_map(|map| map.into_iter().collect())
}

/// Every path to a value that stands behind a `=`: not to a table, nor to a list of tables.
fn paths(table: &Table, prefix: &[String], all: &mut Vec<(Vec<String>, Value)>) {
    for (key, value) in table {
        let path: Vec<_> = prefix.iter().cloned().chain([key.clone()]).collect();
        match value {
            Value::Table(inner) => paths(inner, &path, all),
            Value::Array(list) if list.iter().any(Value::is_table) => {}
            value => all.push((path, value.clone())),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_file_reads_as_the_parser_itself_reads_it(table in tables()) {
        let text = toml::to_string(&table).expect("writable");
        let document = Document::parse("f", text.clone()).expect("TOML");
        let read: Table = document.read().expect("any value");
        prop_assert_eq!(read, toml::from_str::<Table>(&text).expect("TOML"));
    }

    #[test]
    fn every_value_is_found_where_it_is_written(table in tables()) {
        let text = toml::to_string(&table).expect("writable");
        let document = Document::parse("f", text.clone()).expect("TOML");
        let mut all = Vec::new();
        paths(&table, &[], &mut all);
        for (path, value) in all {
            let keys: Vec<&str> = path.iter().map(String::as_str).collect();
            let (line, column) = document.position(&keys).expect("it is written");
            let rest: String =
                text.lines().nth(line - 1).expect("a line").chars().skip(column - 1).collect();
            let from_here: String =
                std::iter::once(rest).chain(text.lines().skip(line).map(str::to_owned))
                    .collect::<Vec<_>>().join("\n");
            // The first value that parses from here on is the value.
            let read = (1..=from_here.len())
                .filter(|end| from_here.is_char_boundary(*end))
                .filter_map(|end| toml::from_str::<Table>(&format!("v = {}", &from_here[..end])).ok())
                .any(|mut table| table.remove("v") == Some(value.clone()));
            prop_assert!(read, "{path:?} at {line}:{column} of\n{text}");
            // A refusal of it is placed there too.
            let error = ConfigError::new("", "is wrong", "it");
            let placed = document.place(&keys, &error);
            prop_assert_eq!((placed.line, placed.column), (line, column));
        }
    }

    #[test]
    fn no_text_panics_and_an_error_lies_inside_the_text(text in "[ -~\n\"'=\\[\\]{}ü.#]{0,60}") {
        let lines = text.matches('\n').count() + 1;
        if let Err(error) = Document::parse("f", text.clone())
            .and_then(|document| document.read::<Settings>().map(drop))
        {
            prop_assert!((1..=lines).contains(&error.line), "{error}");
            prop_assert!(error.column >= 1);
            prop_assert!(!error.to_string().contains('\n'), "{error}");
        }
    }

    #[test]
    fn one_slip_in_a_long_word_is_always_forgiven(
        word in "[a-z]{4,12}",
        at in 0..100_usize,
        letter in "[a-z]",
        kind in 0..3,
    ) {
        let mut letters: Vec<char> = word.chars().collect();
        let at = at % (letters.len() - 1);
        match kind {
            0 => letters.swap(at, at + 1),
            1 => letters[at] = letter.chars().next().expect("one"),
            _ => { letters.remove(at); }
        }
        let slip: String = letters.into_iter().collect();
        let known = [word.as_str()];
        prop_assert_eq!(nearest(&slip, &known), Some(word.as_str()));
    }
}
