use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_burn::surgery::{Place, Rows};
use homeostat_surgery::{Gramian, Granularity, Input, Outcome, SurgeryConfig};
use homeostat_testkit::golden::close;

use super::{Forked, Pile, filled, flat, numbers};
use crate::{Net, host};

/// Lengths around those at which the arithmetic changes its way: registers, blocks, tasks.
const COUNTS: [usize; 10] = [1, 7, 16, 64, 65, 1023, 1025, 2049, 4096, 9001];

fn total() -> usize {
    COUNTS.iter().sum()
}

/// Rows whose scales lie 1e24 apart, and their numbers.
fn rows(count: usize, exponents: impl Fn(usize) -> i32) -> Vec<Vec<f32>> {
    let row = |row: usize| {
        let scale = 10_f64.powi(exponents(row));
        let numbers = numbers(row as u64, total());
        numbers.into_iter().map(|number| (f64::from(number) * scale) as f32).collect()
    };
    (0..count).map(row).collect()
}

fn dot(one: &[f32], other: &[f32]) -> f64 {
    one.iter().zip(other).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[track_caller]
fn check_gramian(gramian: &Gramian, rows: &[Vec<f32>], tolerance: f64) {
    for (i, one) in rows.iter().enumerate() {
        for (j, other) in rows.iter().enumerate() {
            let lengths = (dot(one, one) * dot(other, other)).sqrt();
            let error = (gramian.dot(i, j) - dot(one, other)).abs();
            let count = rows.len();
            assert!(error <= tolerance * lengths, "{count} rows, {i} {j}: {error} of {lengths}");
        }
    }
}

fn gathered<B: AutodiffBackend>(
    pile: &Pile<B>,
    rows: &[Vec<f32>],
    place: Place,
) -> Rows<B::InnerBackend> {
    let gradients = rows.iter().map(|row| Some(filled::<B, _>(pile, row, &[]))).collect();
    Rows::gather::<B, _>(pile, gradients, Granularity::Model, place)
}

fn gramians_are_right_at_every_scale<B: AutodiffBackend>() {
    let pile = Pile::<B>::new(&COUNTS, &Default::default());
    for count in [1, 2, 3, 4, 5, 7, 8, 9, 13, 33] {
        // Rows 1e24 apart, rows whose squares are no f32, and rows whose squares are coarse ones.
        for exponents in
            [|_| 0, |row| [-12, 12, 0, 7][row % 4], |row| [-30, 30][row % 2], |_| -30, |_| -21]
        {
            let rows = rows(count, exponents);
            for (place, tolerance) in
                [(Place::Auto, if count <= 4 { 1e-12 } else { 1e-7 }), (Place::Device, 3e-6)]
            {
                let gramians = gathered(&pile, &rows, place).measure(Vec::new()).0.expect("legal");
                assert_eq!(gramians.len(), 1);
                check_gramian(&gramians[0], &rows, tolerance);
            }
        }
    }
}

fn one_row_may_hold_numbers_of_every_scale<B: AutodiffBackend>() {
    let pile = Pile::<B>::new(&COUNTS, &Default::default());
    for count in [2, 9] {
        let mut rows = rows(count, |_| 0);
        for row in &mut rows {
            for (place, number) in row.iter_mut().enumerate() {
                *number *= 10_f32.powi((place / 3000) as i32 * 12 - 30);
            }
        }
        let gramians = gathered(&pile, &rows, Place::Host).measure(Vec::new()).0.expect("legal");
        check_gramian(&gramians[0], &rows, 1e-7);
    }
}

fn a_row_that_is_a_sum_of_others_is_found_in_single_precision<B: AutodiffBackend>() {
    let pile = Pile::<B>::new(&COUNTS, &Default::default());
    let config: SurgeryConfig = toml::from_str("method = 'config'").expect("legal");
    let law = config.init().expect("legal");
    for shift in 0..6 {
        let mut rows = rows(4, |row| [0, shift, -shift, 1][row]);
        let sum = rows[0].iter().zip(&rows[1]).map(|(a, b)| a + b).collect();
        rows.push(sum);
        let measured = gathered::<B>(&pile, &rows, Place::Host).measure(vec![]).0.expect("finite");
        assert_eq!(measured[0].accuracy(), 1e-7);
        let exact = rows.iter().flat_map(|one| rows.iter().map(|other| dot(one, other)));
        let exact = Gramian::new(5, &exact.collect::<Vec<_>>()).expect("legal");
        let length = |gramian| {
            let mut weights = vec![0.0; 5];
            let input = Input { gramian: Some(gramian), ..Input::default() };
            let mut state = law.init_state(5, 1).expect("five rows");
            law.decide(&mut state, 0, &input, &mut weights).expect("legal").norm
        };
        let (found, wanted) = (length(&measured[0]), length(&exact));
        assert!((found - wanted).abs() < 1e-3 * wanted, "{shift}: {found} {wanted}");
    }
    let few = gathered::<B>(&pile, &rows(4, |_| 0), Place::Host).measure(vec![]).0.expect("finite");
    assert_eq!(few[0].accuracy(), 0.0);
}

fn scalars_ride_along<B: AutodiffBackend>() {
    let device = Default::default();
    let pile = Pile::<B>::new(&[3], &device);
    for place in [Place::Host, Place::Device] {
        let rows = gathered(&pile, &[vec![1.0, 2.0, 3.0]], place);
        let scalars = [4.0, 5.0].map(|value| Tensor::from_floats([value], &device));
        let (gramians, scalars) = rows.measure(scalars.to_vec());
        close("gramian", gramians.expect("legal")[0].dot(0, 0), 14.0, 1e-6, 0.0);
        assert_eq!(scalars, [4.0, 5.0]);
    }
}

fn a_missing_gradient_is_zero<B: AutodiffBackend>() {
    let device = Default::default();
    let pile = Pile::<B>::new(&[2, 3, 1], &device);
    for place in [Place::Host, Place::Device] {
        let one = filled::<B, _>(&pile, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1, 2]);
        let other = filled::<B, _>(&pile, &[1.0; 6], &[2]);
        let gradients = vec![Some(one), None, Some(other)];
        let mut rows = Rows::gather::<B, _>(&pile, gradients, Granularity::Model, place);
        let gramian = rows.measure(Vec::new()).0.expect("legal").remove(0);
        assert!(gramian.present().iter().eq([0, 2]));
        let found = [gramian.dot(0, 0), gramian.dot(0, 2), gramian.dot(2, 2)];
        assert_eq!(found, [5.0, 3.0, 5.0]);
        let sum = rows.combine(&[vec![10.0, f64::NAN, 1.0]]);
        assert_eq!(sum.len(), 2, "no row has a gradient of the third vector");
        assert_eq!(flat::<B, _>(&pile, &sum), [11.0, 21.0, 1.0, 1.0, 1.0]);
    }
}

