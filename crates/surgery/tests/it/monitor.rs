//! What the monitor says, in closed form.

use homeostat_surgery::{Gramian, Input, Method, Order, PcgradConfig, RowSet, SurgeryConfig};
use proptest::prelude::*;

use crate::rows::{few_rows, rows};
use crate::{decide, direction, dot, fresh, gramian, norm, step, surgery, weights};

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found}, {expected}");
}

#[test]
fn two_rows_in_closed_form() {
    let rows = [vec![3.0, 0.0], vec![-1.0, 1.0]];
    let surgery = surgery(Method::Sum);
    let mut state = fresh(&surgery, 2);
    assert!(state.monitor(0).is_none() && state.monitor(1).is_none());
    let (report, _) = decide(&surgery, &mut state, &gramian(&rows));
    let monitor = state.monitor(0).expect("a gramian was read");
    let cosine = -1.0 / 2.0_f64.sqrt();
    assert_eq!(monitor.cosines[0], 1.0);
    close(monitor.cosines[1], cosine);
    close(monitor.minimum_cosine, cosine);
    close(monitor.mean_cosine, cosine);
    assert_eq!(monitor.conflict_share, 1.0);
    // 2·3·√2/(9 + 2), the gradient magnitude similarity.
    close(monitor.magnitude_similarity, 6.0 * 2.0_f64.sqrt() / 11.0);
    close(monitor.minimum_magnitude_similarity, monitor.magnitude_similarity);
    // d = (2, 1).
    close(monitor.after[0], 2.0 / 5.0_f64.sqrt());
    close(monitor.after[1], -1.0 / 10.0_f64.sqrt());
    close(report.least_cosine, monitor.after[1]);
    close(report.norm, 5.0_f64.sqrt());
    close(report.parts, 3.0 + 2.0_f64.sqrt());
    let spectrum = monitor.spectrum.expect("due in the first step");
    close(spectrum.redundancy, 1.0 - cosine);
    close(spectrum.normalized_redundancy, -cosine);
    let share = (1.0 - cosine) / 2.0;
    let entropy = -share * share.ln() - (1.0 - share) * (1.0 - share).ln();
    close(spectrum.effective_rank, entropy.exp());
    // The distance of the origin from the segment between the rows, and between the unit rows.
    close(spectrum.minimum_norm, 3.0 / 17.0_f64.sqrt());
    close(spectrum.relative_minimum_norm, ((1.0 + cosine) / 2.0).sqrt());
    assert!(monitor.combinations.is_empty() && monitor.changed.is_empty());
}

