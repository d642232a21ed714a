//! Losses and gradients that are not finite.

use std::cell::Cell;

use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_burn::surgery::{Cut, Surgeon, SurgeryStep};
use homeostat_surgery::Outcome;

use super::{Forked, flat, surgeon};
use crate::{host, input};

/// What goes wrong with a loss.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// It is NaN.
    Value,
    /// It is finite, and its gradient is not.
    Slope,
    /// The same, for the parameters of its head alone.
    Head,
}

const FAULTS: [Fault; 3] = [Fault::Value, Fault::Slope, Fault::Head];

/// Adds a fault to a loss.
fn spoil<B: AutodiffBackend>(
    net: &Forked<B>,
    z: Tensor<B, 2>,
    loss: Tensor<B, 1>,
    fault: Fault,
) -> Tensor<B, 1> {
    // The slope of a root at 0 is infinite.
    match fault {
        Fault::Value => loss.mul_scalar(f32::NAN),
        Fault::Slope => loss + z.mul_scalar(0.0).sqrt().sum(),
        Fault::Head => loss + net.classifier.weight.val().mul_scalar(0.0).sqrt().sum(),
    }
}

/// One step in which some loss has a fault.
fn step<B: AutodiffBackend>(
    surgeon: &mut Surgeon,
    net: &Forked<B>,
    factors: &[f64],
    fault: Option<(usize, Fault)>,
) -> SurgeryStep<B> {
    let inputs = input::<B>(&Default::default());
    let objective = Cut::new(
        |net: &Forked<B>| net.latent(inputs.clone()),
        |net: &Forked<B>, z: Tensor<B, 2>, number| {
            // Above 0, as FAMO wants losses.
            let loss = net.loss(&inputs, z.clone(), number) + 2.0;
            match fault {
                Some((bad, fault)) if bad == number => spoil(net, z, loss, fault),
                _ => loss,
            }
        },
    );
    surgeon.step(net, &objective, factors).expect("legal")
}

/// Every way to make a step with the weights of an earlier Gramian, or without any.
const PLAIN: [&str; 9] = [
    "surgery = { method = 'upgrad', every = 3 }",
    "surgery = { method = 'upgrad', every = 3, granularity = 'layer' }",
    "rows = 'groups'\nsurgery = { method = 'upgrad', every = 3 }",
    "rows = 'representation'\nsurgery = { method = 'upgrad', every = 3 }",
    "rows = 'representation'\nheads = 'weighted'\nsurgery = { method = 'upgrad', every = 3 }",
    "surgery = 'sum'",
    "surgery = { method = 'mean', granularity = 'layer' }",
    "surgery = 'famo'",
    "rows = 'representation'\nsurgery = 'sum'",
];

fn a_cached_step_leaves_out_the_row_that_is_not_finite<B: AutodiffBackend>() {
    let net = Forked::<B>::new(&Default::default());
    for text in PLAIN {
        let groups = text.contains("groups");
        for fault in FAULTS {
            let mut surgeon = surgeon(text);
            step::<B>(&mut surgeon, &net, &[1.0; 3], None);
            let taken = step::<B>(&mut surgeon, &net, &[1.0; 3], Some((2, fault)));
            let what = format!("{text}, {fault:?}");
            let bad = if groups { 1 } else { 2 };
            let mut dropped = 0;
            for (group, report) in taken.report.groups.iter().enumerate() {
                let not_finite = report.report.not_finite;
                assert!(not_finite.iter().all(|row| row == bad), "{what}: {report:?}");
                // A layer that the loss does not reach has no fault.
                let bad_here = not_finite.contains(bad);
                assert!(bad_here || text.contains("layer"), "{what}: {report:?}");
                assert!(!bad_here || report.weights[bad] == 0.0, "{what}");
                assert_ne!(report.report.outcome, Outcome::Cached, "{what}");
                let counts = surgeon.state().and_then(|state| state.counts(group));
                let counts = counts.expect("a group");
                assert_eq!((counts.steps, counts.not_finite), (2, u64::from(bad_here)));
                dropped += counts.not_finite;
            }
            assert!(dropped > 0, "{what}");
            let found = flat::<B, _>(&net, &taken.gradients);
            assert!(found.iter().all(|number| number.is_finite()), "{what}: {found:?}");
            if text.contains("layer") {
                continue;
            }
            // The others make the step that they would have made alone.
            let mut alone = super::surgeon(text);
            step::<B>(&mut alone, &net, &[1.0; 3], None);
            let factors = if groups { [1.0, 0.0, 0.0] } else { [1.0, 1.0, 0.0] };
            let text = text.replace("every = 3", "every = 1");
            let healthy = step::<B>(&mut super::surgeon(&text), &net, &factors, None);
            let healthy = flat::<B, _>(&net, &healthy.gradients);
            for (place, number) in found.iter().enumerate() {
                let expected = healthy.get(place).copied().unwrap_or(0.0);
                assert!((number - expected).abs() < 1e-6, "{what}, {place}: {number}, {expected}");
            }
        }
    }
}

