//! What is trained: the atlas with its companions, the baselines, and the readouts of all three.

use burn::module::AutodiffModule;
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::{Adam, AdamConfig};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat::burn::Precisions;

use super::settings::Settings;
use crate::topoencoder::{
    Atlas, AtlasConfig, AtlasConfigError, BaselineKind, ChartClassifier, JumpOperator, Readout,
    StandardVq, SupervisedTopology, VanillaAutoencoder, matched_hidden_size, parameter_count,
};

/// The atlas and everything that its optimizer moves.
#[derive(Module, Debug)]
pub struct Trainee<B: Backend> {
    /// Encoder and decoder.
    pub atlas: Atlas<B>,
    /// Maps between charts.
    pub jump: JumpOperator<B>,
    /// Chart-to-class table, in supervised runs.
    pub supervised: Option<SupervisedTopology<B>>,
    /// Learned variances of recon, vq and supervision, where they are switched on.
    pub precisions: Option<Precisions<B>>,
}

/// Models of the same size that learn beside the atlas, for comparison.
#[derive(Module, Debug)]
pub struct Baselines<B: Backend> {
    /// Plain autoencoder.
    pub autoencoder: Option<VanillaAutoencoder<B>>,
    /// Autoencoder with one codebook.
    pub vq: Option<StandardVq<B>>,
}

/// Class readouts on detached latents: they measure and do not train what they read.
#[derive(Module, Debug)]
pub struct Readouts<B: Backend> {
    /// Of the atlas.
    pub atlas: Option<ChartClassifier<B>>,
    /// Of the plain autoencoder.
    pub autoencoder: Option<Readout<B>>,
    /// Of the standard VQ model.
    pub vq: Option<Readout<B>>,
}

/// The reference's β₁.
const MOMENTUM: f32 = 0.9;

/// Adam with the reference's constants.
pub type Optimizer<B, M> = OptimizerAdaptor<Adam, M, B>;

/// An Adam optimizer with the reference's constants (β₂ 0.999, ε 10⁻⁸, no decay) and this β₁.
pub fn optimizer<B: AutodiffBackend, M: AutodiffModule<B>>(momentum: f32) -> Optimizer<B, M> {
    AdamConfig::new().with_beta_1(momentum).with_epsilon(1e-8).init()
}

/// Modules and optimizers of a run.
pub struct Models<B: AutodiffBackend> {
    /// The atlas and its companions.
    pub trainee: Trainee<B>,
    /// Its optimizer.
    pub trainee_optimizer: Optimizer<B, Trainee<B>>,
    /// The baselines.
    pub baselines: Baselines<B>,
    /// Their optimizer.
    pub baselines_optimizer: Optimizer<B, Baselines<B>>,
    /// The readouts.
    pub readouts: Readouts<B>,
    /// Their optimizer.
    pub readouts_optimizer: Optimizer<B, Readouts<B>>,
    /// Sizes, for the summary.
    pub sizes: Sizes,
}

/// Numbers of trainable parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Encoder and decoder of the atlas.
    pub atlas: usize,
    /// Jump operator.
    pub jump: usize,
    /// Plain autoencoder, 0 without one.
    pub autoencoder: usize,
    /// Standard VQ model, 0 without one.
    pub vq: usize,
}

/// The atlas configuration for data of this width.
pub fn atlas_config(settings: &Settings, features: usize) -> AtlasConfig {
    AtlasConfig { input: features, ..settings.model.clone() }
}

impl<B: AutodiffBackend> Models<B> {
    /// New models. The order in which weights are drawn is fixed, so a seed means the same models on
    /// every run.
    pub fn new(
        settings: &Settings,
        features: usize,
        classes: usize,
        device: &B::Device,
    ) -> Result<Self, AtlasConfigError> {
        let config = atlas_config(settings, features);
        B::seed(device, settings.seed);
        let atlas = Atlas::<B>::new(&config, device)?;
        let (charts, latent) = (config.charts, config.latent);
        let jump = JumpOperator::new(charts, latent, settings.jump.rank, 1.0, device);
        let supervision = &settings.supervision;
        let supervised = supervision
            .enabled
            .then(|| SupervisedTopology::new(charts, classes, supervision.temperature, device));
        let precisions = settings.precisions.enabled.then(|| Precisions::new(3, device));

        let target = parameter_count(&atlas);
        let matched = |kind| matched_hidden_size(target, kind, features, latent);
        let autoencoder = settings.baseline.autoencoder.then(|| {
            let hidden = matched(BaselineKind::Autoencoder);
            VanillaAutoencoder::new(features, hidden, latent, device)
        });
        let codes = settings.baseline.vq_codes;
        let vq = settings.baseline.vq.then(|| {
            let hidden = matched(BaselineKind::Vq { codes });
            StandardVq::new(features, hidden, latent, codes, device)
        });
        let readout = settings.readout.enabled;
        let bundle = settings.readout.bundle_size;
        let of_latent = |wanted: bool| {
            (readout && wanted).then(|| Readout::new(latent, config.hidden, classes, device))
        };
        let readouts = Readouts {
            atlas: readout.then(|| ChartClassifier::new(charts, latent, classes, bundle, device)),
            autoencoder: of_latent(autoencoder.is_some()),
            vq: of_latent(vq.is_some()),
        };
        let sizes = Sizes {
            atlas: target,
            jump: parameter_count(&jump),
            autoencoder: autoencoder.as_ref().map(parameter_count).unwrap_or(0),
            vq: vq.as_ref().map(parameter_count).unwrap_or(0),
        };
        // Momentum ConFIG hands over averages of gradients, which must not be averaged again.
        let averaged = settings.surgery.method.averages_gradients();
        let own_momentum = if averaged { 0.0 } else { MOMENTUM };
        // burn's layers draw their weights when first used; the forks draw them now, in this order.
        Ok(Self {
            trainee: Trainee { atlas, jump, supervised, precisions }.fork(device),
            trainee_optimizer: optimizer(own_momentum),
            baselines: Baselines { autoencoder, vq }.fork(device),
            baselines_optimizer: optimizer(MOMENTUM),
            readouts: readouts.fork(device),
            readouts_optimizer: optimizer(MOMENTUM),
            sizes,
        })
    }
}
