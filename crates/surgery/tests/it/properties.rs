//! One function per theorem, on 1 to 8 random rows whose lengths are 1e-6 to 1e6.

use homeostat_surgery::{
    AlignedMtlConfig, AlignedScale, CagradConfig, CagradRescale, GradvacConfig, Gramian, Method,
    NashMtlConfig, Order, PcgradConfig, Reduce,
};
use proptest::prelude::*;

use crate::{direction, dot, gramian, norm, weights};

/// Every method that needs no numbers, with orders that do not depend on chance.
pub(crate) fn methods() -> Vec<Method> {
    let mut methods = symmetric();
    methods.push(pcgrad(Order::Ascending));
    methods.push(Method::Gradvac(GradvacConfig {
        similarity: 0.1,
        order: Order::Descending,
        ..GradvacConfig::default()
    }));
    methods
}

/// The methods that treat all rows alike.
fn symmetric() -> Vec<Method> {
    let aligned = |scale| Method::AlignedMtl(AlignedMtlConfig { scale, preference: None });
    vec![
        Method::Sum,
        Method::Mean,
        Method::Cagrad(CagradConfig::default()),
        Method::Mgda,
        Method::Upgrad(Default::default()),
        Method::Dualproj(Default::default()),
        Method::ImtlG,
        Method::NashMtl(NashMtlConfig::default()),
        aligned(AlignedScale::Minimum),
        aligned(AlignedScale::Median),
        aligned(AlignedScale::Mean),
        Method::Config(Default::default()),
    ]
}

fn pcgrad(order: Order) -> Method {
    Method::Pcgrad(PcgradConfig { order, ..PcgradConfig::default() })
}

/// K rows in K + 2 coordinates, half of them drawn towards conflict.
fn rows() -> impl Strategy<Value = Vec<Vec<f64>>> {
    let scale = prop::sample::select(vec![1e-6, 1e-3, 1.0, 1.0, 1e3, 1e6]);
    (1..=8_usize, any::<bool>()).prop_flat_map(move |(count, conflict)| {
        let row = prop::collection::vec(-1.0..1.0, count + 2);
        let row = (row, scale.clone(), any::<bool>()).prop_map(move |(mut row, scale, sign)| {
            row[0] += match (conflict, sign) {
                (false, _) => 0.0,
                (true, false) => -1.5,
                (true, true) => 1.5,
            };
            row.iter_mut().for_each(|x| *x *= scale);
            row
        });
        prop::collection::vec(row, count)
    })
}

/// `Σ|α_i|·‖g_i‖`, the size of the parts of a direction.
fn parts(rows: &[Vec<f64>], weights: &[f64]) -> f64 {
    rows.iter().zip(weights).map(|(row, weight)| weight.abs() * norm(row)).sum()
}

