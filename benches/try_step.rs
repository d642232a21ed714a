//! What does a step that may be taken back cost where nothing is rejected? Time and bytes of an accepted
//! `try_step` beside the optimizer's own step, with Adam on two layers of `width`² parameters.
//!
//! ```text
//! cargo bench --package homeostat-benches --bench try_step
//! ```
//!
//! Read the column `median` and the lines `alloc`. The judge accepts at once: a second look at the batch, which a
//! real one takes, is a forward pass and the trainer's own. Gradients are made before the clock starts. In
//! `alone` nobody else holds the module, so that the backend may write in place; in `tried` the kept handles
//! forbid it.

use burn::backend::Autodiff;
use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::optim::adaptor::OptimizerAdaptor;
use burn::optim::{Adam, AdamConfig, GradientsParams, Optimizer};
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use burn_flex::Flex;
use burn_ndarray::NdArray;
use divan::{AllocProfiler, Bencher};
use homeostat::burn::try_step;
use homeostat::ceiling::Decision;

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

#[derive(Module, Debug)]
struct Net<B: Backend> {
    first: Linear<B>,
    second: Linear<B>,
}

type Adaptor<B> = OptimizerAdaptor<Adam, Net<B>, B>;

fn gradients<B: AutodiffBackend>(net: &Net<B>, width: usize) -> GradientsParams {
    let input = Tensor::<B, 2>::ones([8, width], &Default::default());
    let loss = net.second.forward(net.first.forward(input).tanh()).square().mean();
    GradientsParams::from_grads(loss.backward(), net)
}

/// A net and an optimizer that have made a step, and the gradients of the next.
fn scene<B: AutodiffBackend>(width: usize) -> (Net<B>, Adaptor<B>, GradientsParams) {
    let device = Default::default();
    let layer = || LinearConfig::new(width, width).init(&device);
    let net = Net::<B> { first: layer(), second: layer() }.fork(&device);
    let mut optimizer = AdamConfig::new().init();
    let step = gradients(&net, width);
    let net: Net<B> = optimizer.step(1e-3, net, step);
    let next = gradients(&net, width);
    (net, optimizer, next)
}

fn alone<B: AutodiffBackend>(bencher: Bencher, width: usize) {
    bencher.with_inputs(|| scene::<B>(width)).bench_local_values(
        |(net, mut optimizer, gradients)| {
            let net = optimizer.step(1e-3, net, gradients);
            (net, optimizer)
        },
    );
}

fn tried<B: AutodiffBackend>(bencher: Bencher, width: usize) {
    bencher.with_inputs(|| scene::<B>(width)).bench_local_values(
        |(net, mut optimizer, gradients)| {
            let step = |net, optimizer: &mut Adaptor<B>| optimizer.step(1e-3, net, gradients);
            let accept = |_, _: &Net<B>| Decision::Accept { restoration: false };
            let (net, _) = try_step::<B, _, _>(net, &mut optimizer, step, accept);
            (net, optimizer)
        },
    );
}

#[divan::bench(args = [128, 512])]
fn alone_flex(bencher: Bencher, width: usize) {
    alone::<Autodiff<Flex>>(bencher, width);
}

#[divan::bench(args = [128, 512])]
fn tried_flex(bencher: Bencher, width: usize) {
    tried::<Autodiff<Flex>>(bencher, width);
}

#[divan::bench(args = [128, 512])]
fn alone_ndarray(bencher: Bencher, width: usize) {
    alone::<Autodiff<NdArray<f32>>>(bencher, width);
}

#[divan::bench(args = [128, 512])]
fn tried_ndarray(bencher: Bencher, width: usize) {
    tried::<Autodiff<NdArray<f32>>>(bencher, width);
}
