//! What a normalizer says about one loss.

/// The reading of one loss: N(ℓ), the slope of N there, the spread behind both, and how far to trust
/// them. All numbers are finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// N(ℓ); 0 while warming and for a loss that is not finite.
    pub value: f64,
    /// dN/dℓ with the normalizer's memory held fixed, by the configured rule; not negative.
    pub slope: f64,
    /// The spread S of the reference in units of the loss, above 0: σ, 1.4826·MAD, IQR/1.349,
    /// (Q₀.₉ − Q₀.₁)/1.6, or 1 without a normalizer. Under the rules `secant` and
    /// `straight-through` it is 1/slope; under the others the slope may be 0 where S is not
    /// infinite, so that an error in units of S stays alive.
    pub scale: f64,
    /// How far to trust the numbers.
    pub status: Status,
}

/// How far to trust a [`Reading`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The reference has fewer than `min_count` values, or an `auto` normalizer has not chosen: N = 0,
    /// and whoever decides should hold. The slope is that of the values so far, and 0 while they do
    /// not differ.
    Warming,
    /// All numbers mean what they say.
    Ok,
    /// The values of the reference do not differ, but for rounding. A loss equal to them reads 0 (a rank
    /// with `upper` ties +1, with `lower` ties −1); slope and scale come from the floor
    /// max(10⁻³·|median|, 10⁻¹²).
    Degenerate,
    /// The loss is NaN, infinite or beyond [`LARGEST`]: nothing was taken in. N is undefined and the
    /// numbers are those of no normalizer at 0: value 0, slope 0, scale 1.
    NonFinite,
}

/// The largest magnitude of a loss that a normalizer takes in; its square and the sum of millions of
/// such squares are still finite. Anything larger is treated as an infinity.
pub const LARGEST: f64 = 1e140;

impl Reading {
    /// The reading of a loss that cannot be taken in.
    pub(crate) const NON_FINITE: Self =
        Self { value: 0.0, slope: 0.0, scale: 1.0, status: Status::NonFinite };

    /// The reading without any reference.
    pub(crate) const EMPTY: Self =
        Self { value: 0.0, slope: 0.0, scale: 1.0, status: Status::Warming };
}

impl Status {
    /// The status over a reference that is `warm` or not and whose values `differ` or not.
    pub(crate) fn of(warm: bool, differ: bool) -> Self {
        match (warm, differ) {
            (false, _) => Self::Warming,
            (true, true) => Self::Ok,
            (true, false) => Self::Degenerate,
        }
    }
}
