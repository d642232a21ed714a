//! What a reader sees, and what a file holds.

use homeostat_telemetry::{Change, ConstraintProfile, Finding, Gate, Rule, Severity, Subject};

use crate::{calm, doctor_of, feed, found};

#[test]
fn a_finding_is_a_block_of_a_few_lines() {
    let finding = Finding {
        rule: Rule::Oscillation,
        subject: Subject::Constraint("kl".to_owned()),
        severity: Severity::P2,
        since: 1200,
        evidence: vec![("period".to_owned(), 41.23456), ("zero crossings".to_owned(), 24.0)],
        diagnosis:
            "The loop swings, and it has done so for longer than one line of a console is wide, \
                    so that this is broken."
                .to_owned(),
        remedy: vec![Change::Set {
            key: "constraints.kl.rate".to_owned(),
            present: Some("0.005".to_owned()),
            value: "0.0025".to_owned(),
        }],
        otherwise: vec![Change::Advice("wait".to_owned()), Change::Advice("pray".to_owned())],
    };
    let expected = "\
[P2] R1 oscillation: constraint 'kl', since step 1200
    evidence  period 41.23, zero crossings 24
    diagnosis The loop swings, and it has done so for longer than one line of a console is wide, so
              that this is broken.
    remedy    constraints.kl.rate = 0.0025 (now 0.005)
    otherwise wait; pray";
    assert_eq!(finding.to_string(), expected);
    assert!(expected.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn a_finding_survives_a_file_to_the_bit() {
    let news = feed(&doctor_of(ConstraintProfile::new("kl")), 400, |step| {
        homeostat_telemetry::Observation {
            error: 0.1 + 1e-3 * (step % 3) as f64,
            smoothed: 0.1,
            multiplier: 50.0,
            ..calm(0)
        }
    });
    for finding in &news {
        let text = serde_json::to_string(finding).expect("plain data");
        let back: Finding = serde_json::from_str(&text).expect("what was written");
        assert_eq!(back, *finding);
    }
    let text = serde_json::to_value(found(&news, Rule::Pinned)).expect("plain data");
    assert_eq!(text["rule"], "pinned");
    assert_eq!(text["severity"], "p1");
    assert_eq!(text["subject"]["constraint"], "kl");
    assert_eq!(text["remedy"][0]["set"]["key"], "constraints.kl.target");
}

#[test]
fn the_codes_of_the_gates_are_those_of_the_log() {
    let names =
        ["update", "missing", "non-finite", "spike", "frozen", "warmup", "waiting", "paused"];
    for (code, name) in names.into_iter().chain(["deadzone"]).enumerate() {
        let code = u8::try_from(code).expect("few");
        let gate = Gate::from_code(code).expect("there is one");
        assert_eq!(gate.code(), code);
        assert_eq!(serde_json::to_value(gate).expect("plain data"), name);
    }
    assert_eq!(Gate::from_code(9), None);
}

#[test]
fn every_rule_has_its_id_in_order_and_alerts_come_last() {
    let ids: Vec<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    let rules = (1..=14).map(|number| format!("R{number}"));
    let expected: Vec<String> = rules.chain((1..=5).map(|number| format!("A{number}"))).collect();
    assert_eq!(ids, expected);
    assert!(Rule::ALL.is_sorted());
    for rule in Rule::ALL {
        assert_eq!(rule.is_alert(), rule.id().starts_with('A'));
        assert!(rule.severity(true) <= rule.severity(false));
    }
}
