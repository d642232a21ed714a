//! The golden tables of scores, groups, calibration and Adam.

use std::collections::BTreeMap;

use homeostat_ceiling::{
    CalibrationConfig, Constraint, GoalsConfig, Rules, ScaleStatistic, Score, adam_response,
    extended_barrier, geometric_mean,
};
use homeostat_testkit::golden::{close, load};
use serde::Deserialize;

use crate::golden;

#[derive(Deserialize)]
struct Scores {
    tolerance: f64,
    case: Vec<ScoreCase>,
}

#[derive(Deserialize)]
struct ScoreCase {
    constraint: Constraint,
    rules: Rules,
    points: Vec<[f64; 2]>,
}

#[test]
fn simple_scores_are_those_of_the_published_code() {
    let table: Scores = load(golden("scores"));
    for ScoreCase { constraint, rules, points } in table.case {
        for [x, expected] in points {
            let found = Score::of(&constraint, rules, 0.05, x).value;
            close(
                &format!("{constraint:?} {rules:?} at {x}"),
                found,
                expected,
                table.tolerance,
                5e-7,
            );
        }
    }
}

fn box_asymmetric([lower, upper, healthy]: [f64; 3]) -> Constraint {
    Constraint::BoxAsymmetric { lower, upper: Some(upper), healthy }
}

#[derive(Deserialize)]
struct Gradients {
    tolerance: f64,
    case: Vec<GradientCase>,
    threshold: Vec<Threshold>,
    underflow: Underflow,
}

#[derive(Deserialize)]
struct GradientCase {
    rules: Rules,
    bounds: [f64; 3],
    points: Vec<[f64; 3]>,
}

#[derive(Deserialize)]
struct Threshold {
    rules: Rules,
    bounds: [f64; 3],
    above: f64,
}

#[derive(Deserialize)]
struct Underflow {
    bounds: [f64; 3],
    above: f64,
}

#[test]
fn published_gradients_are_nan_where_they_were_and_the_mended_ones_are_finite() {
    let table: Gradients = load(golden("gradients"));
    for GradientCase { rules, bounds, points } in table.case {
        let constraint = box_asymmetric(bounds);
        for [x, score, slope] in points {
            let found = Score::of(&constraint, rules, 0.05, x);
            let what = format!("{bounds:?} at {x}");
            close(&what, found.value, score, table.tolerance, 1e-5);
            close(&format!("slope, {what}"), found.slope, slope, table.tolerance, 0.0);
            // u = h is refused by the mended rules, so a ceiling of 1.25 h stands for it.
            let legal = box_asymmetric([bounds[0], bounds[1].max(1.25 * bounds[2]), bounds[2]]);
            let mended = Score::of(&legal, Rules::Mended, 0.05, x);
            for value in [mended.value, mended.slope, mended.log, mended.log_slope] {
                assert!((value as f32).is_finite(), "{what}: {mended:?}");
            }
        }
    }
    for Threshold { rules, bounds, above } in table.threshold {
        let constraint = box_asymmetric(bounds);
        let slope = |x| Score::of(&constraint, rules, 0.05, x).slope;
        assert!(slope(above - 1.0).is_finite() && slope(above + 1.0).is_nan(), "{above}");
    }
    let Underflow { bounds, above } = table.underflow;
    let value = |x| Score::of(&box_asymmetric(bounds), Rules::Note, 0.05, x).value as f32;
    assert!(value(above - 100.0) > 0.0 && value(1.006 * above) == 0.0);
}

#[derive(Deserialize)]
struct BoxTables {
    tolerance: f64,
    barrier_margin: f64,
    barrier: Vec<[f64; 2]>,
    table: Vec<BoxTable>,
    discovery: DiscoveryBox,
}

#[derive(Deserialize)]
struct BoxTable {
    bounds: [f64; 3],
    rows: Vec<[f64; 4]>,
}

#[derive(Deserialize)]
struct DiscoveryBox {
    bounds: [f64; 3],
    rows: Vec<[f64; 2]>,
}

#[test]
fn the_asymmetric_box_has_the_scores_of_all_three_rules() {
    let table: BoxTables = load(golden("box_asymmetric"));
    for [slack, expected] in table.barrier {
        let (found, _) = extended_barrier(slack, table.barrier_margin);
        close(&format!("barrier at {slack}"), found, expected, table.tolerance, 1e-12);
    }
    for BoxTable { bounds, rows } in table.table {
        let constraint = box_asymmetric(bounds);
        for [x, note, late, mended] in rows {
            for (rules, expected) in
                [(Rules::Note, note), (Rules::Late, late), (Rules::Mended, mended)]
            {
                let found = Score::of(&constraint, rules, table.barrier_margin, x).value;
                close(
                    &format!("{bounds:?} {rules:?} at {x}"),
                    found,
                    expected,
                    table.tolerance,
                    0.0,
                );
            }
        }
    }
    for [x, expected] in table.discovery.rows {
        let constraint = box_asymmetric(table.discovery.bounds);
        let found = Score::of(&constraint, Rules::Note, 0.05, x).value;
        close(&format!("discovery at {x}"), found, expected, 1e-6, 0.0);
    }
}

#[derive(Deserialize)]
struct Groups {
    tolerance: f64,
    mean: Vec<Mean>,
    composite: Composite,
    calibration: Vec<Calibration>,
    dilution: Dilution,
}

#[derive(Deserialize)]
struct Mean {
    scores: Vec<f64>,
    value: f64,
}

#[derive(Deserialize)]
struct Composite {
    minimum: f64,
    bottleneck: String,
    loss: f64,
    groups: BTreeMap<String, f64>,
    scores: BTreeMap<String, Vec<f64>>,
}

