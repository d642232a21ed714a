//! The tiny model of topoencoder.md §7.7, filled in the order and layout of the reference.

use burn::module::Param;
use burn::prelude::*;
use homeostat_examples::topoencoder::{
    Atlas, AtlasConfig, ChartClassifier, CovariantRouter, HostMatrix, JumpOperator, SpectralLinear,
    SpectralStack, SupervisedTopology, Tensorization,
};

use crate::{Real, device};

pub(crate) const CHARTS: usize = 3;
pub(crate) const HIDDEN: usize = 4;
pub(crate) const LATENT: usize = 2;
pub(crate) const INPUT: usize = 6;
pub(crate) const BATCH: usize = 6;

/// A parameter of the reference, by where our model keeps it.
pub(crate) enum Slot<'a> {
    /// Same layout.
    Same(&'a mut Param<Tensor<Real, 2>>),
    /// A layer weight, `[out, in]` there and `[in, out]` here.
    Turned(&'a mut Param<Tensor<Real, 2>>),
    /// The codebook.
    Codes(&'a mut Param<Tensor<Real, 3>>),
    /// All charts of a stack; takes one index per chart.
    Stack(&'a mut SpectralStack<Real>),
    /// Never used by the reference and absent here; whether orthogonality sees it.
    Dead([usize; 2], bool),
}

/// Element k of parameter i of the reference.
fn element(index: usize, k: usize) -> f64 {
    let k = k as f64;
    0.5 * (0.7 * k + 0.11 * k * k + index as f64).sin()
}

fn filled<const D: usize>(index: usize, shape: [usize; D]) -> Tensor<Real, D> {
    let count = shape.iter().product();
    let data: Vec<f64> = (0..count).map(|k| element(index, k)).collect();
    Tensor::from_data(TensorData::new(data, shape), &device())
}

/// Configuration of the tiny model.
pub(crate) fn config(covariant: bool, tensorization: Tensorization) -> AtlasConfig {
    AtlasConfig {
        input: INPUT,
        hidden: HIDDEN,
        latent: LATENT,
        charts: CHARTS,
        codes_per_chart: 2,
        rank: 3,
        covariant_attention: covariant,
        tensorization,
        transport_terms: 30,
        ..AtlasConfig::default()
    }
}

/// The filled model after one refresh, and the matrices that only the reference has.
pub(crate) fn model(config: &AtlasConfig) -> (Atlas<Real>, Vec<HostMatrix>) {
    let mut atlas = Atlas::<Real>::new(config, &device()).expect("the configuration is legal");
    let mut unused = Vec::new();
    let mut index = 0;
    for slot in slots(&mut atlas) {
        match slot {
            Slot::Same(parameter) => {
                *parameter = Param::from_tensor(filled(index, parameter.dims()));
            }
            Slot::Turned(parameter) => {
                let [inputs, outputs] = parameter.dims();
                *parameter =
                    Param::from_tensor(filled(index, [outputs, inputs]).transpose().detach());
            }
            Slot::Codes(parameter) => {
                *parameter = Param::from_tensor(filled(index, parameter.dims()));
            }
            Slot::Stack(stack) => {
                fill_stack(stack, index);
                index += stack.weight.dims()[0] - 1;
            }
            Slot::Dead([rows, columns], counted) => {
                if counted {
                    let values = (0..rows * columns).map(|k| element(index, k)).collect();
                    unused.push(HostMatrix { rows, columns, values });
                }
            }
        }
        index += 1;
    }
    reset_atlas(&mut atlas);
    let mut atlas = atlas.refresh_spectral();
    fit_block(&mut atlas.encoder.filter_block);
    (atlas, unused)
}

/// The filled jump operator, chart-to-class table and classifier.
pub(crate) fn others() -> (JumpOperator<Real>, SupervisedTopology<Real>, ChartClassifier<Real>) {
    let device = device();
    let mut jump = JumpOperator::new(CHARTS, LATENT, 0, 1.0, &device);
    jump.code_bias = Param::from_tensor(filled(0, [CHARTS, LATENT]));
    jump.chart_bias = Param::from_tensor(filled(1, [CHARTS, LATENT]));
    fill_stack(&mut jump.encoders, 2);
    fill_stack(&mut jump.decoders, 2 + CHARTS);
    reset_stack(&mut jump.encoders);
    reset_stack(&mut jump.decoders);
    let mut topology = SupervisedTopology::new(CHARTS, 3, 1.0, &device);
    topology.logits = Param::from_tensor(filled(0, [CHARTS, 3]));
    let mut classifier = ChartClassifier::new(CHARTS, LATENT, 3, 0, &device);
    classifier.chart_logits = Param::from_tensor(filled(0, [CHARTS, 3]));
    classifier.radial_weight = Param::from_tensor(filled(1, [CHARTS, 1, 3]));
    classifier.radial_bias = Param::from_tensor(filled(2, [CHARTS, 3]));
    (jump.refresh_spectral(3), topology, classifier)
}

/// The batch, its disturbed copy and its labels.
pub(crate) fn batch() -> (Tensor<Real, 2>, Tensor<Real, 2>, Tensor<Real, 1, Int>) {
    let mut rows = Vec::new();
    let mut noise = Vec::new();
    for b in 0..BATCH {
        for j in 0..INPUT {
            let (bf, jf) = (b as f64, j as f64);
            rows.push(0.5 + 0.5 * (1.3 * bf * bf + (0.9 + 0.4 * bf) * jf).sin());
            noise.push(0.1 * (6.0 * bf + jf).cos());
        }
    }
    let device = device();
    let x = Tensor::<Real, 2>::from_data(TensorData::new(rows, [BATCH, INPUT]), &device);
    let noise = Tensor::from_data(TensorData::new(noise, [BATCH, INPUT]), &device);
    let labels = Tensor::from_data([0, 1, 2, 0, 1, 2], &device);
    (x.clone(), x + noise, labels)
}

/// Every parameter of the reference in its order.
pub(crate) fn slots(atlas: &mut Atlas<Real>) -> Vec<Slot<'_>> {
    let (encoder, decoder) = (&mut atlas.encoder, &mut atlas.decoder);
    let covariant = encoder.router.is_some();
    let mut slots = Vec::new();
    if !covariant {
        slots.push(Slot::Dead([CHARTS, HIDDEN], false));
    }
    slots.push(Slot::Same(&mut encoder.chart_centers));
    slots.push(Slot::Codes(&mut encoder.codebook));
    layer(&mut slots, &mut encoder.trunk_in);
    slots.push(Slot::Same(&mut encoder.trunk_in_gate.bias));
    layer(&mut slots, &mut encoder.trunk_out);
    slots.push(Slot::Same(&mut encoder.trunk_out_gate.bias));
    match &mut encoder.router {
        Some(found) => router(&mut slots, found),
        None => {
            slots.push(Slot::Dead([HIDDEN, HIDDEN], true));
            slots.push(Slot::Dead([1, HIDDEN], false));
        }
    }
    layer(&mut slots, &mut encoder.value);
    slots.push(Slot::Same(&mut encoder.filter_block.weight));
    slots.push(Slot::Same(&mut encoder.filter_gate.bias));
    layer(&mut slots, &mut encoder.filter_out);

    slots.push(Slot::Same(&mut decoder.texture_scale));
    slots.push(Slot::Stack(&mut decoder.projectors));
    slots.push(Slot::Same(&mut decoder.chart_gate.bias));
    match (&mut decoder.router, &mut decoder.latent_router) {
        (Some(found), _) => router(&mut slots, found),
        (None, Some(found)) => layer(&mut slots, found),
        (None, None) => panic!("a decoder has a router"),
    }
    layer(&mut slots, &mut decoder.texture);
    layer(&mut slots, &mut decoder.render_in);
    slots.push(Slot::Same(&mut decoder.render_in_gate.bias));
    layer(&mut slots, &mut decoder.render_mid);
    slots.push(Slot::Same(&mut decoder.render_mid_gate.bias));
    layer(&mut slots, &mut decoder.render_out);
    layer(&mut slots, &mut decoder.render_skip);
    slots
}

fn layer<'a>(slots: &mut Vec<Slot<'a>>, layer: &'a mut SpectralLinear<Real>) {
    slots.push(Slot::Turned(&mut layer.weight));
    slots.extend(layer.bias.as_mut().map(Slot::Same));
}

fn router<'a>(slots: &mut Vec<Slot<'a>>, router: &'a mut CovariantRouter<Real>) {
    match (&mut router.gamma_left, &mut router.gamma_right) {
        (Some(left), Some(right)) => {
            slots.push(Slot::Same(&mut router.gamma_out));
            slots.push(Slot::Turned(left));
            slots.push(Slot::Turned(right));
        }
        _ => slots.push(Slot::Turned(&mut router.gamma_out)),
    }
    match &mut router.chart_queries {
        Some(queries) => slots.push(Slot::Same(queries)),
        None => slots.push(Slot::Dead([CHARTS, HIDDEN], false)),
    }
    if let Some(features) = &mut router.query_features {
        layer(slots, features);
    }
    layer(slots, &mut router.query_latent);
    match &mut router.key {
        Some(key) => layer(slots, key),
        None => slots.push(Slot::Dead([HIDDEN, LATENT], true)),
    }
    if let Some(transport) = &mut router.transport {
        layer(slots, transport);
    }
}

