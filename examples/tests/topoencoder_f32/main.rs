//! Sizes, options, gradients and finiteness of the TopoEncoder in f32, on both CPU backends.

use burn::backend::Autodiff;
use burn::module::{AutodiffModule, Param};
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::Distribution;
use burn::tensor::backend::AutodiffBackend;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use homeostat_examples::topoencoder::{
    Atlas, AtlasConfig, BaselineKind, ChartClassifier, JumpOperator, LatentBound, LossError,
    LossInputs, LossName, LossOptions, LossSet, Readout, SpectralCeiling, SpectralCeilings,
    StandardVq, SupervisedTopology, Tensorization, VanillaAutoencoder, atlas_losses,
    baseline_parameter_count, matched_hidden_size, parameter_count, spectral_spread_matrices,
};

type Real = Autodiff<Flex>;

fn small() -> AtlasConfig {
    AtlasConfig { input: 20, hidden: 8, charts: 4, codes_per_chart: 5, ..AtlasConfig::default() }
}

fn number<B: Backend>(tensor: Tensor<B, 1>) -> f64 {
    tensor.into_scalar().elem::<f64>()
}

#[test]
fn parameter_counts_are_the_reference_less_its_dead_parameters() {
    let cases = [
        (784, Tensorization::Sum, 90_530, 30_817),
        (784, Tensorization::Full, 90_210, 30_657),
        (3072, Tensorization::Sum, 321_618, 0),
        (3072, Tensorization::Full, 321_298, 0),
    ];
    let device = Default::default();
    for (input, tensorization, total, encoder) in cases {
        let config = AtlasConfig { input, tensorization, ..AtlasConfig::default() };
        let atlas = Atlas::<Real>::new(&config, &device).expect("legal");
        let dead = config.dead_reference_parameters();
        assert_eq!(dead, 384, "320 encoder queries and 64 decoder keys");
        assert_eq!(parameter_count(&atlas) + dead, total);
        if encoder > 0 {
            assert_eq!(parameter_count(&atlas.encoder) + 320, encoder);
            assert_eq!(parameter_count(&atlas.decoder) + 64, total - encoder);
        }
        if tensorization == Tensorization::Sum {
            // The reference has one more, the decoder's key projection.
            assert_eq!(spectral_spread_matrices(&atlas).len() + 1, 21);
        }
    }
    let jump = JumpOperator::<Real>::new(10, 2, 0, 1.0, &device);
    assert_eq!(parameter_count(&jump), 120);
    let classifier = ChartClassifier::<Real>::new(10, 2, 10, 0, &device);
    assert_eq!(parameter_count(&classifier), 300);
    let topology = SupervisedTopology::<Real>::new(10, 10, 1.0, &device);
    assert_eq!(parameter_count(&topology), 100);
}

#[test]
fn baselines_match_in_size_by_their_true_count() {
    let vq = BaselineKind::Vq { codes: 64 };
    let plain = BaselineKind::Autoencoder;
    for (kind, input, target, hidden, count) in [
        (vq, 784, 90_530, 53, 90_060),
        (plain, 784, 90_530, 53, 89_932),
        (vq, 784, 86_134, 51, 86_492),
        (vq, 3072, 321_618, 51, 322_156),
        (plain, 3072, 321_618, 51, 322_028),
        (vq, 3072, 317_222, 50, 315_802),
    ] {
        assert_eq!(matched_hidden_size(target, kind, input, 2), hidden);
        assert_eq!(baseline_parameter_count(kind, input, hidden, 2), count);
    }
    assert_eq!(matched_hidden_size(0, plain, 784, 2), 16);
    let device = Default::default();
    let model = StandardVq::<Real>::new(20, 7, 3, 11, &device);
    let kind = BaselineKind::Vq { codes: 11 };
    assert_eq!(parameter_count(&model), baseline_parameter_count(kind, 20, 7, 3));
    let model = VanillaAutoencoder::<Real>::new(20, 7, 3, &device);
    assert_eq!(parameter_count(&model), baseline_parameter_count(plain, 20, 7, 3));
}

