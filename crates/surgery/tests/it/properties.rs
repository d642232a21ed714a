//! One function per theorem, for methods that promise other things than no conflict.

use homeostat_surgery::{
    AlignedMtlConfig, AlignedScale, CagradConfig, CagradRescale, FairgradConfig, GradvacConfig,
    Gramian, KrumConfig, Method, NashMtlConfig, Order, PcgradConfig, Reduce, SdmgradConfig,
};
use proptest::prelude::*;

use crate::rows::{few_rows, rows};
use crate::{decide, direction, dot, fresh, gramian, norm, parts, surgery, weights};

/// Every method of the Gramian that needs no numbers, with orders that do not depend on chance.
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
        aligned(AlignedScale::Rmse),
        Method::Config(Default::default()),
        Method::Fairgrad(FairgradConfig { fairness: 2.0 }),
        Method::Fairgrad(FairgradConfig { fairness: 0.5 }),
        Method::Sdmgrad(SdmgradConfig::default()),
    ]
}

fn pcgrad(order: Order) -> Method {
    Method::Pcgrad(PcgradConfig { order, ..PcgradConfig::default() })
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
    fn nash_has_no_residual_and_the_norm_of_the_root_of_the_count(rows in few_rows(12)) {
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
    fn fairgrad_has_no_residual_and_is_nash_for_fairness_1(
        (rows, fairness) in prop_oneof![
            (few_rows(12), prop::sample::select(vec![0.1, 0.5, 1.0, 2.0, 5.0])),
            (few_rows(6), Just(10.0)),
        ],
    ) {
        prop_assume!(rows.len() > 1);
        let gramian = gramian(&rows);
        let surgery = surgery(Method::Fairgrad(FairgradConfig { fairness }));
        let mut state = fresh(&surgery, rows.len());
        let (_, found) = decide(&surgery, &mut state, &gramian);
        let along = direction(&rows, &found);
        // Where rows cancel there is no solution, or none that f64 can tell.
        let spectrum = state.monitor(0).and_then(|monitor| monitor.spectrum).expect("due");
        prop_assume!(spectrum.relative_minimum_norm > 1e-3);
        for (row, weight) in rows.iter().zip(&found) {
            prop_assert!(*weight >= 0.0);
            if weight * norm(row) < 1e-9 * parts(&rows, &found) {
                // So little of a row that d does not feel it.
                continue;
            }
            let wanted = weight.powf(-1.0 / fairness);
            // Where products cancel, the residual is rounding of the parts.
            let slack = 1e-8 * wanted + 1e-13 * norm(row) * parts(&rows, &found);
            prop_assert!((dot(row, &along) - wanted).abs() <= slack, "{fairness}: {found:?}");
        }
        if fairness == 1.0 {
            let nash = weights(&Method::NashMtl(NashMtlConfig::default()), &gramian);
            same_parts(&rows, &found, &nash, &Method::Fairgrad(FairgradConfig { fairness }))?;
        }
    }

    #[test]
    fn cagrad_stays_in_its_ball(rows in rows(), radius in 0.01..0.99) {
        prop_assume!((2..=12).contains(&rows.iter().filter(|row| norm(row) > 0.0).count()));
        let gramian = gramian(&rows);
        let cagrad = |radius, rescale| {
            weights(&Method::Cagrad(CagradConfig { radius, rescale }), &gramian)
        };
        let mean = direction(&rows, &weights(&Method::Mean, &gramian));
        prop_assert_eq!(cagrad(0.0, CagradRescale::None), weights(&Method::Mean, &gramian));
        let found = cagrad(radius, CagradRescale::None);
        let along = direction(&rows, &found);
        let away = norm(&along.iter().zip(&mean).map(|(a, b)| a - b).collect::<Vec<_>>());
        let rounding = 1e-7 * parts(&rows, &found);
        let zero = found.iter().all(|weight| *weight == 0.0);
        prop_assert!(zero || away <= radius * norm(&mean) + rounding, "{away}");
        let linear = cagrad(radius, CagradRescale::Linear);
        let squared = cagrad(radius, CagradRescale::Squared);
        for ((whole, linear), squared) in found.iter().zip(linear).zip(squared) {
            prop_assert!((whole - linear * (1.0 + radius)).abs() <= 1e-12 * whole.abs());
            prop_assert!((whole - squared * (1.0 + radius * radius)).abs() <= 1e-12 * whole.abs());
        }
    }

    #[test]
    fn cagrad_serves_the_worst_row_best(
        rows in few_rows(3), radius in 0.01..0.99, rivals in prop::collection::vec(0.0..1.0, 32),
    ) {
        prop_assume!(rows.len() > 1);
        let gramian = gramian(&rows);
        let mean = direction(&rows, &weights(&Method::Mean, &gramian));
        let cagrad = Method::Cagrad(CagradConfig { radius, ..CagradConfig::default() });
        let found = weights(&cagrad, &gramian);
        prop_assert!(found.iter().any(|weight| *weight != 0.0));
        let along = direction(&rows, &found);
        let limit = radius * norm(&mean);
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
        // Rows that are listened to beyond their share of the mean have the same, least, projection.
        let least = worst(&along);
        for (row, weight) in rows.iter().zip(&found) {
            let heard = weight * rows.len() as f64 - 1.0 > 1e-6;
            let slack = 1e-9 * longest * norm(&along);
            prop_assert!(!heard || dot(row, &along) <= least + slack, "{} {least}", dot(row, &along));
        }
    }

    #[test]
    fn sdmgrad_without_regularization_is_mgda_and_with_much_the_mean(rows in few_rows(0)) {
        prop_assume!(rows.len() > 1);
        let gramian = gramian(&rows);
        let config = |regularization| {
            let iterations = 1000;
            Method::Sdmgrad(SdmgradConfig { regularization, iterations, ..Default::default() })
        };
        let shortest = norm(&direction(&rows, &weights(&Method::Mgda, &gramian)));
        let found = weights(&config(0.0), &gramian);
        prop_assert!((found.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        prop_assert!(found.iter().all(|weight| *weight >= 0.0));
        let longest = rows.iter().map(|row| norm(row)).fold(0.0, f64::max);
        let squares = norm(&direction(&rows, &found)).powi(2) - shortest.powi(2);
        prop_assert!(squares <= 1e-2 * longest.powi(2), "{squares}");
        let share = 1.0 / rows.len() as f64;
        for weight in weights(&config(1e9), &gramian) {
            prop_assert!((weight - share).abs() < 1e-8);
        }
    }

    #[test]
    fn krum_picks_true_rows_and_no_outlier(rows in few_rows(0), far in 1e3..1e9, selected in 1..3_usize) {
        prop_assume!(rows.len() > 4);
        let mut rows = rows;
        rows[1].iter_mut().for_each(|x| *x *= far);
        let config = KrumConfig { byzantine: 1, selected };
        let found = weights(&Method::Krum(config), &gramian(&rows));
        let taken = found.iter().filter(|weight| **weight != 0.0).count();
        prop_assert_eq!(taken, selected);
        prop_assert!(found.iter().all(|weight| *weight == 0.0 || *weight == 1.0 / selected as f64));
        prop_assert!(norm(&rows[1]) < 100.0 || found[1] == 0.0);
        // By distances of the rows themselves.
        let score = |row: &Vec<f64>| {
            let away = |other: &Vec<f64>| {
                row.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
            };
            let mut all: Vec<f64> = rows.iter().map(away).collect();
            all.sort_by(f64::total_cmp);
            // The first is the row itself.
            all[1..rows.len() - 2].iter().sum::<f64>()
        };
        let mut scores: Vec<f64> = rows.iter().map(score).collect();
        let worst = rows.iter().zip(&found).filter(|(_, weight)| **weight > 0.0)
            .map(|(row, _)| score(row)).fold(0.0, f64::max);
        scores.sort_by(f64::total_cmp);
        rows.reverse();
        let mut turned = weights(&Method::Krum(config), &gramian(&rows));
        turned.reverse();
        prop_assert_eq!(turned, found);
        prop_assert!(worst <= scores[selected - 1] * (1.0 + 1e-9));
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
        rows in few_rows(12), similarity in -0.9..0.9,
    ) {
        prop_assume!(rows.len() > 1);
        let pair = rows[..2].to_vec();
        let vac = Method::Gradvac(GradvacConfig { similarity, ..GradvacConfig::default() });
        let surgery = surgery(vac);
        let mut state = fresh(&surgery, 2);
        decide(&surgery, &mut state, &gramian(&pair));
        let changed = &state.monitor(0).expect("a gramian was read").combinations;
        let turned = direction(&pair, &changed[..2]);
        let cosine = |row: &[f64]| dot(row, &pair[1]) / norm(row) / norm(&pair[1]);
        let expected = cosine(&pair[0]).max(similarity);
        prop_assert!((cosine(&turned) - expected).abs() < 1e-7, "{expected}");
    }

    #[test]
    fn aligned_rows_are_orthogonal_and_of_one_length(rows in few_rows(1)) {
        // Lengths up to 1e2 apart: the eigenvectors are exact relative to their length, not entry by entry.
        prop_assume!(rows.len() > 1);
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
    fn config_has_the_preferred_cosines_and_the_sum_of_projections(rows in few_rows(12)) {
        prop_assume!(rows.len() > 1);
        let preference: Vec<f64> = (0..rows.len()).map(|row| 1.0 + row as f64).collect();
        let config = homeostat_surgery::ConfigConfig { preference: Some(preference.clone()) };
        let found = weights(&Method::Config(config), &gramian(&rows));
        let along = direction(&rows, &found);
        let cosine = |row: &[f64]| dot(row, &along) / norm(row) / norm(&along);
        let first = cosine(&rows[0]);
        for (row, wanted) in rows.iter().zip(&preference) {
            prop_assert!((cosine(row) - wanted * first).abs() < 1e-6);
        }
        let projections: f64 = rows.iter().map(|row| dot(row, &along)).sum::<f64>() / norm(&along);
        prop_assert!((projections / norm(&along) - 1.0).abs() < 1e-6);
    }

    #[test]
    fn without_conflict_surgery_is_the_sum(rows in rows()) {
        let rows: Vec<Vec<f64>> = rows.iter().filter(|row| norm(row) > 0.0)
            .map(|row| row.iter().map(|x| x.abs()).collect()).collect();
        prop_assume!(!rows.is_empty());
        let gramian = gramian(&rows);
        prop_assert_eq!(weights(&pcgrad(Order::Random), &gramian), vec![1.0; rows.len()]);
        let share = 1.0 / rows.len() as f64;
        for method in [Method::Upgrad(Default::default()), Method::Dualproj(Default::default())] {
            prop_assert_eq!(weights(&method, &gramian), vec![share; rows.len()]);
        }
    }

    #[test]
    fn permuted_rows_have_permuted_weights(rows in few_rows(12), turn in 0..8_usize) {
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
    fn a_joint_scale_changes_no_direction(rows in few_rows(6), power in -12..12_i32) {
        let scale = 10.0_f64.powi(power);
        let scaled: Vec<Vec<f64>> =
            rows.iter().map(|row| row.iter().map(|x| x * scale).collect()).collect();
        for method in methods() {
            let one = weights(&method, &gramian(&rows));
            let mut other = weights(&method, &gramian(&scaled));
            // How the length of the direction depends on that of the rows, where it is not in proportion.
            let degree = match &method {
                Method::NashMtl(_) => 1.0,
                Method::Fairgrad(config) => 2.0 * config.fairness / (config.fairness + 1.0),
                _ => 0.0,
            };
            if rows.len() > 1 {
                other.iter_mut().for_each(|weight| *weight *= scale.powf(degree));
            }
            same_parts(&rows, &one, &other, &method)?;
        }
    }

    #[test]
    fn rows_of_every_size_and_rank_give_finite_weights(rows in rows()) {
        let gramian: Gramian = gramian(&rows);
        for method in methods() {
            if rows.len() > 12 && matches!(method, Method::Cagrad(_)) {
                continue;
            }
            let found = weights(&method, &gramian);
            prop_assert!(found.iter().all(|weight| weight.is_finite()), "{method:?}");
        }
    }

    #[test]
    fn rows_that_are_absent_zero_or_not_finite_leave_the_others_as_they_would_be_alone(
        rows in rows(), kinds in prop::collection::vec(0..6_u8, 32),
    ) {
        let count = rows.len();
        let kept: Vec<usize> = (0..count).filter(|row| kinds[*row] > 2).collect();
        prop_assume!(!kept.is_empty() && kept.iter().any(|row| norm(&rows[*row]) > 0.0));
        let entry = |place: usize| {
            let (i, j) = (place / count, place % count);
            match (kinds[i].min(kinds[j]), i == j) {
                (0 | 1, true) => f64::INFINITY,
                (0, false) => f64::NAN,
                (1, false) => f64::NEG_INFINITY,
                (2, _) => 0.0,
                _ => dot(&rows[i], &rows[j]),
            }
        };
        let entries: Vec<f64> = (0..count * count).map(entry).collect();
        // Of the rows of infinite length one kind is absent, the other is there.
        let present = (0..count).filter(|row| kinds[*row] > 0).collect();
        let all = Gramian::with_gaps(count, &entries, present).expect("some rows are left");
        let few: Vec<Vec<f64>> = kept.iter().map(|row| rows[*row].clone()).collect();
        let few_gramian = gramian(&few);
        for method in methods() {
            if kept.len() > 12 && matches!(method, Method::Cagrad(_)) {
                continue;
            }
            let surgery = surgery(method.clone());
            let (report, found) = decide(&surgery, &mut fresh(&surgery, count), &all);
            let alone = weights(&method, &few_gramian);
            // To the bit, but for SDMGrad, whose shares begin as those of all rows.
            let iterated = matches!(method, Method::Sdmgrad(_));
            let slack = if iterated { 1e-9 * parts(&few, &alone) } else { 0.0 };
            for (row, weight) in found.iter().enumerate() {
                let place = kept.iter().position(|one| *one == row);
                let expected = place.map_or(0.0, |place| alone[place]);
                let away = (weight - expected).abs() * norm(&rows[row]);
                prop_assert!(away <= slack && (place.is_some() || *weight == 0.0), "{method:?}");
                prop_assert_eq!(report.not_finite.contains(row), kinds[row] == 1);
            }
        }
    }
}
