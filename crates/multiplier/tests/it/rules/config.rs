//! What a file may say about the update rule.

use homeostat_multiplier::{
    AugmentedConfig, NuPiConfig, NuPiStart, PenaltyGrowth, PidRuleConfig, RuleConfig,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Table {
    rule: RuleConfig,
}

#[track_caller]
fn read(text: &str) -> RuleConfig {
    toml::from_str::<Table>(&format!("rule = {text}")).expect("legal").rule
}

#[track_caller]
fn refused(text: &str) -> String {
    let error = toml::from_str::<Table>(&format!("rule = {text}")).expect_err("not legal");
    error.message().to_owned()
}

#[track_caller]
fn illegal(text: &str, message: &str) {
    let error = read(text).init().expect_err("not legal");
    assert_eq!(error.to_string(), message);
}

#[test]
fn a_rule_is_a_name_or_a_table() {
    assert_eq!(read("\"ascent\""), RuleConfig::Ascent);
    assert_eq!(read("\"softplus\""), read("{ softplus = {} }"));
    assert_eq!(read("\"multiplicative\""), read("{ multiplicative = { floor = 1e-6 } }"));
    assert_eq!(
        read("{ nu-pi = { proportional = 2, decay = -0.5, start = \"zeros\" } }"),
        RuleConfig::NuPi(NuPiConfig {
            decay: -0.5,
            start: NuPiStart::Zeros,
            ..NuPiConfig::new(2.0)
        })
    );
    assert_eq!(
        read("{ pid = { proportional = 0.1 } }"),
        RuleConfig::Pid(PidRuleConfig::new(0.1, 0.0))
    );
    assert_eq!(
        read("{ augmented = { penalty = 1, growth = { step = 1 }, maximum_penalty = 9 } }"),
        RuleConfig::Augmented(AugmentedConfig {
            growth: PenaltyGrowth::Step(1.0),
            maximum_penalty: Some(9.0),
            ..AugmentedConfig::new(1.0)
        })
    );
}

#[test]
fn what_was_written_is_read_back() {
    let rules = [
        RuleConfig::Ascent,
        RuleConfig::optimistic(),
        RuleConfig::Pid(PidRuleConfig {
            integral_maximum: Some(3.0),
            ..PidRuleConfig::new(1.0, 2.0)
        }),
        RuleConfig::Augmented(AugmentedConfig::new(0.5)),
        read("\"multiplicative\""),
        read("\"softplus\""),
    ];
    for rule in rules {
        let table = Table { rule };
        let text = toml::to_string(&table).expect("writes");
        assert_eq!(toml::from_str::<Table>(&text).expect("reads"), table, "{text}");
    }
}

#[test]
fn a_rule_that_is_none_is_refused_with_the_legal_ones() {
    assert!(refused("\"newton\"").contains("expected one of `ascent`, `nu-pi`, `pid`"));
    assert!(refused("{ newton = {} }").contains("expected one of `ascent`, `nu-pi`, `pid`"));
    assert!(refused("3").contains("an update rule: \"ascent\""));
    assert!(refused("{}").contains("an update rule: \"ascent\""));
    assert_eq!(refused("{ ascent = {} }"), "ascent has no options: write rule = \"ascent\"");
    assert_eq!(refused("\"pid\""), "pid needs a table: { pid = { proportional = … } }");
    assert_eq!(refused("\"nu-pi\""), "nu-pi needs a table: { nu-pi = { proportional = … } }");
    assert_eq!(
        refused("\"augmented\""),
        "augmented needs a table: { augmented = { penalty = … } }"
    );
    assert_eq!(
        refused("{ softplus = {}, multiplicative = {} }"),
        "an update rule is one of multiplicative and softplus, not both"
    );
    assert!(refused("{ pid = { kp = 1.0 } }").contains("unknown field `kp`"));
}

#[test]
fn a_number_out_of_range_is_refused_with_its_field() {
    illegal(
        "{ nu-pi = { proportional = 1, decay = -1.0 } }",
        "rule.nu-pi.decay must lie between −1 and 1, without the ends, got -1",
    );
    illegal(
        "{ nu-pi = { proportional = nan } }",
        "rule.nu-pi.proportional must be finite, got NaN",
    );
    illegal(
        "{ pid = { proportional = -1 } }",
        "rule.pid.proportional must be finite and not negative, got -1",
    );
    illegal(
        "{ pid = { proportional = 1, derivative_delay = 11 } }",
        "rule.pid.derivative_delay must be at least 1 and at most 10, got 11",
    );
    illegal(
        "{ pid = { proportional = 1, derivative_decay = 1.0 } }",
        "rule.pid.derivative_decay must be at least 0 and below 1, got 1",
    );
    illegal(
        "{ augmented = { penalty = 0 } }",
        "rule.augmented.penalty must be finite and above 0, got 0",
    );
    illegal(
        "{ augmented = { penalty = 1, growth = { factor = 1.0 }, maximum_penalty = 2 } }",
        "rule.augmented.growth.factor must be finite and above 1, got 1",
    );
    illegal(
        "{ augmented = { penalty = 1, growth = { factor = 1.1 } } }",
        "rule.augmented.maximum_penalty must be given where the penalty grows, got nothing",
    );
    illegal(
        "{ augmented = { penalty = 1, growth = { step = 1 }, maximum_penalty = 0.5 } }",
        "rule.augmented.maximum_penalty must be finite and at least the penalty, got 0.5",
    );
    illegal(
        "{ augmented = { penalty = 1, maximum_penalty = 5 } }",
        "rule.augmented.maximum_penalty belongs to a penalty that grows; leave it out, got 5",
    );
    illegal(
        "{ multiplicative = { floor = 0 } }",
        "rule.multiplicative.floor must be finite and above 0, got 0",
    );
}

#[test]
fn a_rule_without_a_sign_is_refused_for_an_equality() {
    for name in ["multiplicative", "softplus"] {
        let rule = read(&format!("\"{name}\""));
        let error = rule.init_equality().expect_err("λ would never be negative");
        let expected = "rule must be a rule whose multiplier can be negative, for an equality, got";
        assert_eq!(error.to_string(), format!("{expected} {name}"));
    }
    assert!(RuleConfig::optimistic().init_equality().is_ok());
}

#[test]
fn negative_gains_are_legal_and_named() {
    let rule = RuleConfig::NuPi(NuPiConfig { integral: -1.0, ..NuPiConfig::new(-2.0) });
    assert!(rule.init().is_ok());
    assert_eq!(rule.negative_gains(), ["rule.nu-pi.proportional", "rule.nu-pi.integral"]);
    assert!(RuleConfig::optimistic().negative_gains().is_empty());
}
