//! One training of the quickstart, with constraints or without.

use burn::optim::{AdamConfig, GradientsParams, Optimizer as _};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat::burn::surgery::{Surgeon, SurgeonError};
use homeostat::burn::{ConstraintLoss, DualEngine, DualError};
use homeostat::multiplier::{BestConfig, BestState, Iterate};

use super::applicants::Applicants;
use super::classifier::{Classifier, cross_entropy};
use super::measures::{accuracy, calibration_error, decide, parity_gap};
use super::surgery;
use crate::trainer::model::Optimizer;

/// What is trained on, what the constraints are measured on, and what nothing is trained on.
#[derive(Clone, Debug)]
pub struct Splits<B: Backend> {
    /// Few and noisy, so that cross-entropy alone learns them by heart.
    pub train: Applicants<B>,
    /// For the constraints.
    pub guard: Applicants<B>,
    /// For the report.
    pub test: Applicants<B>,
}

impl<B: Backend> Splits<B> {
    /// 2,000, 20,000 and 40,000 applicants.
    pub fn draw(seed: u64, device: &B::Device) -> Self {
        let draw = |count, split| Applicants::draw(count, seed, split, device);
        Self { train: draw(2_000, 0), guard: draw(20_000, 1), test: draw(40_000, 2) }
    }
}

/// A step was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// By the engine.
    #[error(transparent)]
    Dual(#[from] DualError),
    /// By gradient surgery.
    #[error("gradient surgery: {0}")]
    Surgery(#[from] SurgeonError),
}

/// How to train.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// Optimizer steps.
    pub steps: u64,
    /// Units of each of the two hidden layers.
    pub hidden: usize,
    /// Learning rate of Adam.
    pub learning_rate: f64,
    /// Seed of the start weights.
    pub seed: u64,
}

/// What came out, on applicants that nothing was trained on.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Outcome {
    /// The share of right decisions.
    pub accuracy: f64,
    /// Expected calibration error.
    pub calibration: f64,
    /// Demographic-parity gap of the decisions.
    pub parity: f64,
}

/// A classifier in training, with its optimizer.
#[derive(Clone)]
pub struct Trainee<B: AutodiffBackend> {
    /// The classifier.
    pub model: Classifier<B>,
    /// Adam, with its averages.
    pub optimizer: Optimizer<B, Classifier<B>>,
}

impl<B: AutodiffBackend> Trainee<B> {
    /// Start weights by the plan's seed.
    pub fn new(plan: &Plan, device: &B::Device) -> Self {
        B::seed(device, plan.seed);
        let model = Classifier::<B>::new(plan.hidden, device);
        Self { model, optimizer: AdamConfig::new().with_epsilon(1e-8).init() }
    }

    /// With an optimizer that does not average gradients, before the first step.
    fn without_momentum(mut self) -> Self {
        self.optimizer = AdamConfig::new().with_beta_1(0.0).with_epsilon(1e-8).init();
        self
    }

    /// Trains on cross-entropy for so many steps, under the engine's constraints where there is one; `watch`
    /// sees every step. A surgeon makes one gradient of those of task and constraints; without one they are
    /// added. Gives the classifier to be judged.
    ///
    /// Under constraints that is the best iterate and not the last one, because parameters and multipliers
    /// circle the solution: the one with the least task loss among those that satisfied every constraint.
    pub fn go_on(
        &mut self,
        splits: &Splits<B>,
        steps: u64,
        learning_rate: f64,
        mut engine: Option<&mut DualEngine>,
        mut surgeon: Option<&mut Surgeon>,
        mut watch: impl FnMut(u64, f64, &mut DualEngine, Option<&Surgeon>),
    ) -> Result<Classifier<B>, TrainingError> {
        let choice = BestConfig::default().init().expect("the defaults are legal");
        let (mut record, mut best) = (BestState::default(), None);
        for step in 1..=steps {
            let gradients = match engine.as_deref_mut() {
                None => {
                    let total = self.task(splits);
                    GradientsParams::from_grads(total.backward(), &self.model)
                }
                Some(engine) => {
                    let (gradients, task) =
                        self.constrained(splits, engine, surgeon.as_deref_mut())?;
                    let violation = engine.state().constraints().iter().map(|one| one.error());
                    let violation = violation.fold(f64::NEG_INFINITY, f64::max);
                    let iterate = Iterate { step, objective: task, violation };
                    if choice.offer(&mut record, iterate) {
                        best = Some(self.model.clone());
                    }
                    watch(step, task, engine, surgeon.as_deref());
                    gradients
                }
            };
            self.model = self.optimizer.step(learning_rate, self.model.clone(), gradients);
        }
        Ok(best.unwrap_or_else(|| self.model.clone()))
    }

