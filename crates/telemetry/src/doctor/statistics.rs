//! Statistics of a window of finite numbers. They may allocate: only an evaluation calls them.

use homeostat_signal::wilson_interval;

/// A straight line through equally spaced values, by least squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trend {
    /// Change per value.
    pub(crate) slope: f64,
    /// The slope by its standard error, kept within ± [`Trend::CERTAIN`].
    pub(crate) t: f64,
    /// The standard error of the slope.
    pub(crate) error: f64,
}

impl Trend {
    /// Stands for an infinite t, which a file could not hold.
    const CERTAIN: f64 = 1e6;
    const NONE: Self = Self { slope: 0.0, t: 0.0, error: 0.0 };
}

/// The trend with the standard error of independent residuals.
pub(crate) fn trend(values: &[f64]) -> Trend {
    let scale = values.iter().fold(0.0_f64, |scale, value| scale.max(value.abs()));
    if values.len() < 3 || scale == 0.0 {
        return Trend::NONE;
    }
    // Scaled values cannot overflow when they are squared.
    let count = values.len() as f64;
    let centre = (count - 1.0) / 2.0;
    let level = mean(values) / scale;
    let rows = || values.iter().enumerate().map(|(i, v)| (i as f64 - centre, v / scale - level));
    let time: f64 = rows().map(|(time, _)| time * time).sum();
    let slope = rows().map(|(time, value)| time * value).sum::<f64>() / time;
    let total: f64 = rows().map(|(_, value)| value * value).sum();
    let left: f64 = rows().map(|(time, value)| (value - slope * time).powi(2)).sum();
    // Below the rounding errors of the sums there is neither a slope nor a residual.
    if total <= 1e-24 * count {
        return Trend::NONE;
    }
    let error = (left / (count - 2.0) / time).sqrt();
    let t = (slope / error).clamp(-Trend::CERTAIN, Trend::CERTAIN);
    Trend { slope: slope * scale, t: if t.is_nan() { 0.0 } else { t }, error: error * scale }
}

/// The trend of the means of sixteen blocks: its t means the same whether neighbours are alike, as in a
/// smoothed series, or not. Slope and error are per value.
pub(crate) fn block_trend(values: &[f64]) -> Trend {
    const BLOCKS: usize = 16;
    let length = values.len() / BLOCKS;
    if length == 0 {
        return Trend::NONE;
    }
    // The newest values count; what does not fill a block is left out at the old end.
    let newest = &values[values.len() - BLOCKS * length..];
    let means: Vec<f64> = newest.chunks(length).map(mean).collect();
    let Trend { slope, t, error } = trend(&means);
    Trend { slope: slope / length as f64, t, error: error / length as f64 }
}

/// The mean; 0 of nothing. Of equal values it is exactly that value, so that a threshold which a value
/// meets exactly is not missed by rounding.
pub(crate) fn mean(values: &[f64]) -> f64 {
    let Some(first) = values.first() else { return 0.0 };
    let count = values.len() as f64;
    first + values.iter().map(|value| value / count - first / count).sum::<f64>()
}

/// Values in order, for [`quantile`].
pub(crate) fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

/// The quantile of ordered values, type 7 of Hyndman and Fan 1996; 0 of nothing.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = last as f64 * share;
    let below = (place.floor() as usize).min(last);
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    low + (place - below as f64) * (high - low)
}

/// The upper end of the 95 % interval of Wilson 1927 for a share; 1 of nothing.
pub(crate) fn wilson_upper(successes: usize, count: usize) -> f64 {
    const NORMAL_95: f64 = 1.959_963_984_540_054;
    wilson_interval(successes as u64, count as u64, NORMAL_95).1
}

