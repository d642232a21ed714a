//! Sensors and actuators, on both CPU backends.

mod actuators;
mod dual;
mod momentum;
mod reader;
mod sensors;
mod surgery;
mod surrogate;
mod trial;

use burn::module::Param;
use burn::nn::{Linear, LinearConfig};
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;

/// Two layers and a buffer, so that trainable and fixed parameters are both there.
#[derive(Module, Debug)]
pub(crate) struct Net<B: Backend> {
    pub(crate) first: Linear<B>,
    pub(crate) second: Linear<B>,
    pub(crate) buffer: Param<Tensor<B, 1>>,
}

impl<B: Backend> Net<B> {
    pub(crate) fn new(device: &B::Device) -> Self {
        B::seed(device, 3);
        let net = Self {
            first: LinearConfig::new(5, 4).init(device),
            second: LinearConfig::new(4, 2).init(device),
            buffer: Param::from_tensor(Tensor::full([3], 100.0, device)).set_require_grad(false),
        };
        // Layers are lazy until first used; the fork draws them now (docs/DESIGN.md).
        net.fork(device)
    }

    pub(crate) fn forward(&self, input: Tensor<B, 2>) -> Tensor<B, 1> {
        self.second.forward(self.first.forward(input).tanh()).square().mean()
    }
}

pub(crate) fn input<B: Backend>(device: &B::Device) -> Tensor<B, 2> {
    let values: Vec<f32> = (0..40).map(|index| (index as f32 * 0.7).sin()).collect();
    Tensor::from_data(TensorData::new(values, [8, 5]), device)
}

pub(crate) fn gradients<B: AutodiffBackend>(net: &Net<B>, device: &B::Device) -> GradientsParams {
    let gradients = GradientsParams::from_grads(net.forward(input::<B>(device)).backward(), net);
    assert_eq!(gradients.len(), 4, "two weights and two biases");
    gradients
}

pub(crate) fn host<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// Runs one generic test on every CPU backend.
#[macro_export]
macro_rules! on_both_backends {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            use burn::backend::Autodiff;
            super::$name::<Autodiff<burn_flex::Flex>>();
            super::$name::<Autodiff<burn_ndarray::NdArray<f32>>>();
        }
    )*};
}