#[test]
fn opposite_and_single_rows() {
    let surgery = surgery(Method::Sum);
    let mut state = fresh(&surgery, 2);
    decide(&surgery, &mut state, &gramian(&[vec![1.0, 0.0], vec![-3.0, 0.0]]));
    let spectrum = state.monitor(0).expect("read").spectrum.expect("due");
    close(spectrum.redundancy, 2.0);
    close(spectrum.effective_rank, 1.0);
    assert!(spectrum.minimum_norm < 1e-7 && spectrum.relative_minimum_norm < 1e-7);

    // One row is zero, another absent.
    let mut state = fresh(&surgery, 3);
    let entries = [4.0, 0.0, f64::NAN, 0.0, 0.0, f64::NAN, f64::NAN, f64::NAN, f64::NAN];
    let present: RowSet = [0, 1].into_iter().collect();
    let gramian = Gramian::with_gaps(3, &entries, present).expect("legal");
    decide(&surgery, &mut state, &gramian);
    let monitor = state.monitor(0).expect("read");
    assert_eq!(monitor.cosines, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
    assert_eq!(monitor.after, [1.0, 0.0, 0.0]);
    assert_eq!(monitor.present, [0].into_iter().collect());
    assert_eq!(
        (monitor.conflict_share, monitor.minimum_cosine, monitor.mean_cosine),
        (0.0, 1.0, 1.0)
    );
    assert_eq!((monitor.magnitude_similarity, monitor.minimum_magnitude_similarity), (1.0, 1.0));
    let spectrum = monitor.spectrum.expect("due");
    assert_eq!((spectrum.redundancy, spectrum.normalized_redundancy), (1.0, 0.0));
    close(spectrum.effective_rank, 1.0);
    close(spectrum.minimum_norm, 2.0);
    close(spectrum.relative_minimum_norm, 1.0);
}

#[test]
fn the_costly_part_is_taken_every_few_steps_and_conflicts_are_counted() {
    let surgery = surgery(SurgeryConfig { monitor_every: 3, ..Method::Sum.into() });
    let mut state = fresh(&surgery, 2);
    let (conflict, peace) = (gramian(&[vec![1.0], vec![-2.0]]), gramian(&[vec![1.0], vec![2.0]]));
    let norms: Vec<Option<f64>> = (0..5)
        .map(|time| {
            let gramian = if time % 4 == 0 { &conflict } else { &peace };
            decide(&surgery, &mut state, gramian);
            state.monitor(0).expect("read").spectrum.map(|spectrum| spectrum.minimum_norm)
        })
        .collect();
    assert!(norms[0].is_some_and(|norm| norm < 1e-7), "{norms:?}");
    assert!(norms[3].is_some_and(|norm| (norm - 1.0).abs() < 1e-12), "{norms:?}");
    assert!([1, 2, 4].iter().all(|time| norms[*time].is_none()), "{norms:?}");
    let counts = *state.counts(0).expect("a group");
    assert_eq!((counts.steps, counts.measured, counts.conflicts), (5, 5, 2));
    close(counts.conflict_share().expect("there was a gramian"), 0.4);
    // Without a gramian nothing is known.
    step(&surgery, &mut state, &Input::default()).expect("a sum needs none");
    let counts = *state.counts(0).expect("a group");
    assert_eq!((counts.steps, counts.measured), (6, 5));
    assert_eq!(homeostat_surgery::Counts::default().conflict_share(), None);

    let never = crate::surgery(SurgeryConfig { monitor_every: 0, ..Method::Sum.into() });
    let mut state = fresh(&never, 2);
    decide(&never, &mut state, &conflict);
    assert!(state.monitor(0).expect("read").spectrum.is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn cosines_with_the_direction_are_those_of_the_rows(rows in few_rows(12)) {
        for method in [Method::Upgrad(Default::default()), Method::Mgda, Method::Sum] {
            let surgery = surgery(method);
            let mut state = fresh(&surgery, rows.len());
            let (report, found) = decide(&surgery, &mut state, &gramian(&rows));
            let along = direction(&rows, &found);
            let monitor = state.monitor(0).expect("read");
            prop_assume!(report.norm > 1e-6 * report.parts);
            for (row, cosine) in rows.iter().zip(&monitor.after) {
                prop_assert!((dot(row, &along) / norm(row) / norm(&along) - cosine).abs() < 1e-7);
            }
        }
    }

    #[test]
    fn changed_rows_are_what_pcgrad_adds_up(rows in few_rows(6), seed in any::<u64>()) {
        let pcgrad = PcgradConfig { seed, order: Order::Random, ..PcgradConfig::default() };
        let surgery = surgery(Method::Pcgrad(pcgrad));
        let count = rows.len();
        let mut state = fresh(&surgery, count);
        let (_, found) = decide(&surgery, &mut state, &gramian(&rows));
        let monitor = state.monitor(0).expect("read");
        let changed: Vec<Vec<f64>> =
            monitor.combinations.chunks_exact(count).map(|row| direction(&rows, row)).collect();
        let sum = direction(&changed, &vec![1.0; count]);
        let along = direction(&rows, &found);
        let size = crate::parts(&rows, &found);
        for (a, b) in sum.iter().zip(&along) {
            prop_assert!((a - b).abs() <= 1e-9 * size);
        }
        for (i, one) in changed.iter().enumerate() {
            for (j, other) in changed.iter().enumerate().take(i) {
                let cosine = monitor.changed[i * count + j];
                let expected = dot(one, other) / norm(one) / norm(other);
                let slack = 1e-7 * norm(&rows[i]) / norm(one) * norm(&rows[j]) / norm(other);
                prop_assert!((cosine - expected).abs() <= slack.max(1e-7), "{cosine}, {expected}");
            }
        }
    }

    #[test]
    fn the_minimum_norm_is_that_of_mgda_and_all_lies_in_range(rows in rows()) {
        let surgery = surgery(Method::Sum);
        let gramian = gramian(&rows);
        let mut state = fresh(&surgery, rows.len());
        decide(&surgery, &mut state, &gramian);
        let monitor = state.monitor(0).expect("read");
        let count = monitor.present.len() as f64;
        prop_assert!((0.0..=1.0).contains(&monitor.conflict_share));
        prop_assert!((-1.0..=1.0).contains(&monitor.minimum_cosine));
        prop_assert!(monitor.minimum_magnitude_similarity > 0.0);
        prop_assert!(monitor.magnitude_similarity <= 1.0 + 1e-12);
        prop_assume!(count > 0.0);
        let spectrum = monitor.spectrum.expect("due");
        prop_assert!((1.0..=count).contains(&spectrum.redundancy));
        prop_assert!((1.0..=count).contains(&spectrum.effective_rank));
        prop_assert!((0.0..=1.0 + 1e-9).contains(&spectrum.relative_minimum_norm));
        let mgda = norm(&direction(&rows, &weights(&Method::Mgda, &gramian)));
        let shortest = rows.iter().map(|row| norm(row)).filter(|norm| *norm > 0.0).fold(f64::INFINITY, f64::min);
        prop_assert!((spectrum.minimum_norm - mgda).abs() <= 1e-6 * shortest);
    }
}
