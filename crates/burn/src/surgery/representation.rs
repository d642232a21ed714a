//! What a trunk gives to the heads, as something that can be cut.

use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;

/// A gradient at the cut, flat; `None` where a loss does not depend on it.
pub type Cotangent<B> = Option<Tensor<<B as AutodiffBackend>::InnerBackend, 1>>;

/// One or more tensors between trunk and heads: a tensor, a pair, a triple or a list of these.
pub trait Representation<B: AutodiffBackend>: Clone {
    /// The same values, cut off from the trunk, with a gradient of their own.
    fn cut(&self) -> Self;

    /// Takes the gradients at the cut out of what a backward pass gave, tensor by tensor.
    fn take(&self, gradients: &mut B::Gradients, cotangents: &mut Vec<Cotangent<B>>);

    /// Adds `Σ z·c` for every tensor that has a cotangent: its gradient is what the trunk should follow.
    fn inner(
        self,
        cotangents: &mut dyn Iterator<Item = Cotangent<B>>,
        sum: Option<Tensor<B, 1>>,
    ) -> Option<Tensor<B, 1>>;
}

impl<B: AutodiffBackend, const D: usize> Representation<B> for Tensor<B, D> {
    fn cut(&self) -> Self {
        self.clone().detach().require_grad()
    }

    fn take(&self, gradients: &mut B::Gradients, cotangents: &mut Vec<Cotangent<B>>) {
        let count = self.shape().num_elements();
        cotangents.push(self.grad_remove(gradients).map(|gradient| gradient.reshape([count])));
    }

    fn inner(
        self,
        cotangents: &mut dyn Iterator<Item = Cotangent<B>>,
        sum: Option<Tensor<B, 1>>,
    ) -> Option<Tensor<B, 1>> {
        let Some(cotangent) = cotangents.next().flatten() else { return sum };
        let part = (self.clone() * Tensor::from_inner(cotangent.reshape(self.shape()))).sum();
        Some(match sum {
            Some(sum) => sum + part,
            None => part,
        })
    }
}

macro_rules! tuple {
    ($($part:ident $place:tt),*) => {
        impl<B: AutodiffBackend, $($part: Representation<B>),*> Representation<B> for ($($part,)*) {
            fn cut(&self) -> Self {
                ($(self.$place.cut(),)*)
            }

            fn take(&self, gradients: &mut B::Gradients, cotangents: &mut Vec<Cotangent<B>>) {
                $(self.$place.take(gradients, cotangents);)*
            }

            fn inner(
                self,
                cotangents: &mut dyn Iterator<Item = Cotangent<B>>,
                sum: Option<Tensor<B, 1>>,
            ) -> Option<Tensor<B, 1>> {
                $(let sum = self.$place.inner(cotangents, sum);)*
                sum
            }
        }
    };
}

tuple!(P 0, Q 1);
tuple!(P 0, Q 1, R 2);

impl<B: AutodiffBackend, P: Representation<B>> Representation<B> for Vec<P> {
    fn cut(&self) -> Self {
        self.iter().map(P::cut).collect()
    }

    fn take(&self, gradients: &mut B::Gradients, cotangents: &mut Vec<Cotangent<B>>) {
        for part in self {
            part.take(gradients, cotangents);
        }
    }

    fn inner(
        self,
        cotangents: &mut dyn Iterator<Item = Cotangent<B>>,
        sum: Option<Tensor<B, 1>>,
    ) -> Option<Tensor<B, 1>> {
        self.into_iter().fold(sum, |sum, part| part.inner(cotangents, sum))
    }
}

/// The representation of an objective that has no cut: there is none.
#[derive(Clone, Copy, Debug)]
pub enum Uncut {}

impl<B: AutodiffBackend> Representation<B> for Uncut {
    fn cut(&self) -> Self {
        match *self {}
    }

    fn take(&self, _gradients: &mut B::Gradients, _cotangents: &mut Vec<Cotangent<B>>) {
        match *self {}
    }

    fn inner(
        self,
        _cotangents: &mut dyn Iterator<Item = Cotangent<B>>,
        _sum: Option<Tensor<B, 1>>,
    ) -> Option<Tensor<B, 1>> {
        match self {}
    }
}
