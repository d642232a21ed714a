//! One step of the trainer: what is read, how long the gradient is, which noise is met.

use burn::backend::Autodiff;
use burn::optim::Optimizer as _;
use burn::optim::record::{AdaptorRecord, AdaptorRecordV1};
use burn::prelude::*;
use burn_flex::Flex;
use homeostat::ceiling::Outcome as Verdict;
use homeostat_examples::trainer::state::parameter_hash;
use homeostat_examples::vae::step::{Stepped, Stepper};

use crate::{images, settings, stepper};

type B = Autodiff<Flex>;

fn batch(step: usize) -> Tensor<Flex, 2> {
    let data = images(&settings(&[])).train;
    let rows: Vec<u32> = (0..16).map(|row| ((row * 3 + step * 11) % data.len()) as u32).collect();
    let (inputs, _) = data.gather(&rows).expect("rows that exist");
    Tensor::from_data(TensorData::new(inputs, [16, data.features()]), &Default::default())
}

fn new(overrides: &[&str]) -> Stepper<B> {
    stepper(&settings(overrides))
}

fn step(stepper: &mut Stepper<B>, index: usize) -> Stepped {
    stepper.step(batch(index)).unwrap_or_else(|error| panic!("{error}"))
}

/// ‖m‖ of all first moments and the sum of all second moments.
fn moments(stepper: &Stepper<B>) -> (f64, f64) {
    let mut sums = (0.0, 0.0);
    for (_, AdaptorRecord::V1(state)) in stepper.optimizer.to_record() {
        let (first, second) = match state {
            AdaptorRecordV1::Rank1(state) => {
                (state.momentum.moment_1.into_data(), state.momentum.moment_2.into_data())
            }
            AdaptorRecordV1::Rank2(state) => {
                (state.momentum.moment_1.into_data(), state.momentum.moment_2.into_data())
            }
            _ => panic!("the model has vectors and matrices"),
        };
        sums.0 += first.iter::<f64>().map(|value| value * value).sum::<f64>();
        sums.1 += second.iter::<f64>().sum::<f64>();
    }
    (sums.0.sqrt(), sums.1)
}

/// All parameters.
fn parameters(stepper: &Stepper<B>) -> Vec<f64> {
    let vector = homeostat::burn::flatten_parameters::<B, _>(&stepper.model).expect("has some");
    vector.into_data().iter::<f64>().collect()
}