fn fill_stack(stack: &mut SpectralStack<Real>, first: usize) {
    let [maps, inputs, outputs] = stack.weight.dims();
    let all = (0..maps).map(|map| filled(first + map, [outputs, inputs]).transpose()).collect();
    stack.weight = Param::from_tensor(Tensor::stack(all, 0).detach());
}

/// Every stored vector is ones / √n.
fn reset_atlas(atlas: &mut Atlas<Real>) {
    let (encoder, decoder) = (&mut atlas.encoder, &mut atlas.decoder);
    let mut layers = vec![&mut encoder.trunk_in, &mut encoder.trunk_out, &mut encoder.value];
    layers.extend([&mut encoder.filter_out, &mut decoder.texture]);
    layers.extend([&mut decoder.render_in, &mut decoder.render_mid, &mut decoder.render_out]);
    layers.push(&mut decoder.render_skip);
    layers.extend(&mut decoder.latent_router);
    for router in [&mut encoder.router, &mut decoder.router].into_iter().flatten() {
        layers.extend(&mut router.query_features);
        layers.push(&mut router.query_latent);
        layers.extend(&mut router.key);
        layers.extend(&mut router.transport);
    }
    for layer in layers {
        let [_, outputs] = layer.weight.dims();
        layer.left = uniform([1, outputs], outputs);
    }
    reset_stack(&mut decoder.projectors);
}

