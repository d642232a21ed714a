//! What a file may say.

use homeostat_normalize::{
    AutoConfig, EmaConfig, NormalizerConfig, RankConfig, Ties, WinsorConfig,
};

use crate::{KINDS, parse};

fn load(text: &str) -> Result<NormalizerConfig, String> {
    #[derive(serde::Deserialize)]
    struct File {
        normalizer: NormalizerConfig,
    }
    let file: File =
        toml::from_str(&format!("normalizer = {text}")).map_err(|error| error.to_string())?;
    file.normalizer.init().map_err(|error| error.to_string())?;
    Ok(file.normalizer)
}

#[test]
fn a_name_is_the_table_of_its_defaults() {
    for (name, expected) in [
        ("none", NormalizerConfig::None),
        ("rank", NormalizerConfig::Rank(RankConfig::default())),
        ("winsor", NormalizerConfig::Winsor(WinsorConfig::default())),
        ("ema", NormalizerConfig::Ema(EmaConfig::default())),
        ("auto", NormalizerConfig::Auto(AutoConfig::default())),
    ] {
        assert_eq!(load(&format!("\"{name}\"")), Ok(expected.clone()));
        assert_eq!(load(&format!("{{ {name} = {{}} }}")), Ok(expected));
    }
    let NormalizerConfig::Rank(rank) = parse("\"rank\"") else { panic!("a rank") };
    assert_eq!((rank.window, rank.min_count, rank.ties), (50_000, 32, Ties::Mid));
    let NormalizerConfig::Winsor(winsor) = parse("\"winsor\"") else { panic!("a winsor") };
    assert_eq!((winsor.window, winsor.min_count, winsor.tau), (10_000, 32, 3.0));
    assert_eq!(EmaConfig::default().beta, 0.01);
    let parity = RankConfig::parity();
    assert_eq!((parity.ties, parity.min_count), (Ties::Upper, 2));
}

#[test]
fn every_kind_survives_a_file() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct File {
        normalizer: NormalizerConfig,
    }
    for kind in KINDS {
        let config = parse(kind);
        let text = toml::to_string(&File { normalizer: config.clone() }).expect("plain data");
        let file: File = toml::from_str(&text).expect("what was written");
        assert_eq!(file.normalizer, config, "{text}");
        let json = serde_json::to_string(&config).expect("plain data");
        assert_eq!(serde_json::from_str::<NormalizerConfig>(&json).expect("written"), config);
    }
}

#[test]
fn an_illegal_field_is_named_with_its_rule_and_value() {
    for (text, expected) in [
        ("{ rank = { window = 1 } }", "window must be at least 2 and at most 16777216, got 1"),
        (
            "{ rank = { window = 16777217 } }",
            "window must be at least 2 and at most 16777216, got 16777217",
        ),
        ("{ winsor = { window = 0 } }", "window must be at least 2 and at most 16777216, got 0"),
        ("{ rank = { window = 5000000000 } }", "window must be at least 2"),
        ("{ rank = { min_count = 0 } }", "min_count must be at least 1, got 0"),
        ("{ ema = { min_count = 0 } }", "min_count must be at least 1, got 0"),
        ("{ rank = { window = 10 } }", "min_count must be at most window, got 32"),
        ("{ winsor = { tau = 0.0 } }", "tau must be finite and above 0, got 0"),
        ("{ winsor = { tau = inf } }", "tau must be finite and above 0, got inf"),
        ("{ ema = { tau = nan } }", "tau must be finite and above 0, got NaN"),
        ("{ ema = { beta = 0.0 } }", "beta must be above 0 and below 1, got 0"),
        ("{ ema = { beta = 1.0 } }", "beta must be above 0 and below 1, got 1"),
        ("{ rank = { jitter = 0.51 } }", "jitter must be at least 0 and at most 0.5, got 0.51"),
        ("{ winsor = { jitter = -0.1 } }", "jitter must be at least 0 and at most 0.5, got -0.1"),
        ("{ winsor = { jitter = nan } }", "jitter must be at least 0"),
        (
            "{ rank = { jitter = 0.1, reference = { frozen = { step = 90 } } } }",
            "jitter must be 0 unless the reference is rolling, got 0.1",
        ),
        (
            "{ rank = { reference = { frozen = { step = 31 } } } }",
            "reference.frozen.step must be at least min_count, got 31",
        ),
        (
            "{ rank = { reference = { baseline = { values = [1, 2] } } } }",
            "reference.baseline.values must be at least min_count values, got 2",
        ),
        (
            "{ rank = { reference = { baseline = { values = [nan] } } } }",
            "reference.baseline.values must be finite, at most 1e140, got NaN",
        ),
        ("{ auto = { warmup = 7 } }", "warmup must be at least 8, got 7"),
        ("{ auto = { rank = { window = 1 } } }", "rank.window must be at least 2"),
        ("{ auto = { winsor = { window = 1 } } }", "winsor.window must be at least 2"),
        ("{ auto = { winsor = { tau = -1.0 } } }", "winsor.tau must be finite and above 0, got -1"),
        (
            "{ auto = { rank = { reference = { frozen = { step = 1 } } } } }",
            "rank.reference.frozen.step must be at least min_count, got 1",
        ),
        (
            "\"Rank\"",
            "unknown variant `Rank`, expected one of `none`, `rank`, `winsor`, `ema`, `auto`",
        ),
        ("{ rank = {}, winsor = {} }", "a normalizer has one name, found `rank` and `winsor`"),
        ("{}", "or a table with that name as its only key, such as { rank = { window = 50000 } }"),
        ("3", "the name of a normalizer (\"none\", \"rank\", \"winsor\", \"ema\" or \"auto\")"),
        ("{ none = { window = 3 } }", "unknown field `window`"),
        ("{ rank = { windw = 3 } }", "unknown field `windw`"),
        ("{ rank = { ties = \"middle\" } }", "unknown variant `middle`"),
        ("{ winsor = { center = \"mean\" } }", "unknown field `center`"),
    ] {
        let error = load(text).expect_err("an illegal configuration");
        assert!(error.contains(expected), "{text}: {error}");
    }
}