fn frozen_parameters_are_neither_measured_nor_moved<B: AutodiffBackend>() {
    let device = Default::default();
    let mut net = Net::<B>::new(&device);
    net.first.weight = net.first.weight.set_require_grad(false);
    for place in [Place::Host, Place::Device] {
        // 20 + 4 + 8 + 2 numbers and a buffer of 3.
        let gradients = filled::<B, _>(&net, &[1.0; 37], &[]);
        let gradients = vec![Some(gradients)];
        let mut rows = Rows::gather::<B, _>(&net, gradients, Granularity::Parameter, place);
        assert_eq!(rows.groups(), ["first.bias", "second.weight", "second.bias"]);
        let gramians = rows.measure(Vec::new()).0.expect("legal");
        let found: Vec<f64> = gramians.iter().map(|gramian| gramian.dot(0, 0)).collect();
        assert_eq!(found, [4.0, 8.0, 2.0]);
        assert_eq!(rows.combine(&[vec![2.0], vec![3.0], vec![4.0]]).len(), 3);
    }
}

fn combinations_are_right_at_every_scale<B: AutodiffBackend>() {
    let pile = Pile::<B>::new(&COUNTS, &Default::default());
    for count in [1, 2, 4, 5, 6, 9, 14] {
        let exponents = |row: usize| [-12, 12, 0, 7][row % 4];
        let rows = rows(count, exponents);
        let weights: Vec<f64> = (0..count)
            .map(|row| (0.3 + row as f64) * [1.0, -1.0][row % 2] * 10_f64.powi(-exponents(row)))
            .collect();
        for place in [Place::Auto, Place::Device] {
            let mut kept = gathered(&pile, &rows, place);
            let first = flat::<B, _>(&pile, &kept.combine_kept(std::slice::from_ref(&weights)));
            let second = flat::<B, _>(&pile, &kept.combine(std::slice::from_ref(&weights)));
            assert_eq!(first, second);
            for (column, found) in first.iter().enumerate() {
                let parts = || {
                    rows.iter().zip(&weights).map(|(row, weight)| weight * f64::from(row[column]))
                };
                let size: f64 = parts().map(f64::abs).sum();
                let rounding = if place == Place::Auto { 6e-8 } else { 1e-6 };
                let error = (found - parts().sum::<f64>()).abs();
                assert!(error <= rounding * size, "{count} rows, {column}: {error} of {size}");
            }
        }
    }
}

