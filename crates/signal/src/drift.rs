//! Has a signal drifted? Three tests over stored values, run when somebody asks and not at every step.

use crate::sliding_moments::SlidingMoments;

/// What a test found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// The test's statistic.
    pub statistic: f64,
    /// The largest statistic that is no finding.
    pub threshold: f64,
}

impl Drift {
    /// Whether the signal has drifted by this test.
    pub fn found(&self) -> bool {
        self.statistic > self.threshold
    }
}

/// The constant of the two-sample Kolmogorov–Smirnov test at 5 %.
const KOLMOGOROV_SMIRNOV: f64 = 1.358;
/// Values that each side of the Kolmogorov–Smirnov test needs for its limit to hold well. Ours.
const KOLMOGOROV_SMIRNOV_COUNT: usize = 16;
/// Bins, and the least share that a bin counts with.
const BINS: usize = 10;
const LEAST_SHARE: f64 = 1e-4;
/// Above this a shift of a population is usually called significant.
const POPULATION_SHIFT: f64 = 0.2;
/// Values that each side of the population test needs: two samples of the same distribution differ by
/// 9·(1/n + 1/m) on average, half of the limit at 180. Ours.
const POPULATION_COUNT: usize = 200;
/// Values that the Page–Hinkley test needs. Ours.
const PAGE_HINKLEY_COUNT: usize = 32;

/// Page–Hinkley's test for a rise of the mean within `values`, oldest first: M − min M after the last of
/// them, with M_t = Σ(xᵢ − x̄ᵢ − δ) and x̄ᵢ the mean of the values up to i; δ = 0.05·σ, limit 25·σ with
/// σ the standard deviation of all. In units of σ. `None` for fewer than 32 values or equal ones.
/// A long stationary signal is above the limit about once in twelve looks (e^−2δh/σ²).
///
/// Source: Page 1954, Hinkley 1971; numbers from the reference specification.
pub fn page_hinkley<W: Iterator<Item = f64> + Clone>(values: W) -> Option<Drift> {
    let moments = SlidingMoments::of(values.clone());
    let deviation = moments.standard_deviation()?;
    if deviation <= 0.0 || (moments.count() as usize) < PAGE_HINKLEY_COUNT {
        return None;
    }
    let (mut mean, mut sum, mut least) = (0.0, 0.0_f64, 0.0_f64);
    for (index, value) in values.enumerate() {
        mean += (value - mean) / (index + 1) as f64;
        sum += (value - mean) / deviation - 0.05;
        least = least.min(sum);
    }
    Some(Drift { statistic: sum - least, threshold: 25.0 })
}

/// The two-sample Kolmogorov–Smirnov test at 5 %: sup |F₁ − F₂| against 1.358·√((n + m)/(n·m)). Both
/// samples in ascending order. `None` where one has fewer than 16 values.
pub fn kolmogorov_smirnov(first: &[f64], second: &[f64]) -> Option<Drift> {
    let (n, m) = (first.len(), second.len());
    if n.min(m) < KOLMOGOROV_SMIRNOV_COUNT {
        return None;
    }
    let (mut i, mut j, mut largest) = (0, 0, 0.0_f64);
    while i < n && j < m {
        // Equal values step both distributions before they are compared.
        let value = first[i].min(second[j]);
        i += first[i..].iter().take_while(|other| **other <= value).count();
        j += second[j..].iter().take_while(|other| **other <= value).count();
        largest = largest.max((i as f64 / n as f64 - j as f64 / m as f64).abs());
    }
    let (n, m) = (n as f64, m as f64);
    let threshold = KOLMOGOROV_SMIRNOV * ((n + m) / (n * m)).sqrt();
    Some(Drift { statistic: largest, threshold })
}

/// The population stability index Σ(pᵢ − qᵢ)·ln(pᵢ/qᵢ) over ten bins between the deciles of the
/// reference, with p the shares of the reference and q those of the current values, each at least
/// 10⁻⁴. Both in ascending order. `None` where one has fewer than 200 values.
pub fn population_stability(reference: &[f64], current: &[f64]) -> Option<Drift> {
    if reference.len().min(current.len()) < POPULATION_COUNT {
        return None;
    }
    let share = |values: &[f64], edge: f64| {
        values.partition_point(|value| *value <= edge) as f64 / values.len() as f64
    };
    let (mut statistic, mut below) = (0.0, (0.0, 0.0));
    for bin in 1..=BINS {
        let edge = if bin == BINS { f64::INFINITY } else { decile(reference, bin) };
        let up_to = (share(reference, edge), share(current, edge));
        let p = (up_to.0 - below.0).max(LEAST_SHARE);
        let q = (up_to.1 - below.1).max(LEAST_SHARE);
        statistic += (p - q) * (p / q).ln();
        below = up_to;
    }
    Some(Drift { statistic, threshold: POPULATION_SHIFT })
}

/// The quantile of type 7 at `tenths`/10 of sorted values.
fn decile(sorted: &[f64], tenths: usize) -> f64 {
    let place = (sorted.len() - 1) * tenths;
    let (position, fraction) = (place / BINS, (place % BINS) as f64 / BINS as f64);
    let low = sorted[position];
    let high = sorted[(position + 1).min(sorted.len() - 1)];
    low + fraction * (high - low)
}
