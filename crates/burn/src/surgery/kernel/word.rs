//! Numbers as vector registers hold them.

use pulp::Simd;

/// What the registers add up: f32 where the rows are, else f64.
pub(super) trait Word<S: Simd>: Copy + Default + 'static {
    /// As many numbers as one register holds.
    type Vector: Copy;

    /// The number of numbers in a register.
    const LANES: usize;

    fn zero(simd: S) -> Self::Vector;

    /// `a·b + sum`, fused where the processor can.
    fn multiply_add(simd: S, a: Self::Vector, b: Self::Vector, sum: Self::Vector) -> Self::Vector;

    /// A slice as registers; what is left over at its end is cut off.
    fn vectors(numbers: &[Self]) -> &[Self::Vector];

    /// The sum of a register's numbers.
    fn sum(simd: S, vector: Self::Vector) -> f64;
}

impl<S: Simd> Word<S> for f64 {
    type Vector = S::f64s;

    const LANES: usize = S::F64_LANES;

    #[inline(always)]
    fn zero(simd: S) -> S::f64s {
        simd.splat_f64s(0.0)
    }

    #[inline(always)]
    fn multiply_add(simd: S, a: S::f64s, b: S::f64s, sum: S::f64s) -> S::f64s {
        simd.mul_add_e_f64s(a, b, sum)
    }

    #[inline(always)]
    fn vectors(numbers: &[f64]) -> &[S::f64s] {
        S::as_simd_f64s(numbers).0
    }

    #[inline(always)]
    fn sum(simd: S, vector: S::f64s) -> f64 {
        simd.reduce_sum_f64s(vector)
    }
}

impl<S: Simd> Word<S> for f32 {
    type Vector = S::f32s;

    const LANES: usize = S::F32_LANES;

    #[inline(always)]
    fn zero(simd: S) -> S::f32s {
        simd.splat_f32s(0.0)
    }

    #[inline(always)]
    fn multiply_add(simd: S, a: S::f32s, b: S::f32s, sum: S::f32s) -> S::f32s {
        simd.mul_add_e_f32s(a, b, sum)
    }

    #[inline(always)]
    fn vectors(numbers: &[f32]) -> &[S::f32s] {
        S::as_simd_f32s(numbers).0
    }

    #[inline(always)]
    fn sum(simd: S, vector: S::f32s) -> f64 {
        f64::from(simd.reduce_sum_f32s(vector))
    }
}

/// What a gradient consists of.
pub(super) trait Number: Copy + Send + Sync {
    fn wide(self) -> f64;
    fn from_wide(value: f64) -> Self;
}

impl Number for f32 {
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn from_wide(value: f64) -> Self {
        value as f32
    }
}

impl Number for f64 {
    #[inline(always)]
    fn wide(self) -> f64 {
        self
    }

    #[inline(always)]
    fn from_wide(value: f64) -> Self {
        value
    }
}
