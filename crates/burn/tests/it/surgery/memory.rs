//! What a surgeon keeps: copies, saved averages, losses measured again.

use burn::module::{Module, Param};
use burn::optim::{Optimizer, SgdConfig};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_burn::surgery::{Cut, SurgeonError, Whole};
use homeostat_surgery::SurgeryError;

use super::{Forked, flat, objective, surgeon, train};
use crate::{Net, host, input};

/// Methods with memories of every kind.
const REMEMBERING: [&str; 5] = [
    "surgery = { method = 'pcgrad', every = 2, smoothing = 0.5 }",
    "surgery = 'momentum-config'",
    "surgery = 'famo'",
    "rows = 'representation'\nsurgery = 'gradvac'",
    "rows = 'groups'\nsurgery = { method = 'graddrop', granularity = 'layer' }",
];

const FACTORS: [f64; 3] = [1.0; 3];

fn a_copy_goes_on_as_the_original_and_shares_nothing<B: AutodiffBackend>() {
    for text in REMEMBERING {
        let whole =
            train(&mut surgeon(text), &mut Forked::<B>::new(&Default::default()), 9, FACTORS);
        for before in [0, 1, 4] {
            let mut net = Forked::<B>::new(&Default::default());
            let mut first = surgeon(text);
            assert_eq!(train(&mut first, &mut net, before, FACTORS), whole[..before], "{text}");
            let (mut second, mut other) = (first.clone(), net.clone());
            // One after the other, so that what the first does would be seen by the second.
            let rest = 9 - before;
            assert_eq!(
                train(&mut first, &mut net, rest, FACTORS),
                whole[before..],
                "{text}, {before}"
            );
            assert_eq!(
                train(&mut second, &mut other, rest, FACTORS),
                whole[before..],
                "{text}, {before}"
            );
            assert_eq!(first.state(), second.state());
        }
    }
}

fn saved_averages_go_on_to_the_bit_and_miss_what_was_missing<B: AutodiffBackend>() {
    let text = "surgery = 'momentum-config'";
    for before in [1, 2, 5] {
        let mut net = Forked::<B>::new(&Default::default());
        let mut first = surgeon(text);
        train(&mut first, &mut net, before, FACTORS);
        let averages = first.averages::<B, _>(&net);
        assert_eq!(averages.iter().filter(|row| !row.is_empty()).count(), before.min(3));
        // The first loss reaches encoder and decoder, and not the classifier.
        let there: Vec<bool> = averages[0].iter().map(Option::is_some).collect();
        assert_eq!(there, [true, true, true, true, false, false]);
        let mut second = surgeon(text);
        second.load(first.state().expect("after a step").clone());
        second.load_averages::<B, _>(&net, averages).expect("of the same net");
        let mut other = net.clone();
        // Loaded averages are copied before a step as after one.
        let (mut copy, mut apart) = (second.clone(), net.clone());
        let (mut original, mut too) = (first.clone(), net.clone());
        assert_eq!(
            train(&mut original, &mut too, 3, FACTORS),
            train(&mut copy, &mut apart, 3, FACTORS)
        );
        assert_eq!(
            train(&mut first, &mut net, 4, FACTORS),
            train(&mut second, &mut other, 4, FACTORS)
        );
        // A copy of what was loaded has averages as well.
        let mut third = second.clone();
        let mut again = other.clone();
        assert_eq!(
            train(&mut second, &mut other, 2, FACTORS),
            train(&mut third, &mut again, 2, FACTORS)
        );
    }
}

fn a_loss_of_factor_0_has_no_turn_and_no_say<B: AutodiffBackend>() {
    let net = Forked::<B>::new(&Default::default());
    let inputs = input::<B>(&Default::default());
    let mut surgeon = surgeon("surgery = 'momentum-config'");
    let mut step =
        |factors: [f64; 3]| surgeon.step(&net, &objective!(inputs), &factors).expect("legal");
    for _ in 0..3 {
        step([1.0; 3]);
    }
    // Two losses take turns, and no step is without a pass.
    for turn in [0, 2, 0, 2] {
        let taken = step([1.0, 0.0, 1.0]);
        let measured: Vec<usize> = (0..3).filter(|loss| taken.losses[*loss].is_some()).collect();
        assert_eq!((measured, taken.report.backwards), (vec![turn], 1));
        let group = &taken.report.groups[0];
        assert!(group.weights[1] == 0.0 && !group.report.used.contains(1));
        // The gradients do not change here, so it is ConFIG of the two.
        if turn == 2 {
            let found = flat::<B, _>(&net, &taken.gradients);
            let expected = super::one_step::<B>("surgery = 'config'", &[1.0, 0.0, 1.0]);
            let norm = expected.iter().map(|value| value * value).sum::<f64>().sqrt();
            let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-5 * norm;
            assert!(found.iter().zip(&expected).all(close), "{found:?}, {expected:?}");
        }
    }
}

