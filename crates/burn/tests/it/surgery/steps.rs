use std::cell::{Cell, RefCell};

use burn::backend::Autodiff;
use burn::module::Module;
use burn::nn::LinearConfig;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use burn_flex::Flex;
use homeostat_burn::surgery::{Cut, RowMode, Surgeon, SurgeonConfig, SurgeonError, Whole};
use homeostat_surgery::{Outcome, SurgeryError, SurgeryState};

use super::{Forked, flat, objective, one_step, surgeon, train};
use crate::{host, input};

const FACTORS: [f64; 3] = [1.0, 0.5, 2.0];

const MODES: [&str; 3] = ["reforward", "groups", "representation"];

fn one_word_chooses_the_mode<B: AutodiffBackend>() {
    let device = Default::default();
    let net = Forked::<B>::new(&device);
    let inputs = input::<B>(&device);
    for (rows, passes) in MODES.into_iter().zip([3, 2, 1]) {
        let text = format!("rows = '{rows}'\nsurgery = 'upgrad'");
        let step = surgeon(&text).step(&net, &objective!(inputs), &[1.0; 3]).expect("legal");
        let report = step.report;
        assert_eq!(
            (report.forwards, report.backwards, report.reads),
            (passes, passes, 1),
            "{rows}"
        );
        assert_eq!(report.groups[0].weights.len(), if rows == "groups" { 2 } else { 3 });
        assert_eq!(report.groups[0].report.outcome, Outcome::Combined);
        let values: Vec<f64> =
            step.losses.into_iter().map(|loss| host(loss.expect("measured"))[0]).collect();
        let z = net.latent(inputs.clone());
        for (loss, value) in values.iter().enumerate() {
            let expected = host(net.loss(&inputs, z.clone(), loss).inner())[0];
            assert!((value - expected).abs() < 1e-6, "{rows}");
        }
    }
}

fn a_loss_of_factor_0_costs_nothing<B: AutodiffBackend>() {
    let device = Default::default();
    let net = Forked::<B>::new(&device);
    let inputs = input::<B>(&device);
    for rows in MODES {
        for method in ["upgrad", "sum", "mgda"] {
            let asked = RefCell::new(Vec::new());
            let objective = Cut::new(
                |net: &Forked<B>| net.latent(inputs.clone()),
                |net: &Forked<B>, z: Tensor<B, 2>, loss| {
                    asked.borrow_mut().push(loss);
                    net.loss(&inputs, z, loss)
                },
            );
            let text = format!("rows = '{rows}'\nsurgery = '{method}'");
            let step = surgeon(&text).step(&net, &objective, &[1.0, 0.0, 1.0]).expect("legal");
            assert_eq!(*asked.borrow(), [0, 2], "{text}");
            assert!(step.losses[1].is_none() && step.losses[2].is_some());
            let found = flat::<B, _>(&net, &step.gradients);
            let two = Cut::new(
                |net: &Forked<B>| net.latent(inputs.clone()),
                |net: &Forked<B>, z: Tensor<B, 2>, loss| net.loss(&inputs, z, 2 * loss),
            );
            let expected = surgeon(&text).step(&net, &two, &[1.0, 1.0]).expect("legal");
            assert_eq!(found, flat::<B, _>(&net, &expected.gradients), "{text}");
        }
        // It takes no factors, so its cached weights know nothing of this one.
        let fairgrad = "{ method = { fairgrad = { fairness = 2.0 } }, every = 2 }";
        let mut cached = surgeon(&format!("rows = '{rows}'\nsurgery = {fairgrad}"));
        for factors in [[1.0; 3], [1.0, 0.0, 0.0]] {
            let step = cached.step(&net, &objective!(inputs), &factors).expect("legal");
            let weights = &step.report.groups[0].weights;
            assert!(weights[0] != 0.0 && (weights[1] == 0.0) == (factors[1] == 0.0), "{rows}");
        }
        let nothing = surgeon(&format!("rows = '{rows}'\nsurgery = 'upgrad'"))
            .step(&net, &objective!(inputs), &[0.0; 3])
            .expect("legal");
        assert!(nothing.gradients.is_empty());
        assert_eq!(nothing.report.groups[0].report.outcome, Outcome::Empty, "{rows}");
    }
}