fn reset_stack(stack: &mut SpectralStack<Real>) {
    let [maps, _, outputs] = stack.weight.dims();
    stack.left = uniform([maps, 1, outputs], outputs);
}

fn uniform<const D: usize>(shape: [usize; D], size: usize) -> Param<Tensor<Real, D>> {
    let value = 1.0 / (size as f64).sqrt();
    Param::from_tensor(Tensor::full(shape, value, &device())).set_require_grad(false)
}

/// The reference iterates the isotropic block from its input side: three times
/// v = nrm(Aᵀ u), u = nrm(A v), u on the inputs. Ours starts on the output side, which changes
/// nothing in training but the estimate after the first three iterations.
fn fit_block(block: &mut SpectralLinear<Real>) {
    let weight = block.weight.val().detach();
    let unit = |x: Tensor<Real, 2>| {
        let norm = x.clone().powi_scalar(2).sum().sqrt().reshape([1, 1]);
        x.div(norm)
    };
    let [inputs, _] = weight.dims();
    let mut right = unit(Tensor::ones([1, inputs], &device()));
    let mut left = right.clone();
    for _ in 0..3 {
        left = unit(right.matmul(weight.clone()));
        right = unit(left.clone().matmul(weight.clone().transpose()));
    }
    block.left = Param::from_tensor(left.detach()).set_require_grad(false);
    block.right = Param::from_tensor(right.detach()).set_require_grad(false);
}
