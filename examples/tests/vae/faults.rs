//! Steps that are forced to be rejected, and batches that are not finite.

use burn::backend::Autodiff;
use burn::optim::Optimizer as _;
use burn::optim::record::{AdaptorRecord, AdaptorRecordV1};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use homeostat::ceiling::Outcome as Verdict;
use homeostat_examples::data::Dataset;
use homeostat_examples::trainer::state::parameter_hash;
use homeostat_examples::vae::session::Start;
use homeostat_examples::vae::step::Stepper;
use homeostat_testkit::Folder;

use crate::{images, run, settings, stepper};

fn batch<B: Backend>(data: &Dataset, step: usize) -> Tensor<B, 2> {
    let rows: Vec<u32> = (0..16).map(|row| ((row * 5 + step * 7) % data.len()) as u32).collect();
    let (inputs, _) = data.gather(&rows).expect("rows that exist");
    Tensor::from_data(TensorData::new(inputs, [16, data.features()]), &B::Device::default())
}

/// The bits of both moments of every parameter, and how often they were updated; first moments apart.
fn moments<B: AutodiffBackend>(stepper: &Stepper<B>) -> (Vec<u32>, Vec<u32>) {
    let bits = |data: TensorData| data.iter::<f32>().map(f32::to_bits).collect::<Vec<_>>();
    let mut parts: Vec<(String, Vec<u32>, Vec<u32>)> = stepper
        .optimizer
        .to_record()
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
                AdaptorRecordV1::Rank4(state) => {
                    let all = state.momentum;
                    (all.moment_1.into_data(), all.moment_2.into_data(), all.time)
                }
                _ => panic!("the model has parameters of ranks 1, 2 and 4"),
            };
            let mut rest = bits(second);
            rest.push(time as u32);
            (format!("{id}"), bits(first), rest)
        })
        .collect();
    parts.sort();
    assert!(!parts.is_empty());
    let first = parts.iter().flat_map(|part| part.1.iter().copied()).collect();
    (first, parts.iter().flat_map(|part| part.2.iter().copied()).collect())
}

/// Steps 6 and 9: after the calibration, with history in every moment.
fn some(step: u64) -> bool {
    step == 6 || step == 9
}

fn rejected_steps_leave_nothing<B: AutodiffBackend>(overrides: &[&str], keeps: bool) {
    let cosine = "controller.cosine.enabled=true";
    let settings = settings(&[overrides, &[cosine]].concat());
    let data = images(&settings).train;
    let mut stepper = stepper::<B>(&settings);
    stepper.reject = some;
    for step in 0..12 {
        let before = (
            parameter_hash::<B, _>(&stepper.model),
            moments_or_none(&stepper, step),
            serde_json::to_string(&stepper.control.save()).expect("is written"),
        );
        let multipliers = remembered(&stepper);
        let stepped = stepper.step(batch(&data, step)).expect("a rejection does not end the run");
        let hash = parameter_hash::<B, _>(&stepper.model);
        if !some(step as u64) {
            assert_ne!(hash, before.0, "step {step} did not train");
            let moved = remembered(&stepper)[0] != multipliers[0];
            assert_eq!(moved, step >= 2, "step {step}: shares move after the calibration");
            continue;
        }
        assert_eq!(stepped.outcome, Some(Verdict::Rejected));
        assert_eq!(stepped.halvings, 4, "the displacement was halved as often as is allowed");
        assert_eq!(hash, before.0, "step {step} left a trace in the parameters");
        let after = remembered(&stepper);
        assert_eq!(after, multipliers, "step {step} moved shares, goals or ceilings");
        let (first, second) = moments(&stepper);
        let (old_first, old_second) = before.1.expect("has moments by now");
        assert_eq!(second, old_second, "step {step} left a trace in the second moments");
        if keeps {
            assert_eq!(first, old_first, "step {step} left a trace in the first moments");
        } else {
            assert!(first.iter().all(|bits| f32::from_bits(*bits) == 0.0), "momentum is forgotten");
        }
        // The board shows what was measured of the rejected step; the controllers did not see it.
        let controllers = |text: &str| {
            let saved: serde_json::Value = serde_json::from_str(text).expect("was written by us");
            (saved["controllers"].clone(), saved["counts"].clone())
        };
        let after = serde_json::to_string(&stepper.control.save()).expect("is written");
        assert_eq!(controllers(&after), controllers(&before.2), "step {step} moved a controller");
    }
}

/// What the bottleneck remembers beside its counts of steps: shares, goals, ceilings and their clock.
fn remembered<B: AutodiffBackend>(stepper: &Stepper<B>) -> Vec<serde_json::Value> {
    let lbo = stepper.lbo.as_ref().expect("the bottleneck's method");
    let saved = serde_json::to_value(lbo.save()).expect("is written");
    let ceiling = &saved["ceiling"];
    // Values of a rejected step are samples of the discovery; bounds do not move in its epoch.
    let bounds = ceiling["goals"].as_array().expect("a list").iter().map(|goal| &goal["bounds"]);
    let clock = ["sigma", "increment", "tightenings", "history"].map(|field| &ceiling[field]);
    let goals = ["constraints", "scales", "tightening"].map(|field| &saved["goals"][field]);
    std::iter::once(&saved["shares"]).chain(goals).chain(bounds).chain(clock).cloned().collect()
}

