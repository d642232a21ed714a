//! What a step of gradient surgery gives.

use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_surgery::Report;

/// The gradient of one step, ready for clipping and the optimizer, and how it came about.
#[derive(Debug)]
pub struct SurgeryStep<B: AutodiffBackend> {
    /// One gradient of the module.
    pub gradients: GradientsParams,
    /// The losses on the device, without history; `None` where the factor was 0. Not read here unless the
    /// method asks for them: let them ride along with the step's one read.
    pub losses: Vec<Option<Tensor<B::InnerBackend, 1>>>,
    /// How it came about.
    pub report: SurgeryReport,
}

/// How the gradient of a step came about.
#[derive(Clone, Debug, PartialEq)]
pub struct SurgeryReport {
    /// One for the whole model, or one for each layer or parameter.
    pub groups: Vec<GroupReport>,
    /// Forward passes of the model or its trunk.
    pub forwards: usize,
    /// Backward passes through the model or its trunk; passes through a head alone do not count.
    pub backwards: usize,
    /// Reads from the device.
    pub reads: usize,
}

/// The decision about one group of parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupReport {
    /// "model", or the path of a layer or a parameter.
    pub name: String,
    /// α of each row, factors included; two rows with `rows = "groups"`.
    pub weights: Vec<f64>,
    /// What the surgery says about them.
    pub report: Report,
}
