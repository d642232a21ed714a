//! What the engine says about settings that are legal but strange.

use homeostat_multiplier::{DualConfig, Warning};

fn warnings(dual: &str, constraint: &str, more: &str) -> Vec<Warning> {
    let text = format!("[dual]\n{dual}\n[constraints.kl]\n{constraint}\n{more}");
    let config: DualConfig = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}"));
    config.init().unwrap_or_else(|error| panic!("{error}")).warnings().to_vec()
}

#[track_caller]
fn check(dual: &str, constraint: &str, more: &str, expected: &str) {
    let all = warnings(dual, constraint, more);
    let texts: Vec<_> = all.iter().map(Warning::to_string).collect();
    assert!(texts.iter().any(|text| text.contains(expected)), "{expected}: {texts:?}");
    let name = if expected.starts_with("family") { "'both'" } else { "'kl'" };
    for text in &texts {
        assert!(text.contains("'kl'") || text.contains(name), "{text} names nobody");
        assert!(text.contains("; "), "{text} has no remedy");
    }
}

const RAW: &str = "target = { raw = 0.05 }\nnormalizer = \"none\"";
const RANK: &str = "normalizer = \"rank\"\ntarget = ";

#[test]
fn the_settings_of_the_design_note_with_raw_targets_give_no_warning() {
    for normalizer in ["none", "rank", "winsor", "ema"] {
        let constraint = format!("target = {{ raw = 0.05 }}\nnormalizer = \"{normalizer}\"");
        assert_eq!(warnings("", &constraint, ""), []);
    }
    // With the note's leak the ceiling is exactly its maximum at an error of 1.
    let ranked =
        format!("{RANK}{{ normalized = 0.0 }}\nnormalizer.rank.reference.frozen.step = 500");
    let ranked = ranked.replace("normalizer = \"rank\"\n", "");
    assert_eq!(warnings("leak_when = \"always\"", &ranked, ""), []);
}

#[test]
fn every_warning_names_the_constraint_the_numbers_and_a_remedy() {
    check(
        "leak_when = \"always\"\nleak = 1e-3",
        &format!("{RANK}{{ normalized = 0.0 }}"),
        "",
        "the leak stops the multiplier at 5, below its maximum 50",
    );
    check("leak = 0.05", RAW, "", "leak 0.05 lies outside 1e-4 … 1e-3");
    check(
        "deadzone = 1.0",
        &format!("{RANK}{{ normalized = 0.0 }}"),
        "",
        "deadzone 1 is at least half",
    );
    let high = format!("{RANK}{{ normalized = 5.0 }}");
    check(
        "",
        &high,
        "",
        "the normalized target 5 looks like a raw one; write target = { raw = 5 }",
    );
    check("", &high, "", "the target 5 is always or never met");
    check(
        "",
        &format!("{RANK}{{ normalized = -1.0 }}"),
        "",
        "the target -1 is always or never met",
    );
    let blind = format!("{RANK}{{ normalized = 0.2 }}");
    check("", &blind, "", "says nothing about the level of the loss");
    check("rate = 10.0", &blind, "", "smoothing 0.1 remembers more errors than the 6.25 updates");
    check(
        "",
        &format!("{RAW}\nrate = 0.0"),
        "",
        "with rate 0 the multiplier keeps its initial value",
    );
    let member = format!("{RAW}\nfamily = \"both\"");
    check(
        "",
        &member,
        "[families.both]\nbudget = 50.0",
        "family 'both': the budget 50 has no effect",
    );
    let gain = format!("{RAW}\nrule = {{ nu-pi = {{ proportional = -1.0 }} }}");
    check("", &gain, "", "rule.nu-pi.proportional is negative");
}

#[test]
fn a_reference_that_does_not_roll_takes_the_blindness_away() {
    let frozen = "target = { normalized = 0.2 }\nnormalizer.rank.reference.frozen.step = 500";
    assert_eq!(warnings("", frozen, ""), []);
}
