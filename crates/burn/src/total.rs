//! The total loss.

use burn::prelude::*;
use homeostat_core::{Board, Slot, StepError, Weight};

/// One loss and the slot of its weight.
#[derive(Clone, Debug)]
pub struct Term<B: Backend> {
    /// Where the weight stands.
    pub weight: Slot<Weight>,
    /// The loss, of shape `[1]`.
    pub loss: Tensor<B, 1>,
}

/// Σ wᵢ·Lᵢ over the terms whose weight is not 0; `None` where no term is left.
///
/// A term of weight 0 is left out, not multiplied: 0·NaN is NaN, and a backward pass through it
/// would cost as much as through any other. The weights are constants of the graph: no gradient
/// flows through a controller.
pub fn weighted_total<B: Backend>(
    board: &Board,
    terms: &[Term<B>],
) -> Result<Option<Tensor<B, 1>>, StepError> {
    let mut total: Option<Tensor<B, 1>> = None;
    for term in terms {
        let weight = board.get(term.weight)?.get();
        if weight == 0.0 {
            continue;
        }
        let weighted =
            if weight == 1.0 { term.loss.clone() } else { term.loss.clone().mul_scalar(weight) };
        total = Some(match total {
            Some(sum) => sum + weighted,
            None => weighted,
        });
    }
    Ok(total)
}
