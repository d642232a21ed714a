//! What a file may say about a ceiling.

use homeostat_ceiling::{
    CeilingConfig, CeilingTarget, DiscoveryStatistic, Pace, Rules, Scope, Squeeze,
};
use homeostat_core::Clock;
use homeostat_testkit::settings;

/// Parses and checks a configuration; the error of either as text.
fn read(text: &str) -> Result<CeilingConfig, String> {
    let clock = Clock::new(46).expect("at least one");
    settings::read(text, |config: &CeilingConfig| config.init(clock))
}

#[test]
fn an_illegal_field_is_named_with_its_rule_and_value() {
    let target = "target = { absolute = 8.0 }\n";
    for (text, expected) in [
        ("", "target must be given: { absolute = … } or { relative = … }, got nothing"),
        ("target = { absolute = 1.8 }", "target.absolute must be finite and at least 1.5 lower"),
        ("target = { absolute = nan }", "target.absolute must be finite"),
        ("target = { relative = 0.0 }", "target.relative must be above 0 and at most 1, got 0"),
        ("target = { relative = 1.5 }", "target.relative must be above 0 and at most 1, got 1.5"),
        ("target = { share = 0.2 }", "unknown variant `share`"),
        (
            "target = { absolute = 8.0 }\nsqueeze = { absolute = { ceilings = [9.0, 8.0] } }",
            "target must be left out where the squeeze is absolute",
        ),
        (
            "squeeze = { absolute = { ceilings = [9.0, 1.0] } }",
            "squeeze.absolute.ceilings must be finite and at least 1.5 lower / healthy",
        ),
        ("squeeze = { absolute = { ceilings = [] } }", "squeeze.absolute.ceilings must fall"),
        (
            "squeeze = { absolute = { ceilings = [8.0, 9.0] } }",
            "must fall and stay above 0, got [8.0, 9.0]",
        ),
    ] {
        settings::refused(text, read(text), expected);
    }
    for (text, expected) in [
        ("goals = []", "goals must name at least one, got none"),
        ("goals = [\"kl\", \"kl\"]", "goals must have different names, got kl"),
        ("lower = 0.0", "lower must be finite and above 0, got 0"),
        ("healthy = 1.0", "healthy must be above 0 and below 1, got 1"),
        (
            "discovery.epochs = 0",
            "discovery.epochs must be at least 1 and at most 2^24 batches, got 0",
        ),
        ("discovery.epochs = 18446744073709551", "discovery.epochs must be at least 1"),
        ("discovery.from = 1.0", "discovery.from must be at least 0 and below 1, got 1"),
        ("discovery.quantile = 0.0", "discovery.quantile must be above 0 and at most 1, got 0"),
        ("discovery.outlier = 0.0", "discovery.outlier must be finite and above 0, got 0"),
        ("discovery.headroom = 0.9", "discovery.headroom must be finite and at least 1, got 0.9"),
        ("discovery.statistic = \"mean\"", "unknown variant `mean`"),
        ("squeeze = { relative = { shape = [1.0, 0.5] } }", "squeeze.relative.shape must fall"),
        ("squeeze = { relative = { shape = [1.5, 0.0] } }", "squeeze.relative.shape must fall"),
        ("squeeze = { relative = { shape = [nan, 0.0] } }", "squeeze.relative.shape must fall"),
        ("squeeze = { relative = { epochs = 0 } }", "squeeze.relative.epochs must be at least 1"),
        ("squeeze = { relative = { interpolation = \"cubic\" } }", "unknown variant `cubic`"),
        ("squeeze = { geometric = { epochs = 0 } }", "squeeze.geometric.epochs must be at least 1"),
        ("backoff.maximum_rate = 1.0", "backoff.maximum_rate must be above 0 and below 1, got 1"),
        (
            "backoff.target_rate = 0.2",
            "backoff.target_rate must be above 0 and at most maximum_rate",
        ),
        ("backoff.slower = 1.0", "backoff.slower must be above 0 and below 1, got 1"),
        ("backoff.faster = 0.5", "backoff.faster must be finite and at least 1, got 0.5"),
        ("backoff.least = 0.0", "backoff.least must be above 0 and at most 1, got 0"),
        (
            "backoff.restorations = 1.5",
            "backoff.restorations must be at least 0 and at most 1, got 1.5",
        ),
        ("backoff.restorations = nan", "backoff.restorations must be at least 0 and at most 1"),
        ("backoff.retreat = -1.0", "backoff.retreat must be finite and not negative, got -1"),
        ("backoff.give_up = 0", "backoff.give_up must be at least 1, got 0"),
        ("tightening.factor = 1.1", "tightening.factor must be above 0 and at most 1, got 1.1"),
        ("tightening.window = 0", "tightening.window must be at least 1 and at most 1000, got 0"),
        ("tightening.threshold = 2.0", "tightening.threshold must be at least 0 and at most 1"),
        ("explosion = -1.0", "explosion must be finite and above 0, got -1"),
        ("rules = \"note\"", "rules must be \"mended\", or the squeeze absolute, got note"),
        ("rules = \"late\"", "rules must be \"mended\", or the squeeze geometric"),
        ("pace = \"step\"", "unknown variant `step`"),
        ("headroom = 1.2", "unknown field `headroom`"),
    ] {
        let text = format!("{target}{text}");
        settings::refused(&text, read(&text), expected);
    }
}

