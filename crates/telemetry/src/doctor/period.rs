//! Does a series swing, and with which period?

/// A swing that repeats itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Oscillation {
    /// The dominant period, in values of the series.
    pub period: f64,
    /// Autocorrelation at the whole lag nearest to the period, `Σ x_i·x_{i+k} / Σ x_i²` without the mean:
    /// for a pure sine `1 − k/n`.
    pub autocorrelation: f64,
    /// Autocorrelation at half that lag: for a pure sine `−(1 − k/2n)`, for noise about 0.
    pub trough: f64,
}

/// The lag at which a series is like itself again, once it has been unlike itself: the first peak of the
/// autocorrelation after its first negative value that reaches 80 % of the highest, among lags of up to
/// half the series. (The highest may be a multiple of a period that is no whole number.) A parabola
/// through the peak and its neighbours gives the period to a fraction.
///
/// `None` for a series that is constant, shorter than 8, or never unlike itself.
pub fn dominant_period(values: &[f64]) -> Option<Oscillation> {
    let count = values.len();
    let scale = values.iter().fold(0.0_f64, |scale, value| scale.max(value.abs()));
    if count < 8 || scale == 0.0 || !scale.is_finite() {
        return None;
    }
    // Scaled values cannot overflow when they are squared.
    let mean = values.iter().map(|value| value / scale / count as f64).sum::<f64>();
    let centred: Vec<f64> = values.iter().map(|value| value / scale - mean).collect();
    let energy: f64 = centred.iter().map(|value| value * value).sum();
    if energy <= 1e-24 * count as f64 {
        return None;
    }
    let correlations: Vec<f64> = (0..=count / 2)
        .map(|lag| {
            let pairs = centred.iter().zip(&centred[lag..]);
            pairs.map(|(now, later)| now * later).sum::<f64>() / energy
        })
        .collect();
    let first = correlations.iter().position(|correlation| *correlation < 0.0)?;
    // The last lag has no right neighbour, so it cannot be told whether it is a peak.
    let peaks: Vec<usize> = (first..correlations.len() - 1)
        .filter(|lag| correlations[*lag] > 0.0)
        .filter(|lag| correlations[*lag] >= correlations[lag - 1])
        .filter(|lag| correlations[*lag] >= correlations[lag + 1])
        .collect();
    let highest = peaks.iter().map(|lag| correlations[*lag]).fold(0.0, f64::max);
    let peak = peaks.into_iter().find(|lag| correlations[*lag] >= 0.8 * highest)?;
    // Fewer pairs at longer lags would move the peak to the left: each lag is measured by the energy of
    // its own pairs, so that a series which repeats itself has 1 at its period.
    let even = |lag: usize| {
        let energy_of = |part: &[f64]| part.iter().map(|value| value * value).sum::<f64>();
        let own = energy_of(&centred[..count - lag]) * energy_of(&centred[lag..]);
        if own > 0.0 { correlations[lag] * energy / own.sqrt() } else { 0.0 }
    };
    let (left, top, right) = (even(peak - 1), even(peak), even(peak + 1));
    let bend = left - 2.0 * top + right;
    let shift = if bend < 0.0 { (0.5 * (left - right) / bend).clamp(-1.0, 1.0) } else { 0.0 };
    let period = peak as f64 + shift;
    let trough = correlations[peak / 2];
    Some(Oscillation { period, autocorrelation: correlations[peak], trough })
}
