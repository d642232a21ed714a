//! All parameters, or all gradients, as one vector, and the norms of such vectors.
//!
//! One concatenation and one reduction replace an operation per parameter: a network of fifty small
//! tensors would otherwise spend more time on bookkeeping than on arithmetic.

use std::marker::PhantomData;

use burn::module::{AutodiffModule, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;

struct Gradients<'a, B: AutodiffBackend> {
    gradients: &'a GradientsParams,
    parts: Vec<Tensor<B::InnerBackend, 1>>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Gradients<'_, B> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        if let Some(gradient) = self.gradients.get::<B::InnerBackend, D>(parameter.id) {
            let count = parameter.shape().num_elements();
            self.parts.push(gradient.reshape([count]));
        }
    }
}

struct Parameters<B: AutodiffBackend> {
    parts: Vec<Tensor<B::InnerBackend, 1>>,
    backend: PhantomData<B>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Parameters<B> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        // Buffers are parameters without gradient; the optimizer never moves them.
        if parameter.is_require_grad() {
            let count = parameter.shape().num_elements();
            self.parts.push(parameter.val().inner().reshape([count]));
        }
    }
}

fn join<B: Backend>(parts: Vec<Tensor<B, 1>>) -> Option<Tensor<B, 1>> {
    (!parts.is_empty()).then(|| Tensor::cat(parts, 0))
}

fn norm<B: Backend>(vector: Tensor<B, 1>) -> Tensor<B, 1> {
    vector.square().sum().sqrt()
}

/// All gradients of a module, one after another in the order of its fields; parameters without a
/// gradient are left out. `None` where there is none at all.
pub fn flatten_gradients<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    gradients: &GradientsParams,
) -> Option<Tensor<B::InnerBackend, 1>> {
    let mut visitor = Gradients::<B> { gradients, parts: Vec::new() };
    module.visit(&mut visitor);
    join(visitor.parts)
}

/// All trainable parameters of a module as one vector.
pub fn flatten_parameters<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
) -> Option<Tensor<B::InnerBackend, 1>> {
    let mut visitor = Parameters::<B> { parts: Vec::new(), backend: PhantomData };
    module.visit(&mut visitor);
    join(visitor.parts)
}

/// ‖g‖ = √Σ g² over all gradients of a module, on the device, of shape `[1]`.
pub fn gradient_norm<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    gradients: &GradientsParams,
) -> Option<Tensor<B::InnerBackend, 1>> {
    flatten_gradients::<B, M>(module, gradients).map(norm)
}

/// Measures ‖θ‖ and the true update ‖θₜ − θₜ₋₁‖ over the trainable parameters of a module.
///
/// It keeps the parameters of the step before as one vector, so that the optimizer may still change
/// the module's own tensors in place.
#[derive(Debug)]
pub struct ParameterSensor<B: Backend> {
    before: Option<Tensor<B, 1>>,
}

impl<B: Backend> Default for ParameterSensor<B> {
    fn default() -> Self {
        Self { before: None }
    }
}

impl<B: Backend> ParameterSensor<B> {
    /// A sensor that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// ‖θ‖, and ‖Δθ‖ since the last call where there was one; both of shape `[1]`.
    pub fn measure<A, M>(&mut self, module: &M) -> Option<(Tensor<B, 1>, Option<Tensor<B, 1>>)>
    where
        A: AutodiffBackend<InnerBackend = B>,
        M: AutodiffModule<A>,
    {
        let now = flatten_parameters::<A, M>(module)?;
        let update = self.before.replace(now.clone()).map(|before| norm(now.clone() - before));
        Some((norm(now), update))
    }

    /// Forgets the last parameters: after a rollback or a resume.
    pub fn forget(&mut self) {
        self.before = None;
    }
}
