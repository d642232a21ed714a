//! One training step: forward, losses, backward, one read from the device, optimizer, controllers.
//!
//! The order is the reference's: weights and rate decided after step t act in step t + 1. Everything
//! that the host wants to know of a step is read at one place, after the backward pass and before the
//! optimizer, so a step whose loss or gradient is not finite is dropped before it reaches anything.

use burn::module::AutodiffModule;
use burn::optim::{GradientsParams, Optimizer as _};
use burn::prelude::*;
use burn::tensor::Distribution;
use burn::tensor::backend::AutodiffBackend;
use homeostat::burn::{
    Delay, ParameterSensor, Reader, Readings, Report, Term, clip_gradients, gradient_norm,
    guard_gradients, weighted_total,
};
use homeostat::{GradientNorm, Orchestrator};

use super::TrainError;
use super::model::Models;
use super::panel::Panel;
use super::rollback::Kept;
use super::settings::Settings;
use super::sideline::{Sideline, guard, side_losses};
use super::spread::Spread;
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

        let output = self.models.trainee.atlas.forward(inputs.clone());
        let losses = self.losses(&inputs, &labels, &output)?;
        let total = self.total(&losses)?;
        let side =
            side_losses(&self.models.baselines, &self.models.readouts, &inputs, &labels, &output);

        // The graphs do not share a parameter, so one backward pass serves all of them.
        let mut everything = total.clone();
        for loss in side.iter().flatten() {
            everything = everything + loss.clone();
        }
        let mut raw = everything.backward();
        let mut gradients = GradientsParams::from_module::<B, _>(&mut raw, &self.models.trainee);
        let mut baseline_gradients =
            GradientsParams::from_module::<B, _>(&mut raw, &self.models.baselines);
        let mut readout_gradients =
            GradientsParams::from_module::<B, _>(&mut raw, &self.models.readouts);
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

    fn losses(
        &self,
        inputs: &Tensor<B, 2>,
        labels: &Tensor<B, 1, Int>,
        output: &AtlasOutput<B>,
    ) -> Result<AtlasLosses<B>, TrainError> {
        let trainee = &self.models.trainee;
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

    /// Σ w·L. The four supervised losses share one more weight, and with learned precisions recon, vq
    /// and supervision carry exp(−s)·L + s instead of L.
    fn total(&self, losses: &AtlasLosses<B>) -> Result<Tensor<B, 1>, TrainError> {
        let precise = |index, loss: Tensor<B, 1>| match &self.models.trainee.precisions {
            Some(precisions) => precisions.apply(index, loss),
            None => loss,
        };
        let board = self.control.board();
        let (mut terms, mut supervised) = (Vec::new(), Vec::new());
        for slots in &self.panel.losses {
            let Some(loss) = losses.get(slots.name) else { continue };
            let loss = loss.clone();
            let weight = slots.weight;
            match slots.name {
                LossName::Recon => terms.push(Term { weight, loss: precise(0, loss) }),
                LossName::Vq => terms.push(Term { weight, loss: precise(1, loss) }),
                LossName::SupRoute
                | LossName::SupPurity
                | LossName::SupBalance
                | LossName::SupMetric => supervised.push(Term { weight, loss }),
                _ => terms.push(Term { weight, loss }),
            }
        }
        if let Some(loss) = weighted_total(board, &supervised)? {
            terms.push(Term { weight: self.panel.supervision, loss: precise(2, loss) });
        }
        let weight = self.panel.orthogonality.1;
        if board.get(weight)?.get() > 0.0
            && let Some(loss) = self.spread.surrogate(&self.models.trainee.atlas)
        {
            terms.push(Term { weight, loss });
        }
        weighted_total(board, &terms)?.ok_or(TrainError::NoLoss)
    }

    /// The only read of the step.
    fn read(
        &mut self,
        losses: &AtlasLosses<B>,
        total: &Tensor<B, 1>,
        norm: Tensor<B::InnerBackend, 1>,
        side: &[Option<Tensor<B, 1>>; 3],
    ) -> StepReport {
        let mut readings = Readings::new();
        for slots in &self.panel.losses {
            if let Some(loss) = losses.get(slots.name) {
                readings.scalar(slots.value, loss.clone().inner());
            }
        }
        let information = &losses.information;
        readings.scalar(self.panel.charts, information.charts.clone().inner());
        let given = information.charts_given_input.clone().inner();
        readings.scalar(self.panel.charts_given_input, given);
        readings.scalar(self.panel.information, information.mutual.clone().inner());
        readings.scalar(self.panel.stability, self.stability(losses).inner());
        readings.scalar(self.panel.total, total.clone().inner());
        readings.scalar(self.panel.gradient_norm, norm);
        let device = total.device();
        match self.pending.take() {
            Some(Pending { parameter_norm, update: Some((update, rate)) }) => {
                readings.scalar(self.panel.parameter_norm, parameter_norm);
                readings.scalar(self.panel.update_norm, update);
                // The rate travels with the norm, so that a delayed reading keeps both together.
                let rate = Tensor::from_floats([rate as f32], &device);
                readings.scalar(self.panel.update_rate, rate);
            }
            pending => {
                if let Some(pending) = pending {
                    readings.scalar(self.panel.parameter_norm, pending.parameter_norm);
                }
                // No optimizer step has been taken since the last read.
                self.control.board_mut().clear(self.panel.update_norm.index());
            }
        }
        for loss in side.iter().flatten() {
            readings.block(loss.clone().inner());
        }
        let measures_spread = self.spread.is_due(self.steps);
        if measures_spread {
            for matrix in Spread::matrices(&self.models.trainee.atlas) {
                readings.block(matrix.inner());
            }
        }

        let report = self.reader.read(readings, self.control.board_mut());
        self.take_in(report)
    }

    /// Reads what a delayed reader still holds, lets the governor answer, and returns the companions'
    /// losses of that step. Done at the end of every epoch, so that a checkpoint has nothing to keep.
    pub fn flush(&mut self) -> Result<Sideline, TrainError> {
        let report = self.reader.flush(self.control.board_mut());
        if !report.read {
            return Ok(Sideline::default());
        }
        let report = self.take_in(report);
        self.nonfinite += u64::from(report.faults > 0);
        self.control.step()?;
        Ok(report.sideline)
    }

    fn take_in(&mut self, report: Report) -> StepReport {
        let (baselines, readouts) = (&self.models.baselines, &self.models.readouts);
        let there =
            [readouts.atlas.is_some(), baselines.autoencoder.is_some(), baselines.vq.is_some()];
        let mut blocks = report.blocks.into_iter();
        let [readout, autoencoder, vq] = there.map(|there| {
            let block = if there && report.read { blocks.next() } else { None };
            block.and_then(|block| block.first().map(|value| f64::from(*value)))
        });
        let rest: Vec<Vec<f32>> = blocks.collect();
        if !rest.is_empty() {
            self.spread.update(&self.models.trainee.atlas, rest);
        }
        if let Some(value) = self.spread.value() {
            // A spread that is not finite counts like any other reading: absent.
            let _ = self.control.board_mut().observe(self.panel.orthogonality.0, value);
        }
        StepReport {
            read: report.read,
            faults: report.faults,
            sideline: Sideline { readout, autoencoder, vq },
        }
    }

    fn stability(&self, losses: &AtlasLosses<B>) -> Tensor<B, 1> {
        let weighted = [
            (LossName::Recon, self.fixed.recon),
            (LossName::Vq, self.fixed.vq),
            (LossName::SupRoute, self.fixed.supervision),
        ];
        weighted
            .into_iter()
            .filter_map(|(name, weight)| {
                Some(losses.get(name)?.clone().detach().mul_scalar(weight))
            })
            .reduce(|sum, term| sum + term)
            .unwrap_or_else(|| losses.information.mutual.clone().detach().mul_scalar(0.0))
    }
}

struct StepReport {
    read: bool,
    faults: usize,
    sideline: Sideline,
}

/// The module without autodiff, for evaluation: on a training module every forward pass would keep its
/// graph.
pub fn valid<B: AutodiffBackend, M: AutodiffModule<B>>(module: &M) -> M::InnerModule {
    module.valid()
}