/// Pearson's correlation; 0 where either side has no spread.
pub(crate) fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let normed = |side: fn(&(f64, f64)) -> f64| {
        let values: Vec<f64> = pairs.iter().map(side).collect();
        let scale = values.iter().fold(0.0_f64, |scale, value| scale.max(value.abs()));
        let scaled: Vec<f64> = values.iter().map(|value| value / scale).collect();
        let level = mean(&scaled);
        let centred: Vec<f64> = scaled.iter().map(|value| value - level).collect();
        let energy: f64 = centred.iter().map(|value| value * value).sum();
        (scale > 0.0 && energy > 1e-24 * pairs.len() as f64).then_some((centred, energy))
    };
    let (Some((left, left_energy)), Some((right, right_energy))) =
        (normed(|pair| pair.0), normed(|pair| pair.1))
    else {
        return 0.0;
    };
    let product: f64 = left.iter().zip(&right).map(|(left, right)| left * right).sum();
    product / (left_energy * right_energy).sqrt()
}

/// How often neighbours lie on different sides of zero; a zero lies on no side.
pub(crate) fn zero_crossings(values: &[f64]) -> usize {
    let mut sides = values.iter().filter(|value| **value != 0.0).map(|value| *value > 0.0);
    let Some(mut last) = sides.next() else { return 0 };
    sides.filter(|side| std::mem::replace(&mut last, *side) != *side).count()
}

/// Makes a number fit for a file.
pub(crate) fn finite(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(-f64::MAX, f64::MAX) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() <= tolerance, "{found} instead of {expected}");
    }

    #[test]
    fn a_trend_has_the_slope_and_the_t_of_the_textbook() {
        // x = 0 … 4, y = 1, 3, 2, 5, 4: slope 0.8, residual sum 3.6, error √(3.6/3/10).
        let found = trend(&[1.0, 3.0, 2.0, 5.0, 4.0]);
        close(found.slope, 0.8, 1e-12);
        close(found.t, 0.8 / 0.12_f64.sqrt(), 1e-12);
        assert_eq!(trend(&[2.5; 9]), Trend::NONE);
        assert_eq!(trend(&[0.1; 500]), Trend::NONE);
        close(trend(&[1e300, -1e300, 1e300, 1e300]).slope, 0.2e300, 1e287);
        assert!(trend(&[0.0, 1.0, 2.0, 3.0]).t > 1e3);
    }

    #[test]
    fn a_trend_of_blocks_is_the_slope_per_value() {
        let line: Vec<f64> = (0..523).map(|i| 3.0 + 0.25 * f64::from(i)).collect();
        close(block_trend(&line).slope, 0.25, 1e-12);
        assert_eq!(block_trend(&[1.0; 15]), Trend::NONE);
    }

    #[test]
    fn quantiles_interpolate_between_order_statistics() {
        let values = sorted(vec![4.0, 1.0, 3.0, 2.0]);
        close(quantile(&values, 0.0), 1.0, 0.0);
        close(quantile(&values, 0.5), 2.5, 1e-12);
        close(quantile(&values, 0.9), 3.7, 1e-12);
        close(quantile(&values, 1.0), 4.0, 0.0);
        close(quantile(&[], 0.5), 0.0, 0.0);
    }

    #[test]
    fn the_upper_bound_of_wilson_is_that_of_the_reference() {
        close(wilson_upper(800, 1000), 0.824, 5e-4); // reference, section 6.11
        close(wilson_upper(0, 0), 1.0, 0.0);
        close(wilson_upper(10, 10), 1.0, 1e-12);
    }

    #[test]
    fn a_correlation_needs_spread_on_both_sides() {
        close(correlation(&[(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]), 1.0, 1e-12);
        close(correlation(&[(1.0, 1e300), (2.0, -1e300)]), -1.0, 1e-12);
        close(correlation(&[(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)]), 0.0, 1e-12);
        close(correlation(&[(1.0, 0.1), (2.0, 0.1)]), 0.0, 0.0);
        close(correlation(&[]), 0.0, 0.0);
    }

    #[test]
    fn a_zero_is_no_crossing() {
        assert_eq!(zero_crossings(&[1.0, 0.0, 1.0, -1.0, 0.0, -1.0, 2.0]), 2);
        assert_eq!(zero_crossings(&[0.0, 0.0]), 0);
    }
}
