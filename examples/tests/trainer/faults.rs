use burn::backend::Autodiff;
use burn::optim::{GradientsParams, Optimizer as _};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use homeostat::burn::flatten_parameters;
use homeostat_examples::data::Dataset;
use homeostat_examples::trainer::model::Trainee;
use homeostat_examples::trainer::step::Stepper;

use crate::{rows, settings, stepper};

/// Some rows as a batch; which ones depends on the number of the step.
pub(crate) fn batch<B: Backend>(data: &Dataset, step: usize) -> (Tensor<B, 2>, Tensor<B, 1, Int>) {
    let rows: Vec<u32> = (0..32).map(|row| ((row * 5 + step * 7) % data.len()) as u32).collect();
    let (inputs, labels) = data.gather(&rows).expect("rows that exist");
    let labels: Vec<i32> = labels.into_iter().map(|label| label as i32).collect();
    let device = B::Device::default();
    (
        Tensor::from_data(TensorData::new(inputs, [32, data.features()]), &device),
        Tensor::from_data(TensorData::new(labels, [32]), &device),
    )
}

fn poisoned<B: Backend>(inputs: Tensor<B, 2>, value: f32) -> Tensor<B, 2> {
    let poison = Tensor::full([1, 1], value, &inputs.device());
    inputs.slice_assign([3..4, 5..6], poison)
}

fn bits<B: AutodiffBackend>(trainee: &Trainee<B>) -> Vec<u32> {
    let vector = flatten_parameters::<B, _>(trainee).expect("has parameters");
    vector.into_data().iter::<f32>().map(f32::to_bits).collect()
}

fn parameters<B: AutodiffBackend>(stepper: &Stepper<B>) -> Vec<u32> {
    bits(&stepper.models.trainee)
}

fn decisions<B: AutodiffBackend>(stepper: &Stepper<B>) -> (Vec<f64>, f64) {
    let board = stepper.control.board();
    let weight = |slot| board.value(slot).expect("every weight has a start value");
    let weights = stepper.panel.losses.iter().map(|slots| weight(slots.weight.index())).collect();
    (weights, weight(stepper.panel.learning_rate.index()))
}

fn check<B: AutodiffBackend>(value: f32) {
    let settings = settings(&[]);
    let split = rows(&settings);
    let mut stepper = stepper::<B>(&settings);
    let mut faults = 0;
    // Step 0 has no history at all; step 12 comes after the controllers have begun to move, and after
    // the governor's pause between two answers.
    for step in 0..15 {
        let (inputs, labels) = batch(&split.train, step);
        let faulty = step == 0 || step == 12;
        let inputs = if faulty { poisoned(inputs, value) } else { inputs };
        let (before, (weights, rate)) = (parameters(&stepper), decisions(&stepper));
        stepper.step(inputs, labels).expect("a faulty batch does not end the run");
        faults += u64::from(faulty);
        assert_eq!(stepper.nonfinite, faults, "step {step} is counted");
        let (weights_after, rate_after) = decisions(&stepper);
        if faulty {
            assert_eq!(parameters(&stepper), before, "step {step} reached a parameter");
            assert_eq!(weights_after, weights, "step {step} moved a weight");
            assert!(rate_after < rate, "step {step}: the governor did not answer");
        } else {
            assert_ne!(parameters(&stepper), before, "step {step} did not train");
        }
        assert!(weights_after.iter().all(|weight| weight.is_finite()));
        assert!(parameters(&stepper).iter().all(|bits| f32::from_bits(*bits).is_finite()));
    }
    // Nothing that is not finite hides in a moment of the optimizer or in a controller: a checkpoint
    // of now holds finite numbers only, and JSON could not even write others.
    let (header, _) = homeostat_examples::trainer::state::save::<B>(
        &mut stepper,
        &settings,
        1,
        std::time::Duration::ZERO,
        0,
    )
    .expect("saves");
    let text = serde_json::to_string(&header).expect("plain data");
    serde_json::from_str::<homeostat_examples::trainer::state::Header>(&text)
        .expect("a number that is not finite would be null here, which does not load");
}

