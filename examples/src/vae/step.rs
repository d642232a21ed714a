//! One training step: forward, one read, backward, and for the bottleneck a second look and a verdict.

use burn::module::AutodiffModule;
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::{Adam, AdamConfig, GradientsParams, Optimizer as _};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat::burn::{
    Delay, Reader, Readings, Report, SurrogateError, Term, clip_gradients, forget_momentum,
    gradient_norm, scale_gradients, surrogate, try_step, weighted_total,
};
use homeostat::ceiling::{Decision, Look, Outcome, Samples};
use homeostat::{Clock, GradientNorm, Orchestrator};

use super::lbo::Lbo;
use super::measures::{Measured, Meter};
use super::model::Vae;
use super::noise::Noise;
use super::panel::{self, Panel};
use super::settings::{Method, Settings};
use super::values::Values;
use crate::data::ImageShape;
use crate::trainer::TrainError;

/// Adam on the model.
pub type Optimizer<B> = OptimizerAdaptor<Adam, Vae<B>, B>;

/// What became of a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stepped {
    /// Whether anything was not finite; such a step is dropped.
    pub nonfinite: bool,
    /// The verdict, where there was one.
    pub outcome: Option<Outcome>,
    /// How often the displacement was halved.
    pub halvings: u32,
    /// S_min before the step.
    pub minimum_score: Option<f64>,
    /// Which group was the worst.
    pub bottleneck: Option<usize>,
    /// Why the step was taken back.
    pub reason: Option<String>,
    /// The goals that were outside their bounds in the last attempt that was refused.
    pub outside: Vec<String>,
    /// The score of every group before the step; empty where there was no loss.
    pub groups: Vec<f64>,
    /// The measures in the order of the goals.
    pub measured: Vec<f64>,
}

/// What the trainer carries from step to step.
pub struct Stepper<B: AutodiffBackend> {
    /// The model.
    pub model: Vae<B>,
    /// Its optimizer.
    pub optimizer: Optimizer<B>,
    /// Controllers and board.
    pub control: Orchestrator,
    /// Slots.
    pub panel: Panel,
    /// The logarithmic bottleneck, with that method.
    pub lbo: Option<Lbo>,
    /// Steps taken so far.
    pub steps: u64,
    /// Steps that were dropped because something was not finite.
    pub nonfinite: u64,
    /// Steps whose verdict is to be a rejection whatever is measured: fault injection.
    pub reject: fn(u64) -> bool,
    reader: Reader<B::InnerBackend>,
    meter: Meter<B>,
    plain: Meter<B::InnerBackend>,
    samples: bool,
    clip: f64,
    seed: u64,
}

impl<B: AutodiffBackend> Stepper<B> {
    /// A new model and everything around it. The seed fixes the weights.
    pub fn new(
        settings: &Settings,
        shape: ImageShape,
        steps_per_epoch: u64,
        device: &B::Device,
    ) -> Result<Self, TrainError> {
        let clock = Clock::new(steps_per_epoch)?;
        let (panel, control) = panel::build(settings, clock)?;
        let lbo = match settings.method {
            Method::Lbo => Some(Lbo::new(&settings.lbo, clock)?),
            _ => None,
        };
        let names = lbo.as_ref().map_or_else(Vec::new, |lbo| lbo.goals().names().to_vec());
        let samples = lbo.is_some() && settings.lbo.samples != Samples::Mean;
        B::seed(device, settings.seed);
        let model = Vae::new(&settings.model, shape, device);
        let adam = &settings.optimizer;
        let optimizer = AdamConfig::new()
            .with_beta_1(adam.beta_1 as f32)
            .with_beta_2(adam.beta_2 as f32)
            .with_epsilon(adam.epsilon as f32)
            .init();
        let reader = Reader::new(Delay::None, control.faults());
        Ok(Self {
            model,
            optimizer,
            control,
            panel,
            lbo,
            steps: 0,
            nonfinite: 0,
            reject: |_| false,
            reader,
            meter: Meter::new(&names, shape, device).of_samples(samples),
            plain: Meter::new(&names, shape, device).of_samples(samples),
            samples,
            clip: settings.gradient_clip,
            seed: settings.seed,
        })
    }

    /// Trains on one batch `[N, X]`.
    pub fn step(&mut self, images: Tensor<B::InnerBackend, 2>) -> Result<Stepped, TrainError> {
        let [count, _] = images.dims();
        let device = images.device();
        let noise = Noise::draw(self.seed, self.steps, count, self.model.code(), &device);
        let tracked = Tensor::from_inner(images.clone());
        let measured = self.meter.look(&self.model, tracked, &noise.tracked());
        let stepped = match self.lbo.take() {
            Some(mut lbo) => {
                let stepped = self.bottleneck(&mut lbo, measured, images, &noise);
                self.lbo = Some(lbo);
                stepped
            }
            None => self.weighted(measured),
        }?;
        self.steps += 1;
        self.nonfinite += u64::from(stepped.nonfinite);
        Ok(stepped)
    }

