//! The randomness of a step: a function of seed and step, so that a second look at a batch, and a resumed
//! run, meet the same.

use burn::prelude::*;
use burn::tensor::Distribution;

use crate::data::{Purpose, RandomStream};
use crate::trainer::step::mix;

/// What one step draws.
#[derive(Clone, Debug)]
pub struct Noise<B: Backend> {
    /// ε of the posterior's sample, `[N, D]`.
    pub sample: Tensor<B, 2>,
    /// What is added to the code to see what a half changes, `[N, D]`.
    pub perturbation: Tensor<B, 2>,
    /// With whose detail each core is combined, `[N]`.
    pub partner: Tensor<B, 1, Int>,
}

/// Standard deviation of a perturbation.
const PERTURBATION: f64 = 0.5;

impl<B: Backend> Noise<B> {
    /// The noise of a step for `count` rows and codes of `width`.
    pub fn draw(seed: u64, step: u64, count: usize, width: usize, device: &B::Device) -> Self {
        B::seed(device, mix(seed, step));
        let normal =
            |spread| Tensor::random([count, width], Distribution::Normal(0.0, spread), device);
        let (sample, perturbation) = (normal(1.0), normal(PERTURBATION));
        let order = RandomStream::new(seed, Purpose::Swap, step).permutation(count as u32);
        let order: Vec<i32> = order.into_iter().map(|row| row as i32).collect();
        let partner = Tensor::from_data(TensorData::new(order, [count]), device);
        Self { sample, perturbation, partner }
    }

    /// The same numbers on a backend with gradients.
    pub fn tracked<A>(&self) -> Noise<A>
    where
        A: burn::tensor::backend::AutodiffBackend<InnerBackend = B>,
    {
        Noise {
            sample: Tensor::from_inner(self.sample.clone()),
            perturbation: Tensor::from_inner(self.perturbation.clone()),
            partner: Tensor::from_inner(self.partner.clone()),
        }
    }
}
