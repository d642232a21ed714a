use burn::module::Param;
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::record::{AdaptorRecord, AdaptorRecordV1};
use burn::optim::{Adam, AdamConfig, GradientsParams, Optimizer as _};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_burn::{Trial, flatten_parameters, forget_momentum, try_step};
use homeostat_ceiling::{Decision, Look, Reason, StepConfig};

use crate::{Net, gradients, host};

type Optimizer<B> = OptimizerAdaptor<Adam, Net<B>, B>;

fn bits<B: AutodiffBackend>(net: &Net<B>) -> Vec<u32> {
    let vector = flatten_parameters::<B, _>(net).expect("has parameters");
    vector.into_data().iter::<f32>().map(f32::to_bits).collect()
}

/// First moments, and second moments with the number of updates, of every parameter in the order of ids.
fn moments<B: AutodiffBackend>(
    optimizer: &Optimizer<B>,
) -> Vec<(String, Vec<f32>, Vec<f32>, usize)> {
    let list = |data: TensorData| data.iter::<f32>().collect::<Vec<f32>>();
    let record = optimizer.to_record();
    let mut all: Vec<_> = record
        .into_iter()
        .map(|(id, AdaptorRecord::V1(state))| {
            let (first, second, time) = match state {
                AdaptorRecordV1::Rank1(state) => {
                    let all = state.momentum;
                    (all.moment_1.into_data(), all.moment_2.into_data(), all.time)
                }
                AdaptorRecordV1::Rank2(state) => {
                    let all = state.momentum;
                    (all.moment_1.into_data(), all.moment_2.into_data(), all.time)
                }
                _ => panic!("the net has parameters of ranks 1 and 2"),
            };
            (id.to_string(), list(first), list(second), time)
        })
        .collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// A net and an optimizer that have made three steps.
fn trained<B: AutodiffBackend>() -> (Net<B>, Optimizer<B>) {
    let device = Default::default();
    let (mut net, mut optimizer) = (Net::<B>::new(&device), AdamConfig::new().init());
    for _ in 0..3 {
        let gradients = gradients(&net, &device);
        net = optimizer.step(0.01, net, gradients);
    }
    (net, optimizer)
}

/// Tries one step; the judge refuses so many attempts.
fn attempt<B: AutodiffBackend>(
    refused: u32,
) -> (Net<B>, Net<B>, Optimizer<B>, Optimizer<B>, Decision) {
    let device = Default::default();
    let (net, mut optimizer) = trained::<B>();
    let before = optimizer.clone();
    let search = StepConfig::default().init().expect("the defaults are legal");
    let mut state = search.init_state();
    let fine = Look { loss: Ok(1.0), violation: 0.0 };
    let gradients = gradients(&net, &device);
    let (after, decision) = try_step::<B, _, _>(
        net.clone(),
        &mut optimizer,
        |net, optimizer| optimizer.step(0.01, net, gradients),
        |attempt, _| {
            let loss = if attempt < refused { f64::NAN } else { 1.0 };
            search.decide(&mut state, attempt, fine, Look { loss: Ok(loss), ..fine })
        },
    );
    (net, after, before, optimizer, decision)
}

fn an_accepted_step_is_the_optimizers_own<B: AutodiffBackend>() {
    let (before, after, old, optimizer, decision) = attempt::<B>(0);
    assert_eq!(decision, Decision::Accept { restoration: false });
    // The same net and the same memory, stepped without a trial: the same parameters have the same ids.
    let mut own = old.clone();
    let own_net = own.step(0.01, before.clone(), gradients(&before, &Default::default()));
    assert_eq!(bits(&after), bits(&own_net));
    assert_ne!(bits(&after), bits(&before));
    assert_eq!(moments(&optimizer), moments(&own));
    assert_ne!(moments(&optimizer), moments(&old));
    assert!(moments(&optimizer).iter().all(|one| one.3 == 4));
}

fn a_rejected_step_leaves_the_same_bits<B: AutodiffBackend>() {
    let (before, after, old, optimizer, decision) = attempt::<B>(u32::MAX);
    assert!(matches!(decision, Decision::RollBack { zero_momentum: true, .. }));
    assert_eq!(bits(&after), bits(&before));
    assert_eq!(moments(&optimizer), moments(&old));
    // And it can be trained on.
    let gradients = gradients(&after, &Default::default());
    let mut optimizer = optimizer;
    let next = optimizer.step(0.01, after.clone(), gradients);
    assert_ne!(bits(&next), bits(&after));
}

fn a_shortened_step_has_a_part_of_the_displacement<B: AutodiffBackend>() {
    let vector = |net: &Net<B>| host(flatten_parameters::<B, _>(net).expect("has parameters"));
    let (before, whole, ..) = attempt::<B>(0);
    for (refused, share) in [(1, 0.5), (2, 0.25), (4, 0.0625)] {
        let (_, part, _, optimizer, decision) = attempt::<B>(refused);
        assert_eq!(decision, Decision::Accept { restoration: false });
        let all = vector(&before).into_iter().zip(vector(&whole)).zip(vector(&part));
        for ((before, whole), part) in all {
            let wanted = before + share * (whole - before);
            assert!((part - wanted).abs() <= 1e-6 * wanted.abs().max(1.0), "{part}, {wanted}");
        }
        // Buffers are not moved, and the parameters still take gradients.
        assert_eq!(host(part.buffer.val().inner()), [100.0; 3]);
        let next = gradients(&part, &Default::default());
        assert_eq!(next.len(), 4);
        assert!(moments(&optimizer).iter().all(|one| one.3 == 4));
    }
}

fn forgetting_momentum_keeps_the_rest<B: AutodiffBackend>() {
    let (_, optimizer) = trained::<B>();
    let before = moments(&optimizer);
    let after = moments(&forget_momentum(optimizer));
    assert_eq!(before.len(), 4);
    for (old, new) in before.iter().zip(&after) {
        assert!(old.1.iter().any(|value| *value != 0.0), "there was something to forget");
        assert!(new.1.iter().all(|value| *value == 0.0));
        assert_eq!((&old.0, &old.2, old.3), (&new.0, &new.2, new.3));
    }
}

/// The judge of every attempt looks at the parameters of that attempt, and a buffer that the step has moved,
/// as a running mean would be, stays where the step put it.
fn every_attempt_is_judged_by_its_own_parameters<B: AutodiffBackend>() {
    let device = Default::default();
    let (net, mut optimizer) = trained::<B>();
    let vector = |net: &Net<B>| host(flatten_parameters::<B, _>(net).expect("has parameters"));
    let gradients = gradients(&net, &device);
    let mut seen = Vec::new();
    let (after, _) = try_step::<B, _, _>(
        net.clone(),
        &mut optimizer,
        |net, optimizer| {
            let mut net = optimizer.step(0.01, net, gradients);
            let moved = Tensor::full([3], 200.0, &device);
            net.buffer = Param::initialized(net.buffer.id, moved).set_require_grad(false);
            net
        },
        |attempt, net| {
            assert_eq!(attempt as usize, seen.len());
            seen.push(vector(net));
            if attempt < 3 {
                Decision::Retry { scale: 0.5_f64.powi(attempt as i32 + 1) }
            } else {
                Decision::Accept { restoration: true }
            }
        },
    );
    let before = vector(&net);
    for (attempt, found) in seen.iter().enumerate() {
        let share = 0.5_f64.powi(attempt as i32);
        let all = before.iter().zip(&seen[0]).zip(found);
        for ((before, whole), found) in all {
            let wanted = before + share * (whole - before);
            assert!((found - wanted).abs() <= 1e-6 * wanted.abs().max(1.0), "{found}, {wanted}");
        }
    }
    assert_ne!(seen[2], seen[3]);
    assert_eq!(vector(&after), seen[3]);
    assert_eq!(host(after.buffer.val().inner()), [200.0; 3]);
    assert!(!after.buffer.is_require_grad());
}

/// A parameter of every rank.
#[derive(Module, Debug)]
struct Ranks<B: Backend> {
    one: Param<Tensor<B, 1>>,
    two: Param<Tensor<B, 2>>,
    three: Param<Tensor<B, 3>>,
    four: Param<Tensor<B, 4>>,
    five: Param<Tensor<B, 5>>,
    six: Param<Tensor<B, 6>>,
}

fn momentum_is_forgotten_in_every_rank<B: AutodiffBackend>() {
    fn ones<B: Backend, const D: usize>() -> Param<Tensor<B, D>> {
        Param::from_tensor(Tensor::ones([2; D], &Default::default()))
    }
    let mut net = Ranks::<B> {
        one: ones(),
        two: ones(),
        three: ones(),
        four: ones(),
        five: ones(),
        six: ones(),
    };
    // Without ε every coordinate moves by the rate in the first step, and while the first moment is 0 and
    // the gradient is, too, not at all.
    let mut optimizer: OptimizerAdaptor<Adam, Ranks<B>, B> = AdamConfig::new().init();
    let step = |net: Ranks<B>, optimizer: &mut OptimizerAdaptor<Adam, Ranks<B>, B>, scale: f64| {
        let sum = net.one.val().sum()
            + net.two.val().sum()
            + net.three.val().sum()
            + net.four.val().sum()
            + net.five.val().sum()
            + net.six.val().sum();
        let gradients = GradientsParams::from_grads(sum.mul_scalar(scale).backward(), &net);
        optimizer.step(0.1, net, gradients)
    };
    let vector = |net: &Ranks<B>| host(flatten_parameters::<B, _>(net).expect("has parameters"));
    net = step(net, &mut optimizer, 1.0);
    let first = vector(&net);
    assert_eq!(first.len(), 2 + 4 + 8 + 16 + 32 + 64);
    let kept = vector(&step(net.clone(), &mut optimizer.clone(), 0.0));
    assert!(kept.iter().zip(&first).all(|(after, before)| after < before), "momentum goes on");
    let mut forgotten = forget_momentum(optimizer);
    assert_eq!(vector(&step(net, &mut forgotten, 0.0)), first);
}

fn a_share_that_is_none_takes_the_step_back<B: AutodiffBackend>() {
    let device = Default::default();
    for scale in [f64::NAN, 0.0, -0.5, 1.5, f64::INFINITY] {
        let (net, mut optimizer) = trained::<B>();
        let old = moments(&optimizer);
        let trial = Trial::<B, _, _>::begin(&net, &optimizer);
        let error = trial.shortened(&net, scale).expect_err("illegal").to_string();
        assert!(
            error.starts_with("scale of a displacement must be above 0 and at most 1"),
            "{error}"
        );
        let gradients = gradients(&net, &device);
        let (after, decision) = try_step::<B, _, _>(
            net.clone(),
            &mut optimizer,
            |net, optimizer| optimizer.step(0.01, net, gradients),
            |_, _| Decision::Retry { scale },
        );
        let Decision::RollBack { reason: Reason::Scale { scale: found }, .. } = decision else {
            panic!("{decision:?}");
        };
        assert_eq!(found.to_bits(), scale.to_bits());
        assert_eq!((bits(&after), moments(&optimizer)), (bits(&net), old));
    }
    let (net, optimizer) = trained::<B>();
    let trial = Trial::<B, _, _>::begin(&net, &optimizer);
    assert!(trial.shortened(&net, 1.0).is_ok());
}

mod both {
    crate::on_both_backends! {
        a_share_that_is_none_takes_the_step_back
        every_attempt_is_judged_by_its_own_parameters
        momentum_is_forgotten_in_every_rank
        an_accepted_step_is_the_optimizers_own
        a_rejected_step_leaves_the_same_bits
        a_shortened_step_has_a_part_of_the_displacement
        forgetting_momentum_keeps_the_rest
    }
}