    /// Puts what every method measures on the board, and returns the goals' values.
    fn read(
        &mut self,
        measured: &Measured<B>,
        rest: Option<(Tensor<B, 1>, Tensor<B::InnerBackend, 1>)>,
    ) -> Report {
        let mut readings = Readings::new();
        let panel = &self.panel;
        let [core, detail] = measured.divergences.clone().map(Tensor::inner);
        readings.scalar(panel.reconstruction.0, measured.error.clone().inner());
        readings.scalar(panel.divergence.0, core.clone() + detail.clone());
        readings.scalar(panel.halves[0], core);
        readings.scalar(panel.halves[1], detail);
        readings.scalar(panel.similarity, measured.similarity.clone().inner());
        if let Some((total, norm)) = rest {
            readings.scalar(panel.total, total.inner());
            readings.scalar(panel.gradient_norm, norm);
        }
        for value in &measured.values {
            readings.block(value.clone().inner());
        }
        self.reader.read(readings, self.control.board_mut())
    }

    fn backward(
        &self,
        loss: Tensor<B, 1>,
    ) -> Result<(GradientsParams, Tensor<B::InnerBackend, 1>), TrainError> {
        let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        let norm = gradient_norm::<B, _>(&self.model, &gradients)
            .ok_or(TrainError::NoGradient { step: self.steps })?;
        Ok((gradients, norm))
    }

    /// beta, geco, pid: a weighted sum, whose weights controllers decide after the step.
    fn weighted(&mut self, measured: Measured<B>) -> Result<Stepped, TrainError> {
        let [core, detail] = measured.divergences.clone();
        let terms = [
            Term { weight: self.panel.reconstruction.1, loss: measured.error.clone() },
            Term { weight: self.panel.divergence.1, loss: core + detail },
        ];
        let board = self.control.board();
        let total = weighted_total(board, &terms)?.ok_or(TrainError::NoLoss)?;
        let (mut gradients, norm) = self.backward(total.clone())?;
        let report = self.read(&measured, Some((total, norm)));
        let nonfinite = report.faults > 0;
        if !nonfinite {
            let norm: GradientNorm = self.control.board().get(self.panel.gradient_norm)?;
            clip_gradients::<B, _>(&self.model, &mut gradients, norm, self.clip)?;
            let rate = self.control.board().get(self.panel.learning_rate)?.get();
            self.model = self.optimizer.step(rate, self.model.clone(), gradients);
            self.control.step()?;
        }
        Ok(Stepped { nonfinite, ..Stepped::default() })
    }

    /// lbo: the gradient of the worst group, of norm 1, and a second look with the same noise.
    fn bottleneck(
        &mut self,
        lbo: &mut Lbo,
        measured: Measured<B>,
        images: Tensor<B::InnerBackend, 2>,
        noise: &Noise<B::InnerBackend>,
    ) -> Result<Stepped, TrainError> {
        let report = self.read(&measured, None);
        let wide = |block: &Vec<f32>| block.iter().map(|value| f64::from(*value)).collect();
        let blocks: Vec<Vec<f64>> = report.blocks.iter().map(wide).collect();
        let [count, _] = images.dims();
        let values = Values::new(&blocks, count, self.samples);
        if lbo.is_calibrating() {
            return self.calibrate(lbo, measured, values.means);
        }
        let before = lbo.look(&values)?;
        let minimum_score = lbo.evaluation().minimum_score();
        let bottleneck = lbo.evaluation().bottleneck();
        // The judge looks again and overwrites what was found here.
        let found = before.loss.is_ok_and(f64::is_finite);
        let logs = lbo.evaluation().group_logs().iter().filter(|_| found);
        let groups = logs.map(|log| log.exp()).collect();
        let (measured_means, rest) = (values.means, Stepped::default());
        let stepped =
            Stepped { minimum_score, bottleneck, groups, measured: measured_means, ..rest };
        if before.loss.is_err() {
            return drop_step(lbo, before, stepped, None);
        }
        if report.faults > 0 {
            return drop_step(lbo, before, stepped, Some("a reading is not finite"));
        }
        let slopes = lbo.slopes().to_vec();
        let surrogate = match surrogate(&measured.values, &slopes) {
            Err(SurrogateError::NotFinite { .. }) => {
                return drop_step(lbo, before, stepped, Some("a slope is not finite"));
            }
            found => found?,
        };
        // Where every slope is 0 all is well, and there is nothing to do.
        let Some(surrogate) = surrogate else {
            lbo.observe(&stepped.measured, minimum_score, Some(Outcome::Accepted))?;
            self.control.step()?;
            return Ok(Stepped { outcome: Some(Outcome::Accepted), ..stepped });
        };
        let (mut gradients, norm) = self.backward(surrogate)?;
        let norm = norm.into_scalar().elem::<f64>();
        let board = self.control.board_mut();
        let readable = board.observe(self.panel.gradient_norm, norm).is_ok() && norm.is_finite();
        if let Ok(loss) = before.loss {
            // A loss that is not finite was dropped above.
            let _ = board.observe(self.panel.total, loss);
        }
        if !readable {
            return drop_step(lbo, before, stepped, Some("the gradient is not finite"));
        }
        scale_gradients::<B, _>(&self.model, &mut gradients, norm.max(LEAST_NORM).recip());
        let rate = self.control.board().get(self.panel.learning_rate)?.get() * lbo.rate_factor();
        let (mut failed, mut halvings, mut last) = (None, 0, Vec::new());
        let (forced, plain, samples) = ((self.reject)(self.steps), &self.plain, self.samples);
        let (model, decision) = try_step::<B, _, _>(
            self.model.clone(),
            &mut self.optimizer,
            |model, optimizer| optimizer.step(rate, model, gradients),
            |attempt, model| {
                halvings = attempt;
                let after = plain.look(&model.valid(), images.clone(), noise);
                let values = Values::new(&numbers(after.values), count, samples);
                let after = match lbo.look(&values) {
                    Ok(_) if forced => Look { loss: Ok(f64::NAN), ..before },
                    Ok(after) => after,
                    Err(error) => {
                        failed = Some(error);
                        Look { loss: Ok(f64::NAN), violation: f64::NAN }
                    }
                };
                last = values.means;
                lbo.decide(attempt, before, after)
            },
        );
        if let Some(error) = failed {
            return Err(error);
        }
        self.model = model;
        let outcome = decision.outcome();
        let (mut reason, mut outside) = (None, Vec::new());
        if let Decision::RollBack { reason: why, zero_momentum } = decision {
            reason = Some(lbo.explain(&why));
            outside = lbo.outside(&last);
            if zero_momentum {
                self.optimizer = forget_momentum(self.optimizer.clone());
            }
        } else {
            // Controllers decide after the verdict, so that a rejected step leaves nothing behind.
            self.control.step()?;
        }
        lbo.observe(&stepped.measured, minimum_score, outcome)?;
        Ok(Stepped { outcome, halvings, reason, outside, ..stepped })
    }

