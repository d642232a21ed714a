//! Every measure against its definition, put together by hand from model and noise.

use burn::prelude::*;
use burn_flex::Flex;
use homeostat_examples::data::ImageShape;
use homeostat_examples::vae::images::{
    EDGE_EPSILON, Edges, Ssim, SsimWindow, every_second_pixel, mean_intensity, soft_histogram,
    to_planes,
};
use homeostat_examples::vae::latent::{
    block_divergence, divergence, effective, mean_squared_correlation, off_diagonal_covariance,
    soft_active, variances,
};
use homeostat_examples::vae::measures::{Measured, Meter, NAMES};
use homeostat_examples::vae::model::{Architecture, ModelConfig, Vae, halves};
use homeostat_examples::vae::noise::Noise;

type B = Flex;

const COUNT: usize = 6;

fn world(channels: usize) -> (Vae<B>, Tensor<B, 2>, Noise<B>, ImageShape) {
    let device = Default::default();
    let shape = ImageShape { height: 8, width: 10, channels };
    let config = ModelConfig {
        architecture: Architecture::Mlp,
        hidden: 12,
        bottleneck: 9,
        channels: 4,
        core: 3,
        detail: 5,
        start_log_variance: -1.0,
        log_variance_limits: [-10.0, 5.0],
    };
    B::seed(&device, 7);
    let mut model = Vae::<B>::new(&config, shape, &device);
    // At the start μ hardly depends on the image; here it shall.
    model = model.map(&mut Louder);
    let uniform = burn::tensor::Distribution::Uniform(0.0, 1.0);
    let images = Tensor::random([COUNT, shape.features()], uniform, &device);
    let mut noise = Noise::draw(3, 5, COUNT, 8, &device);
    // No image is its own partner.
    let turned: Vec<i32> = (0..COUNT as i32).map(|row| (row + 2) % COUNT as i32).collect();
    noise.partner = Tensor::from_data(TensorData::new(turned, [COUNT]), &device);
    (model, images, noise, shape)
}

/// Every matrix times 4.
struct Louder;

impl burn::module::ModuleMapper<B> for Louder {
    fn map_float<const D: usize>(
        &mut self,
        parameter: burn::module::Param<Tensor<B, D>>,
    ) -> burn::module::Param<Tensor<B, D>> {
        parameter.map(|values| if D == 2 { values * 4.0 } else { values })
    }
}

