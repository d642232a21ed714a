//! Defects of the public code that this crate must not have; the numbers are those of the table of
//! defects in the reference specification.

use homeostat_surgery::{CagradConfig, Method, Order, PcgradConfig};

use crate::{direction, dot, gramian, norm, weights};

fn conflicting() -> Vec<Vec<f64>> {
    vec![vec![2.0, 1.0, 0.0], vec![-1.0, 1.0, 1.0], vec![0.0, -2.0, 1.0]]
}

fn ascending() -> Method {
    Method::Pcgrad(PcgradConfig { order: Order::Ascending, ..PcgradConfig::default() })
}

#[test]
fn defect_10_conflicting_gradients_are_not_merely_summed() {
    let rows = vec![vec![1.0, 0.0, 0.0], vec![-2.0, 1.0, 0.0], vec![0.5, 0.2, 1.0]];
    let gramian = gramian(&rows);
    let sum = direction(&rows, &weights(&Method::Sum, &gramian));
    assert!(dot(&sum, &rows[0]) < 0.0, "the sum makes the first loss worse");
    for method in [ascending(), Method::Upgrad(Default::default())] {
        let better = direction(&rows, &weights(&method, &gramian));
        assert!(dot(&better, &rows[0]) > 0.1, "{method:?}");
    }
}

/// The procedure of the public code: rows of unit length, projected on what is already projected, in fixed
/// order, then the mean.
fn defective(rows: &[Vec<f64>]) -> Vec<f64> {
    let mut units: Vec<Vec<f64>> =
        rows.iter().map(|row| row.iter().map(|x| x / norm(row)).collect()).collect();
    for i in 0..units.len() {
        for j in (0..units.len()).filter(|j| *j != i) {
            let other = units[j].clone();
            let along = dot(&units[i], &other);
            if along < 0.0 {
                let factor = along / dot(&other, &other);
                units[i].iter_mut().zip(&other).for_each(|(x, y)| *x -= factor * y);
            }
        }
    }
    direction(&units, &vec![1.0 / rows.len() as f64; rows.len()])
}

#[test]
fn defect_11_pcgrad_keeps_magnitudes_and_projects_on_original_gradients() {
    let rows = conflicting();
    let found = weights(&ascending(), &gramian(&rows));
    let expected = [1.6, 1.8, 1.746_666_666_666_666_7];
    assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");

    // Magnitudes: a multiplier on the last row must move the direction.
    let mut louder = rows.clone();
    louder[2].iter_mut().for_each(|x| *x *= 4.0);
    let turn = |a: &[f64], b: &[f64]| 1.0 - dot(a, b) / norm(a) / norm(b);
    let pcgrad = |rows: &[Vec<f64>]| direction(rows, &weights(&ascending(), &gramian(rows)));
    assert!(turn(&defective(&rows), &defective(&louder)) < 1e-12);
    assert!(turn(&pcgrad(&rows), &pcgrad(&louder)) > 1e-2);

    // Original gradients: the first projected row does not change what the second is projected on, so
    // that with two rows both end orthogonal to the other's original.
    let pair = vec![vec![1.0, 0.0], vec![-1.0, 1.0]];
    let surgery = crate::surgery(ascending());
    let mut state = crate::fresh(&surgery, 2);
    crate::decide(&surgery, &mut state, &gramian(&pair));
    let changed = &state.monitor(0).expect("a gramian was read").combinations;
    assert!(dot(&direction(&pair, &changed[..2]), &pair[1]).abs() < 1e-12);
    assert!(dot(&direction(&pair, &changed[2..]), &pair[0]).abs() < 1e-12);
    // The defective procedure leaves the second row as it was, and is something else altogether.
    assert!(turn(&defective(&pair), &pcgrad(&pair)) > 1e-2);
}

#[test]
fn defect_12_cagrad_is_not_the_minimum_norm_point() {
    let rows = vec![vec![1.0, 0.0, 0.0], vec![-2.0, 1.0, 0.0], vec![0.5, 0.2, 1.0]];
    let gramian = gramian(&rows);
    let cagrad = |radius| {
        let config = CagradConfig { radius, ..CagradConfig::default() };
        let found = weights(&Method::Cagrad(config), &gramian);
        let sum: f64 = found.iter().sum();
        found.iter().map(|weight| weight / sum).collect::<Vec<f64>>()
    };
    let mgda = weights(&Method::Mgda, &gramian);
    let away = |found: Vec<f64>| found.iter().zip(&mgda).map(|(a, b)| (a - b).abs()).sum::<f64>();
    assert!(away(cagrad(0.5)) > 0.3);
    // MGDA is the limit of a large radius.
    assert!(away(cagrad(1e7)) < 1e-5);
}