fn an_average_stays_as_it_was_where_its_gradient_is_not_finite<B: AutodiffBackend>() {
    let net = Forked::<B>::new(&Default::default());
    let inputs = input::<B>(&Default::default());
    let mut surgeon = surgeon("surgery = 'momentum-config'");
    let mut step = |bad: Option<usize>| {
        let objective = Cut::new(
            |net: &Forked<B>| net.latent(inputs.clone()),
            |net: &Forked<B>, z: Tensor<B, 2>, loss| match bad {
                Some(bad) if bad == loss => net.loss(&inputs, z, loss).mul_scalar(f32::NAN),
                _ => net.loss(&inputs, z, loss),
            },
        );
        let taken = surgeon.step(&net, &objective, &[1.0; 3]).expect("legal");
        let averages = surgeon.averages::<B, _>(&net).into_iter();
        let averages: Vec<Vec<Option<Vec<f64>>>> =
            averages.map(|row| row.into_iter().map(|part| part.map(host)).collect()).collect();
        (flat::<B, _>(&net, &taken.gradients), taken.report, averages)
    };
    for _ in 0..3 {
        step(None);
    }
    let (_, _, before) = step(None);
    let (found, report, after) = step(Some(1));
    assert_eq!(before, after);
    assert!(found.iter().all(|number| number.is_finite()));
    let group = &report.groups[0];
    assert!(group.weights[1] == 0.0 && group.report.used.iter().eq([0, 2]));
    // It takes part again, with what it was, in the next step.
    let (_, report, after) = step(None);
    assert!(report.groups[0].report.used.iter().eq([0, 1, 2]));
    assert!(after[1] == before[1] && after[2] != before[2]);
}

fn averages_of_another_model_are_refused<B: AutodiffBackend>() {
    let device = Default::default();
    let mut net = Forked::<B>::new(&device);
    let mut surgeon = surgeon("surgery = 'momentum-config'");
    train(&mut surgeon, &mut net, 2, FACTORS);
    let other = Net::<B>::new(&device);
    let averages = surgeon.averages::<B, _>(&net);
    let error = surgeon.load_averages::<B, _>(&other, averages.clone()).expect_err("another");
    let expected = "the numbers of a parameter of the average of row 0 must be 20, got 15";
    assert_eq!(error.to_string(), expected);
    let short = vec![averages[0][..3].to_vec()];
    let error = surgeon.load_averages::<B, _>(&net, short).expect_err("too few");
    assert_eq!(error.to_string(), "the parameters of the average of row 0 must be 6, got 3");
    // What was there is there still.
    let kept = surgeon.averages::<B, _>(&net);
    for (row, before) in kept.into_iter().zip(averages) {
        for (part, before) in row.into_iter().zip(before) {
            assert_eq!(part.map(host), before.map(host));
        }
    }
}

/// Two numbers, each with a loss `½·c·x²` of its own.
#[derive(Module, Debug)]
struct Pair<B: Backend> {
    x: Param<Tensor<B, 1>>,
}

const CURVATURES: [f32; 2] = [1.0, 10.0];

impl<B: Backend> Pair<B> {
    fn loss(&self, loss: usize) -> Tensor<B, 1> {
        let x = self.x.val().narrow(0, loss, 1);
        x.square().mul_scalar(0.5 * CURVATURES[loss])
    }

    fn values(&self) -> [f64; 2] {
        [0, 1].map(|loss| host(self.loss(loss))[0])
    }
}