#[test]
fn an_illegal_field_is_named_with_its_value_and_range() {
    let config = AtlasConfig { tau_min: -1.0, ..AtlasConfig::default() };
    let error = config.validate().expect_err("negative");
    assert_eq!(
        error.to_string(),
        "atlas field `tau_min` must be finite and greater than 0, got -1"
    );
    let text = "hidden = 16\nlatent_bound = { ball = 0.9 }\n[spectral]\nrenderer = \"off\"\n";
    let config: AtlasConfig = toml::from_str(text).expect("legal");
    assert_eq!(config.latent_bound, LatentBound::Ball(0.9));
    assert_eq!(config.spectral.renderer, SpectralCeiling::Off);
    assert_eq!(config.spectral.encoder, SpectralCeiling::At(1.0));
    assert!(toml::from_str::<AtlasConfig>("hiden = 16").is_err());
}

#[test]
fn every_parameter_has_a_finite_gradient_on_both_backends_and_in_all_modes() {
    let unbounded = SpectralCeilings::uniform(SpectralCeiling::Off);
    for config in [
        small(),
        AtlasConfig { tensorization: Tensorization::Full, ..small() },
        AtlasConfig { covariant_attention: false, ..small() },
        AtlasConfig { transport: false, latent: 3, ..small() },
        AtlasConfig { latent_bound: LatentBound::Ball(0.9), spectral: unbounded, ..small() },
    ] {
        step::<Real>(&config);
        step::<Autodiff<NdArray<f32>>>(&config);
    }
}

fn step<B: AutodiffBackend>(config: &AtlasConfig) {
    let device = B::Device::default();
    let atlas = Atlas::<B>::new(config, &device).expect("legal").refresh_spectral();
    let jump = JumpOperator::<B>::new(config.charts, config.latent, 0, 1.0, &device);
    let topology = SupervisedTopology::<B>::new(config.charts, 3, 1.0, &device);
    let x = Tensor::<B, 2>::random([7, config.input], Distribution::Default, &device);
    let labels = Tensor::from_ints([0, 1, 2, 0, 1, 2, 0], &device);
    let inputs = LossInputs {
        jump: Some(&jump),
        supervised: Some((&topology, labels)),
        augmented: Some(x.clone() * 0.9),
    };
    let output = atlas.forward(x.clone());
    let set = LossSet::from_iter(LossName::ALL);
    let losses =
        atlas_losses(&atlas, &x, &output, &inputs, set, &LossOptions::default()).expect("given");
    let all: Vec<_> = losses.iter().map(|(_, term)| term.clone()).collect();
    assert_eq!(all.len(), 22);
    let total = Tensor::cat(all, 0).sum();
    assert!(number(total.clone()).is_finite());
    let gradients = GradientsParams::from_grads(total.backward(), &atlas);
    let trainable = Trainable::of(&atlas, &gradients);
    assert_eq!(trainable.missing, Vec::<String>::new(), "{config:?}");
    assert!(gradients.len() == trainable.count && trainable.count > 0);

    // The evaluation model reads the same stored vectors.
    let inner = atlas.valid().forward(x.inner());
    let gap = inner.recon.sub(output.recon.inner()).abs().max();
    assert!(number(gap) < 1e-5);
}

/// Counts trainable parameters and names those without a finite gradient.
struct Trainable<'a> {
    gradients: &'a GradientsParams,
    path: Vec<String>,
    missing: Vec<String>,
    count: usize,
}

impl<'a> Trainable<'a> {
    fn of<B: AutodiffBackend>(atlas: &Atlas<B>, gradients: &'a GradientsParams) -> Self {
        let mut own = Self { gradients, path: Vec::new(), missing: Vec::new(), count: 0 };
        atlas.visit(&mut own);
        own
    }
}

impl<B: AutodiffBackend> burn::module::ModuleVisitor<B> for Trainable<'_> {
    fn enter_module(&mut self, name: &str, _container: &str) {
        self.path.push(name.into());
    }

    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        if !parameter.is_require_grad() {
            return;
        }
        self.count += 1;
        let finite = self
            .gradients
            .get::<B::InnerBackend, D>(parameter.id)
            .is_some_and(|gradient| gradient.is_finite().all().into_scalar().elem::<bool>());
        if !finite {
            self.missing.push(self.path.join("."));
        }
    }
}

