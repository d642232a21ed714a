//! One training step: forward, losses, backward, one read from the device, optimizer, controllers.
//!
//! The order is the reference's: weights and rate decided after step t act in step t + 1. Everything
//! that the host wants to know of a step is read at one place, after the backward pass and before the
//! optimizer, so a step whose loss or gradient is not finite is dropped before it reaches anything.

mod read;

use burn::module::AutodiffModule;
use burn::optim::{GradientsParams, Optimizer as _};
use burn::prelude::*;
use burn::tensor::Distribution;
use burn::tensor::backend::AutodiffBackend;
use homeostat::burn::{
    Delay, ParameterSensor, Reader, Term, clip_gradients, gradient_norm, guard_gradients,
    weighted_total,
};
use homeostat::{GradientNorm, Orchestrator, Slot, Weight};

use super::TrainError;
use super::model::{Models, Trainee};
use super::operation::{self, Operation};
use super::panel::Panel;
use super::rollback::Kept;
use super::settings::Settings;
use super::sideline::{Sideline, guard, side_losses};
use super::spread::Spread;
use super::terms;
use crate::topoencoder::{
    AtlasLosses, AtlasOutput, LossInputs, LossName, LossOptions, LossSet, atlas_losses,
};

/// What is measured after an optimizer step and read with the next one.
#[derive(Clone, Debug)]
pub struct Pending<B: Backend> {
    /// ‖θ‖, of shape `[1]`.
    pub parameter_norm: Tensor<B, 1>,
    /// ‖Δθ‖, of shape `[1]`, and the rate that made it; `None` before the first step.
    pub update: Option<(Tensor<B, 1>, f64)>,
}

/// What the trainer carries from step to step.
pub struct Stepper<B: AutodiffBackend> {
    /// Modules and optimizers.
    pub models: Models<B>,
    /// Controllers and board.
    pub control: Orchestrator,
    /// Slots.
    pub panel: Panel,
    /// Reads the device, once per step.
    pub reader: Reader<B::InnerBackend>,
    /// Measures ‖θ‖ and ‖Δθ‖.
    pub sensor: ParameterSensor<B::InnerBackend>,
    /// ‖θ‖ and ‖Δθ‖ after the last optimizer step, not read yet.
    pub pending: Option<Pending<B::InnerBackend>>,
    /// The spread of the singular values.
    pub spread: Spread,
    /// Gradient surgery, where the run has it.
    pub operation: Option<Operation>,
    /// Steps taken so far.
    pub steps: u64,
    /// Steps that were dropped because something was not finite.
    pub nonfinite: u64,
    /// How often model and optimizer were taken back.
    pub rollbacks: u64,
    // Consecutive faulty steps, and rollbacks since the last good one.
    pub(super) faulty_in_a_row: u64,
    pub(super) rollbacks_in_a_row: u64,
    pub(super) kept: Option<Kept<B>>,
    set: LossSet,
    options: LossOptions,
    delay: Delay,
    clip: f64,
    noise: f64,
    seed: u64,
    baseline_rate: f64,
    readout_rate: f64,
    fixed: FixedWeights,
}

/// Constant weights of the loss that the governor watches.
struct FixedWeights {
    recon: f64,
    vq: f64,
    supervision: f64,
}

/// Mixes seed and step to the seed of the step's noise.
pub(crate) fn mix(seed: u64, step: u64) -> u64 {
    let mut word = seed ^ step.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word ^ (word >> 27)
}

impl<B: AutodiffBackend> Stepper<B> {
    /// Puts the parts of a run together.
    pub fn new(
        settings: &Settings,
        models: Models<B>,
        panel: Panel,
        control: Orchestrator,
        reader: Reader<B::InnerBackend>,
    ) -> Result<Self, TrainError> {
        let weight = |name: &str| settings.weight.get(name).copied().unwrap_or(0.0);
        let surgery = operation::configuration(settings).zip(panel.surgery.clone());
        let operation =
            surgery.map(|(config, slots)| Operation::new(&config, slots)).transpose()?;
        let mut sensor = ParameterSensor::new();
        let pending = sensor
            .measure::<B, _>(&models.trainee)
            .map(|(parameter_norm, _)| Pending { parameter_norm, update: None });
        Ok(Self {
            models,
            control,
            panel,
            reader,
            sensor,
            pending,
            spread: Spread::new(settings.loss.orthogonality_every),
            operation,
            steps: 0,
            nonfinite: 0,
            rollbacks: 0,
            faulty_in_a_row: 0,
            rollbacks_in_a_row: 0,
            kept: None,
            // The spread is measured on the host, see `Spread`.
            set: super::panel::loss_set(settings),
            options: LossOptions {
                separation_margin: settings.loss.separation_margin,
                chart_center_sep_margin: settings.loss.chart_center_separation_margin,
                window_floor: settings.loss.window_epsilon,
                metric_margin: settings.supervision.metric_margin,
                code_temperature: settings.loss.code_temperature,
                energy_prior: settings.loss.energy_prior,
            },
            delay: Delay::try_from(settings.delay)?,
            clip: settings.gradient_clip,
            noise: settings.loss.augment_noise,
            seed: settings.seed,
            baseline_rate: settings.rate_or_main(settings.baseline.learning_rate),
            readout_rate: settings.rate_or_main(settings.readout.learning_rate),
            fixed: FixedWeights {
                recon: weight("recon"),
                vq: weight("vq"),
                supervision: weight("sup"),
            },
        })
    }

