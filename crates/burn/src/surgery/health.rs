//! Whether gradients are finite, as one scalar on the device.

use burn::module::{AutodiffModule, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::DType;
use burn::tensor::backend::AutodiffBackend;

/// The sum of all numbers of a gradient of the module, of shape `[1]`: finite where all of them are.
///
/// A sum, because maxima skip NaN on the CPU backends of burn 0.21. Numbers of sixteen bits are added up in
/// f32, whose range their sum cannot leave.
pub(super) fn sum<B: AutodiffBackend, M: AutodiffModule<B>>(
    module: &M,
    gradients: &GradientsParams,
) -> Option<Tensor<B::InnerBackend, 1>> {
    let mut sums = Sums::<B> { gradients, parts: Vec::new() };
    module.visit(&mut sums);
    sums.parts.into_iter().reduce(|sum, part| sum + part)
}

/// The same of one tensor.
pub(super) fn of<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Tensor<B, 1> {
    match tensor.dtype() {
        DType::F32 | DType::F64 => tensor.sum(),
        _ => tensor.cast(DType::F32).sum(),
    }
}

struct Sums<'a, B: AutodiffBackend> {
    gradients: &'a GradientsParams,
    parts: Vec<Tensor<B::InnerBackend, 1>>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Sums<'_, B> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        let gradient = self.gradients.get::<B::InnerBackend, D>(parameter.id);
        self.parts.extend(gradient.map(of));
    }
}
