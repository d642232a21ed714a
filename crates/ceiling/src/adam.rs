//! How far Adam carries one large gradient after many small ones.

/// The response of Adam (Kingma and Ba 2015, algorithm 1, bias corrections settled, ε = 0) to one gradient
/// of 1 after a long stretch of gradients of `quiet`, which then go on: the size of the step with the large
/// gradient, and the sum of `steps` steps from it on, both in units of the learning rate.
///
/// When the worst group changes, its gradient is such a large one: with β₂ = 0.999 the parameters are
/// carried some thirty rates, with 0.95 six. The defaults of the small model follow from these numbers.
pub fn adam_response(beta_1: f64, beta_2: f64, quiet: f64, steps: u32) -> (f64, f64) {
    let (mut first, mut second) = (quiet, quiet * quiet);
    let mut step = |gradient: f64| {
        first = beta_1 * first + (1.0 - beta_1) * gradient;
        second = beta_2 * second + (1.0 - beta_2) * gradient * gradient;
        first / second.sqrt()
    };
    let large = step(1.0);
    (large, large + (1..steps).map(|_| step(quiet)).sum::<f64>())
}