/// The losses before each step.
fn descend<B: AutodiffBackend>(text: &str, again: bool) -> Vec<[f64; 2]> {
    use burn::module::AutodiffModule;
    let start = Tensor::from_floats([1.0, 0.1_f32.sqrt()], &Default::default());
    let mut pair = Pair::<B> { x: Param::from_tensor(start) };
    let mut optimizer = SgdConfig::new().init();
    let mut surgeon = surgeon(text);
    let objective = Whole::new(|pair: &Pair<B>, wanted: &[usize]| {
        wanted.iter().map(|loss| pair.loss(*loss)).collect()
    });
    let mut losses = Vec::new();
    for _ in 0..900 {
        losses.push(pair.valid().values());
        let step = surgeon.step(&pair, &objective, &[1.0; 2]).expect("legal");
        pair = optimizer.step(2e-3, pair, step.gradients);
        if again {
            surgeon.remeasured(&pair.valid().values(), &[1.0; 2]).expect("legal");
        }
    }
    losses
}

fn famo_makes_losses_of_unequal_scale_fall_at_one_speed<B: AutodiffBackend>() {
    let speeds = |losses: &[[f64; 2]]| {
        let (from, to) = (losses[losses.len() - 301], losses[losses.len() - 1]);
        [0, 1].map(|loss| (from[loss].ln() - to[loss].ln()) / 300.0)
    };
    let famo = "surgery = { method = { famo = { decay = 0.0 } } }";
    let once = descend::<B>(famo, false);
    // The batch is always the same, so measured again or not is the same.
    assert_eq!(once, descend::<B>(famo, true));
    // In closed form: α_1·1 = α_2·10.
    let balanced = 2.0 * 2e-3 * 10.0 / 11.0;
    for speed in speeds(&once) {
        assert!((speed / balanced - 1.0).abs() < 0.05, "{speed}, not {balanced}");
    }
    let [slow, fast] = speeds(&descend::<B>("surgery = 'mean'", false));
    assert!((fast / slow - 10.0).abs() < 0.2, "{slow}, {fast}");
}

fn losses_measured_again_are_those_of_the_rows<B: AutodiffBackend>() {
    let net = Forked::<B>::new(&Default::default());
    let inputs = input::<B>(&Default::default());
    let famo = "surgery = { method = 'famo', force = true }";
    // Loss 2 of the net may be negative.
    let factors = [1.0, 0.5, 0.0];
    for (rows, values) in [("reforward", vec![0.5, 0.25, f64::NAN]), ("groups", vec![0.5, 0.125])] {
        let mut surgeon = surgeon(&format!("rows = '{rows}'\n{famo}"));
        surgeon.remeasured(&[1.0; 3], &factors).expect("nothing to compare with");
        surgeon.step(&net, &objective!(inputs), &factors).expect("legal");
        let mut state = surgeon.state().expect("after a step").clone();
        surgeon.remeasured(&[0.5, 0.25, f64::NAN], &factors).expect("legal");
        let before = state.clone();
        surgeon.surgery().remeasure(&mut state, &values).expect("legal");
        assert_ne!(state, before);
        assert_eq!(surgeon.state(), Some(&state), "{rows}");
        let error = surgeon.remeasured(&[0.5; 2], &factors).expect_err("three losses");
        assert_eq!(error, SurgeonError::Losses { expected: 3, found: 2 });
        let error = surgeon.remeasured(&[0.5; 2], &factors[..2]).expect_err("three losses");
        assert_eq!(error, SurgeonError::Count { expected: "3".to_owned(), found: 2 });
    }
    let mut other = surgeon("surgery = 'upgrad'");
    for _ in 0..2 {
        let error = other.remeasured(&[1.0; 3], &[1.0; 3]).expect_err("no use for them");
        assert_eq!(error, SurgeonError::Surgery(SurgeryError::NotRemeasured("upgrad")));
        other.step(&net, &objective!(inputs), &[1.0; 3]).expect("legal");
    }
}

mod on {
    crate::on_both_backends! {
        a_copy_goes_on_as_the_original_and_shares_nothing
        saved_averages_go_on_to_the_bit_and_miss_what_was_missing
        a_loss_of_factor_0_has_no_turn_and_no_say
        an_average_stays_as_it_was_where_its_gradient_is_not_finite
        averages_of_another_model_are_refused
        famo_makes_losses_of_unequal_scale_fall_at_one_speed
        losses_measured_again_are_those_of_the_rows
    }
}
