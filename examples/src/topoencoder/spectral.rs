//! Linear maps whose largest singular value is held under a ceiling.
//!
//! W̃ = W / max(σ / ceiling, 1) with σ = |uᵀ W v|. The vectors u and v are buffers beside W: they
//! are refreshed once per training step by a few power iterations and are constants of the
//! forward pass, so W alone carries the gradient. Weights are stored `[in, out]`.

use burn::module::Param;
use burn::prelude::*;
use burn::tensor::Distribution;

/// y = x W̃ + b.
#[derive(Module, Debug)]
pub struct SpectralLinear<B: Backend> {
    /// Raw weight W, `[in, out]`.
    pub weight: Param<Tensor<B, 2>>,
    /// Bias b, `[1, out]`.
    pub bias: Option<Param<Tensor<B, 2>>>,
    /// Singular vector over the outputs, `[1, out]`; a buffer.
    pub left: Param<Tensor<B, 2>>,
    /// Singular vector over the inputs, `[1, in]`; a buffer.
    pub right: Param<Tensor<B, 2>>,
    /// Largest singular value, infinite for a plain linear map.
    pub ceiling: f64,
}

impl<B: Backend> SpectralLinear<B> {
    /// W and b uniform in ±1/√in, u a random unit vector, v from one power iteration.
    pub fn new(
        inputs: usize,
        outputs: usize,
        bias: bool,
        ceiling: f64,
        device: &B::Device,
    ) -> Self {
        let bound = 1.0 / (inputs as f64).sqrt();
        let uniform = Distribution::Uniform(-bound, bound);
        let weight = Tensor::random([inputs, outputs], uniform, device);
        let bias = bias.then(|| Param::from_tensor(Tensor::random([1, outputs], uniform, device)));
        Self::from_parts(weight, bias, ceiling)
    }

    /// A layer around given weights.
    pub fn from_parts(
        weight: Tensor<B, 2>,
        bias: Option<Param<Tensor<B, 2>>>,
        ceiling: f64,
    ) -> Self {
        let device = weight.device();
        let [_, outputs] = weight.dims();
        let start = Tensor::random([1, outputs], Distribution::Normal(0.0, 1.0), &device);
        let (left, right) = power_iterations(weight.clone(), normalized(start), 1);
        Self {
            weight: Param::from_tensor(weight.detach()),
            bias,
            left: buffer(left),
            right: buffer(right),
            ceiling,
        }
    }

    /// Runs power iterations from the stored u and stores the new u and v.
    pub fn refresh(self, iterations: usize) -> Self {
        if self.ceiling.is_infinite() {
            return self;
        }
        let weight = self.weight.val().detach();
        let (left, right) = power_iterations(weight, self.left.val().detach(), iterations);
        Self { left: replaced(self.left, left), right: replaced(self.right, right), ..self }
    }

    /// 1 / max(σ / ceiling, 1), `[1, 1]`; nothing for a plain linear map.
    pub fn gain(&self) -> Option<Tensor<B, 2>> {
        gain(self.weight.val(), self.left.val(), self.right.val(), self.ceiling)
    }

    /// The normalised weight W̃, `[in, out]`.
    pub fn normalized_weight(&self) -> Tensor<B, 2> {
        scaled(self.weight.val(), self.gain())
    }

    /// Applies the map to `[M, in]`.
    pub fn forward(&self, x: Tensor<B, 2>) -> Tensor<B, 2> {
        let [rows, inputs] = x.dims();
        let [_, outputs] = self.weight.dims();
        let gain = self.gain();
        // The gain is multiplied into whatever is smallest: weight, input or output.
        let y = if inputs * outputs <= rows * inputs.min(outputs) {
            x.matmul(scaled(self.weight.val(), gain))
        } else if inputs < outputs {
            scaled(x, gain).matmul(self.weight.val())
        } else {
            scaled(x.matmul(self.weight.val()), gain)
        };
        match &self.bias {
            Some(bias) => y.add(bias.val()),
            None => y,
        }
    }
}

/// N maps of one shape, each with its own ceiling test, in one parameter.
#[derive(Module, Debug)]
pub struct SpectralStack<B: Backend> {
    /// Raw weights, `[N, in, out]`.
    pub weight: Param<Tensor<B, 3>>,
    /// Singular vectors over the outputs, `[N, 1, out]`; a buffer.
    pub left: Param<Tensor<B, 3>>,
    /// Singular vectors over the inputs, `[N, 1, in]`; a buffer.
    pub right: Param<Tensor<B, 3>>,
    /// Largest singular value, infinite for plain linear maps.
    pub ceiling: f64,
}

