//! Tests of the TopoEncoder in f64. They live in a process of their own because burn fixes the
//! float type of a device once per process.

mod fill;
mod model;
mod primitives;
mod transport;

use std::sync::OnceLock;

use burn::backend::Autodiff;
use burn::prelude::*;
use burn::tensor::{FloatDType, IntDType};
use burn_flex::{Flex, FlexDevice};

pub(crate) type Inner = Flex;
pub(crate) type Real = Autodiff<Flex>;

/// The device, set to f64 before its first tensor.
pub(crate) fn device() -> FlexDevice {
    static READY: OnceLock<()> = OnceLock::new();
    let device = FlexDevice;
    READY.get_or_init(|| {
        burn::tensor::set_default_dtypes::<Flex>(&device, FloatDType::F64, IntDType::I32)
            .expect("no tensor exists before the first call");
    });
    device
}

/// All values of a tensor, row-major.
pub(crate) fn values<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

/// The only value of a tensor.
pub(crate) fn number<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> f64 {
    let all = values(tensor);
    assert_eq!(all.len(), 1, "a scalar was expected");
    all[0]
}

/// Two lists agree within a relative and an absolute tolerance.
#[track_caller]
pub(crate) fn check(what: &str, ours: &[f64], theirs: &[f64], relative: f64, absolute: f64) {
    assert_eq!(ours.len(), theirs.len(), "{what}: number of values");
    for (index, (own, reference)) in ours.iter().zip(theirs).enumerate() {
        let error = (own - reference).abs();
        assert!(
            error <= relative * reference.abs() + absolute,
            "{what}[{index}]: {own} against {reference}",
        );
    }
}