fn a_loss_that_is_not_finite_is_dropped<B: AutodiffBackend>() {
    let device = Default::default();
    let net = Forked::<B>::new(&device);
    let inputs = input::<B>(&device);
    for rows in ["reforward", "representation"] {
        let text = format!("rows = '{rows}'\nsurgery = 'upgrad'");
        let broken = Cut::new(
            |net: &Forked<B>| net.latent(inputs.clone()),
            |net: &Forked<B>, z: Tensor<B, 2>, loss| match loss {
                2 => net.loss(&inputs, z, 2).mul_scalar(f32::NAN),
                _ => net.loss(&inputs, z, loss),
            },
        );
        let step = surgeon(&text).step(&net, &broken, &[1.0; 3]).expect("legal");
        assert!(step.report.groups[0].report.not_finite.iter().eq([2]), "{rows}");
        let found = flat::<B, _>(&net, &step.gradients);
        let healthy =
            surgeon(&text).step(&net, &objective!(inputs), &[1.0, 1.0, 0.0]).expect("legal");
        let healthy = flat::<B, _>(&net, &healthy.gradients);
        // The classifier has no gradient at all where its loss was left out, and 0 where it was dropped.
        assert_eq!(found[..healthy.len()], healthy, "{rows}");
        assert!(found[healthy.len()..].iter().all(|number| *number == 0.0), "{rows}");
    }
}

fn between_gramians_one_pass_follows_the_cached_weights<B: AutodiffBackend>() {
    let device = Default::default();
    let net = Forked::<B>::new(&device);
    let inputs = input::<B>(&device);
    for rows in MODES {
        let text = format!(
            "rows = '{rows}'\nheads = 'weighted'\nsurgery = {{ method = 'upgrad', every = 3 }}"
        );
        let mut surgeon = surgeon(&text);
        let mut step = || surgeon.step(&net, &objective!(inputs), &[1.0, 0.5, 2.0]).expect("legal");
        let first = step();
        let (weights, gradient) =
            (first.report.groups[0].weights.clone(), flat::<B, _>(&net, &first.gradients));
        for _ in 0..2 {
            let cached = step();
            assert_eq!(cached.report.groups[0].report.outcome, Outcome::Cached, "{rows}");
            let passes = (cached.report.forwards, cached.report.backwards, cached.report.reads);
            assert_eq!(passes, (1, 1, 1), "{rows}");
            let found = &cached.report.groups[0].weights;
            assert!(found.iter().zip(&weights).all(|(a, b)| (a - b).abs() < 1e-12), "{rows}");
            for (found, expected) in flat::<B, _>(&net, &cached.gradients).iter().zip(&gradient) {
                assert!((found - expected).abs() < 1e-6, "{rows}: {found}, not {expected}");
            }
        }
        assert_eq!(step().report.groups[0].report.outcome, Outcome::Combined, "{rows}");
    }
}

fn runs_repeat_and_resume_to_the_bit<B: AutodiffBackend>() {
    let device = Default::default();
    for rows in MODES {
        let method = "{ method = { pcgrad = { seed = 3 } }, every = 2, smoothing = 0.5 }";
        let text = format!("rows = '{rows}'\nsurgery = {method}");
        let run = || train(&mut surgeon(&text), &mut Forked::<B>::new(&device), 8, FACTORS);
        let whole = run();
        assert_eq!(whole, run(), "{rows}");
        let mut net = Forked::<B>::new(&device);
        let mut first = surgeon(&text);
        let mut parts = train(&mut first, &mut net, 3, FACTORS);
        let saved = serde_json::to_string(first.state().expect("after a step")).expect("legal");
        let mut second = surgeon(&text);
        second.load(serde_json::from_str::<SurgeryState>(&saved).expect("legal"));
        parts.extend(train(&mut second, &mut net, 5, FACTORS));
        assert_eq!(whole, parts, "{rows}");
    }
}

