//! Published numbers.

use homeostat_surgery::{Conflict, Method};
use homeostat_testkit::golden::{close, load};
use serde::Deserialize;

use crate::{direction, gramian, weights};

#[derive(Deserialize)]
struct Golden {
    tolerance: f64,
    problem: Vec<Problem>,
}

#[derive(Deserialize)]
struct Problem {
    name: String,
    rows: Vec<Vec<f64>>,
    #[serde(default)]
    cosines: Vec<(usize, usize, f64)>,
    eigenvalues: Option<Vec<f64>>,
    redundancy: Option<f64>,
    normalized_redundancy: Option<f64>,
    effective_rank: Option<f64>,
    case: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    method: Method,
    weights: Vec<f64>,
    direction: Option<Vec<f64>>,
    cosine_after: Option<f64>,
    similarity_after: Option<f64>,
}

fn golden() -> Golden {
    load(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/surgery.toml"))
}

#[test]
fn every_method_has_its_published_weights_and_direction() {
    let golden = golden();
    let cases: Vec<usize> = golden.problem.iter().map(|problem| problem.case.len()).collect();
    assert_eq!(cases, [12, 9, 9]);
    for problem in golden.problem {
        let gramian = gramian(&problem.rows);
        for case in problem.case {
            let what = format!("{}, {:?}", problem.name, case.method);
            let found = weights(&case.method, &gramian);
            assert_eq!(found.len(), case.weights.len(), "{what}");
            for (found, expected) in found.iter().zip(&case.weights) {
                close(&what, *found, *expected, 0.0, golden.tolerance);
            }
            let along = direction(&problem.rows, &found);
            for (found, expected) in along.iter().zip(case.direction.iter().flatten()) {
                close(&format!("{what}, direction"), *found, *expected, 0.0, golden.tolerance);
            }
        }
    }
}

#[test]
fn the_conflict_metrics_are_the_published_ones() {
    let golden = golden();
    for problem in golden.problem {
        let conflict = Conflict::of(&gramian(&problem.rows));
        let check = |what: &str, found: f64, expected: Option<f64>| {
            let Some(expected) = expected else { return };
            close(&format!("{}, {what}", problem.name), found, expected, 0.0, golden.tolerance);
        };
        for (row, column, cosine) in &problem.cosines {
            let found = conflict.cosines[row * problem.rows.len() + column];
            check("cosine", found, Some(*cosine));
        }
        check("redundancy", conflict.redundancy, problem.redundancy);
        let normalized = conflict.normalized_redundancy;
        check("normalized redundancy", normalized, problem.normalized_redundancy);
        check("effective rank", conflict.effective_rank, problem.effective_rank);
        let Some(eigenvalues) = problem.eigenvalues else { continue };
        check("largest eigenvalue", conflict.redundancy, eigenvalues.first().copied());
        let count = problem.rows.len() as f64;
        let entropy: f64 = eigenvalues.iter().map(|e| -e / count * (e / count).ln()).sum();
        check("rank of the eigenvalues", conflict.effective_rank, Some(entropy.exp()));
    }
}

#[test]
fn gradvac_turns_both_rows_to_the_usual_cosine_and_remembers_the_measured_one() {
    let golden = golden();
    let mut seen = 0;
    for problem in golden.problem {
        let gramian = gramian(&problem.rows);
        for case in problem.case {
            let (Some(cosine), Some(after)) = (case.cosine_after, case.similarity_after) else {
                continue;
            };
            let aggregator = case.method.init().expect("legal");
            let mut state = aggregator.init_state(2);
            let changed = aggregator.changed(&state, &gramian).expect("legal").expect("changes");
            for (row, other) in [(0, 1), (1, 0)] {
                // The changed row beside the original other row.
                let mut pair = vec![0.0; 4];
                pair[..2].copy_from_slice(&changed[2 * row..2 * row + 2]);
                pair[2 + other] = 1.0;
                let found = Conflict::of(&gramian.combined(&pair).expect("legal")).mean_cosine;
                close("cosine after", found, cosine, 0.0, golden.tolerance);
            }
            aggregator.weights(&mut state, &gramian, &mut [0.0; 2]).expect("legal");
            for (row, other) in [(0, 1), (1, 0)] {
                let found = state.similarity(row, other).expect("a pair");
                close("similarity", found, after, 0.0, golden.tolerance);
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 1);
}
