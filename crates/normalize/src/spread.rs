//! When is a spread no spread?

/// The least absolute scale, and the share of the median below which a scale counts as zero, both
/// chosen by the reference specification.
const LEAST: f64 = 1e-12;
const SHARE: f64 = 1e-3;

/// Equal values that went through different sums differ by less than this share of their size.
const ROUNDING: f64 = 1e-14;

/// The scale of values that do not differ: max(10⁻³·|centre|, 10⁻¹²).
pub(crate) fn floor(centre: f64) -> f64 {
    (SHARE * centre.abs()).max(LEAST)
}

/// Whether a scale is nothing but rounding, or too small to divide by.
pub(crate) fn vanishes(scale: f64, centre: f64) -> bool {
    scale <= LEAST.max(ROUNDING * centre.abs())
}