fn host<const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Per row the mean of the squared differences, in double precision.
fn errors<const D: usize>(one: Tensor<B, D>, other: Tensor<B, D>) -> Vec<f64> {
    let (one, other) = (host(one), host(other));
    let width = one.len() / COUNT;
    let square = |(a, b): (&f64, &f64)| (a - b).powi(2);
    one.chunks(width)
        .zip(other.chunks(width))
        .map(|(a, b)| a.iter().zip(b).map(square).sum::<f64>() / width as f64)
        .collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Every measure by its definition: a number per image, or a single one.
fn by_hand(channels: usize) -> Vec<(&'static str, Vec<f64>)> {
    let (model, images, noise, shape) = world(channels);
    let device = Default::default();
    let posterior = model.encode(images.clone());
    let code = posterior.mean.clone()
        + posterior.log_variance.clone().mul_scalar(0.5).exp() * noise.sample.clone();
    let [core, detail] = halves(&code, 3);
    let [core_shift, detail_shift] = halves(&noise.perturbation, 3);
    let join = |core: &Tensor<B, 2>, detail: &Tensor<B, 2>| {
        to_planes(model.decode(Tensor::cat(vec![core.clone(), detail.clone()], 1)), shape)
    };
    let x = to_planes(images, shape);
    let whole = join(&core, &detail);
    let core_only = join(&core, &detail.zeros_like());
    let swapped = join(&core, &detail.clone().select(0, noise.partner.clone()));
    let core_moved = join(&(core.clone() + core_shift), &detail);
    let detail_moved = join(&core, &(detail.clone() + detail_shift));
    let other = x.clone().select(0, noise.partner.clone());
    let edges = Edges::<B>::new(shape, EDGE_EPSILON, &device);
    let e = |planes: &Tensor<B, 4>| edges.of(planes.clone());
    let m = |planes: &Tensor<B, 4>| mean_intensity(planes.clone());
    let h = |planes: &Tensor<B, 4>| soft_histogram(every_second_pixel(planes.clone()), 8, 0.02);
    let [core_mean, detail_mean] = halves(&posterior.mean, 3);
    let [core_spread, detail_spread] = halves(&posterior.log_variance, 3);
    let ssim = Ssim::<B>::new(shape, SsimWindow::Uniform, &device);
    let similarity = host(ssim.per_image(whole.clone(), x.clone()));
    let mse = errors(whole.clone(), x.clone());
    let pixel = mse.iter().zip(&similarity).map(|(mse, s)| mse + 0.1 * (1.0 - s)).collect();
    let missing = |half: &Tensor<B, 2>, count: fn(Tensor<B, 1>) -> Tensor<B, 1>| {
        let width = half.dims()[1] as f64;
        vec![(width - host(count(variances(half.clone())))[0]) / width]
    };
    let (structure, appearance) =
        (errors(e(&core_moved), e(&whole)), errors(m(&detail_moved), m(&whole)));
    let traversal = structure
        .iter()
        .zip(&appearance)
        .map(|(a, b)| 0.5 * (1.0 / (a + 1e-2) + 1.0 / (b + 1e-2)))
        .collect();
    let Noise { .. } = noise;
    let prior = block_divergence(posterior.mean.clone(), posterior.log_variance, 8, 0.2);
    vec![
        ("core_active", missing(&core_mean, soft_active)),
        ("core_color_leak", errors(m(&core_moved), m(&whole))),
        ("core_correlation", host(mean_squared_correlation(core.clone()))),
        ("core_edge", errors(e(&core_only), e(&x))),
        ("core_effective", missing(&core_mean, effective)),
        ("core_mse", errors(core_only, x.clone())),
        ("cov", host(off_diagonal_covariance(core))),
        ("detail_active", missing(&detail_mean, soft_active)),
        ("detail_correlation", host(mean_squared_correlation(detail.clone()))),
        ("detail_cov", host(off_diagonal_covariance(detail))),
        ("detail_edge_leak", errors(e(&detail_moved), e(&whole))),
        ("detail_effective", missing(&detail_mean, effective)),
        ("edge", errors(e(&whole), e(&x))),
        ("kl_core", host(divergence(core_mean, core_spread))),
        ("kl_detail", host(divergence(detail_mean, detail_spread))),
        ("mse", mse),
        ("pixel", pixel),
        ("prior_kl", host(prior)),
        ("swap_appearance", errors(m(&swapped), m(&other))),
        ("swap_color_hist", errors(h(&swapped), h(&other))),
        ("swap_structure", errors(e(&swapped), e(&x))),
        ("traversal", traversal),
    ]
}

fn look(channels: usize, names: &[&str], samples: bool) -> Measured<B> {
    let (model, images, noise, shape) = world(channels);
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let meter = Meter::<B>::new(&names, shape, &Default::default()).of_samples(samples);
    meter.look(&model, images, &noise)
}

#[track_caller]
fn close(what: &str, found: f64, expected: f64) {
    let allowed = 2e-5 * expected.abs() + 2e-7;
    assert!((found - expected).abs() <= allowed, "{what}: {found} instead of {expected}");
}

#[test]
fn every_measure_is_what_its_name_says() {
    for channels in [1, 3] {
        let expected = by_hand(channels);
        assert!(expected.iter().map(|one| one.0).eq(NAMES));
        let found = look(channels, &NAMES, true);
        for ((name, expected), found) in expected.iter().zip(&found.values) {
            let found = host(found.clone());
            assert_eq!(found.len(), expected.len(), "{name}");
            for (found, expected) in found.iter().zip(expected) {
                close(name, *found, *expected);
            }
        }
        // The means of a batch; the traversal's are those of its shifts, not of their reciprocals.
        let of_means = look(channels, &NAMES, false);
        for ((name, expected), found) in expected.iter().zip(&of_means.values) {
            assert_eq!(found.dims(), [1], "{name}");
            if *name != "traversal" {
                close(name, host(found.clone())[0], mean(expected));
            }
        }
        for measured in [&found, &of_means] {
            let of =
                |name: &str| mean(&expected.iter().find(|one| one.0 == name).expect("is known").1);
            let pixels = 80.0 * channels as f64;
            close("error", host(measured.error.clone())[0], pixels * of("mse"));
            let [core, detail] = measured.divergences.clone().map(host);
            close("core", core[0], of("kl_core"));
            close("detail", detail[0], of("kl_detail"));
            let similarity = host(measured.similarity.clone())[0];
            close("pixel", of("mse") + 0.1 * (1.0 - similarity), of("pixel"));
        }
        // Numbers that are nothing would agree with anything.
        for (name, values) in &expected {
            assert!(values.iter().all(|value| *value > 1e-6), "{name}: {values:?}");
        }
    }
}

#[test]
fn a_measure_does_not_depend_on_which_others_are_asked_for() {
    let all = look(1, &NAMES, false);
    for (index, name) in NAMES.iter().enumerate() {
        let alone = look(1, &[name], false);
        assert_eq!(alone.values.len(), 1);
        let (alone, among) = (host(alone.values[0].clone())[0], host(all.values[index].clone())[0]);
        close(name, alone, among);
    }
    let unknown = look(1, &["perceptual", "mse"], false);
    assert_eq!(unknown.values.len(), 1, "what is not known is left out");
}
