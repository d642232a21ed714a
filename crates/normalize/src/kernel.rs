//! Smoothed ranks: a step function has no slope, a sum of kernels has one.

use homeostat_signal::{OrderView, SlidingMoments};

/// The bandwidth of a kernel density: h = 0.9·min(σ, IQR/1.34)·n^(−1/5) (Silverman 1986, equation
/// 3.31), of σ alone where the interquartile range is 0, and `floor` where both are. `view` is not
/// empty.
pub(crate) fn bandwidth(view: &OrderView, floor: f64) -> f64 {
    let deviation = SlidingMoments::of(view.values()).standard_deviation().unwrap_or(0.0);
    let quartile = |p| view.quantile(p).unwrap_or(0.0);
    let range = (quartile(0.75) - quartile(0.25)) / 1.34;
    let spread = if range > 0.0 { deviation.min(range) } else { deviation };
    (0.9 * spread * (view.len() as f64).powf(-0.2)).max(floor)
}

/// The density at `x` of a Gaussian kernel of bandwidth h: Σφ((x − xᵢ)/h)/(n·h).
pub(crate) fn density(view: &OrderView, bandwidth: f64, x: f64) -> f64 {
    let sum: f64 = view
        .values()
        .map(|value| {
            let u = (x - value) / bandwidth;
            (-0.5 * u * u).exp()
        })
        .sum();
    sum / ((2.0 * std::f64::consts::PI).sqrt() * view.len() as f64 * bandwidth)
}

/// The rank smoothed by a logistic function, N = (2/n)·Σσ((x − xᵢ)/h) − 1, and its slope
/// (2/(n·h))·Σσ′((x − xᵢ)/h).
pub(crate) fn soft_rank(view: &OrderView, bandwidth: f64, x: f64) -> (f64, f64) {
    let (mut rank, mut slope) = (0.0, 0.0);
    for value in view.values() {
        let u = (x - value) / bandwidth;
        // e^−|u| cannot overflow. 2σ(u) − 1 and σ′(u) follow from it for both signs.
        let decay = (-u.abs()).exp();
        rank += ((1.0 - decay) / (1.0 + decay)).copysign(u);
        slope += decay / ((1.0 + decay) * (1.0 + decay));
    }
    let count = view.len() as f64;
    (rank / count, 2.0 * slope / (count * bandwidth))
}