#[derive(Deserialize)]
struct Calibration {
    samples: Vec<f64>,
    statistic: ScaleStatistic,
    floor: f64,
    first: f64,
    later: f64,
}

#[derive(Deserialize)]
struct Dilution {
    scores: Vec<f64>,
    one: Vec<f64>,
    both: Vec<f64>,
}

const ALL: [Rules; 3] = [Rules::Mended, Rules::Note, Rules::Late];

#[test]
fn geometric_means_are_those_of_the_table() {
    let table: Groups = load(golden("groups"));
    for Mean { scores, value } in table.mean {
        for rules in ALL {
            let found = geometric_mean(rules, &scores);
            close(&format!("{scores:?} {rules:?}"), found, value, table.tolerance, 0.0);
        }
    }
}

/// Goals whose score is the exponential of minus the measured value, in the note's groups.
fn exponential_goals(rules: Rules, members: &BTreeMap<String, Vec<f64>>) -> GoalsConfig {
    let mut config = GoalsConfig::published(Rules::Note);
    for constraint in config.goals.values_mut() {
        *constraint = Constraint::MinimizeSoft { scale: Some(1.0) };
    }
    for (name, scores) in members {
        let group = config.groups.get(name).or_else(|| config.subgroups.get(name));
        assert_eq!(group.map(Vec::len), Some(scores.len()), "members of {name}");
    }
    config.rules = rules;
    config
}

#[test]
fn the_composite_has_the_bottleneck_and_the_loss_of_the_table() {
    let Groups { tolerance, composite, .. } = load(golden("groups"));
    for rules in ALL {
        let config = exponential_goals(rules, &composite.scores);
        let goals = config.init().expect("legal");
        let mut measured = vec![0.0; goals.len()];
        for (name, scores) in &composite.scores {
            let members = config.groups.get(name).or_else(|| config.subgroups.get(name));
            for (goal, score) in members.expect("a group").iter().zip(scores) {
                measured[goals.index(goal).expect("a goal")] = -f64::ln(*score);
            }
        }
        let mut evaluation = goals.evaluation();
        goals.evaluate(&goals.init_state(), &measured, &mut evaluation).expect("a loss");
        for (index, name) in goals.group_names().enumerate() {
            close(name, evaluation.group(index), composite.groups[name], tolerance, 0.0);
        }
        let bottleneck = evaluation.bottleneck().and_then(|index| goals.group_names().nth(index));
        assert_eq!(bottleneck, Some(composite.bottleneck.as_str()));
        close(
            "minimum",
            evaluation.minimum_score().expect("one"),
            composite.minimum,
            tolerance,
            0.0,
        );
        close("loss", evaluation.loss().expect("one"), composite.loss, tolerance, 0.0);
    }
}

#[test]
fn one_divergence_in_sixteen_is_diluted_as_the_table_says() {
    let Groups { tolerance, composite, dilution, .. } = load(golden("groups"));
    let config = exponential_goals(Rules::Note, &composite.scores);
    let goals = config.init().expect("legal");
    let latent = goals.group_names().position(|name| name == "latent").expect("a group");
    let mut evaluation = goals.evaluation();
    let mut group = |names: &[&str], score: f64| {
        let mut measured = vec![0.0; goals.len()];
        for name in names {
            measured[goals.index(name).expect("a goal")] = -score.ln();
        }
        goals.evaluate(&goals.init_state(), &measured, &mut evaluation).expect("a loss");
        evaluation.group(latent)
    };
    for (index, score) in dilution.scores.into_iter().enumerate() {
        close("one", group(&["kl_core"], score), dilution.one[index], tolerance, 0.0);
        let both = group(&["kl_core", "kl_detail"], score);
        close("both", both, dilution.both[index], tolerance, 0.0);
    }
}

#[test]
fn calibrated_scales_are_those_of_the_table_with_and_without_the_margin() {
    let table: Groups = load(golden("groups"));
    for Calibration { samples, statistic, floor, first, later } in table.calibration {
        for rules in [Rules::Mended, Rules::Note, Rules::Late] {
            let batches = samples.len() as u64;
            let calibration =
                CalibrationConfig { batches, statistic, floor, ..CalibrationConfig::default() };
            let goals = [("x".to_owned(), Constraint::MinimizeSoft { scale: None })];
            let groups = [("x".to_owned(), vec!["x".to_owned()])];
            let config =
                GoalsConfig { calibration, rules, ..GoalsConfig::new(goals.into(), groups.into()) };
            let goals = config.init().expect("legal");
            let mut state = goals.init_state();
            for (index, sample) in samples.iter().enumerate() {
                let finished = goals.calibrate(&mut state, &[*sample]).expect("one value");
                assert_eq!(finished, index + 1 == samples.len());
            }
            let scale = |state: &_| goals.scale(state, 0).expect("calibrated");
            close("epoch 1", scale(&state), first, table.tolerance, 0.0);
            goals.remove_margin(&mut state);
            close("epoch 2", scale(&state), later, table.tolerance, 0.0);
        }
    }
}

#[derive(Deserialize)]
struct Adam {
    tolerance: f64,
    beta_1: f64,
    quiet: f64,
    steps: u32,
    rows: Vec<[f64; 3]>,
}

#[test]
fn adam_carries_a_large_gradient_as_far_as_the_table_says() {
    let table: Adam = load(golden("adam"));
    for [beta_2, first, sum] in table.rows {
        let found = adam_response(table.beta_1, beta_2, table.quiet, table.steps);
        close("first step", found.0, first, table.tolerance, 0.0);
        close("sum", found.1, sum, table.tolerance, 0.0);
    }
}
