//! The model of the quickstart.

use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use burn::tensor::activation::{log_sigmoid, relu, sigmoid};

use super::applicants::FEATURES;

/// Two hidden layers: 8 → H → H → 1.
#[derive(Module, Debug)]
pub struct Classifier<B: Backend> {
    first: Linear<B>,
    second: Linear<B>,
    third: Linear<B>,
}

impl<B: Backend> Classifier<B> {
    /// The parameters exist when this returns.
    pub fn new(hidden: usize, device: &B::Device) -> Self {
        let layer = |inputs, outputs| LinearConfig::new(inputs, outputs).init(device);
        Self {
            first: layer(FEATURES, hidden),
            second: layer(hidden, hidden),
            third: layer(hidden, 1),
        }
        .fork(device)
    }

    /// Logits, `[n]`.
    pub fn logits(&self, features: Tensor<B, 2>) -> Tensor<B, 1> {
        self.read_out(self.hidden(features))
    }

    /// The second hidden layer, `[n, H]`.
    pub fn hidden(&self, features: Tensor<B, 2>) -> Tensor<B, 2> {
        let hidden = relu(self.first.forward(features));
        relu(self.second.forward(hidden))
    }

    /// Logits of the second hidden layer, `[n]`.
    pub fn read_out(&self, hidden: Tensor<B, 2>) -> Tensor<B, 1> {
        self.third.forward(hidden).flatten(0, 1)
    }

    /// P(y = 1), `[n]`.
    pub fn probabilities(&self, features: Tensor<B, 2>) -> Tensor<B, 1> {
        sigmoid(self.logits(features))
    }
}

/// Mean cross-entropy of logits against labels in {0, 1}, in nats, `[1]`.
pub fn cross_entropy<B: Backend>(logits: Tensor<B, 1>, labels: Tensor<B, 1>) -> Tensor<B, 1> {
    // ln σ(x) is exact at both ends, where burn's softplus overflows.
    let right = labels.clone() * log_sigmoid(logits.clone());
    let wrong = (labels.neg() + 1.0) * log_sigmoid(logits.neg());
    (right + wrong).mean().neg()
}