fn a_row_of_weight_0_is_not_read<B: AutodiffBackend>() {
    let pile = Pile::<B>::new(&COUNTS, &Default::default());
    let mut rows = rows(3, |_| 0);
    rows[0].fill(f32::NAN);
    rows[2][5] = f32::INFINITY;
    for place in [Place::Host, Place::Device] {
        let mut gathered = gathered(&pile, &rows, place);
        let gramian = gathered.measure(Vec::new()).0.expect("legal").remove(0);
        assert!(gramian.not_finite().iter().eq([0, 2]), "{:?}", gramian.not_finite());
        close("the healthy row", gramian.dot(1, 1), dot(&rows[1], &rows[1]), 1e-6, 0.0);
        let nothing = gathered.combine_kept(&[vec![0.0, 0.0, 0.0]]);
        assert!(flat::<B, _>(&pile, &nothing).iter().all(|number| *number == 0.0));
        let found = flat::<B, _>(&pile, &gathered.combine(&[vec![0.0, 2.0, 0.0]]));
        let expected: Vec<f64> = rows[1].iter().map(|number| 2.0 * f64::from(*number)).collect();
        assert_eq!(found, expected);
    }
}

fn groups_are_layers_or_parameters<B: AutodiffBackend>() {
    let net = Forked::<B>::new(&Default::default());
    let count = 5 * 3 + 3 + 3 * 5 + 5 + 3 * 2 + 2;
    let gather = |granularity, place| {
        let row = |seed| Some(filled::<B, _>(&net, &numbers(seed, count), &[]));
        Rows::gather::<B, _>(&net, vec![row(1), row(2)], granularity, place)
    };
    for place in [Place::Host, Place::Device] {
        let whole = gather(Granularity::Model, place).measure(Vec::new()).0.expect("legal");
        let layers = gather(Granularity::Layer, place);
        assert_eq!(layers.groups(), ["encoder", "decoder", "classifier"]);
        let parameters = gather(Granularity::Parameter, place);
        assert_eq!(parameters.groups().len(), 6);
        assert_eq!(parameters.groups()[1], "encoder.bias");
        for rows in [&layers, &parameters] {
            let parts = rows.measure(Vec::new()).0.expect("legal");
            let sum: f64 = parts.iter().map(|gramian| gramian.dot(0, 1)).sum();
            close("the sum of the groups", sum, whole[0].dot(0, 1), 1e-6, 1e-6);
        }
        // Only the decoder, and with the second row alone.
        let weights = [vec![0.0, 0.0], vec![0.0, 1.0], vec![0.0, 0.0]];
        let found = flat::<B, _>(&net, &gather(Granularity::Layer, place).combine(&weights));
        let mut expected: Vec<f64> = numbers(2, count).iter().map(|x| f64::from(*x)).collect();
        expected[..18].fill(0.0);
        expected[38..].fill(0.0);
        assert_eq!(found, expected);
    }
}

