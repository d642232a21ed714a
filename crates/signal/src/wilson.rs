//! How sure is a rate of success?

/// The confidence interval of a rate after `successes` out of `trials`, at `z` standard deviations (1.96
/// for 95 %): `(p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n)` (Wilson 1927). Unlike p ± z·σ it
/// stays in `[0, 1]` and keeps a width at 0 and at n successes. Without trials it is `(0, 1)`.
///
/// ```
/// let (low, high) = homeostat_signal::wilson_interval(8, 10, 1.96);
/// assert!((low - 0.490157).abs() < 1e-6 && (high - 0.943319).abs() < 1e-6);
/// assert_eq!(homeostat_signal::wilson_interval(0, 0, 1.96), (0.0, 1.0));
/// ```
pub fn wilson_interval(successes: u64, trials: u64, z: f64) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let count = trials as f64;
    let rate = successes.min(trials) as f64 / count;
    let shrink = z * z / count;
    let centre = rate + 0.5 * shrink;
    let half = z.abs() * (rate * (1.0 - rate) / count + 0.25 * shrink / count).sqrt();
    let bound = |value: f64| (value / (1.0 + shrink)).clamp(0.0, 1.0);
    (bound(centre - half), bound(centre + half))
}