    fn task(&self, splits: &Splits<B>) -> Tensor<B, 1> {
        let logits = self.model.logits(splits.train.features.clone());
        cross_entropy(logits, splits.train.labels.clone())
    }

    /// The gradient of task and constraints, and the task loss.
    fn constrained(
        &self,
        splits: &Splits<B>,
        engine: &mut DualEngine,
        surgeon: Option<&mut Surgeon>,
    ) -> Result<(GradientsParams, f64), TrainingError> {
        if let Some(surgeon) = surgeon {
            return surgery::gradient(surgeon, &self.model, splits, engine);
        }
        let losses = constraints(&self.model, &splits.guard);
        let lagrangian = engine.lagrangian(self.task(splits), &losses)?;
        engine.step()?;
        let gradients = GradientsParams::from_grads(lagrangian.total.backward(), &self.model);
        Ok((gradients, lagrangian.task))
    }
}

/// Trains from the start, as [`Trainee::go_on`] does, and judges on the test applicants.
pub fn train<B: AutodiffBackend>(
    splits: &Splits<B>,
    plan: &Plan,
    engine: Option<&mut DualEngine>,
    surgeon: Option<&mut Surgeon>,
    device: &B::Device,
    watch: impl FnMut(u64, f64, &mut DualEngine, Option<&Surgeon>),
) -> Result<Outcome, TrainingError> {
    let mut trainee = Trainee::new(plan, device);
    // Momentum ConFIG hands over averages of gradients, which must not be averaged again.
    if surgeon.as_ref().is_some_and(|one| one.surgery().config().method.averages_gradients()) {
        trainee = trainee.without_momentum();
    }
    let model = trainee.go_on(splits, plan.steps, plan.learning_rate, engine, surgeon, watch)?;
    Ok(judge(&model, &splits.test))
}

/// The two constrained losses, on the applicants that guard them.
pub(super) fn constraints<B: Backend>(
    model: &Classifier<B>,
    guard: &Applicants<B>,
) -> [ConstraintLoss<'static, B>; 2] {
    let probabilities = model.probabilities(guard.features.clone());
    let gap = parity_gap(decide(probabilities.clone()), guard.groups.clone());
    let proxy = parity_gap(probabilities.clone(), guard.groups.clone());
    let calibration = calibration_error(probabilities, guard.labels.clone());
    [
        ConstraintLoss::new("calibration", calibration),
        ConstraintLoss::new("parity", proxy).strict(gap),
    ]
}

/// What a classifier comes to on applicants that it was not trained on.
pub fn judge<B: Backend>(model: &Classifier<B>, test: &Applicants<B>) -> Outcome {
    let probabilities = model.probabilities(test.features.clone()).detach();
    let decisions = decide(probabilities.clone());
    let number = |value: Tensor<B, 1>| value.into_scalar().elem::<f64>();
    Outcome {
        accuracy: number(accuracy(decisions.clone(), test.labels.clone())),
        calibration: number(calibration_error(probabilities, test.labels.clone())),
        parity: number(parity_gap(decisions, test.groups.clone())),
    }
}