fn threads_change_no_bit<B: AutodiffBackend>() {
    let pile = Pile::<B>::new(&[150_001, 7, 90_000], &Default::default());
    for count in [2, 9] {
        let row = |row: usize| Some(filled::<B, _>(&pile, &numbers(row as u64, 240_008), &[]));
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("legal");
            let gradients = (0..count).map(row).collect();
            let mut rows = Rows::gather::<B, _>(&pile, gradients, Granularity::Model, Place::Host);
            let gramian = pool.install(|| rows.measure(Vec::new())).0.expect("legal");
            let weights = (0..count).map(|row| 0.7 - row as f64).collect();
            let sum = pool.install(|| rows.combine(&[weights]));
            (gramian, flat::<B, _>(&pile, &sum))
        };
        let alone = run(1);
        assert!(alone == run(2) && alone == run(3), "{count} rows");
    }
}

fn rows_may_share_their_memory<B: AutodiffBackend>() {
    let pile = Pile::<B>::new(&COUNTS, &Default::default());
    let rows = rows(1, |_| 0);
    let first = filled::<B, _>(&pile, &rows[0], &[]);
    let mut second = burn::optim::GradientsParams::new();
    for part in &pile.parts {
        second.register(part.id, first.get::<B::InnerBackend, 1>(part.id).expect("legal"));
    }
    let gradients = vec![Some(first), Some(second)];
    let mut rows = Rows::gather::<B, _>(&pile, gradients, Granularity::Model, Place::Host);
    let gramian = rows.measure(Vec::new()).0.expect("legal").remove(0);
    assert_eq!(gramian.dot(0, 1), gramian.dot(0, 0));
    let sum = flat::<B, _>(&pile, &rows.combine(&[vec![2.0, -1.0]]));
    let expected = numbers(0, total());
    assert!(sum.iter().zip(&expected).all(|(found, number)| *found == f64::from(*number)));
}

fn rows_can_be_taken_back<B: AutodiffBackend>() {
    let net = Net::<B>::new(&Default::default());
    for place in [Place::Host, Place::Device] {
        let gradients = vec![Some(filled::<B, _>(&net, &numbers(3, 37), &[1])), None];
        let rows = Rows::gather::<B, _>(&net, gradients, Granularity::Model, place);
        let back = rows.into_gradients();
        assert!(back[1].is_none());
        let back = back[0].as_ref().expect("legal");
        assert_eq!(back.len(), 3);
        let weight = back.get::<B::InnerBackend, 2>(net.first.weight.id).expect("legal");
        let expected: Vec<f64> = numbers(3, 20).iter().map(|x| f64::from(*x)).collect();
        assert_eq!(weight.dims(), [5, 4]);
        assert_eq!(host(weight), expected);
    }
}

fn graddrop_does_not_depend_on_how_parameters_are_cut<B: AutodiffBackend>() {
    let config: SurgeryConfig = toml::from_str("method = \"graddrop\"").expect("legal");
    let surgery = config.init().expect("legal");
    let mut state = surgery.init_state(3, 1).expect("legal");
    let mut weights = vec![0.0; 3];
    let decided = surgery.decide(&mut state, 0, &Input::default(), &mut weights).expect("legal");
    let Outcome::Elementwise(recipe) = decided.outcome else { panic!("{:?}", decided.outcome) };
    let device = Default::default();
    let counts: usize = 40_000;
    let row = |row: u64| numbers(row, counts);
    let rows: Vec<Vec<f32>> = (0..3).map(row).collect();
    let slices: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
    let mut expected = vec![0.0; counts];
    recipe.combine(&slices, &weights, &[], 0, &mut expected).expect("legal");
    for place in [Place::Host, Place::Device] {
        for cut in [vec![40_000], vec![1, 19_999, 20_000]] {
            let pile = Pile::<B>::new(&cut, &device);
            let mut rows = gathered(&pile, &rows, place);
            let sum = rows
                .combine_elementwise(&[recipe], std::slice::from_ref(&weights), &[])
                .expect("legal");
            let found = flat::<B, _>(&pile, &sum);
            assert!(found.iter().zip(&expected).all(|(a, b)| *a == f64::from(*b)));
        }
    }
}

