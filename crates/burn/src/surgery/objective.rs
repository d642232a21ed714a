//! What a training loop hands over: from a model to its losses on the batch of this step.

use std::marker::PhantomData;

use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;

use super::representation::{Representation, Uncut};

/// The K losses of a model on one batch. Made of closures by [`Whole`] or [`Cut`].
///
/// Randomness (dropout, noise) must not differ between the passes of one step, or each row is a gradient
/// at another sample: seed the backend at the top of the closure.
pub trait Objective<B: AutodiffBackend, M> {
    /// What lies between trunk and heads; [`Uncut`] where there is no cut.
    type Representation: Representation<B>;

    /// The losses of these numbers, in this order, each of shape `[1]`, from one forward pass.
    fn losses(&self, model: &M, wanted: &[usize]) -> Vec<Tensor<B, 1>>;

    /// The part that all losses share, if the objective says what that is.
    fn trunk(&self, model: &M) -> Option<Self::Representation>;

    /// The loss of this number, of shape `[1]`, from what the trunk gave.
    fn head(&self, model: &M, representation: Self::Representation, loss: usize) -> Tensor<B, 1>;
}

/// A closure from a model to those of its losses that are wanted. Serves the row modes `reforward` and
/// `groups`.
///
/// ```
/// # use burn::nn::{Linear, LinearConfig};
/// # use burn::prelude::*;
/// # type B = burn::backend::Autodiff<burn_flex::Flex>;
/// # let inputs = Tensor::<B, 2>::ones([4, 3], &Default::default());
/// use homeostat_burn::surgery::Whole;
///
/// let objective = Whole::new(|net: &Linear<B>, wanted: &[usize]| {
///     let output = net.forward(inputs.clone());
///     let loss = |loss: &usize| match loss {
///         0 => output.clone().powi_scalar(2).mean(),
///         _ => output.clone().abs().mean(),
///     };
///     wanted.iter().map(loss).collect()
/// });
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Whole<F> {
    losses: F,
}

impl<F> Whole<F> {
    /// An objective without a cut.
    pub fn new<B: AutodiffBackend, M>(losses: F) -> Self
    where
        F: Fn(&M, &[usize]) -> Vec<Tensor<B, 1>>,
    {
        Self { losses }
    }
}

impl<B, M, F> Objective<B, M> for Whole<F>
where
    B: AutodiffBackend,
    F: Fn(&M, &[usize]) -> Vec<Tensor<B, 1>>,
{
    type Representation = Uncut;

    fn losses(&self, model: &M, wanted: &[usize]) -> Vec<Tensor<B, 1>> {
        (self.losses)(model, wanted)
    }

    fn trunk(&self, _model: &M) -> Option<Uncut> {
        None
    }

    fn head(&self, _model: &M, representation: Uncut, _loss: usize) -> Tensor<B, 1> {
        match representation {}
    }
}

/// A closure for the part that all losses share, and one for each loss after it. Serves every row mode.
///
/// The heads must not use what the trunk computed in any other way than by what is handed to them.
///
/// ```
/// # use burn::nn::{Linear, LinearConfig};
/// # use burn::prelude::*;
/// # type B = burn::backend::Autodiff<burn_flex::Flex>;
/// # let inputs = Tensor::<B, 2>::ones([4, 3], &Default::default());
/// # #[derive(Module, Debug)] struct Net<B: Backend> { encoder: Linear<B>, decoder: Linear<B> }
/// use homeostat_burn::surgery::Cut;
///
/// let objective = Cut::new(
///     |net: &Net<B>| net.encoder.forward(inputs.clone()),
///     |net: &Net<B>, latent: Tensor<B, 2>, loss| match loss {
///         0 => (net.decoder.forward(latent) - inputs.clone()).powi_scalar(2).mean(),
///         _ => latent.powi_scalar(2).mean(),
///     },
/// );
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Cut<T, H, Z> {
    trunk: T,
    head: H,
    representation: PhantomData<fn() -> Z>,
}

impl<T, H, Z> Cut<T, H, Z> {
    /// An objective with a cut at what `trunk` gives: a tensor, a pair, a triple or a list of these.
    pub fn new<B: AutodiffBackend, M>(trunk: T, head: H) -> Self
    where
        Z: Representation<B>,
        T: Fn(&M) -> Z,
        H: Fn(&M, Z, usize) -> Tensor<B, 1>,
    {
        Self { trunk, head, representation: PhantomData }
    }
}

impl<B, M, T, H, Z> Objective<B, M> for Cut<T, H, Z>
where
    B: AutodiffBackend,
    Z: Representation<B>,
    T: Fn(&M) -> Z,
    H: Fn(&M, Z, usize) -> Tensor<B, 1>,
{
    type Representation = Z;

    fn losses(&self, model: &M, wanted: &[usize]) -> Vec<Tensor<B, 1>> {
        let representation = (self.trunk)(model);
        let head = |loss: &usize| (self.head)(model, representation.clone(), *loss);
        wanted.iter().map(head).collect()
    }

    fn trunk(&self, model: &M) -> Option<Z> {
        Some((self.trunk)(model))
    }

    fn head(&self, model: &M, representation: Z, loss: usize) -> Tensor<B, 1> {
        (self.head)(model, representation, loss)
    }
}
