//! Gradient surgery: sensor, actuator, row modes.

mod faults;
mod memory;
mod modes;
mod rows;
mod steps;

use burn::module::{AutodiffModule, Module, ModuleVisitor, Param};
use burn::nn::{Linear, LinearConfig};
use burn::optim::{GradientsParams, Optimizer, SgdConfig};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_burn::flatten_gradients;
use homeostat_burn::surgery::{Cut, Surgeon, SurgeonConfig};

use crate::{host, input};

/// A trunk and two heads.
#[derive(Module, Debug)]
pub(crate) struct Forked<B: Backend> {
    pub(crate) encoder: Linear<B>,
    pub(crate) decoder: Linear<B>,
    pub(crate) classifier: Linear<B>,
}

impl<B: Backend> Forked<B> {
    pub(crate) fn new(device: &B::Device) -> Self {
        B::seed(device, 5);
        let net = Self {
            encoder: LinearConfig::new(5, 3).init(device),
            decoder: LinearConfig::new(3, 5).init(device),
            classifier: LinearConfig::new(3, 2).init(device),
        };
        net.fork(device)
    }

    pub(crate) fn latent(&self, inputs: Tensor<B, 2>) -> Tensor<B, 2> {
        self.encoder.forward(inputs).tanh()
    }

    /// Loss 0 rebuilds the input, loss 1 pulls the latent away from 1, loss 2 wants a large first class.
    pub(crate) fn loss(&self, inputs: &Tensor<B, 2>, z: Tensor<B, 2>, loss: usize) -> Tensor<B, 1> {
        match loss {
            0 => (self.decoder.forward(z) - inputs.clone()).square().mean(),
            1 => (z - 1.0).square().mean(),
            _ => self.classifier.forward(z).tanh().mean(),
        }
    }
}

/// The objective of that net on the inputs of all tests.
macro_rules! objective {
    ($inputs:expr) => {
        homeostat_burn::surgery::Cut::new(
            |net: &Forked<B>| net.latent($inputs.clone()),
            |net: &Forked<B>, z: Tensor<B, 2>, loss| net.loss(&$inputs, z, loss),
        )
    };
}
pub(crate) use objective;

pub(crate) fn surgeon(text: &str) -> Surgeon {
    Surgeon::new(&toml::from_str::<SurgeonConfig>(text).expect("legal text")).expect("legal")
}

/// All gradients, one after another; parameters without one are zeros.
pub(crate) fn flat<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    gradients: &GradientsParams,
) -> Vec<f64> {
    flatten_gradients::<B, M>(module, gradients).map_or_else(Vec::new, host)
}

/// One step on the net above, with weights that do not change: for what needs no second step.
pub(crate) fn one_step<B: AutodiffBackend>(text: &str, factors: &[f64]) -> Vec<f64> {
    let device = Default::default();
    let net = Forked::<B>::new(&device);
    let inputs = input::<B>(&device);
    let objective = Cut::new(
        |net: &Forked<B>| net.latent(inputs.clone()),
        |net: &Forked<B>, z: Tensor<B, 2>, loss| net.loss(&inputs, z, loss),
    );
    let step = surgeon(text).step(&net, &objective, factors).expect("legal");
    // Weight and bias of the encoder, the decoder and, for the third loss, the classifier.
    assert_eq!(step.gradients.len(), 2 * factors.len().clamp(2, 3));
    flat::<B, _>(&net, &step.gradients)
}

/// Vectors of several lengths: gradients with any numbers.
#[derive(Module, Debug)]
pub(crate) struct Pile<B: Backend> {
    pub(crate) parts: Vec<Param<Tensor<B, 1>>>,
}

impl<B: Backend> Pile<B> {
    pub(crate) fn new(counts: &[usize], device: &B::Device) -> Self {
        let part = |count: &usize| Param::from_tensor(Tensor::zeros([*count], device));
        Self { parts: counts.iter().map(part).collect() }
    }
}

/// Numbers in [−1, 1) from Knuth's MMIX generator.
pub(crate) fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut bits = seed.wrapping_mul(77).wrapping_add(1);
    (0..count)
        .map(|_| {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005);
            bits = bits.wrapping_add(1_442_695_040_888_963_407);
            (bits >> 40) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// Gradients of a module with these numbers; none for a parameter of a number in `missing`.
pub(crate) fn filled<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    numbers: &[f32],
    missing: &[usize],
) -> GradientsParams {
    struct Fill<'a> {
        rest: &'a [f32],
        missing: &'a [usize],
        number: usize,
        gradients: GradientsParams,
    }
    impl<B: AutodiffBackend> ModuleVisitor<B> for Fill<'_> {
        fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
            let shape = parameter.shape();
            let (now, rest) = self.rest.split_at(shape.num_elements());
            self.rest = rest;
            if !self.missing.contains(&self.number) {
                let data = TensorData::new(now.to_vec(), shape);
                let gradient = Tensor::<B::InnerBackend, D>::from_data(data, &parameter.device());
                self.gradients.register(parameter.id, gradient);
            }
            self.number += 1;
        }
    }
    let mut fill = Fill { rest: numbers, missing, number: 0, gradients: GradientsParams::new() };
    module.visit(&mut fill);
    fill.gradients
}

/// The gradients of some steps of training.
pub(crate) fn train<B: AutodiffBackend>(
    surgeon: &mut Surgeon,
    net: &mut Forked<B>,
    steps: usize,
    factors: [f64; 3],
) -> Vec<Vec<f64>> {
    let inputs = input::<B>(&Default::default());
    let mut optimizer = SgdConfig::new().init();
    let mut gradients = Vec::new();
    for _ in 0..steps {
        // Above 0, as FAMO wants losses.
        let objective = Cut::new(
            |net: &Forked<B>| net.latent(inputs.clone()),
            |net: &Forked<B>, z: Tensor<B, 2>, loss| net.loss(&inputs, z, loss) + 2.0,
        );
        let step = surgeon.step(&*net, &objective, &factors).expect("legal");
        gradients.push(flat::<B, _>(net, &step.gradients));
        *net = optimizer.step(0.1, net.clone(), step.gradients);
    }
    gradients
}