fn a_healthy_cached_step_makes_one_pass_and_one_read<B: AutodiffBackend>() {
    let net = Forked::<B>::new(&Default::default());
    for (text, passes) in [(PLAIN[0], 1), (PLAIN[2], 1), (PLAIN[3], 1), ("surgery = 'sum'", 1)] {
        let mut surgeon = surgeon(text);
        step::<B>(&mut surgeon, &net, &[1.0; 3], None);
        let healthy = step::<B>(&mut surgeon, &net, &[1.0; 3], None).report;
        assert_eq!((healthy.forwards, healthy.backwards, healthy.reads), (passes, passes, 1));
    }
    // With a fault all passes that were made are told.
    let mut surgeon = surgeon(PLAIN[0]);
    step::<B>(&mut surgeon, &net, &[1.0; 3], None);
    let again = step::<B>(&mut surgeon, &net, &[1.0; 3], Some((1, Fault::Value))).report;
    assert_eq!((again.forwards, again.backwards, again.reads), (4, 4, 2));
    // The Gramian is new, and its weights are kept for the next two steps.
    for due in [false, false, true] {
        let state = surgeon.state().expect("after a step");
        assert_eq!(surgeon.surgery().request(state, 0).gramian, due);
        step::<B>(&mut surgeon, &net, &[1.0; 3], None);
    }
}

fn no_fault_reaches_a_parameter<B: AutodiffBackend>() {
    let device = Default::default();
    for text in PLAIN {
        for fault in FAULTS {
            let mut net = Forked::<B>::new(&device);
            let mut optimizer = AdamConfig::new().init();
            let mut surgeon = surgeon(text);
            for time in 0..12 {
                // Each loss in each part of the period, and healthy steps in between.
                let bad = (time % 4 != 3).then_some((time % 3, fault));
                let taken = step::<B>(&mut surgeon, &net, &[1.0; 3], bad);
                net = optimizer.step(0.1, net, taken.gradients);
            }
            let parameters = [
                host(net.encoder.weight.val()),
                host(net.decoder.weight.val()),
                host(net.classifier.weight.val()),
            ];
            let finite = parameters.iter().flatten().all(|number| number.is_finite());
            assert!(finite, "{text}, {fault:?}: {parameters:?}");
        }
    }
}

fn where_every_loss_is_bad_nothing_moves<B: AutodiffBackend>() {
    let net = Forked::<B>::new(&Default::default());
    let inputs = input::<B>(&Default::default());
    for text in PLAIN {
        let mut surgeon = surgeon(text);
        step::<B>(&mut surgeon, &net, &[1.0; 3], None);
        let calls = Cell::new(0);
        let objective = Cut::new(
            |net: &Forked<B>| net.latent(inputs.clone()),
            |net: &Forked<B>, z: Tensor<B, 2>, loss| {
                calls.set(calls.get() + 1);
                (net.loss(&inputs, z, loss) + 2.0).mul_scalar(f32::NAN)
            },
        );
        let taken = surgeon.step(&net, &objective, &[1.0; 3]).expect("legal");
        assert!(taken.report.groups.iter().all(|group| group.report.outcome == Outcome::Empty));
        let found = flat::<B, _>(&net, &taken.gradients);
        assert!(found.iter().all(|number| *number == 0.0), "{text}: {found:?}");
        assert!(calls.get() > 0);
    }
}

fn a_refused_step_leaves_the_memory_as_it_was<B: AutodiffBackend>() {
    let net = Forked::<B>::new(&Default::default());
    let inputs = input::<B>(&Default::default());
    for text in [PLAIN[0], PLAIN[5], "surgery = 'momentum-config'"] {
        let mut surgeon = surgeon(text);
        step::<B>(&mut surgeon, &net, &[1.0; 3], None);
        let before = surgeon.state().cloned();
        let wide = Cut::new(
            |net: &Forked<B>| net.latent(inputs.clone()),
            |net: &Forked<B>, z: Tensor<B, 2>, loss| {
                let one = net.loss(&inputs, z, loss);
                Tensor::cat(vec![one.clone(), one], 0)
            },
        );
        surgeon.step(&net, &wide, &[1.0; 3]).expect_err("two numbers");
        assert_eq!(surgeon.state().cloned(), before, "{text}");
        let gradients: GradientsParams = step::<B>(&mut surgeon, &net, &[1.0; 3], None).gradients;
        assert!(!gradients.is_empty());
    }
}

fn losses_go_to_their_rows<B: AutodiffBackend>() {
    let net = Forked::<B>::new(&Default::default());
    for rows in ["reforward", "representation"] {
        // A row is its gradient over its loss; the second one is not measured.
        let text = "surgery = { method = 'sum', normalize = 'loss' }";
        let text = format!("rows = '{rows}'\nheads = 'weighted'\n{text}");
        let factors = [1.0, 0.0, 0.5];
        let taken = step::<B>(&mut surgeon(&text), &net, &factors, None);
        let found = flat::<B, _>(&net, &taken.gradients);
        let values: Vec<f64> = taken
            .losses
            .into_iter()
            .map(|loss| loss.map_or(f64::NAN, |loss| host(loss)[0]))
            .collect();
        assert!((values[0] - values[2]).abs() > 0.1, "{values:?}");
        let divided = [1.0 / values[0], 0.0, 0.5 / values[2]];
        let sum = step::<B>(&mut surgeon("surgery = 'sum'"), &net, &divided, None);
        for (found, expected) in found.iter().zip(flat::<B, _>(&net, &sum.gradients)) {
            assert!((found - expected).abs() < 1e-6, "{rows}: {found}, not {expected}");
        }
    }
}

mod on {
    crate::on_both_backends! {
        a_cached_step_leaves_out_the_row_that_is_not_finite
        a_healthy_cached_step_makes_one_pass_and_one_read
        no_fault_reaches_a_parameter
        where_every_loss_is_bad_nothing_moves
        a_refused_step_leaves_the_memory_as_it_was
        losses_go_to_their_rows
    }
}
