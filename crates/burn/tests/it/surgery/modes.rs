use burn::module::Module;
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_burn::surgery::{Cut, Place, Whole};

use super::{Forked, flat, objective, one_step, surgeon};
use crate::input;

const FACTORS: [f64; 3] = [1.0, 0.5, -2.0];

#[track_caller]
fn check_equal(what: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let norm = expected.iter().map(|value| value * value).sum::<f64>().sqrt();
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= tolerance * norm, "{what}, {place}: {found}, not {expected}");
    }
}

/// The gradient of `Σ factor·loss`, from one graph.
fn plain<B: AutodiffBackend>(factors: &[f64]) -> Vec<f64> {
    let device = Default::default();
    let net = Forked::<B>::new(&device);
    let inputs = input::<B>(&device);
    let z = net.latent(inputs.clone());
    let total = factors
        .iter()
        .enumerate()
        .map(|(loss, factor)| net.loss(&inputs, z.clone(), loss).mul_scalar(*factor))
        .reduce(|sum, part| sum + part)
        .expect("there are losses");
    flat::<B, _>(&net, &GradientsParams::from_grads(total.backward(), &net))
}

fn with_sum_every_mode_gives_the_gradient_of_the_total<B: AutodiffBackend>() {
    sum_is_the_total::<B>(&FACTORS);
    // The first loss has a factor as well.
    sum_is_the_total::<B>(&[0.25, 1.0, 3.0]);
}

fn sum_is_the_total<B: AutodiffBackend>(factors: &[f64]) {
    let expected = plain::<B>(factors);
    for rows in ["reforward", "groups", "representation"] {
        for heads in ["own", "weighted"] {
            for granularity in ["model", "layer", "parameter"] {
                if rows == "representation" && granularity != "model" {
                    continue;
                }
                let text = format!(
                    "rows = '{rows}'\nheads = '{heads}'\n\
                     surgery = {{ method = 'sum', granularity = '{granularity}' }}"
                );
                check_equal(&text, &one_step::<B>(&text, factors), &expected, 1e-6);
            }
        }
    }
}

fn weights_that_are_given_are_exact_in_every_mode<B: AutodiffBackend>() {
    let weights = [2.0, 3.0, 0.25];
    let all: Vec<f64> = FACTORS.iter().zip(&weights).map(|(a, w)| a * w).collect();
    let expected = plain::<B>(&all);
    let surgery = "surgery = { method = { weighted-sum = { weights = [2.0, 3.0, 0.25] } } }";
    for rows in ["rows = 'reforward'", "rows = 'representation'\nheads = 'weighted'"] {
        let text = format!("{rows}\n{surgery}");
        check_equal(&text, &one_step::<B>(&text, &FACTORS), &expected, 1e-6);
    }
    // With its own rule a head follows its loss, and the trunk the weights.
    let text = format!("rows = 'representation'\n{surgery}");
    let found = one_step::<B>(&text, &FACTORS);
    let trunk = 5 * 3 + 3;
    check_equal("trunk", &found[..trunk], &expected[..trunk], 1e-6);
    check_equal("heads", &found[trunk..], &plain::<B>(&FACTORS)[trunk..], 1e-6);
}

fn two_losses_are_two_groups<B: AutodiffBackend>() {
    for method in ["upgrad", "pcgrad", "mgda", "cagrad", "nash-mtl", "config"] {
        let text = |rows: &str| format!("rows = '{rows}'\nsurgery = '{method}'");
        // The second factor is applied to the loss there and to its gradient here.
        let groups = one_step::<B>(&text("groups"), &[1.0, 1.0]);
        assert_eq!(groups, one_step::<B>(&text("reforward"), &[1.0, 1.0]), "{method}");
    }
}

fn groups_add_the_constraints_up<B: AutodiffBackend>() {
    let device = Default::default();
    let net = Forked::<B>::new(&device);
    let inputs = input::<B>(&device);
    let two = Whole::new(|net: &Forked<B>, wanted: &[usize]| {
        let z = net.latent(inputs.clone());
        let loss = |loss: &usize| match loss {
            0 => net.loss(&inputs, z.clone(), 0),
            _ => {
                net.loss(&inputs, z.clone(), 1).mul_scalar(0.5)
                    - net.loss(&inputs, z.clone(), 2).mul_scalar(2.0)
            }
        };
        wanted.iter().map(loss).collect()
    });
    let step = surgeon("surgery = 'upgrad'").step(&net, &two, &[1.0, 1.0]).expect("legal");
    let expected = flat::<B, _>(&net, &step.gradients);
    let found = one_step::<B>("rows = 'groups'\nsurgery = 'upgrad'", &FACTORS);
    check_equal("groups", &found, &expected, 1e-6);
}

