//! The quickstart with gradient surgery: one row for the task, one for each constraint.

use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use burn::tensor::activation::sigmoid;
use burn::tensor::backend::AutodiffBackend;
use homeostat::burn::DualEngine;
use homeostat::burn::surgery::{Cut, Surgeon};

use super::classifier::{Classifier, cross_entropy};
use super::measures::{calibration_error, parity_gap};
use super::train::{Splits, TrainingError, constraints};

/// Measures all losses, lets the engine price them, and makes one gradient of their rows. Gives the task
/// loss as well.
///
/// The engine needs the losses before the rows are made, so there is one forward pass more, without a
/// graph.
pub(super) fn gradient<B: AutodiffBackend>(
    surgeon: &mut Surgeon,
    model: &Classifier<B>,
    splits: &Splits<B>,
    engine: &mut DualEngine,
) -> Result<(GradientsParams, f64), TrainingError> {
    let (train, guard) = (&splits.train, &splits.guard);
    let plain = model.valid();
    let task = plain.logits(train.features.clone().inner());
    let task = cross_entropy(task, train.labels.clone().inner());
    let measured = engine.lagrangian(task, &constraints(&plain, &guard.clone().inner()))?;

    // The multipliers of this step, before it moves them. The engine's constraints stand in the order of
    // their names.
    let scale = engine.dual().primal_scale(engine.state());
    let coefficients = engine.dual().coefficients(engine.state());
    let rows = std::iter::once(1.0).chain(coefficients.iter().copied());
    let factors: Vec<f64> = rows.map(|factor| scale * factor).collect();
    engine.step()?;
    let names = engine.dual().names();
    let objective = Cut::new(
        |model: &Classifier<B>| {
            (model.hidden(train.features.clone()), model.hidden(guard.features.clone()))
        },
        |model: &Classifier<B>, (train_hidden, guard_hidden), row: usize| {
            if row == 0 {
                return cross_entropy(model.read_out(train_hidden), train.labels.clone());
            }
            let probabilities = sigmoid(model.read_out(guard_hidden));
            match names[row - 1].as_str() {
                "calibration" => calibration_error(probabilities, guard.labels.clone()),
                _ => parity_gap(probabilities, guard.groups.clone()),
            }
        },
    );
    let step = surgeon.step(model, &objective, &factors)?;
    Ok((step.gradients, measured.task))
}
