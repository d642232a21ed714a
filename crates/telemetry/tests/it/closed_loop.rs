//! Rules that can be tried out: the rule speaks, its remedy is applied to the loop, the rule is silent.

use homeostat_telemetry::{Change, Rule, Space};

use crate::simulation::{Loop, mend};
use crate::{found, lines, of_rule, rules};

/// Little curvature along the constraint: 4ηγ² is a hundred times η_θh².
fn underdamped(seed: u64) -> Loop {
    Loop { curvature: 0.05, centre: 21.0, rate: 0.05, x: 1.5, ..Loop::new(seed) }
}

/// Other proposals than the first, tried alone.
#[track_caller]
fn try_alone(mut plant: Loop, rule: Rule, field: &str, steps: usize) {
    let news = plant.run(steps);
    let finding = found(&news, rule);
    let change = finding
        .changes()
        .find(|change| change.key().is_some_and(|key| key.ends_with(field)))
        .unwrap_or_else(|| panic!("no {field} among {:?}", lines(finding)));
    plant.apply(change);
    plant.run(steps);
    let news = plant.run(steps);
    assert!(of_rule(&news, rule).is_none(), "{change} did not help");
}

#[test]
fn an_oscillation_is_found_and_ends_when_the_rate_is_halved_often_enough() {
    let (count, finding) = mend(&mut underdamped(1), Rule::Oscillation, 3000, 6);
    assert!((1..=6).contains(&count), "{count}");
    // ω = √(η·η_θ·γ²) = 0.0707 is a period of 89; smoothing makes it longer.
    let period = finding.evidence("period").expect("evidence");
    assert!((80.0..130.0).contains(&period), "{period}");
    assert_eq!(lines(&finding)[0], "constraints.kl.rate = 0.025 (now 0.05)");
}

#[test]
fn an_oscillation_ends_with_the_proportional_part_alone() {
    try_alone(underdamped(2), Rule::Oscillation, "rule", 3000);
}

#[test]
fn smoothing_that_feeds_an_oscillation_is_shortened_to_an_eighth_of_the_period() {
    let plant = Loop {
        smoothing: 0.03,
        primal_rate: 0.3,
        rate: 0.36,
        multiplier: 0.5,
        x: 1.5,
        ..Loop::new(3)
    };
    let finding = found(&plant.clone().run(3000), Rule::Oscillation).clone();
    let period = finding.evidence("period").expect("evidence");
    let smoothing =
        finding.changes().find(|change| change.key() == Some("constraints.kl.smoothing"));
    let smoothing = smoothing.and_then(Change::number).expect("it is too slow");
    assert!((smoothing * period / 8.0 - 1.0).abs() < 0.01, "{smoothing} at {period}");
    try_alone(plant, Rule::Oscillation, "smoothing", 3000);
}

#[test]
fn a_multiplier_that_cannot_reach_its_target_is_found_and_the_relaxed_target_releases_it() {
    let plant = Loop { floor: 1.2, maximum: 3.0, rate: 0.05, ..Loop::new(4) };
    let (count, finding) = mend(&mut plant.clone(), Rule::Pinned, 1500, 1);
    assert_eq!(count, 1);
    assert_eq!(finding.evidence("maximum"), Some(3.0));
    let target = finding.remedy[0].number().expect("a number");
    assert!((1.21..1.3).contains(&target), "{target}");
    // The same loop is also never satisfied, and the cause is the maximum.
    let news = plant.clone().run(1500);
    let never = found(&news, Rule::NeverSatisfied);
    assert!(never.diagnosis.contains("at its maximum"), "{never}");
}

#[test]
fn an_idle_constraint_is_found_and_the_tightened_target_makes_it_act() {
    let mut plant = Loop { centre: 0.5, x: 0.5, multiplier: 0.0, ..Loop::new(5) };
    let (count, finding) = mend(&mut plant, Rule::Idle, 1500, 1);
    assert_eq!(count, 1);
    assert!(finding.remedy[0].number().is_some_and(|target| target < 0.5), "{finding}");
    assert!(plant.multiplier > 0.0);
}

#[test]
fn a_violation_that_the_leak_keeps_up_is_found_and_ends_when_the_leak_waits_for_satisfaction() {
    // e* = ρλ/η = 0.05 of a deadzone of 0.02.
    let plant = Loop { leak: 1e-3, leak_always: true, rate: 0.02, multiplier: 0.8, ..Loop::new(6) };
    let (count, finding) = mend(&mut plant.clone(), Rule::LeakBound, 2000, 1);
    assert_eq!(count, 1);
    assert_eq!(lines(&finding)[0], "constraints.kl.leak_when = \"satisfied\"");
    // The second time it is told, the start has left the window.
    let news = plant.clone().run(2000);
    let settled = news.iter().rfind(|finding| finding.rule == Rule::LeakBound).expect("it stays");
    let bias = settled.evidence("steady violation").expect("evidence");
    let error = settled.evidence("mean smoothed error").expect("evidence");
    assert!((bias - error).abs() < 0.05 * bias, "predicted {bias}, measured {error}");
    try_alone(plant, Rule::LeakBound, "leak", 2000);
}

#[test]
fn a_rank_target_that_does_not_see_the_level_is_found_and_a_raw_target_holds_the_loss() {
    let blind = Loop {
        window: Some(64),
        space: Space::Normalized,
        target: 0.2,
        noise: 0.5,
        drift: 2e-3,
        centre: 1.0,
        multiplier: 0.0,
        maximum: 500.0,
        ..Loop::new(7)
    };
    let mut untreated = blind.clone();
    untreated.run(6000);
    assert!(untreated.loss() > 10.0);
    let mut treated = blind;
    let (count, finding) = mend(&mut treated, Rule::LevelBlind, 1500, 1);
    assert_eq!(count, 1);
    assert_eq!(finding.remedy[1].to_string(), "constraints.kl.error = \"scaled\"");
    let target = treated.target;
    let losses: Vec<f64> = (0..1000).map(|_| treated.step().0.raw).collect();
    let mean = losses.iter().sum::<f64>() / 1000.0;
    assert!((mean - target).abs() < 1.0, "{mean} instead of {target}");
}

#[test]
fn the_loop_at_its_optimum_gives_no_rule_a_reason() {
    assert_eq!(rules(&Loop::new(8).run(3000)), [""; 0]);
}