#[test]
fn coincident_centers_and_codes_have_finite_gradients() {
    let device = Default::default();
    let mut atlas = Atlas::<Real>::new(&small(), &device).expect("legal");
    atlas.encoder.chart_centers = Param::from_tensor(Tensor::zeros([4, 2], &device));
    atlas.encoder.codebook = Param::from_tensor(Tensor::zeros([4, 5, 2], &device));
    let x = Tensor::zeros([6, 20], &device);
    let output = atlas.forward(x.clone());
    let set = LossSet::unsupervised();
    let losses =
        atlas_losses(&atlas, &x, &output, &LossInputs::default(), set, &LossOptions::default())
            .expect("nothing is missing");
    let all: Vec<_> = losses.iter().map(|(_, term)| term.clone()).collect();
    let gradients = GradientsParams::from_grads(Tensor::cat(all, 0).sum().backward(), &atlas);
    assert_eq!(Trainable::of(&atlas, &gradients).missing, Vec::<String>::new());
}

#[test]
fn soft_code_entropies_move_the_codes() {
    let device = Default::default();
    let atlas = Atlas::<Real>::new(&small(), &device).expect("legal");
    let x = Tensor::random([32, 20], Distribution::Default, &device);
    for name in [LossName::CodeEntropy, LossName::PerChartCodeEntropy] {
        let output = atlas.forward(x.clone());
        let set = LossSet::EMPTY.with(name);
        let inputs = LossInputs::default();
        let losses = atlas_losses(&atlas, &x, &output, &inputs, set, &LossOptions::default())
            .expect("nothing is missing");
        assert_eq!(losses.iter().len(), 1, "nothing else is computed");
        let loss = losses.get(name).expect("asked for").clone();
        assert!(number(loss.clone()) > 0.0);
        let gradients = loss.backward();
        let codes = atlas.encoder.codebook.grad(&gradients).expect("the codes have a gradient");
        assert!(number(codes.abs().sum()) > 0.0);
    }
}

#[test]
fn a_loss_without_its_input_is_an_error() {
    let device = Default::default();
    let atlas = Atlas::<Real>::new(&small(), &device).expect("legal").valid();
    let x = Tensor::<Flex, 2>::zeros([4, 20], &device);
    let output = atlas.forward(x.clone());
    let inputs = LossInputs::default();
    let set = LossSet::EMPTY.with(LossName::Jump);
    let error = atlas_losses(&atlas, &x, &output, &inputs, set, &LossOptions::default())
        .expect_err("no operator is given");
    let LossError { loss, input, .. } = error;
    assert_eq!((loss, input), ("jump", "jump"));
}

#[test]
fn the_latent_ball_holds_and_is_safe_at_its_center() {
    let device = Default::default();
    let config = AtlasConfig {
        latent_bound: LatentBound::Ball(0.9),
        spectral: SpectralCeilings::uniform(SpectralCeiling::Off),
        ..small()
    };
    let atlas = Atlas::<Flex>::new(&config, &device).expect("legal");
    let x = Tensor::<Flex, 2>::random([16, 20], Distribution::Normal(0.0, 1e3), &device);
    let norm = atlas.encode(x).latent.powi_scalar(2).sum_dim(1).sqrt().max();
    assert!(number(norm) <= 0.9 + 1e-5);
}

#[test]
fn a_readout_trains_itself_only() {
    let device = Default::default();
    let readout = Readout::<Real>::new(2, 16, 10, &device);
    let latent = Tensor::<Real, 2>::random([4, 2], Distribution::Default, &device).require_grad();
    let raw = readout.forward(latent.clone()).powi_scalar(2).sum().backward();
    assert!(latent.grad(&raw).is_none());
    assert_eq!(GradientsParams::from_grads(raw, &readout).len(), 4);
}
