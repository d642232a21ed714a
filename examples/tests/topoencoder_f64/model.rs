//! The whole model against topoencoder.md §7.7.

use burn::optim::GradientsParams;
use burn::prelude::*;
use homeostat_examples::topoencoder::{
    Atlas, AtlasOutput, HostMatrix, LossInputs, LossName, LossOptions, LossSet, Tensorization,
    atlas_losses, hard_code_entropy, hard_per_chart_code_entropy, spectral_spread,
    spectral_spread_matrices,
};

use crate::fill::{self, Slot};
use crate::{Inner, Real, check, number, values};

const RELATIVE: f64 = 2e-6;
const ABSOLUTE: f64 = 1e-9;
const GRADIENT: f64 = 3e-5;

/// Weights of the reference's total.
const WEIGHTS: [(LossName, f64); 19] = [
    (LossName::Recon, 1.0),
    (LossName::Vq, 1.0),
    (LossName::Consistency, 0.1),
    (LossName::Variance, 0.1),
    (LossName::Diversity, 0.1),
    (LossName::Separation, 0.1),
    (LossName::CodebookCenter, 0.05),
    (LossName::ChartCenterSep, 0.05),
    (LossName::ResidualScale, 0.01),
    (LossName::Window, 0.5),
    (LossName::Disentangle, 0.1),
    (LossName::KlPrior, 0.01),
    (LossName::Jump, 0.1),
    (LossName::SupRoute, 1.0),
    (LossName::SupPurity, 0.1),
    (LossName::SupBalance, 0.01),
    (LossName::SupMetric, 0.01),
    (LossName::Orbit, 0.0),
    (LossName::VicregInv, 0.0),
];

#[test]
fn the_low_rank_model_agrees_with_the_reference() {
    compare("sum", true, Tensorization::Sum);
}

#[test]
fn the_full_rank_model_agrees_with_the_reference() {
    compare("full", true, Tensorization::Full);
}

#[test]
fn the_model_without_attention_agrees_with_the_reference() {
    compare("fallback", false, Tensorization::Sum);
}

#[test]
fn center_code_residual_and_texture_add_up_to_the_latent_vector() {
    let (atlas, _) = fill::model(&fill::config(true, Tensorization::Sum));
    let encoding = atlas.encode(fill::batch().0);
    let geometry = encoding.c_bar + encoding.zq + encoding.z_n;
    check("z_geo", &values(geometry.clone()), &values(encoding.z_geo), 0.0, 1e-14);
    let sum = geometry + encoding.z_tex;
    check("v", &values(sum), &values(encoding.latent), 0.0, 1e-14);
}

pub(crate) fn golden() -> toml::Table {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/reference/topoencoder.toml");
    let text = std::fs::read_to_string(path).expect("the golden file exists");
    text.parse().expect("the golden file is TOML")
}

/// All numbers of a nested array, in order.
pub(crate) fn numbers(value: &toml::Value) -> Vec<f64> {
    match value {
        toml::Value::Array(all) => all.iter().flat_map(numbers).collect(),
        toml::Value::Float(number) => vec![*number],
        toml::Value::Integer(number) => vec![*number as f64],
        other => panic!("not a number: {other}"),
    }
}

fn compare(section: &str, covariant: bool, tensorization: Tensorization) {
    let table = golden();
    let table = &table[section];
    let config = fill::config(covariant, tensorization);
    let (mut atlas, unused) = fill::model(&config);
    let (jump, topology, classifier) = fill::others();
    let (x, augmented, labels) = fill::batch();
    let output = atlas.forward(x.clone());

    compare_activations(table, &output);
    if let Some(expected) = table.get("classifier_logits") {
        let encoding = &output.encoding;
        let logits = classifier.forward(encoding.weights.clone(), encoding.z_geo.clone());
        check("logits", &values(logits), &numbers(expected), RELATIVE, 1e-8);
    }

    let inputs = LossInputs {
        jump: Some(&jump),
        supervised: Some((&topology, labels)),
        augmented: Some(augmented),
    };
    let set = LossSet::from_iter(LossName::ALL);
    let losses = atlas_losses(&atlas, &x, &output, &inputs, set, &LossOptions::default())
        .expect("all inputs are given");
    let scalar = |name: &str| numbers(&table["scalars"][name])[0];
    let term = |name: LossName| losses.get(name).expect("all losses were asked for").clone();
    let compare = |name: &str, ours: f64| {
        check(name, &[ours], &[scalar(name)], RELATIVE, ABSOLUTE);
    };
    for (name, loss) in losses.iter() {
        let soft = matches!(name, LossName::CodeEntropy | LossName::PerChartCodeEntropy);
        if !soft {
            compare(name.name(), number(loss.clone()));
        }
    }
    compare("h_k", number(losses.information.charts.clone()));
    compare("entropy", number(losses.information.charts_given_input.clone()));
    compare("i_xk", number(losses.information.mutual.clone()));
    let hard = hard_per_chart_code_entropy(&output.encoding);
    compare("code_entropy", number(hard_code_entropy(&output.encoding)));
    compare("per_chart_code_entropy", number(hard.clone()));
    compare("orthogonality", orthogonality(&atlas, unused));

    // The reference's entropy terms are numbers without a gradient.
    let mut total = term(LossName::Entropy).detach() * 0.1 + hard.detach() * 0.1;
    for (name, weight) in WEIGHTS {
        total = total + term(name) * weight;
    }
    compare("total", number(total.clone()));

    let mut raw = total.backward();
    let model = GradientsParams::from_module::<Real, _>(&mut raw, &atlas);
    let supervised = GradientsParams::from_module::<Real, _>(&mut raw, &topology);
    let jumps = GradientsParams::from_module::<Real, _>(&mut raw, &jump);
    let mut found: Vec<(String, Option<f64>)> = model_norms(&mut atlas, &model);
    found.push(("jump.0".into(), norm(&model_get::<2>(&jumps, jump.code_bias.id))));
    found.push(("jump.1".into(), norm(&model_get::<2>(&jumps, jump.chart_bias.id))));
    stack_norms(&mut found, "jump", 2, model_get::<3>(&jumps, jump.encoders.weight.id));
    stack_norms(&mut found, "jump", 5, model_get::<3>(&jumps, jump.decoders.weight.id));
    found.push(("sup.0".into(), norm(&model_get::<2>(&supervised, topology.logits.id))));
    let square: f64 = found.iter().filter_map(|(_, norm)| *norm).map(|norm| norm * norm).sum();
    check("gradnorm", &[square.sqrt()], &[scalar("gradnorm")], GRADIENT, 0.0);
    let Some(expected) = table.get("gradient_norms") else { return };
    for (name, norm) in &found {
        match expected.get(name) {
            Some(value) => {
                let norm = norm.unwrap_or_else(|| panic!("{name} has no gradient"));
                check(name, &[norm], &numbers(value), GRADIENT, 0.0);
            }
            None => assert!(norm.is_none_or(|norm| norm == 0.0), "{name} has a gradient"),
        }
    }
    assert_eq!(found.len(), 58, "49 model, 8 jump and 1 supervised parameter");
}