    /// A step of the calibration: the squared error alone, and no verdict.
    fn calibrate(
        &mut self,
        lbo: &mut Lbo,
        measured: Measured<B>,
        values: Vec<f64>,
    ) -> Result<Stepped, TrainError> {
        let stepped = Stepped { measured: values, ..Stepped::default() };
        let (mut gradients, norm) = self.backward(measured.error)?;
        let norm = norm.into_scalar().elem::<f64>();
        let finite = norm.is_finite() && stepped.measured.iter().all(|value| value.is_finite());
        if finite {
            scale_gradients::<B, _>(&self.model, &mut gradients, norm.max(LEAST_NORM).recip());
            let rate = self.control.board().get(self.panel.learning_rate)?.get();
            self.model = self.optimizer.step(rate, self.model.clone(), gradients);
            self.control.step()?;
        }
        lbo.calibrate(&stepped.measured)?;
        lbo.observe(&stepped.measured, None, None)?;
        Ok(Stepped { nonfinite: !finite, ..stepped })
    }
}

/// A gradient shorter than this is not made longer than by its reciprocal.
const LEAST_NORM: f64 = 1e-12;

/// A step without a loss, or without a gradient, is rejected before it is made. Without a reason it is that of the
/// look.
fn drop_step(
    lbo: &mut Lbo,
    before: Look,
    stepped: Stepped,
    known: Option<&str>,
) -> Result<Stepped, TrainError> {
    let look = match before.loss {
        Err(_) => before,
        Ok(_) => Look { loss: Ok(f64::NAN), ..before },
    };
    let decision = lbo.decide(u32::MAX, look, look);
    lbo.observe(&stepped.measured, stepped.minimum_score, Some(Outcome::Rejected))?;
    let reason = match decision {
        Decision::RollBack { reason, .. } => {
            Some(known.map_or_else(|| lbo.explain(&reason), str::to_owned))
        }
        _ => None,
    };
    let (outcome, outside) = (Some(Outcome::Rejected), lbo.outside(&stepped.measured));
    Ok(Stepped { nonfinite: true, outcome, reason, outside, groups: Vec::new(), ..stepped })
}

/// One read of many measures, each with its own count of numbers.
fn numbers<B: Backend>(values: Vec<Tensor<B, 1>>) -> Vec<Vec<f64>> {
    if values.is_empty() {
        return Vec::new();
    }
    let counts: Vec<usize> = values.iter().map(|value| value.dims()[0]).collect();
    let all: Vec<f64> = Tensor::cat(values, 0).into_data().iter::<f64>().collect();
    let mut rest = all.as_slice();
    counts
        .into_iter()
        .map(|count| {
            let (own, others) = rest.split_at(count);
            rest = others;
            own.to_vec()
        })
        .collect()
}