fn with_no_parameter_behind_the_cut_z_is_a_parameter<B: AutodiffBackend>() {
    /// The trunk is a bias: its gradient is that of z, summed over nothing.
    #[derive(Module, Debug)]
    struct Point<B: Backend> {
        at: burn::module::Param<Tensor<B, 1>>,
    }
    let device = Default::default();
    let point = Point::<B> {
        at: burn::module::Param::from_tensor(Tensor::from_floats([0.5, -0.3], &device)),
    };
    let goal = |z: Tensor<B, 1>, loss: usize| {
        let goal = [[1.0, 0.0], [-1.0, 0.4], [0.0, -2.0]][loss];
        let scale = [1.0, 1e3, 1e-3][loss];
        (z - Tensor::<B, 1>::from_floats(goal, &device)).square().sum().mul_scalar(scale)
    };
    for method in ["upgrad", "mgda", "dualproj", "pcgrad", "imtl-g", "aligned-mtl", "graddrop"] {
        let run = |rows: &str| {
            let objective = Cut::new(
                |point: &Point<B>| point.at.val().mul_scalar(1.0),
                |_: &Point<B>, z: Tensor<B, 1>, loss| goal(z, loss),
            );
            let text = format!("rows = '{rows}'\nsurgery = '{method}'");
            let step = surgeon(&text).step(&point, &objective, &[1.0; 3]).expect("legal");
            flat::<B, _>(&point, &step.gradients)
        };
        check_equal(method, &run("representation"), &run("reforward"), 1e-6);
    }
}

fn a_representation_may_have_parts<B: AutodiffBackend>() {
    let device = Default::default();
    let net = Forked::<B>::new(&device);
    let inputs = input::<B>(&device);
    // Loss 2 sees only the second part, loss 1 only the first.
    let loss = |net: &Forked<B>, z: (Tensor<B, 2>, Vec<Tensor<B, 2>>), loss: usize| match loss {
        0 => net.loss(&inputs, z.0 + z.1[0].clone(), 0),
        1 => net.loss(&inputs, z.0, 1),
        _ => net.loss(&inputs, z.1[0].clone(), 2),
    };
    let objective = || {
        Cut::new(
            |net: &Forked<B>| {
                let z = net.latent(inputs.clone());
                (z.clone(), vec![z.mul_scalar(0.5)])
            },
            loss,
        )
    };
    for surgery in ["sum", "upgrad"] {
        for place in [Place::Host, Place::Device] {
            let run = |rows: &str| {
                let text = format!("rows = '{rows}'\nsurgery = '{surgery}'");
                let step =
                    surgeon(&text).at(place).step(&net, &objective(), &FACTORS).expect("legal");
                assert_eq!(step.gradients.len(), 6);
                flat::<B, _>(&net, &step.gradients)
            };
            if surgery == "sum" {
                check_equal("parts", &run("representation"), &run("reforward"), 1e-6);
            } else {
                assert!(run("representation").iter().all(|number| number.is_finite()));
            }
        }
    }
}

fn a_list_keeps_the_order_of_its_parts<B: AutodiffBackend>() {
    let device = Default::default();
    let net = Forked::<B>::new(&device);
    let inputs = input::<B>(&device);
    let run = |rows: &str| {
        let objective = Cut::new(
            |net: &Forked<B>| {
                let z = net.latent(inputs.clone());
                // Of different widths, so that one cannot stand for the other.
                vec![z.clone().narrow(1, 0, 1), z.clone().narrow(1, 1, 2), z]
            },
            |net: &Forked<B>, z: Vec<Tensor<B, 2>>, loss: usize| match loss {
                0 => net.loss(&inputs, z[2].clone(), 0),
                1 => net.loss(&inputs, z[0].clone(), 1),
                _ => net.loss(&inputs, z[1].clone(), 1),
            },
        );
        let text = format!("rows = '{rows}'\nsurgery = 'sum'");
        let step = surgeon(&text).step(&net, &objective, &FACTORS).expect("legal");
        flat::<B, _>(&net, &step.gradients)
    };
    check_equal("a list", &run("representation"), &run("reforward"), 1e-6);
}

fn places_agree<B: AutodiffBackend>() {
    let device = Default::default();
    let net = Forked::<B>::new(&device);
    let inputs = input::<B>(&device);
    for rows in ["reforward", "groups", "representation"] {
        for method in ["upgrad", "mgda", "nash-mtl", "graddrop"] {
            let text = format!("rows = '{rows}'\nsurgery = '{method}'");
            let run = |place| {
                let mut surgeon = surgeon(&text).at(place);
                let step = surgeon.step(&net, &objective!(inputs), &[1.0; 3]).expect("legal");
                flat::<B, _>(&net, &step.gradients)
            };
            check_equal(&text, &run(Place::Device), &run(Place::Host), 1e-4);
        }
    }
}

mod on {
    crate::on_both_backends! {
        with_sum_every_mode_gives_the_gradient_of_the_total
        weights_that_are_given_are_exact_in_every_mode
        two_losses_are_two_groups
        groups_add_the_constraints_up
        with_no_parameter_behind_the_cut_z_is_a_parameter
        a_representation_may_have_parts
        a_list_keeps_the_order_of_its_parts
        places_agree
    }
}