fn compare_activations(table: &toml::Value, output: &AtlasOutput<Real>) {
    let encoding = &output.encoding;
    let ints = |tensor: Tensor<Real, 1, Int>| -> Vec<f64> {
        tensor.into_data().iter::<i64>().map(|value| value as f64).collect()
    };
    let size = encoding.z_n.dims()[1];
    let first = encoding.zn_all.clone().narrow(0, 0, 1);
    assert_eq!(first.dims()[2], size);
    let found = [
        ("encoder_weights", values(encoding.weights.clone())),
        ("decoder_weights", values(output.decoder_weights.clone())),
        ("charts", ints(encoding.charts())),
        ("codes", ints(encoding.codes())),
        ("indices", ints(encoding.indices.clone().flatten(0, 1))),
        ("c_bar", values(encoding.c_bar.clone())),
        ("z_n", values(encoding.z_n.clone())),
        ("z_tex", values(encoding.z_tex.clone())),
        ("z_geo", values(encoding.z_geo.clone())),
        ("zn_all_first", values(first)),
        ("recon_first_two", values(output.recon.clone().narrow(0, 0, 2))),
    ];
    for (name, ours) in found {
        if let Some(expected) = table.get(name) {
            // Seven digits are printed.
            check(name, &ours, &numbers(expected), RELATIVE, ABSOLUTE);
        }
    }
}

fn orthogonality(atlas: &Atlas<Real>, unused: Vec<HostMatrix>) -> f64 {
    let mut matrices: Vec<HostMatrix> = spectral_spread_matrices(atlas)
        .into_iter()
        .map(|matrix| {
            let [rows, columns] = matrix.dims();
            HostMatrix { rows, columns, values: values(matrix) }
        })
        .collect();
    matrices.extend(unused);
    spectral_spread(&matrices).value
}

fn model_get<const D: usize>(
    gradients: &GradientsParams,
    id: burn::module::ParamId,
) -> Option<Tensor<Inner, D>> {
    gradients.get::<Inner, D>(id)
}

fn norm<const D: usize>(gradient: &Option<Tensor<Inner, D>>) -> Option<f64> {
    gradient.clone().map(|gradient| number(gradient.powi_scalar(2).sum()).sqrt())
}

fn stack_norms(
    found: &mut Vec<(String, Option<f64>)>,
    prefix: &str,
    first: usize,
    gradient: Option<Tensor<Inner, 3>>,
) {
    for map in 0..fill::CHARTS {
        let own = gradient.clone().map(|gradient| gradient.narrow(0, map, 1));
        found.push((format!("{prefix}.{}", first + map), norm(&own)));
    }
}

fn model_norms(atlas: &mut Atlas<Real>, gradients: &GradientsParams) -> Vec<(String, Option<f64>)> {
    let mut found = Vec::new();
    for slot in fill::slots(atlas) {
        let name = format!("model.{}", found.len());
        match slot {
            Slot::Same(parameter) | Slot::Turned(parameter) => {
                found.push((name, norm(&model_get::<2>(gradients, parameter.id))));
            }
            Slot::Codes(parameter) => {
                found.push((name, norm(&model_get::<3>(gradients, parameter.id))));
            }
            Slot::Stack(stack) => {
                let first = found.len();
                let gradient = model_get::<3>(gradients, stack.weight.id);
                stack_norms(&mut found, "model", first, gradient);
            }
            Slot::Dead(..) => found.push((name, None)),
        }
    }
    found
}