fn graddrop_is_the_law_with_leaks_gaps_groups_and_any_threads<B: AutodiffBackend>() {
    let text = "method = { graddrop = { seed = 9 } }\ngranularity = 'parameter'";
    let surgery = toml::from_str::<SurgeryConfig>(text).expect("legal").init().expect("legal");
    let counts = [70_001, 3, 60_000];
    let mut state = surgery.init_state(4, counts.len()).expect("legal");
    let leaks = [0.25, 0.0, 1.0, 0.5];
    let factors = [1.0, -2.0, 0.0, 0.5];
    let recipes: Vec<_> = (0..counts.len())
        .map(|group| {
            let mut weights = [0.0; 4];
            let decided = surgery.decide(&mut state, group, &Input::default(), &mut weights);
            let Outcome::Elementwise(recipe) = decided.expect("legal").outcome else {
                panic!("graddrop is elementwise")
            };
            recipe
        })
        .collect();
    let pile = Pile::<B>::new(&counts, &Default::default());
    // The second vector has no gradient in the first row, and the third row is dropped.
    let numbers: Vec<Vec<f32>> = (0..4).map(|row| numbers(row, 130_004)).collect();
    let gather = || {
        let row = |row: usize| {
            let missing: &[usize] = if row == 0 { &[1] } else { &[] };
            Some(filled::<B, _>(&pile, &numbers[row], missing))
        };
        let gradients = (0..4).map(row).collect();
        Rows::gather::<B, _>(&pile, gradients, Granularity::Parameter, Place::Host)
    };
    let mut expected = vec![0.0_f32; 130_004];
    let mut start = 0;
    for (part, (count, recipe)) in counts.iter().zip(&recipes).enumerate() {
        let kept: Vec<usize> = (0..4).filter(|row| part != 1 || *row != 0).collect();
        let slices: Vec<&[f32]> =
            kept.iter().map(|row| &numbers[*row][start..start + count]).collect();
        let weights: Vec<f64> = kept.iter().map(|row| factors[*row]).collect();
        let leaks: Vec<f64> = kept.iter().map(|row| leaks[*row]).collect();
        let out = &mut expected[start..start + count];
        recipe.combine(&slices, &weights, &leaks, 0, out).expect("legal");
        start += count;
    }
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("legal");
        let mut rows = gather();
        let weights = vec![factors.to_vec(); 3];
        let sum = pool.install(|| rows.combine_elementwise(&recipes, &weights, &leaks));
        let found = flat::<B, _>(&pile, &sum.expect("legal"));
        assert!(found.iter().zip(&expected).all(|(a, b)| *a == f64::from(*b)), "{threads}");
    }
}

mod on {
    crate::on_both_backends! {
        gramians_are_right_at_every_scale
        one_row_may_hold_numbers_of_every_scale
        a_row_that_is_a_sum_of_others_is_found_in_single_precision
        scalars_ride_along
        a_missing_gradient_is_zero
        frozen_parameters_are_neither_measured_nor_moved
        combinations_are_right_at_every_scale
        a_row_of_weight_0_is_not_read
        groups_are_layers_or_parameters
        threads_change_no_bit
        rows_may_share_their_memory
        rows_can_be_taken_back
        graddrop_does_not_depend_on_how_parameters_are_cut
        graddrop_is_the_law_with_leaks_gaps_groups_and_any_threads
    }
}