fn moved(stepper: &mut Stepper<B>, index: usize) -> f64 {
    let before = parameters(stepper);
    step(stepper, index);
    let after = parameters(stepper);
    before.iter().zip(after).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

const STILL: &str = "optimizer.learning_rate=1e-30";
const NO_MEMORY: &str = "optimizer.beta_1=0.0";

#[test]
fn a_seed_fixes_the_weights() {
    let hash = |seed: &str| {
        // Whatever was drawn before.
        Flex::seed(&Default::default(), 99);
        parameter_hash::<B, _>(&new(&[seed]).model)
    };
    let one = hash("seed=1");
    Flex::seed(&Default::default(), 5);
    let stepper = stepper::<B>(&settings(&["seed=1"]));
    assert_eq!(one, parameter_hash::<B, _>(&stepper.model));
    assert_ne!(one, hash("seed=2"));
}

#[test]
fn every_gradient_of_the_bottleneck_has_norm_one() {
    // Without memory the first moment is the gradient. In balance every parameter has one in every step.
    let mut stepper = new(&[NO_MEMORY]);
    for index in 0..6 {
        step(&mut stepper, index);
        let (norm, squares) = moments(&stepper);
        assert!((norm - 1.0).abs() < 1e-4, "step {index}: {norm}");
        if index == 0 {
            // β₂ = 0.95 leaves 5 % of g².
            assert!((squares - 0.05).abs() < 1e-5, "{squares}");
        }
    }
}

#[test]
fn the_other_methods_clip_where_they_are_told_to() {
    let mut free = new(&["method=beta", NO_MEMORY]);
    step(&mut free, 0);
    let norm = free.control.board().value(free.panel.gradient_norm.index()).expect("was measured");
    assert!((moments(&free).0 / norm - 1.0).abs() < 1e-4);
    assert!(norm > 0.2);
    let mut clipped = new(&["method=beta", NO_MEMORY, "gradient_clip=0.1"]);
    step(&mut clipped, 0);
    assert!((moments(&clipped).0 - 0.1).abs() < 1e-5, "{}", moments(&clipped).0);
}

#[test]
fn steps_meet_their_own_noise_and_a_second_look_that_of_the_first() {
    let mut stepper = new(&[STILL]);
    let mut last = Vec::new();
    for index in 0..6 {
        // The same images in every step.
        let stepped = step(&mut stepper, 0);
        assert_ne!(stepped.measured, last, "step {index} met the noise of the one before");
        if let Some(score) = stepped.minimum_score {
            // Nothing has moved, so that the look after the step sees what was seen before it.
            let after = stepper.lbo.as_ref().expect("is its method").evaluation().minimum_score();
            let after = after.expect("has a loss");
            assert!((after - score).abs() < 1e-5 * score, "{after} after {score}");
        }
        last = stepped.measured;
    }
    assert_eq!(stepper.steps, 6);
}

#[test]
fn the_board_shows_what_was_measured() {
    let mut stepper = new(&[]);
    for index in 0..4 {
        let stepped = step(&mut stepper, index);
        let board = stepper.control.board();
        let value = |slot| board.value(slot).expect("was measured");
        let names = stepper.lbo.as_ref().expect("is its method").goals().names().to_vec();
        let goal = |name: &str| {
            stepped.measured[names.iter().position(|known| known == name).expect("is a goal")]
        };
        let halves = stepper.panel.halves.map(|slot| value(slot.index()));
        assert_eq!(halves, [goal("kl_core"), goal("kl_detail")]);
        assert!(halves[0] != halves[1]);
        let both = value(stepper.panel.divergence.0.index());
        assert!((both - halves[0] - halves[1]).abs() < 1e-5 * both);
        let error = value(stepper.panel.reconstruction.0.index());
        let similarity = value(stepper.panel.similarity.index());
        let pixel = error / 64.0 + 0.1 * (1.0 - similarity);
        assert!((goal("pixel") - pixel).abs() < 1e-5, "{} {pixel}", goal("pixel"));
        if let Some(score) = stepped.minimum_score {
            let total = value(stepper.panel.total.index());
            assert!((total + score.ln()).abs() < 1e-9, "{total} of {score}");
        }
    }
    let lbo = stepper.lbo.as_ref().expect("is its method");
    assert_eq!(lbo.ceiling().batch(), 4, "a step of the calibration is a step too");
    let counts = lbo.ceiling().rejections();
    assert_eq!((counts.steps(), counts.rejected), (2, 0));
}

#[test]
fn steps_raise_the_score() {
    for overrides in [
        &["lbo.routing=\"minimum\""][..],
        &[],
        &["lbo.routing=\"minimum\"", "lbo.samples={ worst = 0.5 }"],
    ] {
        let mut stepper = new(&[&["optimizer.learning_rate=0.01"], overrides].concat());
        let scores: Vec<f64> =
            (0..60).filter_map(|_| step(&mut stepper, 0).minimum_score).collect();
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let (early, late) = (mean(&scores[..8]), mean(&scores[50..]));
        assert!(late > 1.05 * early, "{overrides:?}: {early} to {late}");
    }
}

#[test]
fn after_a_rollback_the_rate_is_smaller_for_some_steps() {
    let slow = "lbo.step.slowdown={ factor = 0.25, steps = 2 }";
    let displacements = |overrides: &[&str]| {
        let mut stepper = new(&[&[NO_MEMORY, "optimizer.learning_rate=1e-6"], overrides].concat());
        stepper.reject = |step| step == 3;
        (0..8).map(|index| moved(&mut stepper, index)).collect::<Vec<f64>>()
    };
    let (slow, plain) = (displacements(&[slow]), displacements(&[]));
    for (index, (slow, plain)) in slow.iter().zip(&plain).enumerate() {
        let expected = match index {
            3 => {
                assert_eq!((*slow, *plain), (0.0, 0.0));
                continue;
            }
            4 | 5 => 0.25,
            _ => 1.0,
        };
        let found = slow / plain;
        assert!((found - expected).abs() < 0.1, "step {index}: {found} instead of {expected}");
    }
}

#[test]
fn a_batch_without_a_loss_counts_as_rejected() {
    let mut stepper = new(&[]);
    for index in 0..4 {
        step(&mut stepper, index);
    }
    let poison = Tensor::full([1, 1], f32::NAN, &Default::default());
    let stepped = stepper.step(batch(4).slice_assign([3..4, 5..6], poison));
    let stepped = stepped.expect("does not end the run");
    assert!(stepped.nonfinite && stepped.reason.is_some(), "{stepped:?}");
    assert_eq!(stepped.outcome, Some(Verdict::Rejected));
    let counts = stepper.lbo.as_ref().expect("is its method").ceiling().rejections();
    assert_eq!((counts.rejected, counts.steps(), stepper.nonfinite), (1, 3, 1));
}
