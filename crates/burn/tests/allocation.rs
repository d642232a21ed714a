//! Keeping a model for a rollback copies handles, not numbers; what an accepted step costs all the same. A test binary of its own, because an
//! allocator is global.

use burn::backend::Autodiff;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams, Optimizer};
use burn::prelude::*;
use burn_flex::Flex;
use homeostat_burn::{Trial, try_step};
use homeostat_ceiling::Decision;

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

/// Bytes that one accepted step allocates, by `try_step` or by the optimizer alone, in a net of `width`²
/// parameters whose handles nobody else holds.
fn cost_of_a_step(width: usize, tried: bool) -> u64 {
    let device = Default::default();
    let mut net: Linear<B> = LinearConfig::new(width, width).init::<B>(&device).fork(&device);
    let mut optimizer = AdamConfig::new().init::<B, Linear<B>>();
    let mut cost = 0;
    for _ in 0..3 {
        let loss = net.forward(Tensor::<B, 2>::ones([1, width], &device)).sum();
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        let before = dhat::HeapStats::get().total_bytes;
        net = if tried {
            let step = |net, optimizer: &mut _| Optimizer::step(optimizer, 0.01, net, gradients);
            let accept = |_, _: &_| Decision::Accept { restoration: false };
            try_step::<B, _, _>(net, &mut optimizer, step, accept).0
        } else {
            optimizer.step(0.01, net, gradients)
        };
        cost = dhat::HeapStats::get().total_bytes - before;
    }
    cost
}

/// Keeping is free, but the step that follows writes beside what is kept: per parameter at most the new
/// parameter and the two new moments.
fn an_accepted_step_costs_at_most_three_new_numbers_per_parameter() {
    let _profiler = dhat::Profiler::builder().testing().build();
    let width = 512;
    let parameters = (width * width + width) as u64;
    let [plain, tried] = [false, true].map(|tried| cost_of_a_step(width, tried));
    eprintln!("a step of {parameters} parameters: {plain} bytes alone, {tried} bytes tried");
    let most = plain + 3 * 4 * parameters + 65_536;
    assert!(tried <= most, "{tried} bytes, more than {most}");
}

/// No harness, whose own thread may allocate at any time.
fn main() {
    keeping_a_model_costs_the_same_whatever_its_size();
    eprintln!("test keeping_a_model_costs_the_same_whatever_its_size ... ok");
    an_accepted_step_costs_at_most_three_new_numbers_per_parameter();
    eprintln!("test an_accepted_step_costs_at_most_three_new_numbers_per_parameter ... ok");
}
