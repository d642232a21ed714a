//! What a training loop hands to the engine.

use burn::prelude::*;

/// The loss of one constraint in one step.
#[derive(Clone, Debug)]
pub struct ConstraintLoss<'a, B: Backend> {
    pub(super) name: &'a str,
    pub(super) loss: Tensor<B, 1>,
    pub(super) strict: Option<Tensor<B, 1>>,
    pub(super) ease: Option<Tensor<B, 1>>,
    pub(super) setpoint: Option<f64>,
}

impl<'a, B: Backend> ConstraintLoss<'a, B> {
    /// A loss with a gradient, of shape `[1]`, under the name of its constraint.
    pub fn new(name: &'a str, loss: Tensor<B, 1>) -> Self {
        Self { name, loss, strict: None, ease: None, setpoint: None }
    }

    /// The true quantity, of shape `[1]`, where the loss only stands in for it: it moves the
    /// multiplier, while the loss moves the model (Cotter et al. 2019). The constraint's
    /// configuration says so: `strict = true`.
    #[must_use]
    pub fn strict(mut self, value: Tensor<B, 1>) -> Self {
        self.strict = Some(value);
        self
    }

    /// A number, of shape `[1]`, that grows when the constraint becomes easier for another reason than
    /// a better model, such as the share of skipped items. While λ rises with it, λ is held.
    #[must_use]
    pub fn ease(mut self, value: Tensor<B, 1>) -> Self {
        self.ease = Some(value);
        self
    }

    /// The target of this step, for a constraint with `target = "setpoint"`.
    #[must_use]
    pub fn setpoint(mut self, target: f64) -> Self {
        self.setpoint = Some(target);
        self
    }

    pub(super) fn tensors(&self) -> impl Iterator<Item = &Tensor<B, 1>> {
        std::iter::once(&self.loss).chain(&self.strict).chain(&self.ease)
    }
}

/// The Lagrangian of one step.
#[derive(Clone, Debug)]
pub struct Lagrangian<B: Backend> {
    /// What to call `backward` on, of shape `[1]`: `c · (ℓ_task + Σ a_k ℓ_k)` with `a_k` and `c` as
    /// constants. Its gradient is that of the Lagrangian; its value differs from it by a constant.
    pub total: Tensor<B, 1>,
    /// The task loss.
    pub task: f64,
    /// The value of the Lagrangian, `ℓ_task + Σ w_k λ_k e_k`.
    pub value: f64,
}