    /// Trains on one batch: inputs `[B, X]`, labels `[B]`.
    pub fn step(
        &mut self,
        inputs: Tensor<B, 2>,
        labels: Tensor<B, 1, Int>,
    ) -> Result<Sideline, TrainError> {
        self.models.trainee.atlas = self.models.trainee.atlas.clone().refresh_spectral();
        let iterations = self.models.trainee.atlas.power_iterations;
        self.models.trainee.jump = self.models.trainee.jump.clone().refresh_spectral(iterations);

        let (pass, operated) = match self.operation.take() {
            None => (self.pass(&self.models.trainee, &inputs, &labels)?, None),
            Some(mut operation) => {
                let outcome = self.operate(&mut operation, &inputs, &labels);
                self.operation = Some(operation);
                let (pass, gradients) = outcome?;
                (pass, Some(gradients))
            }
        };
        let Pass { output, losses, terms } = pass;
        let total = self.total(&terms)?;
        let side =
            side_losses(&self.models.baselines, &self.models.readouts, &inputs, &labels, &output);

        // The graphs do not share a parameter, so one backward pass serves all of them. Surgery has made
        // its own.
        let trained = operated.is_none().then(|| total.clone());
        let graphs = trained.into_iter().chain(side.iter().flatten().cloned());
        let mut raw = graphs.reduce(|sum, graph| sum + graph).map(|graph| graph.backward());
        let mut gradients = match operated {
            Some(gradients) => gradients,
            None => taken::<B, _>(&mut raw, &self.models.trainee),
        };
        let mut baseline_gradients = taken::<B, _>(&mut raw, &self.models.baselines);
        let mut readout_gradients = taken::<B, _>(&mut raw, &self.models.readouts);
        let norm = gradient_norm::<B, _>(&self.models.trainee, &gradients)
            .ok_or(TrainError::NoGradient { step: self.steps })?;

        let report = self.read(&losses, &total, norm.clone(), &side);
        let sideline = report.sideline;
        self.nonfinite += u64::from(report.faults > 0);
        self.watch(report.faults > 0)?;
        // With delay the host hears of a fault one step late; the device has zeroed the gradient.
        let dropped = report.faults > 0 && self.delay == Delay::None;
        let side_finite = sideline.is_finite();

        if !dropped {
            match self.delay {
                Delay::None => {
                    let measured: GradientNorm =
                        self.control.board().get(self.panel.gradient_norm)?;
                    clip_gradients::<B, _>(
                        &self.models.trainee,
                        &mut gradients,
                        measured,
                        self.clip,
                    )?;
                }
                Delay::OneStep => {
                    guard_gradients::<B, _>(&self.models.trainee, &mut gradients, norm, self.clip)?;
                    guard(&self.models.baselines, &mut baseline_gradients)?;
                    guard(&self.models.readouts, &mut readout_gradients)?;
                }
            }
            let rate = self.control.board().get(self.panel.learning_rate)?.get();
            let models = &mut self.models;
            let trainee = models.trainee.clone();
            models.trainee = models.trainee_optimizer.step(rate, trainee, gradients);
            self.pending = self.sensor.measure::<B, _>(&self.models.trainee).map(
                |(parameter_norm, update)| Pending {
                    parameter_norm,
                    update: update.map(|update| (update, rate)),
                },
            );
        }
        if side_finite {
            let models = &mut self.models;
            let (rate, baselines) = (self.baseline_rate, models.baselines.clone());
            models.baselines = models.baselines_optimizer.step(rate, baselines, baseline_gradients);
            if !dropped {
                let (rate, readouts) = (self.readout_rate, models.readouts.clone());
                models.readouts = models.readouts_optimizer.step(rate, readouts, readout_gradients);
            }
        }
        // Without new readings (the first step of an epoch with delay) there is nothing to decide.
        if report.read {
            self.control.step()?;
        }
        self.steps += 1;
        Ok(sideline)
    }

