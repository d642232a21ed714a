//! Keeping a model for a rollback copies handles, not numbers. A test binary of its own, because an
//! allocator is global.

use burn::backend::Autodiff;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams, Optimizer as _};
use burn::prelude::*;
use burn_flex::Flex;
use homeostat_burn::Trial;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

type B = Autodiff<Flex>;

/// What keeping a model of `width`² parameters, and its moments, allocates, in bytes.
fn cost_of_keeping(width: usize) -> u64 {
    let device = Default::default();
    let mut net: Linear<B> = LinearConfig::new(width, width).init::<B>(&device).fork(&device);
    let mut optimizer = AdamConfig::new().init::<B, Linear<B>>();
    let input = Tensor::<B, 2>::ones([1, width], &device);
    let loss = net.forward(input).sum();
    let gradients = GradientsParams::from_grads(loss.backward(), &net);
    net = optimizer.step(0.01, net, gradients);
    let before = dhat::HeapStats::get().total_bytes;
    let trial = Trial::<B, _, _>::begin(&net, &optimizer);
    let kept = dhat::HeapStats::get().total_bytes - before;
    let (restored, _) = trial.reject();
    let restoring = dhat::HeapStats::get().total_bytes - before - kept;
    assert_eq!(restoring, 0, "to give back allocates nothing");
    // The very same memory, not equal numbers in another place.
    let address = |net: &Linear<B>| {
        let data = net.weight.val().inner().into_primitive().tensor();
        data.storage::<f32>().as_ptr()
    };
    assert_eq!(address(&restored), address(&net));
    kept
}

fn keeping_a_model_costs_the_same_whatever_its_size() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let (small, large) = (cost_of_keeping(8), cost_of_keeping(512));
    eprintln!("kept: {small} bytes for 72 parameters, {large} bytes for 262,656");
    assert!(large <= small + 64, "{large} bytes for the large one, {small} for the small one");
    assert!(large < 16_384, "{large} bytes");
}

/// No harness, whose own thread may allocate at any time.
fn main() {
    keeping_a_model_costs_the_same_whatever_its_size();
    eprintln!("test keeping_a_model_costs_the_same_whatever_its_size ... ok");
}
