use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_burn::{
    Precisions, Term, clip_gradients, flatten_gradients, gradient_norm, guard_gradients,
    weighted_total,
};
use homeostat_core::{Board, GradientNorm, Layout, Port, StepError, Weight};
use homeostat_testkit::golden::close;

use crate::{Net, gradients, host};

fn a_term_of_weight_zero_is_left_out_even_if_it_is_nan<B: AutodiffBackend>() {
    let device = Default::default();
    let mut layout = Layout::new();
    let names = ["recon", "kl", "broken"];
    let slots = names.map(|name| layout.declare(&Port::<Weight>::new(name)).expect("new"));
    let mut board = Board::new(layout);
    let term = |index: usize, value: f32| Term {
        weight: slots[index],
        loss: Tensor::<B, 1>::from_floats([value], &device),
    };
    let terms = [term(0, 2.0), term(1, 3.0), term(2, f32::NAN)];
    assert!(matches!(weighted_total(&board, &terms), Err(StepError::Absent(_))));
    for (slot, weight) in slots.iter().zip([1.0, 0.5, 0.0]) {
        board.set(*slot, Weight::new(weight).expect("legal"));
    }
    let total = weighted_total(&board, &terms).expect("all weights are set").expect("two terms");
    assert_eq!(host(total), [3.5]);
    for slot in slots {
        board.set(slot, Weight::new(0.0).expect("legal"));
    }
    assert!(weighted_total(&board, &terms).expect("all weights are set").is_none());
}

fn no_gradient_flows_through_a_weight<B: AutodiffBackend>() {
    let device = Default::default();
    let mut layout = Layout::new();
    let slot = layout.declare(&Port::<Weight>::new("kl")).expect("new");
    let mut board = Board::new(layout);
    board.set(slot, Weight::new(0.25).expect("legal"));
    let leaf = Tensor::<B, 1>::from_floats([3.0], &device).require_grad();
    let terms = [Term { weight: slot, loss: leaf.clone().square() }];
    let total = weighted_total(&board, &terms).expect("set").expect("one term");
    let gradient = leaf.grad(&total.backward()).expect("a leaf");
    assert_eq!(host(gradient), [0.25 * 2.0 * 3.0]);
}

fn clipping_keeps_the_direction_and_bounds_the_global_norm<B: AutodiffBackend>() {
    let device = Default::default();
    let net = Net::<B>::new(&device);
    let before = host(flatten_gradients::<B, _>(&net, &gradients(&net, &device)).expect("some"));
    let length = before.iter().map(|value| value * value).sum::<f64>().sqrt();
    for (maximum, expected) in
        [(0.0, length), (length * 10.0, length), (length / 10.0, length / 10.0)]
    {
        let mut on_host = gradients(&net, &device);
        let norm = GradientNorm::new(length).expect("finite");
        let factor = clip_gradients::<B, _>(&net, &mut on_host, norm, maximum).expect("legal");
        let mut on_device = gradients(&net, &device);
        let norm = gradient_norm::<B, _>(&net, &on_device).expect("some");
        guard_gradients::<B, _>(&net, &mut on_device, norm, maximum).expect("legal");
        for grads in [on_host, on_device] {
            assert_eq!(grads.len(), 4);
            let after = host(flatten_gradients::<B, _>(&net, &grads).expect("some"));
            let now = after.iter().map(|value| value * value).sum::<f64>().sqrt();
            close("norm after clipping", now, expected, 1e-4, 0.0);
            for (after, before) in after.iter().zip(&before) {
                close("direction", *after, before * factor, 1e-4, 1e-7);
            }
        }
    }
}

fn the_guard_turns_a_bad_gradient_into_zero_everywhere<B: AutodiffBackend>() {
    let device = Default::default();
    let net = Net::<B>::new(&device);
    for bad in [f32::NAN, f32::INFINITY] {
        let mut grads: GradientsParams = gradients(&net, &device);
        let poison = Tensor::<B::InnerBackend, 1>::from_floats([1.0, bad], &device);
        grads.register(net.second.bias.as_ref().expect("has a bias").id, poison);
        let norm = gradient_norm::<B, _>(&net, &grads).expect("some");
        guard_gradients::<B, _>(&net, &mut grads, norm, 1.0).expect("legal");
        let after = host(flatten_gradients::<B, _>(&net, &grads).expect("some"));
        assert!(after.iter().all(|value| *value == 0.0), "{after:?}");
    }
}

fn learned_precisions_settle_where_every_term_weighs_one<B: AutodiffBackend>() {
    let device = Default::default();
    let losses = [0.05_f32, 3.0];
    let mut precisions = Precisions::<B>::new(2, &device).fork(&device);
    for _ in 0..400 {
        let terms = losses.iter().enumerate().map(|(index, loss)| {
            precisions.apply(index, Tensor::<B, 1>::from_floats([*loss], &device))
        });
        let total = terms.reduce(|sum, term| sum + term).expect("two terms");
        let grads = GradientsParams::from_grads(total.backward(), &precisions);
        let mut optimizer = burn::optim::SgdConfig::new().init::<B, Precisions<B>>();
        precisions = burn::optim::Optimizer::step(&mut optimizer, 0.1, precisions, grads);
    }
    for (index, loss) in losses.iter().enumerate() {
        let found = host(precisions.log_variance(index))[0];
        close("log-variance", found, f64::from(*loss).ln(), 1e-4, 1e-5);
    }
}

mod both {
    crate::on_both_backends! {
        a_term_of_weight_zero_is_left_out_even_if_it_is_nan
        no_gradient_flows_through_a_weight
        clipping_keeps_the_direction_and_bounds_the_global_norm
        the_guard_turns_a_bad_gradient_into_zero_everywhere
        learned_precisions_settle_where_every_term_weighs_one
    }
}