fn momentum_makes_one_pass_per_step_and_resumes<B: AutodiffBackend>() {
    let device = Default::default();
    let net = Forked::<B>::new(&device);
    let inputs = input::<B>(&device);
    let text = "surgery = 'momentum-config'";
    let mut whole = surgeon(text);
    let mut first = None;
    for step in 0..7 {
        if step == 4 {
            let mut second = surgeon(text);
            let saved = serde_json::to_string(whole.state().expect("after a step")).expect("legal");
            second.load(serde_json::from_str(&saved).expect("legal"));
            let averages = whole.averages::<B, _>(&net);
            second.load_averages::<B, _>(&net, averages).expect("of the same net");
            first = Some(second);
        }
        let taken = whole.step(&net, &objective!(inputs), &[1.0; 3]).expect("legal");
        assert_eq!((taken.report.forwards, taken.report.backwards), (1, 1));
        let measured: Vec<bool> = taken.losses.iter().map(Option::is_some).collect();
        assert_eq!(measured, [step % 3 == 0, step % 3 == 1, step % 3 == 2]);
        let found = flat::<B, _>(&net, &taken.gradients);
        if let Some(second) = &mut first {
            let taken = second.step(&net, &objective!(inputs), &[1.0; 3]).expect("legal");
            assert_eq!(found, flat::<B, _>(&net, &taken.gradients));
        }
        // The gradients do not change here, so the averages are theirs, times what the law corrects.
        if step >= 2 {
            let expected = one_step::<B>("surgery = 'config'", &[1.0; 3]);
            let norm = expected.iter().map(|value| value * value).sum::<f64>().sqrt();
            let close = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-5 * norm;
            assert!(found.iter().zip(&expected).all(close), "step {step}");
        }
    }
}

fn upgrad_conflicts_with_no_loss<B: AutodiffBackend>() {
    for rows in ["reforward", "groups"] {
        let text = format!("rows = '{rows}'\nsurgery = 'upgrad'");
        let direction = one_step::<B>(&text, &[1.0, 1.0, 3.0]);
        let row = |factors: &[f64]| one_step::<B>("surgery = 'sum'", factors);
        let dot = |row: Vec<f64>| row.iter().zip(&direction).map(|(a, b)| a * b).sum::<f64>();
        let tasks = [[1.0, 0.0, 0.0], [0.0, 1.0, 3.0]];
        // A factor of 0 leaves parameters out; 1e-30 keeps them, at a gradient of nothing.
        for factors in tasks.map(|row| row.map(|factor| f64::max(factor, 1e-30))) {
            assert!(dot(row(&factors)) >= -1e-9, "{rows}");
        }
    }
}

#[test]
fn no_graph_is_left_behind() {
    type B = Autodiff<Flex>;
    let device = Default::default();
    let net = Forked::<B>::new(&device);
    for rows in MODES {
        for every in [1, 2] {
            let text =
                format!("rows = '{rows}'\nsurgery = {{ method = 'upgrad', every = {every} }}");
            let mut surgeon = surgeon(&text);
            for factors in [[1.0, 1.0, 1.0], [1.0, 0.0, 2.0], [1.0, 1.0, 1.0]] {
                let inputs = input::<B>(&device);
                surgeon.step(&net, &objective!(inputs), &factors).expect("legal");
                // A graph that is still there holds the inputs, for the gradient of the first weight.
                let inputs = inputs.inner().into_primitive().tensor();
                assert!(inputs.is_unique(), "{text}");
            }
        }
    }
}