impl<B: Backend> SpectralStack<B> {
    /// Weights uniform in ±1/√in.
    pub fn new(
        maps: usize,
        inputs: usize,
        outputs: usize,
        ceiling: f64,
        device: &B::Device,
    ) -> Self {
        let bound = 1.0 / (inputs as f64).sqrt();
        let uniform = Distribution::Uniform(-bound, bound);
        Self::from_weight(Tensor::random([maps, inputs, outputs], uniform, device), ceiling)
    }

    /// Maps around given weights `[N, in, out]`.
    pub fn from_weight(weight: Tensor<B, 3>, ceiling: f64) -> Self {
        let device = weight.device();
        let [maps, _, outputs] = weight.dims();
        let start = Tensor::random([maps, 1, outputs], Distribution::Normal(0.0, 1.0), &device);
        let (left, right) = power_iterations(weight.clone(), normalized(start), 1);
        Self {
            weight: Param::from_tensor(weight.detach()),
            left: buffer(left),
            right: buffer(right),
            ceiling,
        }
    }

    /// Runs power iterations of all maps at once and stores the new vectors.
    pub fn refresh(self, iterations: usize) -> Self {
        if self.ceiling.is_infinite() {
            return self;
        }
        let weight = self.weight.val().detach();
        let (left, right) = power_iterations(weight, self.left.val().detach(), iterations);
        Self { left: replaced(self.left, left), right: replaced(self.right, right), ..self }
    }

    /// The normalised weights, `[N, in, out]`.
    pub fn normalized_weight(&self) -> Tensor<B, 3> {
        let weight = self.weight.val();
        let gain = gain(weight.clone(), self.left.val(), self.right.val(), self.ceiling);
        scaled(weight, gain)
    }
}

/// A tensor that is saved with the module but never trained.
pub(crate) fn buffer<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Param<Tensor<B, D>> {
    Param::from_tensor(tensor.detach()).set_require_grad(false)
}

/// The same buffer with another value; keeps the identity, which records refer to.
pub(crate) fn replaced<B: Backend, const D: usize>(
    parameter: Param<Tensor<B, D>>,
    tensor: Tensor<B, D>,
) -> Param<Tensor<B, D>> {
    let (id, _, mapper) = parameter.consume();
    Param::from_mapped_value(id, tensor.detach(), mapper)
}

/// `iterations` times v = nrm(W u), u = nrm(Wᵀ v); returns (u, v).
///
/// Only the last two vectors are normalised, and u once per iteration: the direction is the same
/// and the other norms would be divided out again.
fn power_iterations<B: Backend, const D: usize>(
    weight: Tensor<B, D>,
    start: Tensor<B, D>,
    iterations: usize,
) -> (Tensor<B, D>, Tensor<B, D>) {
    let transposed = weight.clone().transpose();
    let mut left = start;
    for _ in 1..iterations {
        left = normalized(left.matmul(transposed.clone()).matmul(weight.clone()));
    }
    let right = normalized(left.matmul(transposed));
    (normalized(right.clone().matmul(weight)), right)
}

fn normalized<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    let norm = x.clone().mul(x.clone()).sum_dim(D - 1).sqrt().clamp_min(1e-12);
    x.div(norm)
}

fn gain<B: Backend, const D: usize>(
    weight: Tensor<B, D>,
    left: Tensor<B, D>,
    right: Tensor<B, D>,
    ceiling: f64,
) -> Option<Tensor<B, D>> {
    if ceiling.is_infinite() {
        return None;
    }
    let sigma = right.matmul(weight).matmul(left.transpose()).abs();
    // The usual ceiling of 1 needs no division; seventeen layers make this count.
    let excess = if ceiling == 1.0 { sigma } else { sigma.div_scalar(ceiling) };
    Some(excess.clamp_min(1.0).recip())
}

fn scaled<B: Backend, const D: usize>(x: Tensor<B, D>, gain: Option<Tensor<B, D>>) -> Tensor<B, D> {
    match gain {
        Some(gain) => x.mul(gain),
        None => x,
    }
}
