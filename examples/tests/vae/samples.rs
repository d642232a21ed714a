//! The bottleneck over single images: gradient, training, resume, and what it costs in divergence.

use burn::backend::Autodiff;
use burn::optim::{GradientsParams, Optimizer as _, SgdConfig};
use burn::prelude::*;
use burn_flex::Flex;
use homeostat::Clock;
use homeostat::burn::surrogate;
use homeostat_examples::checkpoint;
use homeostat_examples::vae::lbo::Lbo;
use homeostat_examples::vae::measures::Meter;
use homeostat_examples::vae::model::Vae;
use homeostat_examples::vae::noise::Noise;
use homeostat_examples::vae::session::Start;
use homeostat_examples::vae::state::Header;
use homeostat_examples::vae::values::Values;
use homeostat_testkit::Folder;

use crate::{images, run, settings};

type B = Autodiff<Flex>;

const MINIMUM: &str = "lbo.routing=\"minimum\"";

/// The gradient of the loss along itself is its norm: against differences of the loss itself, measured
/// anew with parameters moved along the gradient.
#[test]
fn the_surrogate_has_the_gradient_of_the_loss() {
    for samples in ["\"mean\"", "{ worst = 1e-6 }", "{ worst = 0.3 }", "{ worst = 1.0 }"] {
        let all = "[\"recon\", \"core\", \"swap\", \"latent\"]";
        for (groups, model) in [("[\"error\"]", "mlp"), (all, "mlp"), (all, "convolutional")] {
            let overrides = [
                format!("lbo.samples={samples}"),
                format!("lbo.groups={groups}"),
                format!("model.architecture={model}"),
            ];
            let [samples_text, groups_text, model_text] = &overrides;
            let settings = settings(&[MINIMUM, samples_text, groups_text, model_text]);
            let split = images(&settings);
            let (device, shape) = (Default::default(), split.train.image().expect("are images"));
            let rows: Vec<u32> = (0..12).collect();
            let (inputs, _) = split.train.gather(&rows).expect("rows that exist");
            let batch = Tensor::<B, 2>::from_data(
                TensorData::new(inputs, [12, split.train.features()]),
                &device,
            );
            let mut lbo = Lbo::new(&settings.lbo, Clock::new(8).expect("has steps"))
                .unwrap_or_else(|error| panic!("{error}"));
            let names = lbo.goals().names().to_vec();
            let of_samples = samples != "\"mean\"";
            let meter = Meter::<B>::new(&names, shape, &device).of_samples(of_samples);
            <Flex as burn::tensor::backend::Backend>::seed(&device, 4);
            let model = Vae::<B>::new(&settings.model, shape, &device);
            let noise = Noise::draw(1, 1, 12, model.code(), &device).tracked();
            let look = |model: &Vae<B>| {
                let tensors = meter.look(model, batch.clone(), &noise).values;
                let host = |one: &Tensor<B, 1>| one.to_data().iter::<f64>().collect();
                let measures: Vec<Vec<f64>> = tensors.iter().map(host).collect();
                (Values::new(&measures, 12, of_samples), tensors)
            };
            let (values, tensors) = look(&model);
            lbo.begin_epoch();
            while lbo.is_calibrating() {
                lbo.calibrate(&values.means).expect("as many as goals");
            }
            lbo.look(&values).expect("the goals stay of their kind").loss.expect("has a loss");
            let sum = surrogate(&tensors, lbo.slopes()).expect("as many").expect("has slopes");
            let gradients = GradientsParams::from_grads(sum.backward(), &model);
            let norm = homeostat::burn::gradient_norm::<B, _>(&model, &gradients).expect("has one");
            let norm: f64 = norm.into_scalar().elem();
            let mut at = |distance: f64| {
                let sum = surrogate(&look(&model).1, lbo.slopes()).expect("as many");
                let sum = sum.expect("has slopes");
                let gradients = GradientsParams::from_grads(sum.backward(), &model);
                let mut descent = SgdConfig::new().init();
                let moved = descent.step(-distance / norm, model.clone(), gradients);
                // The slopes stay those of the place in the middle.
                let mut there = lbo.clone();
                let look = there.look(&look(&moved).0).expect("the goals stay of their kind");
                look.loss.expect("has a loss")
            };
            let quotient = (at(1e-3) - at(-1e-3)) / 2e-3;
            let share = quotient / norm;
            assert!((share - 1.0).abs() < 0.02, "{samples} {groups}: {quotient} of {norm}");
        }
    }
}

#[test]
fn balanced_routing_and_shares_outside_their_range_are_refused() {
    for (overrides, part) in [
        (vec!["lbo.samples={ worst = 0.5 }"], "lbo.samples must be \"mean\""),
        (vec![MINIMUM, "lbo.samples={ worst = 0.0 }"], "lbo.samples.worst must be above 0"),
        (vec![MINIMUM, "lbo.samples={ worst = 1.5 }"], "lbo.samples.worst must be above 0"),
        (vec![MINIMUM, "lbo.samples=median"], "lbo.samples"),
    ] {
        let mut document = crate::document(&[]);
        let error = overrides
            .iter()
            .try_for_each(|text| document.set_override(text).map(drop))
            .map_err(|error| error.to_string())
            .and_then(|()| {
                homeostat_examples::vae::settings::Settings::resolve(&mut document)
                    .map_err(|error| error.to_string())
            })
            .expect_err(part);
        assert!(error.contains(part), "{overrides:?}: {error}");
    }
}

#[test]
fn a_run_over_images_resumes_to_the_bit_and_ends_below_its_ceiling() {
    let fast = "optimizer.learning_rate=0.02";
    let overrides = [MINIMUM, "lbo.samples={ worst = 0.25 }", "save_every_batches=3", fast];
    let folder = Folder::new("vae-samples");
    let whole = run::<B>(folder.path(), &overrides, Start::default());
    let last = whole.rows.last().expect("has epochs");
    for half in ["core", "detail"] {
        let (nats, ceiling) = (last[&format!("kl_{half}")], last[&format!("ceiling_{half}")]);
        assert!(nats.expect("is measured") < ceiling.expect("is known"), "{last:?}");
    }
    let (header, record) =
        checkpoint::read::<Header>(&checkpoint::path_within(folder.path(), 2, 6))
            .expect("is there");
    let other = Folder::new("vae-samples-resumed");
    std::fs::create_dir_all(other.path()).expect("is made");
    let rows = "metrics.jsonl";
    std::fs::copy(folder.path().join(rows), other.path().join(rows)).expect("is copied");
    let start = Start { resume: Some((header, record)), ..Start::default() };
    let resumed = run::<B>(other.path(), &overrides, start);
    assert_eq!(resumed.summary["parameter_hash"], whole.summary["parameter_hash"]);
    assert_eq!(resumed.summary["test_mse"], whole.summary["test_mse"]);
}