#[test]
fn a_batch_that_is_not_finite_moves_no_share() {
    let settings = settings(&[]);
    let data = images(&settings).train;
    let mut stepper = stepper::<Autodiff<Flex>>(&settings);
    for step in 0..6 {
        let before = remembered(&stepper);
        let mut inputs = batch::<Flex>(&data, step);
        if step == 5 {
            let poison = Tensor::full([1, 1], f32::NAN, &inputs.device());
            inputs = inputs.slice_assign([3..4, 5..6], poison);
        }
        stepper.step(inputs).expect("a faulty batch does not end the run");
        assert_eq!(remembered(&stepper)[0] == before[0], step < 2 || step == 5, "step {step}");
    }
}

fn moments_or_none<B: AutodiffBackend>(
    stepper: &Stepper<B>,
    step: usize,
) -> Option<(Vec<u32>, Vec<u32>)> {
    (step > 0).then(|| moments(stepper))
}

#[test]
fn a_rejected_step_leaves_parameters_moments_and_controllers_alone_on_flex() {
    rejected_steps_leave_nothing::<Autodiff<Flex>>(&["lbo.step.momentum=keep"], true);
    rejected_steps_leave_nothing::<Autodiff<Flex>>(&[], false);
}

#[test]
fn a_rejected_step_leaves_parameters_moments_and_controllers_alone_on_ndarray() {
    let convolutional = "model.architecture=convolutional";
    let keep = ["lbo.step.momentum=keep", convolutional];
    rejected_steps_leave_nothing::<Autodiff<NdArray<f32>>>(&keep, true);
    rejected_steps_leave_nothing::<Autodiff<NdArray<f32>>>(&[convolutional], false);
}

/// The messages of a run whose steps are rejected so.
fn events(name: &str, overrides: &[&str], reject: fn(u64) -> bool) -> (Vec<(u64, String)>, f64) {
    let folder = Folder::new(&format!("vae-{name}"));
    let start = Start { reject: Some(reject), ..Start::default() };
    let outcome = run::<Autodiff<Flex>>(folder.path(), overrides, start);
    let rate = outcome.summary["rollback_rate"].as_f64().expect("is a number");
    (outcome.events, rate)
}

fn backoffs(events: &[(u64, String)]) -> Vec<u64> {
    let mine = events.iter().filter(|(_, text)| text.contains("Backoff"));
    mine.map(|(epoch, _)| *epoch).collect()
}

#[test]
fn forced_rejections_drive_the_backoff() {
    // Epochs of eight steps: 16 to 23 are the third epoch, the first of the squeeze.
    let (calm, rate) = events("faults-none", &[], |_| false);
    assert_eq!(backoffs(&calm), [0; 0], "{calm:?}");
    assert!(rate < 0.05, "{rate}");
    // One step of eight is less than 15 %: at the limit, and nothing goes back.
    let (one, _) = events("faults-one", &[], |step| step == 17);
    assert_eq!(backoffs(&one), [0; 0], "{one:?}");
    assert!(one.iter().any(|(epoch, text)| *epoch == 3 && text.contains("At limit")), "{one:?}");
    // A burst of two is 25 %: back.
    let (burst, _) = events("faults-burst", &[], |step| step == 17 || step == 18);
    assert_eq!(backoffs(&burst), [3], "{burst:?}");
    // 16 % of an epoch of 25 steps: just above the limit of 15 %.
    let long = ["data.samples=400"];
    let (share, _) = events("faults-share", &long, |step| (50..54).contains(&step));
    assert_eq!(backoffs(&share), [3], "{share:?}");
    // Every step from the third epoch on: back in every epoch, and the ceiling stays where it was.
    let (all, rate) = events("faults-all", &[], |step| step >= 16);
    assert_eq!(backoffs(&all), [3, 4, 5], "{all:?}");
    assert!(rate > 0.5, "{rate}");
    assert!(!all.iter().any(|(_, text)| text.contains("at target (")), "{all:?}");
}

#[test]
fn a_batch_that_is_not_finite_is_dropped_by_every_method() {
    for method in ["lbo", "beta", "geco", "pid"] {
        let settings = settings(&[&format!("method={method}")]);
        let data = images(&settings).train;
        let mut stepper = stepper::<Autodiff<Flex>>(&settings);
        for step in 0..8 {
            let mut inputs = batch::<Flex>(&data, step);
            let faulty = step == 1 || step == 5;
            if faulty {
                let poison = Tensor::full([1, 1], f32::NAN, &inputs.device());
                inputs = inputs.slice_assign([3..4, 5..6], poison);
            }
            let before = parameter_hash::<Autodiff<Flex>, _>(&stepper.model);
            let stepped = stepper.step(inputs).expect("a faulty batch does not end the run");
            assert_eq!(stepped.nonfinite, faulty, "{method}, step {step}");
            let after = parameter_hash::<Autodiff<Flex>, _>(&stepper.model);
            assert_eq!(after == before, faulty, "{method}, step {step}");
        }
        assert_eq!(stepper.nonfinite, 2, "{method}");
    }
}
