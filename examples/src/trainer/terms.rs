//! The terms of the total loss: in a fixed order, each with the weight that it has on the board.

use burn::prelude::*;
use homeostat::burn::{Term, weighted_total};
use homeostat::{Board, StepError};

use super::model::Trainee;
use super::panel::Panel;
use super::spread::Spread;
use crate::topoencoder::{AtlasLosses, LossName};

/// Each term with the slot of its weight, in a fixed order: every loss that is not supervised,
/// reconstruction first, then all supervised losses as one, then the spread of the singular values. `None` for
/// one that this step does not have.
///
/// The four supervised losses share one more weight, and with learned precisions recon, vq and supervision
/// carry exp(−s)·L + s instead of L.
pub fn terms<B: Backend>(
    trainee: &Trainee<B>,
    losses: &AtlasLosses<B>,
    panel: &Panel,
    board: &Board,
    spread: &Spread,
) -> Result<Vec<Option<Term<B>>>, StepError> {
    let precise = |index, loss: Tensor<B, 1>| match &trainee.precisions {
        Some(precisions) => precisions.apply(index, loss),
        None => loss,
    };
    let (mut terms, mut supervised) = (Vec::new(), Vec::new());
    for slots in &panel.losses {
        let weight = slots.weight;
        let loss = losses.get(slots.name).cloned();
        if is_supervised(slots.name) {
            supervised.extend(loss.map(|loss| Term { weight, loss }));
            continue;
        }
        let loss = loss.map(|loss| match slots.name {
            LossName::Recon => precise(0, loss),
            LossName::Vq => precise(1, loss),
            _ => loss,
        });
        terms.push(loss.map(|loss| Term { weight, loss }));
    }
    let supervision = weighted_total(board, &supervised)?;
    let weight = panel.supervision;
    terms.push(supervision.map(|loss| Term { weight, loss: precise(2, loss) }));
    let weight = panel.orthogonality.1;
    let acts = board.get(weight)?.get() > 0.0;
    let surrogate = if acts { spread.surrogate(&trainee.atlas) } else { None };
    terms.push(surrogate.map(|loss| Term { weight, loss }));
    Ok(terms)
}

/// Whether a loss is part of the term of all supervised ones.
pub fn is_supervised(name: LossName) -> bool {
    matches!(
        name,
        LossName::SupRoute | LossName::SupPurity | LossName::SupBalance | LossName::SupMetric
    )
}