    /// Forward, losses and the terms of their total.
    fn pass(
        &self,
        trainee: &Trainee<B>,
        inputs: &Tensor<B, 2>,
        labels: &Tensor<B, 1, Int>,
    ) -> Result<Pass<B>, TrainError> {
        let output = trainee.atlas.forward(inputs.clone());
        let losses = self.losses(trainee, inputs, labels, &output)?;
        let board = self.control.board();
        let terms = terms::terms(trainee, &losses, &self.panel, board, &self.spread)?;
        Ok(Pass { output, losses, terms })
    }

    /// The same with surgery: one pass for each row, and one gradient of all.
    fn operate(
        &mut self,
        operation: &mut Operation,
        inputs: &Tensor<B, 2>,
        labels: &Tensor<B, 1, Int>,
    ) -> Result<(Pass<B>, GradientsParams), TrainError> {
        let factors = self.factors()?;
        let (step, pass) = operation.step(&self.models.trainee, &factors, |trainee| {
            let pass = self.pass(trainee, inputs, labels)?;
            let losses = pass.terms.iter().map(|term| Some(term.as_ref()?.loss.clone()));
            let losses = losses.collect();
            Ok((pass, losses))
        })?;
        operation.observe(self.control.board_mut(), &step.report.groups)?;
        Ok((pass, step.gradients))
    }

    /// What each term is multiplied by; 0 for one that cannot be there.
    fn factors(&self) -> Result<Vec<f64>, TrainError> {
        let board = self.control.board();
        let weight = |slot: Slot<Weight>| Ok::<f64, TrainError>(board.get(slot)?.get());
        let (mut factors, mut supervised) = (Vec::new(), false);
        for slots in &self.panel.losses {
            if terms::is_supervised(slots.name) {
                supervised |= weight(slots.weight)? != 0.0;
            } else {
                factors.push(weight(slots.weight)?);
            }
        }
        factors.push(if supervised { weight(self.panel.supervision)? } else { 0.0 });
        let measured = self.spread.value().is_some();
        factors.push(if measured { weight(self.panel.orthogonality.1)? } else { 0.0 });
        Ok(factors)
    }

    fn losses(
        &self,
        trainee: &Trainee<B>,
        inputs: &Tensor<B, 2>,
        labels: &Tensor<B, 1, Int>,
        output: &AtlasOutput<B>,
    ) -> Result<AtlasLosses<B>, TrainError> {
        let augmented = (self.set.contains(LossName::Orbit)
            || self.set.contains(LossName::VicregInv))
        .then(|| {
            // The noise depends on seed and step alone, so that a resumed run draws the same.
            B::seed(&inputs.device(), mix(self.seed, self.steps));
            let normal = Distribution::Normal(0.0, self.noise);
            inputs.clone() + Tensor::random(inputs.shape(), normal, &inputs.device())
        });
        let given = LossInputs {
            jump: Some(&trainee.jump),
            supervised: trainee.supervised.as_ref().map(|table| (table, labels.clone())),
            augmented,
        };
        Ok(atlas_losses(&trainee.atlas, inputs, output, &given, self.set, &self.options)?)
    }

    /// Σ w·L.
    fn total(&self, terms: &[Option<Term<B>>]) -> Result<Tensor<B, 1>, TrainError> {
        let terms: Vec<Term<B>> = terms.iter().flatten().cloned().collect();
        weighted_total(self.control.board(), &terms)?.ok_or(TrainError::NoLoss)
    }
}

/// What one forward pass of the atlas gives.
struct Pass<B: Backend> {
    output: AtlasOutput<B>,
    losses: AtlasLosses<B>,
    terms: Vec<Option<Term<B>>>,
}

/// The gradients of a module, taken out of a backward pass; none where there was none.
fn taken<B: AutodiffBackend, M: AutodiffModule<B>>(
    raw: &mut Option<B::Gradients>,
    module: &M,
) -> GradientsParams {
    raw.as_mut().map_or_else(GradientsParams::new, |raw| GradientsParams::from_module(raw, module))
}

/// The module without autodiff, for evaluation: on a training module every forward pass would keep its
/// graph.
pub fn valid<B: AutodiffBackend, M: AutodiffModule<B>>(module: &M) -> M::InnerModule {
    module.valid()
}
