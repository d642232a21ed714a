//! The data of the quickstart: applicants of two groups whose base rates differ.

use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;

use crate::data::{Purpose, RandomStream};

/// Numbers per applicant.
pub const FEATURES: usize = 8;

/// How far the two groups' scores lie apart.
const GROUP_SHIFT: f64 = 1.2;
/// How sharply the label follows from the score: at the Bayes optimum about 78 % are predicted right.
const SHARPNESS: f64 = 1.6;

/// Applicants with their labels and groups, on a device.
///
/// The label follows from four hidden traits and the group, `P(y = 1) = σ(1.6·(t̄ + 1.2·(g − ½)))` with
/// t̄ the sum of two traits minus half of a third. The features show the traits with some noise, and two
/// of the features betray the group: a classifier that is never shown the group learns it all the same.
#[derive(Clone, Debug)]
pub struct Applicants<B: Backend> {
    /// `[n, 8]`.
    pub features: Tensor<B, 2>,
    /// 0 or 1, `[n]`.
    pub labels: Tensor<B, 1>,
    /// 0 or 1, `[n]`.
    pub groups: Tensor<B, 1>,
}

impl<B: Backend> Applicants<B> {
    /// `count` applicants; `split` tells apart independent draws under one seed.
    pub fn draw(count: usize, seed: u64, split: u64, device: &B::Device) -> Self {
        let mut random = RandomStream::new(seed, Purpose::Applicants, split);
        let (mut features, mut labels, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..count {
            let group = f64::from(u8::from(random.uniform() < 0.5));
            let traits: [f64; 4] = std::array::from_fn(|_| random.normal());
            let score = traits[0] + traits[1] - 0.5 * traits[2] + GROUP_SHIFT * (group - 0.5);
            let probability = 1.0 / (1.0 + (-SHARPNESS * score).exp());
            labels.push(f32::from(u8::from(random.uniform() < probability)));
            groups.push(group as f32);
            let shown = traits.map(|one| one + 0.3 * random.normal());
            let hints = [0.8, 1.2].map(|scale| scale * (group - 0.5) + 0.5 * random.normal());
            let noise = [random.normal(), random.normal()];
            features.extend(shown.iter().chain(&hints).chain(&noise).map(|one| *one as f32));
        }
        Self {
            features: Tensor::from_data(TensorData::new(features, [count, FEATURES]), device),
            labels: Tensor::from_data(TensorData::new(labels, [count]), device),
            groups: Tensor::from_data(TensorData::new(groups, [count]), device),
        }
    }
}

impl<B: AutodiffBackend> Applicants<B> {
    /// The same applicants, for what needs no gradient.
    pub fn inner(self) -> Applicants<B::InnerBackend> {
        let Self { features, labels, groups } = self;
        Applicants { features: features.inner(), labels: labels.inner(), groups: groups.inner() }
    }
}