#[test]
fn a_loss_that_is_not_finite_is_counted_dropped_and_answered_on_flex() {
    check::<Autodiff<Flex>>(f32::NAN);
    check::<Autodiff<Flex>>(f32::INFINITY);
}

#[test]
fn a_loss_that_is_not_finite_is_counted_dropped_and_answered_on_ndarray() {
    check::<Autodiff<NdArray<f32>>>(f32::NAN);
    check::<Autodiff<NdArray<f32>>>(f32::NEG_INFINITY);
}

#[test]
fn a_dropped_step_leaves_the_moments_of_the_optimizer_as_they_were() {
    type B = Autodiff<Flex>;
    let settings = settings(&[]);
    let split = rows(&settings);
    let mut stepper = stepper::<B>(&settings);
    let train = |stepper: &mut Stepper<B>, step: usize, poison: Option<f32>| {
        let (inputs, labels) = batch(&split.train, step);
        let inputs = match poison {
            Some(value) => poisoned(inputs, value),
            None => inputs,
        };
        stepper.step(inputs, labels).expect("goes on");
    };
    for step in 0..4 {
        train(&mut stepper, step, None);
    }
    let before = stepper.models.trainee_optimizer.clone();
    train(&mut stepper, 4, Some(f32::NAN));
    let dropped = stepper.models.trainee_optimizer.clone();
    train(&mut stepper, 5, None);
    let trained = stepper.models.trainee_optimizer.clone();

    // Moments are equal exactly when the same gradient moves the same model to the same place.
    let moved = |mut optimizer: homeostat_examples::trainer::model::Optimizer<B, _>| {
        let module = stepper.models.trainee.clone();
        let (inputs, _) = batch::<B>(&split.train, 6);
        let loss = module.atlas.forward(inputs).recon.square().mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &module);
        bits(&optimizer.step(1e-2, module, gradients))
    };
    assert_eq!(moved(dropped), moved(before.clone()), "the dropped step touched a moment");
    assert_ne!(moved(trained), moved(before), "a step that was not dropped must move them");
}

#[test]
fn ten_faulty_steps_in_a_row_take_the_model_back_and_endless_ones_end_the_run() {
    type B = Autodiff<Flex>;
    let settings = settings(&[]);
    let split = rows(&settings);
    let mut stepper = stepper::<B>(&settings);
    stepper.keep();
    let kept = parameters(&stepper);
    let train = |stepper: &mut Stepper<B>, step: usize, poison: bool| {
        let (inputs, labels) = batch(&split.train, step);
        let inputs = if poison { poisoned(inputs, f32::NAN) } else { inputs };
        stepper.step(inputs, labels)
    };
    train(&mut stepper, 0, false).expect("trains");
    assert_ne!(parameters(&stepper), kept);
    for step in 0..10 {
        assert_eq!(stepper.rollbacks, 0);
        train(&mut stepper, step, true).expect("dropped");
    }
    assert_eq!((stepper.rollbacks, parameters(&stepper)), (1, kept));
    train(&mut stepper, 3, false).expect("trains again");
    assert_eq!(stepper.nonfinite, 10);

    let error = (0..200).find_map(|step| train(&mut stepper, step, true).err()).expect("ends");
    let text = error.to_string();
    assert!(text.contains("training diverged") && text.contains("lower --lr"), "{text}");
    assert_eq!(stepper.rollbacks, 6);
}

#[test]
fn with_a_delay_a_faulty_gradient_is_zeroed_on_the_device_and_counted_one_step_later() {
    type B = Autodiff<Flex>;
    let settings = settings(&["delay=1"]);
    let split = rows(&settings);
    let mut stepper = stepper::<B>(&settings);
    for step in 0..10 {
        let (inputs, labels) = batch(&split.train, step);
        let inputs = if step == 4 { poisoned(inputs, f32::NAN) } else { inputs };
        stepper.step(inputs, labels).expect("goes on");
        assert_eq!(stepper.nonfinite, u64::from(step >= 5), "step {step}");
        assert!(parameters(&stepper).iter().all(|bits| f32::from_bits(*bits).is_finite()));
    }
}