#[test]
fn every_choice_can_be_written() {
    let written = read(
        "goals = [\"kl_core\", \"kl_detail\"]\ntarget = { relative = 0.2 }\nlower = 0.5\nhealthy = 0.7\n\
         hold = 2\npace = \"epoch\"\nexplosion = 5000.0\nrules = \"mended\"\n\
         squeeze = { geometric = { epochs = 9 } }\n\
         [discovery]\nepochs = 2\nfrom = 0.25\nstatistic = \"maximum\"\nquantile = 0.9\noutlier = 5.0\n\
         headroom = 1.2\nscope = \"shared\"\n\
         [backoff]\nmaximum_rate = 0.2\ntarget_rate = 0.1\nslower = 0.4\nfaster = 2.0\nleast = 0.0625\n\
         retreat = 0.5\ngive_up = 5\n\
         [tightening]\nfactor = 0.9\nstart = 4\nwindow = 5\nthreshold = 0.6\n",
    )
    .expect("legal");
    assert_eq!((written.pace, written.target), (Pace::Epoch, Some(CeilingTarget::Relative(0.2))));
    assert_eq!(written.squeeze, Squeeze::geometric(9));
    let discovery = &written.discovery;
    assert_eq!(
        (discovery.statistic, discovery.scope),
        (DiscoveryStatistic::Maximum, Scope::Shared)
    );
    assert_eq!((written.backoff.give_up, written.tightening.window), (Some(5), 5));
    for config in [
        written,
        CeilingConfig::new(CeilingTarget::Absolute(8.0)),
        CeilingConfig::note(),
        CeilingConfig::parity_note(),
        CeilingConfig::parity_late(),
    ] {
        let text = toml::to_string(&config).expect("plain data");
        assert_eq!(read(&text).expect("legal"), config);
    }
}

#[test]
fn the_notes_schedule_is_in_its_configuration_word_for_word() {
    let text = "goals = [\"kl_core\", \"kl_detail\"]\nlower = 100.0\npace = \"epoch\"\n\
                squeeze.absolute.ceilings = [13000, 11000, 9500, 8200, 7000, 6000, 5200, 4600, 4100, 3700, \
                3400, 3200, 3000]\n\
                [discovery]\nfrom = 0.5063291139240507\nstatistic = \"maximum\"\nheadroom = 1.0\n\
                scope = \"shared\"\n";
    assert_eq!(read(text).expect("legal"), CeilingConfig::note());
    assert_eq!(CeilingConfig::parity_note().rules, Rules::Note);
}
