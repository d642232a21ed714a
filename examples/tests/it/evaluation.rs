use std::time::Instant;

use homeostat_examples::evaluation::{
    KMeansConfig, accuracy, adjusted_mutual_information, counts, entropy, k_means, perplexity,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Goldens {
    case: Vec<Case>,
    ten_thousand_rows: Expected,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    first: Vec<u32>,
    second: Vec<u32>,
    expected: f64,
}

#[derive(Deserialize)]
struct Expected {
    expected: f64,
}

fn goldens() -> Goldens {
    let text = include_str!("../goldens/reference/adjusted_mutual_information.toml");
    toml::from_str(text).unwrap()
}

#[track_caller]
fn check(name: &str, first: &[u32], second: &[u32], expected: f64) {
    let found = adjusted_mutual_information(first, second).unwrap();
    assert!((found - expected).abs() < 1e-9, "{name}: {found} is not {expected}");
}

#[test]
fn adjusted_mutual_information_equals_the_reference_in_either_order() {
    for Case { name, first, second, expected } in goldens().case {
        check(&name, &first, &second, expected);
        check(&name, &second, &first, expected);
    }
}

#[test]
fn ten_thousand_rows_take_less_than_a_second() {
    let first: Vec<u32> = (0..10_000).map(|k| k % 10).collect();
    let second: Vec<u32> = (0..10_000_u32).map(|k| (k * k / 7 + k % 10 * (k % 3)) % 11).collect();
    let start = Instant::now();
    check("ten thousand rows", &first, &second, goldens().ten_thousand_rows.expected);
    assert!(start.elapsed().as_secs_f64() < 1.0, "{:?}", start.elapsed());
}

#[test]
fn any_number_of_singletons_agrees_in_spite_of_rounding() {
    for rows in 1..300 {
        let ascending: Vec<u32> = (0..rows).collect();
        let descending: Vec<u32> = (0..rows).rev().collect();
        check("singletons", &ascending, &descending, 1.0);
    }
}

#[test]
fn labellings_of_different_length_or_without_rows_are_refused() {
    assert!(adjusted_mutual_information(&[], &[]).is_err());
    let error = adjusted_mutual_information(&[1, 2], &[1]).unwrap_err();
    assert_eq!(error.to_string(), "second labelling must have 2 entries, one per row, got 1");
    assert!(accuracy(&[1, 2], &[1]).is_err());
}

#[test]
fn perplexity_is_the_number_of_equally_used_groups() {
    for (counts, expected) in
        [(&[5, 5, 5, 5][..], 4.0), (&[7, 0, 0], 1.0), (&[3, 0, 3], 2.0), (&[], 1.0)]
    {
        let found = perplexity(counts);
        assert!((found - expected).abs() < 1e-12, "{counts:?}: {found}");
    }
    let expected = 0.25 * 4_f64.ln() + 0.75 * (4.0_f64 / 3.0).ln();
    assert!((entropy(&[1, 3]) - expected).abs() < 1e-15);
}

#[test]
fn counts_and_accuracy_count() {
    assert_eq!(counts(&[0, 2, 2], 4).unwrap(), [1, 0, 2, 0]);
    assert!(counts(&[4], 4).is_err());
    assert_eq!(accuracy(&[0, 1, 2, 3], &[0, 1, 2, 0]).unwrap(), 0.75);
}

/// Nine discs of radius 0.2 on a square grid of unit spacing, 50 points each.
fn nine_discs() -> (Vec<f32>, Vec<u32>) {
    let mut points = Vec::new();
    let mut labels = Vec::new();
    for k in 0..450_u32 {
        let (disc, turn) = (k % 9, (k / 9) as f32);
        let radius = 0.2 * (turn / 50.0).sqrt();
        points.push((disc % 3) as f32 + radius * (2.4 * turn).cos());
        points.push((disc / 3) as f32 + radius * (2.4 * turn).sin());
        labels.push(disc);
    }
    (points, labels)
}

#[test]
fn k_means_finds_separate_discs_whatever_the_seed() {
    let (points, labels) = nine_discs();
    for seed in 0..20 {
        let config = KMeansConfig { seed, ..KMeansConfig::new(9) };
        let result = k_means(&points, 2, &config).unwrap();
        check("discs", &labels, &result.assignments, 1.0);
        assert_eq!(k_means(&points, 2, &config).unwrap(), result, "not the same twice");
    }
}

#[test]
fn at_the_end_every_centre_is_the_mean_of_the_points_nearest_to_it() {
    let (points, _) = nine_discs();
    let result = k_means(&points, 2, &KMeansConfig::new(5)).unwrap();
    let mut inertia = 0.0;
    for cluster in 0..5_usize {
        let members: Vec<&[f32]> = points
            .chunks_exact(2)
            .zip(&result.assignments)
            .filter_map(|(point, &owner)| (owner as usize == cluster).then_some(point))
            .collect();
        for axis in 0..2 {
            let sum: f64 = members.iter().map(|point| f64::from(point[axis])).sum();
            let center = result.centers[2 * cluster + axis];
            assert!((sum / members.len() as f64 - center).abs() < 1e-9);
            inertia +=
                members.iter().map(|point| (f64::from(point[axis]) - center).powi(2)).sum::<f64>();
        }
    }
    assert!((inertia - result.inertia).abs() < 1e-9, "{inertia} is not {}", result.inertia);
    for (point, &owner) in points.chunks_exact(2).zip(&result.assignments) {
        let distance = |center: &[f64]| {
            (f64::from(point[0]) - center[0]).powi(2) + (f64::from(point[1]) - center[1]).powi(2)
        };
        let own = distance(&result.centers[2 * owner as usize..]);
        assert!(result.centers.chunks_exact(2).all(|center| own <= distance(center)));
    }
}

#[test]
fn equal_points_and_as_many_clusters_as_points_are_legal() {
    let equal = k_means(&[0.5; 20], 2, &KMeansConfig::new(3)).unwrap();
    assert_eq!(equal.inertia, 0.0);
    let each = k_means(&[0.0, 1.0, 2.0, 5.0], 1, &KMeansConfig::new(4)).unwrap();
    assert_eq!(each.inertia, 0.0);
}

#[test]
fn k_means_refuses_what_it_cannot_cluster() {
    let one = KMeansConfig::new(1);
    assert!(k_means(&[1.0, 2.0, 3.0], 2, &one).is_err());
    assert!(k_means(&[1.0, f32::NAN], 1, &one).is_err());
    assert!(k_means(&[1.0], 0, &one).is_err());
    let error = k_means(&[1.0, 2.0], 1, &KMeansConfig::new(3)).unwrap_err();
    assert_eq!(error.to_string(), "clusters must be from 1 to 2, got 3");
}
