//! Places, fields of the error, and types that delegate.

use std::collections::BTreeMap;

use homeostat_config::{Document, Problem};
use homeostat_core::ConfigError;

use crate::settings::Delegated;

#[test]
fn an_error_carries_its_parts_as_fields() {
    let text = "[constraints.cfs]\ntarget = 0\nnormalizer = \"rnak\"\n";
    let document = Document::parse("robots.toml", text).expect("TOML");
    let error = document.read::<crate::settings::Settings>().expect_err("misspelt");
    assert_eq!((error.file.as_str(), error.line, error.column), ("robots.toml", 3, 14));
    assert_eq!(error.key, "constraints.cfs.normalizer");
    assert_eq!(error.problem, Problem::UnknownValue);
    assert_eq!(error.rule, "unknown normalizer");
    assert_eq!(error.found, "\"rnak\"");
    assert_eq!(error.legal, ["none", "rank", "winsor", "ema", "auto"]);
    assert_eq!(error.suggestion.as_deref(), Some("rank"));
}

#[track_caller]
fn check_place(text: &str, prefix: &[&str], field: &'static str, expected: &str) {
    let document = Document::parse("f", text).expect("TOML");
    let error = document.place(prefix, &ConfigError::new(field, "is wrong", "3"));
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_refusal_is_placed_at_the_value_or_at_the_nearest_table() {
    let text = "# head\na.b.c = 0x03\n[t]\nx = { y = 3 }\n[t.u]\n";
    check_place(text, &["a", "b"], "c", "f:2:9: a.b.c: is wrong, got 0x03");
    check_place(text, &["a"], "b.c", "f:2:9: a.b.c: is wrong, got 0x03");
    check_place(text, &["a", "b"], "d", "f:2:3: a.b.d: is wrong, got 3");
    check_place(text, &["t"], "x.y", "f:4:11: t.x.y: is wrong, got 3");
    check_place(text, &["t"], "x.z", "f:4:1: t.x.z: is wrong, got 3");
    check_place(text, &["t", "u"], "z", "f:5:1: t.u.z: is wrong, got 3");
    check_place(text, &["t"], "u", "f:5:1: t.u: is wrong, got 3");
    check_place(text, &["t"], "z", "f:3:1: t.z: is wrong, got 3");
    check_place(text, &[], "nowhere", "f:1:1: nowhere: is wrong, got 3");
    check_place(text, &["t"], "x, y or z", "f:4:11: t.x.y: is wrong, got 3");
    // Two keys: neither is the name of a choice.
    check_place("l = { a = { c = 3 }, b = 1 }", &["l"], "c", "f:1:1: l.c: is wrong, got 3");
}

#[test]
fn the_only_setting_of_a_choice_is_found_without_its_name() {
    let text = "[t]\ntarget = { raw = nan }\n[u.target]\nraw = [2, 1]\n";
    check_place(text, &["t"], "target", "f:2:18: t.target.raw: is wrong, got nan");
    check_place(text, &["u"], "target", "f:4:7: u.target.raw: is wrong, got [2, 1]");
    let text = "[t]\nnormalizer = { rank = { window = 3 } }\n";
    let expected = "f:2:14: t.normalizer: is wrong, got { rank = { window = 3 } }";
    check_place(text, &["t"], "normalizer", expected);
}

#[test]
fn an_alias_leads_to_its_line_and_an_inherited_value_to_where_it_is_written() {
    let text = "[dual]\neta = -1\n[losses.kl]\nrate = 2\n";
    let document = Document::parse("f", text).expect("TOML");
    let document = document.with_aliases(&[("eta", "rate"), ("losses", "constraints")]);
    let error = ConfigError::new("rate", "must not be negative", "-1 with another");
    let depth = |prefix: &[&str]| document.depth(prefix, &error);
    assert_eq!((depth(&["dual"]), depth(&["constraints", "kl"])), (1, 1));
    assert_eq!((depth(&["constraints", "cfs"]), depth(&["nowhere"])), (0, 0));
    assert_eq!(
        document.place(&["dual"], &error).to_string(),
        "f:2:7: dual.eta: must not be negative, got -1 (-1 with another)"
    );
    assert_eq!(document.place(&["constraints", "kl"], &error).key, "losses.kl.rate");
    assert_eq!(document.keys(&["constraints"]), ["kl"]);
    assert_eq!(document.keys(&[]), ["dual", "losses"]);
    assert!(document.keys(&["families"]).is_empty());
}

#[test]
fn a_list_of_tables_is_reached_by_its_index() {
    let text = "[[step]]\nat = 1\n[[step]]\nat = 3\n";
    check_place(text, &[], "step[1].at", "f:4:6: step[1].at: is wrong, got 3");
    check_place(text, &[], "step[2].at", "f:1:1: step[2].at: is wrong, got 3");
}

#[test]
fn lines_end_the_same_way_under_windows() {
    let text = "a = 1\r\n[t]\r\nx = 3\r\n";
    check_place(text, &["t"], "x", "f:3:5: t.x: is wrong, got 3");
    let document = Document::parse("f", text).expect("TOML");
    assert_eq!(document.position(&["t", "x"]), Some((3, 5)));
    assert_eq!(document.position(&["t", "y"]), None);
}

#[test]
fn an_error_of_merged_settings_is_placed_in_the_file_that_wrote_the_value() {
    let merged = Document::parse("merged", "dual = { rate = \"1\", spike = { widnow = 3 } }");
    let file =
        Document::parse("mine.toml", "[dual]\nspike.widnow = 3\nrate = '1'\n").expect("TOML");
    let merged = merged.expect("TOML");
    let error = merged.read::<crate::settings::Settings>().expect_err("a wrong type");
    let error = file.relocate(error);
    assert_eq!(
        error.to_string(),
        "mine.toml:3:8: dual.rate: must be a number, got '1'; did you mean 1?"
    );
    assert_eq!(error.message(), "dual.rate: must be a number, got '1'; did you mean 1?");
    let merged = Document::parse("merged", "dual = { spike = { widnow = 3 } }").expect("TOML");
    let error = merged.read::<crate::settings::Settings>().expect_err("misspelt");
    let error = file.relocate(error);
    assert_eq!((error.line, error.column), (2, 7));
}

#[track_caller]
fn check_delegated(text: &str, expected: &str) {
    let document = Document::parse("f", text).expect("TOML");
    let error = document.read::<BTreeMap<String, Delegated>>().expect_err(text);
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_type_that_hands_on_to_a_derived_one_keeps_the_places() {
    check_delegated(
        "law = 'accent'",
        "f:1:7: law: unknown law 'accent'; legal are ascent, pid, nu-pi, pair; did you mean \"ascent\"?",
    );
    check_delegated(
        "law = { accent = 1 }",
        "f:1:9: law: unknown law \"accent\"; legal are ascent, pid, nu-pi, pair; did you mean \"ascent\"?",
    );
    check_delegated(
        "law = { pid = { widnow = 3 } }",
        "f:1:17: law.pid.widnow: unknown key \"widnow\"; legal are threshold, window; did you mean \
         \"window\"?",
    );
    check_delegated(
        "law = { nu-pi = { nu = '1' } }",
        "f:1:24: law.nu-pi.nu: must be a number, got '1'; did you mean 1?",
    );
    check_delegated(
        "law = { pid = {}, ascent = {} }",
        "f:1:19: law.ascent: must be left out, because \"pid\" is chosen already, got ascent",
    );
    let document = Document::parse("f", "a = 'ascent'\nb.pid.window = 1").expect("TOML");
    let laws: BTreeMap<String, Delegated> = document.read().expect("legal");
    assert_eq!(format!("{:?}", laws["a"].0), "Ascent");
}

#[test]
fn the_settings_of_a_choice_take_no_unknown_key_even_where_the_type_allows_it() {
    #[derive(Debug, serde::Deserialize)]
    enum Lenient {
        Line { slope: f64 },
    }
    let document = Document::parse("f", "a = { Line = { slope = 1, ofset = 2 } }").expect("TOML");
    let error = document.read::<BTreeMap<String, Lenient>>().expect_err("unknown").to_string();
    assert_eq!(error, "f:1:27: a.Line.ofset: unknown key \"ofset\"; legal is only slope");
    let document = Document::parse("f", "a = { Line = { slope = 1 } }").expect("TOML");
    let lines: BTreeMap<String, Lenient> = document.read().expect("legal");
    let Lenient::Line { slope } = lines["a"];
    assert_eq!(slope, 1.0);
}