fn same_parts(
    rows: &[Vec<f64>],
    one: &[f64],
    other: &[f64],
    what: &Method,
) -> Result<(), TestCaseError> {
    let size = parts(rows, one).max(parts(rows, other));
    for ((row, a), b) in rows.iter().zip(one).zip(other) {
        prop_assert!((a - b).abs() * norm(row) <= 1e-6 * size, "{what:?}: {one:?}, {other:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn upgrad_dualproj_and_mgda_conflict_with_no_row(rows in rows()) {
        let gramian = gramian(&rows);
        let cones = [Method::Upgrad(Default::default()), Method::Dualproj(Default::default())];
        for method in cones.into_iter().chain([Method::Mgda]) {
            let along = direction(&rows, &weights(&method, &gramian));
            for row in &rows {
                let least = -1e-7 * norm(row) * norm(&along);
                prop_assert!(dot(row, &along) >= least, "{method:?}: {}", dot(row, &along));
            }
        }
    }

    #[test]
    fn mgda_is_the_shortest_vector_of_the_hull(rows in rows()) {
        let found = weights(&Method::Mgda, &gramian(&rows));
        prop_assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        prop_assert!(found.iter().all(|weight| *weight >= 0.0));
        let along = direction(&rows, &found);
        let squared = dot(&along, &along);
        for row in &rows {
            prop_assert!(norm(&along) <= norm(row) * (1.0 + 1e-9));
            // The first-order condition: no row reaches less far along d than d does.
            let slack = 1e-7 * norm(row) * norm(&along);
            prop_assert!(dot(row, &along) >= squared - slack);
        }
    }

    #[test]
    fn nash_has_no_residual_and_the_norm_of_the_root_of_the_count(rows in rows()) {
        prop_assume!(rows.len() > 1);
        let found = weights(&Method::NashMtl(NashMtlConfig::default()), &gramian(&rows));
        let along = direction(&rows, &found);
        prop_assert!((norm(&along) - (rows.len() as f64).sqrt()).abs() < 1e-8);
        for (row, weight) in rows.iter().zip(&found) {
            prop_assert!(*weight > 0.0);
            prop_assert!((weight * dot(row, &along) - 1.0).abs() < 1e-9);
        }
        let config = NashMtlConfig { maximum_norm: Some(1.0) };
        let short = weights(&Method::NashMtl(config), &gramian(&rows));
        prop_assert!((norm(&direction(&rows, &short)) - 1.0).abs() < 1e-8);
    }

    #[test]
    fn cagrad_stays_in_its_ball_and_serves_the_worst_row_best(
        rows in rows(), radius in 0.01..0.99, rivals in prop::collection::vec(0.0..1.0, 32),
    ) {
        prop_assume!(rows.len() > 1);
        let gramian = gramian(&rows);
        let cagrad = |radius, rescale| {
            weights(&Method::Cagrad(CagradConfig { radius, rescale }), &gramian)
        };
        let mean = direction(&rows, &weights(&Method::Mean, &gramian));
        prop_assert_eq!(cagrad(0.0, CagradRescale::None), weights(&Method::Mean, &gramian));
        let found = cagrad(radius, CagradRescale::None);
        prop_assert!(found.iter().any(|weight| *weight != 0.0));
        let along = direction(&rows, &found);
        let limit = radius * norm(&mean);
        let away = |d: &[f64]| norm(&d.iter().zip(&mean).map(|(a, b)| a - b).collect::<Vec<_>>());
        prop_assert!(away(&along) <= limit * (1.0 + 1e-6));
        let worst = |d: &[f64]| rows.iter().map(|row| dot(row, d)).fold(f64::INFINITY, f64::min);
        let longest = rows.iter().map(|row| norm(row)).fold(0.0, f64::max);
        for start in 0..4 {
            let w: Vec<f64> = (0..rows.len()).map(|i| rivals[start * 8 + i] / norm(&rows[i])).collect();
            let step = direction(&rows, &w);
            let rival: Vec<f64> =
                mean.iter().zip(&step).map(|(m, s)| m + s * limit / norm(&step)).collect();
            // Rounding of the worst row is relative to that row, which is not the longest.
            let slack = 1e-9 * longest * norm(&mean);
            prop_assert!(worst(&along) >= worst(&rival) - slack);
        }
        let linear = cagrad(radius, CagradRescale::Linear);
        let squared = cagrad(radius, CagradRescale::Squared);
        for ((whole, linear), squared) in found.iter().zip(linear).zip(squared) {
            prop_assert!((whole - linear * (1.0 + radius)).abs() <= 1e-12 * whole.abs());
            prop_assert!((whole - squared * (1.0 + radius * radius)).abs() <= 1e-12 * whole.abs());
        }
    }

    #[test]
    fn gradvac_with_similarity_zero_is_pcgrad(rows in rows(), seed in any::<u64>(), mean: bool) {
        let gramian = gramian(&rows);
        let reduce = if mean { Reduce::Mean } else { Reduce::Sum };
        for order in [Order::Random, Order::Ascending, Order::Descending] {
            let one = Method::Pcgrad(PcgradConfig { order, reduce, seed });
            let vac = GradvacConfig { rate: 0.0, similarity: 0.0, order, reduce, seed };
            let other = weights(&Method::Gradvac(vac), &gramian);
            same_parts(&rows, &weights(&one, &gramian), &other, &one)?;
        }
    }

    #[test]
    fn gradvac_turns_a_pair_up_to_the_usual_cosine_and_never_down(
        rows in rows(), similarity in -0.9..0.9,
    ) {
        prop_assume!(rows.len() > 1);
        let pair = rows[..2].to_vec();
        let gramian = gramian(&pair);
        let vac = Method::Gradvac(GradvacConfig { similarity, ..GradvacConfig::default() });
        let aggregator = vac.init().expect("legal");
        let changed = aggregator.changed(&aggregator.init_state(2), &gramian).expect("legal");
        let turned = direction(&pair, &changed.expect("GradVac changes rows")[..2]);
        let cosine = |row: &[f64]| dot(row, &pair[1]) / norm(row) / norm(&pair[1]);
        let expected = cosine(&pair[0]).max(similarity);
        prop_assert!((cosine(&turned) - expected).abs() < 1e-7, "{expected}");
    }

    #[test]
    fn aligned_rows_are_orthogonal_and_of_one_length(rows in rows()) {
        prop_assume!(rows.len() > 1);
        // Lengths up to 1e3 apart: the eigenvectors are exact relative to their length, not entry by entry.
        let shrunk = |row: &Vec<f64>| row.iter().map(|x| x * norm(row).powf(-0.75)).collect();
        let rows: Vec<Vec<f64>> = rows.iter().map(shrunk).collect();
        let gramian = gramian(&rows);
        let column = |place: usize| {
            let mut preference = vec![0.0; rows.len()];
            preference[place] = 1.0;
            let scale = AlignedScale::Minimum;
            let config = AlignedMtlConfig { scale, preference: Some(preference) };
            direction(&rows, &weights(&Method::AlignedMtl(config), &gramian))
        };
        let aligned: Vec<Vec<f64>> = (0..rows.len()).map(column).collect();
        let squared = dot(&aligned[0], &aligned[0]);
        for (i, one) in aligned.iter().enumerate() {
            for (j, other) in aligned.iter().enumerate() {
                let expected = if i == j { squared } else { 0.0 };
                prop_assert!((dot(one, other) - expected).abs() <= 1e-6 * squared);
            }
        }
    }

    #[test]
    fn without_conflict_surgery_is_the_sum(rows in rows()) {
        let rows: Vec<Vec<f64>> =
            rows.iter().map(|row| row.iter().map(|x| x.abs()).collect()).collect();
        let gramian = gramian(&rows);
        prop_assert_eq!(weights(&pcgrad(Order::Random), &gramian), vec![1.0; rows.len()]);
        if rows.len() > 1 {
            let share = 1.0 / rows.len() as f64;
            for method in [Method::Upgrad(Default::default()), Method::Dualproj(Default::default())] {
                prop_assert_eq!(weights(&method, &gramian), vec![share; rows.len()]);
            }
        }
    }

    #[test]
    fn permuted_rows_have_permuted_weights(rows in rows(), turn in 0..8_usize) {
        let turn = turn % rows.len();
        let mut turned = rows.clone();
        turned.rotate_left(turn);
        turned.reverse();
        for method in symmetric() {
            let mut expected = weights(&method, &gramian(&rows));
            expected.rotate_left(turn);
            expected.reverse();
            same_parts(&turned, &weights(&method, &gramian(&turned)), &expected, &method)?;
        }
    }

    #[test]
    fn a_joint_scale_changes_no_direction(rows in rows(), power in -9..9_i32) {
        let scale = 10.0_f64.powi(power);
        let scaled: Vec<Vec<f64>> =
            rows.iter().map(|row| row.iter().map(|x| x * scale).collect()).collect();
        for method in methods() {
            let one = weights(&method, &gramian(&rows));
            let mut other = weights(&method, &gramian(&scaled));
            if rows.len() > 1 && matches!(method, Method::NashMtl(_)) {
                // The length of its direction does not depend on that of the rows.
                other.iter_mut().for_each(|weight| *weight *= scale);
            }
            same_parts(&rows, &one, &other, &method)?;
        }
    }

    #[test]
    fn dependent_rows_give_finite_weights(rows in rows()) {
        // All rows in two coordinates, and every row twice: the gramian is singular.
        let flat: Vec<Vec<f64>> = rows.iter().chain(&rows).map(|row| row[..2].to_vec()).collect();
        let gramian: Gramian = gramian(&flat);
        for method in methods() {
            let found = weights(&method, &gramian);
            prop_assert!(found.iter().all(|weight| weight.is_finite()), "{method:?}");
        }
    }
}
