//! Published numbers.

use homeostat_surgery::Method;
use homeostat_testkit::golden::{close, load};
use serde::Deserialize;

use crate::{decide, direction, dot, fresh, gramian, norm, surgery, weights};

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
    #[serde(default)]
    weights: Vec<f64>,
    tolerance: Option<f64>,
    direction: Option<Vec<f64>>,
    cosine_after: Option<f64>,
    similarity_after: Option<f64>,
}

fn golden(name: &str) -> Golden {
    load(format!("{}/tests/goldens/reference/{name}.toml", env!("CARGO_MANIFEST_DIR")))
}

#[test]
fn every_method_has_its_published_weights_and_direction() {
    for (name, expected) in
        [("surgery", vec![12, 9, 9]), ("derived", vec![7, 7, 7]), ("torchjd", vec![12, 1])]
    {
        let golden = golden(name);
        let cases: Vec<usize> = golden.problem.iter().map(|problem| problem.case.len()).collect();
        assert_eq!(cases, expected);
        for problem in golden.problem {
            let gramian = gramian(&problem.rows);
            for case in problem.case {
                let what = format!("{}, {:?}", problem.name, case.method);
                let tolerance = case.tolerance.unwrap_or(golden.tolerance);
                assert!(case.weights.len() + case.direction.iter().len() > 0, "{what}");
                let found = weights(&case.method, &gramian);
                for (found, expected) in found.iter().zip(&case.weights) {
                    close(&what, *found, *expected, 0.0, tolerance);
                }
                let along = direction(&problem.rows, &found);
                for (found, expected) in along.iter().zip(case.direction.iter().flatten()) {
                    close(&format!("{what}, direction"), *found, *expected, 0.0, tolerance);
                }
            }
        }
    }
}

#[test]
fn the_conflict_metrics_are_the_published_ones() {
    let golden = golden("surgery");
    for problem in golden.problem {
        let surgery = surgery(Method::Sum);
        let mut state = fresh(&surgery, problem.rows.len());
        decide(&surgery, &mut state, &gramian(&problem.rows));
        let monitor = state.monitor(0).expect("a gramian was read");
        let spectrum = monitor.spectrum.expect("due in the first step");
        let check = |what: &str, found: f64, expected: Option<f64>| {
            let Some(expected) = expected else { return };
            close(&format!("{}, {what}", problem.name), found, expected, 0.0, golden.tolerance);
        };
        for (row, column, cosine) in &problem.cosines {
            let found = monitor.cosines[row * problem.rows.len() + column];
            check("cosine", found, Some(*cosine));
        }
        check("redundancy", spectrum.redundancy, problem.redundancy);
        let normalized = spectrum.normalized_redundancy;
        check("normalized redundancy", normalized, problem.normalized_redundancy);
        check("effective rank", spectrum.effective_rank, problem.effective_rank);
        let Some(eigenvalues) = problem.eigenvalues else { continue };
        check("largest eigenvalue", spectrum.redundancy, eigenvalues.first().copied());
        let count = problem.rows.len() as f64;
        let entropy: f64 = eigenvalues.iter().map(|e| -e / count * (e / count).ln()).sum();
        check("rank of the eigenvalues", spectrum.effective_rank, Some(entropy.exp()));
    }
}

#[test]
fn gradvac_turns_both_rows_to_the_usual_cosine_and_remembers_the_measured_one() {
    let golden = golden("surgery");
    let mut seen = 0;
    for problem in golden.problem {
        let gramian = gramian(&problem.rows);
        for case in problem.case {
            let (Some(cosine), Some(after)) = (case.cosine_after, case.similarity_after) else {
                continue;
            };
            let surgery = surgery(case.method);
            let mut state = fresh(&surgery, 2);
            decide(&surgery, &mut state, &gramian);
            let changed = &state.monitor(0).expect("a gramian was read").combinations;
            for (row, other) in [(0, 1), (1, 0)] {
                // The changed row beside the original other row.
                let turned = direction(&problem.rows, &changed[2 * row..2 * row + 2]);
                let other = &problem.rows[other];
                let found = dot(&turned, other) / norm(&turned) / norm(other);
                close("cosine after", found, cosine, 0.0, golden.tolerance);
            }
            for (row, other) in [(0, 1), (1, 0)] {
                let found = state.similarity(0, row, other).expect("a pair");
                close("similarity", found, after, 0.0, golden.tolerance);
            }
            seen += 1;
        }
    }
    assert_eq!(seen, 1);
}
