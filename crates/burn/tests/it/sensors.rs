use burn::module::AutodiffModule;
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::tensor::backend::AutodiffBackend;
use homeostat_burn::{
    ParameterSensor, Saved, flatten_gradients, flatten_parameters, gradient_norm,
};
use homeostat_testkit::golden::close;

use crate::{Net, gradients, host};

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn norms_equal_those_computed_on_the_host<B: AutodiffBackend>() {
    let device = Default::default();
    let net = Net::<B>::new(&device);
    let grads = gradients(&net, &device);
    let vector = host(flatten_gradients::<B, _>(&net, &grads).expect("has gradients"));
    assert_eq!(vector.len(), 5 * 4 + 4 + 4 * 2 + 2);
    let measured = host(gradient_norm::<B, _>(&net, &grads).expect("has gradients"))[0];
    close("gradient norm", measured, norm(&vector), 1e-6, 0.0);
    assert!(gradient_norm::<B, _>(&net, &GradientsParams::new()).is_none());
}

fn the_buffer_is_no_parameter<B: AutodiffBackend>() {
    let device = Default::default();
    let net = Net::<B>::new(&device);
    let vector = host(flatten_parameters::<B, _>(&net).expect("has parameters"));
    assert_eq!(vector.len(), 34);
    assert!(vector.iter().all(|value| value.abs() < 1.0), "the buffer holds 100");
}

fn the_update_norm_is_that_of_the_true_step<B: AutodiffBackend>() {
    let device = Default::default();
    let mut net = Net::<B>::new(&device);
    let mut sensor = ParameterSensor::new();
    let (_, first) = sensor.measure::<B, _>(&net).expect("has parameters");
    assert!(first.is_none(), "nothing to compare with yet");
    let before = host(flatten_parameters::<B, _>(&net).expect("has parameters"));
    let mut optimizer = AdamConfig::new().with_epsilon(1e-8).init::<B, Net<B>>();
    net = optimizer.step(1e-2, net.clone(), gradients(&net, &device));
    let after = host(flatten_parameters::<B, _>(&net).expect("has parameters"));
    let change: Vec<f64> = after.iter().zip(&before).map(|(a, b)| a - b).collect();
    let (parameters, update) = sensor.measure::<B, _>(&net).expect("has parameters");
    close("parameter norm", host(parameters)[0], norm(&after), 1e-6, 0.0);
    let measured = host(update.expect("second call"))[0];
    close("update norm", measured, norm(&change), 1e-5, 0.0);
    // Adam's first step is the rate times the sign of the gradient in every coordinate.
    close("first Adam step", measured, 1e-2 * 34_f64.sqrt(), 1e-3, 0.0);
}

fn a_rollback_restores_parameters_and_moments_to_the_bit<B: AutodiffBackend>() {
    let device = Default::default();
    let mut net = Net::<B>::new(&device);
    let mut optimizer = AdamConfig::new().init::<B, Net<B>>();
    let train = |mut net: Net<B>, optimizer: &mut _, steps: usize| {
        for _ in 0..steps {
            let grads = gradients(&net, &device);
            net = Optimizer::<Net<B>, B>::step(optimizer, 1e-2, net, grads);
        }
        net
    };
    net = train(net, &mut optimizer, 3);
    let kept = Saved::<B, _, _>::take(&net, &optimizer);
    let here = host(flatten_parameters::<B, _>(&net).expect("has parameters"));
    let net = train(net, &mut optimizer, 4);
    let ahead = host(flatten_parameters::<B, _>(&net).expect("has parameters"));
    assert_ne!(here, ahead);
    let (back, mut optimizer) = kept.restore();
    assert_eq!(host(flatten_parameters::<B, _>(&back).expect("has parameters")), here);
    let again = train(back, &mut optimizer, 4);
    // Only with the moments restored as well does the same path follow.
    assert_eq!(host(flatten_parameters::<B, _>(&again).expect("has parameters")), ahead);
    assert_eq!(again.valid().buffer.val().dims(), [3]);
}

mod both {
    crate::on_both_backends! {
        norms_equal_those_computed_on_the_host
        the_buffer_is_no_parameter
        the_update_norm_is_that_of_the_true_step
        a_rollback_restores_parameters_and_moments_to_the_bit
    }
}