#[test]
fn what_is_wrong_is_said() {
    type B = Autodiff<Flex>;
    let device = Default::default();
    let net = Forked::<B>::new(&device);
    let inputs = input::<B>(&device);
    let whole = Whole::new(|net: &Forked<B>, wanted: &[usize]| {
        let z = net.latent(inputs.clone());
        wanted.iter().map(|loss| net.loss(&inputs, z.clone(), *loss)).collect()
    });
    let refused = surgeon("rows = 'representation'").step(&net, &whole, &[1.0; 2]);
    assert_eq!(refused.unwrap_err(), SurgeonError::NoCut);
    let mut two = surgeon("surgery = 'upgrad'");
    let refused = two.step(&net, &whole, &[1.0, f64::NAN]).unwrap_err().to_string();
    assert_eq!(refused, "the factor of loss 1 must be finite, got NaN");
    two.step(&net, &whole, &[1.0; 2]).expect("legal");
    let refused = two.step(&net, &whole, &[1.0; 3]).unwrap_err().to_string();
    assert_eq!(refused, "the number of losses must be 2, got 3");
    let refused = surgeon("rows = 'groups'").step(&net, &whole, &[1.0]).unwrap_err().to_string();
    assert_eq!(refused, "the number of losses must be 2 to 64, got 1");
    // The row of the constraints would hold the multipliers where the method cannot see them.
    let mut grouped = surgeon("rows = 'groups'\nsurgery = 'mgda'");
    let refused = grouped.step(&net, &whole, &[1.0, 5.0, 3.0]).unwrap_err();
    assert_eq!(refused, SurgeryError::Multipliers("mgda").into());
    assert!(grouped.state().is_none());
    grouped.step(&net, &whole, &[1.0, 1.0, 0.0]).expect("no multipliers");
    let calls = Cell::new(0);
    let few = Whole::new(|net: &Forked<B>, _: &[usize]| {
        calls.set(calls.get() + 1);
        vec![net.latent(inputs.clone()).sum(); calls.get() % 2]
    });
    let mut other = surgeon("surgery = 'upgrad'");
    let refused = other.step(&net, &few, &[1.0; 2]).unwrap_err();
    assert_eq!(refused, SurgeonError::Losses { expected: 1, found: 0 });
    let wide = Whole::new(|net: &Forked<B>, wanted: &[usize]| {
        vec![net.latent(inputs.clone()).sum_dim(1).reshape([-1]); wanted.len()]
    });
    let refused = other.step(&net, &wide, &[1.0; 2]).unwrap_err();
    assert_eq!(refused, SurgeonError::Shape { loss: 0, found: 8 });
    let lazy = LinearConfig::new(5, 2).init::<B>(&device);
    let used = Whole::new(|net: &burn::nn::Linear<B>, wanted: &[usize]| {
        vec![net.clone().fork(&device).forward(inputs.clone()).mean(); wanted.len()]
    });
    let refused = surgeon("surgery = 'upgrad'").step(&lazy, &used, &[1.0; 2]).unwrap_err();
    assert_eq!(refused, SurgeonError::NoGradient { loss: 0 });
}

#[test]
fn a_file_is_checked() {
    let config: SurgeonConfig = toml::from_str("").expect("legal");
    assert_eq!((config.rows, config), (RowMode::Reforward, SurgeonConfig::default()));
    let wrong = toml::from_str::<SurgeonConfig>("rows = 'both'").unwrap_err().to_string();
    assert!(wrong.contains("`reforward`, `representation`, `groups`"), "{wrong}");
    assert!(toml::from_str::<SurgeonConfig>("row = 'groups'").is_err());
    let text = "rows = 'representation'\nsurgery = { granularity = 'layer' }";
    let wrong = Surgeon::new(&toml::from_str(text).expect("legal")).unwrap_err().to_string();
    let rule = "must be 'model' with rows = \"representation\"";
    assert_eq!(wrong, format!("surgery.granularity {rule}, got layer"));
    let text = "rows = 'groups'\nsurgery = { method = 'config', lambda = 'preference' }";
    let wrong = Surgeon::new(&toml::from_str(text).expect("legal")).unwrap_err().to_string();
    assert!(wrong.starts_with("surgery.lambda must be 'rows' with rows = \"groups\""), "{wrong}");
}

mod on {
    crate::on_both_backends! {
        one_word_chooses_the_mode
        a_loss_of_factor_0_costs_nothing
        a_loss_that_is_not_finite_is_dropped
        between_gramians_one_pass_follows_the_cached_weights
        runs_repeat_and_resume_to_the_bit
        momentum_makes_one_pass_per_step_and_resumes
        upgrad_conflicts_with_no_loss
    }
}
