//! Numbers as vector registers hold them.

use pulp::{NullaryFnOnce, Simd};

/// What the registers add up: f32 for many rows, f64 for few.
pub(super) trait Word<S: Simd>: Copy + Default + Send + 'static {
    /// As many numbers as one register holds.
    type Vector: Copy;

    /// The number of numbers in a register.
    const LANES: usize;

    fn zero(simd: S) -> Self::Vector;

    /// `a·b + sum`, fused where the processor can.
    fn multiply_add(simd: S, a: Self::Vector, b: Self::Vector, sum: Self::Vector) -> Self::Vector;

    /// A slice as registers; what is left over at its end is cut off.
    fn vectors(numbers: &[Self]) -> &[Self::Vector];

    /// `sums[lane % width] += weight·vector[lane]`.
    fn flush(vector: Self::Vector, weight: f64, sums: &mut [f64]);

    /// Brings a run of numbers into the registers' kind; gives the exponent of the factor 2^e that it was
    /// multiplied by.
    fn pack<T: Number>(simd: S, numbers: &[T], packed: &mut [Self]) -> i32;
}

/// What a gradient consists of.
pub(crate) trait Number: Copy + Send + Sync {
    fn wide(self) -> f64;
    fn narrow(self) -> f32;
    fn from_wide(value: f64) -> Self;
}

impl Number for f32 {
    #[inline(always)]
    fn wide(self) -> f64 {
        f64::from(self)
    }

    #[inline(always)]
    fn narrow(self) -> f32 {
        self
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
    fn narrow(self) -> f32 {
        self as f32
    }

    #[inline(always)]
    fn from_wide(value: f64) -> Self {
        value
    }
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
    fn flush(vector: S::f64s, _weight: f64, sums: &mut [f64]) {
        let lanes: &[f64] = pulp::bytemuck::cast_slice(std::slice::from_ref(&vector));
        for (sum, lane) in sums.iter_mut().zip(lanes) {
            *sum += lane;
        }
    }

    #[inline(always)]
    fn pack<T: Number>(simd: S, numbers: &[T], packed: &mut [f64]) -> i32 {
        simd.vectorize(Widen { numbers, packed });
        0
    }
}

struct Widen<'a, T> {
    numbers: &'a [T],
    packed: &'a mut [f64],
}

impl<T: Number> NullaryFnOnce for Widen<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (to, from) in self.packed.iter_mut().zip(self.numbers) {
            *to = from.wide();
        }
    }
}

/// Largest numbers of a block in this range are multiplied as they are: neither a square nor a sum of 2^16
/// squares leaves the range of f32, and what underflows is 2^-15 of the block's largest or less.
const CALM: std::ops::Range<f32> =
    f32::from_bits((127 - 48) << 23)..f32::from_bits((127 + 48) << 23);

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
    fn flush(vector: S::f32s, weight: f64, sums: &mut [f64]) {
        let lanes: &[f32] = pulp::bytemuck::cast_slice(std::slice::from_ref(&vector));
        for half in lanes.chunks_exact(sums.len()) {
            for (sum, lane) in sums.iter_mut().zip(half) {
                *sum += weight * f64::from(*lane);
            }
        }
    }

    #[inline(always)]
    fn pack<T: Number>(simd: S, numbers: &[T], packed: &mut [f32]) -> i32 {
        let largest = simd.vectorize(Narrow { numbers, packed });
        if largest == 0.0 || CALM.contains(&largest) || !largest.is_finite() {
            return 0;
        }
        rescale(numbers, packed)
    }
}

struct Narrow<'a, T> {
    numbers: &'a [T],
    packed: &'a mut [f32],
}

impl<T: Number> NullaryFnOnce for Narrow<'_, T> {
    type Output = f32;

    /// Copies, and gives the largest absolute value; NaN or infinity where one of these is there.
    #[inline(always)]
    fn call(self) -> f32 {
        const WIDTH: usize = 32;
        // Without their signs, the bits of numbers are in the order of the numbers, and NaN is above all.
        let mut largest = [0_u32; WIDTH];
        let (runs, rest) = self.numbers.as_chunks::<WIDTH>();
        let (to_runs, to_rest) = self.packed.split_at_mut(runs.len() * WIDTH);
        for (from, to) in runs.iter().zip(to_runs.as_chunks_mut::<WIDTH>().0) {
            for lane in 0..WIDTH {
                let number = from[lane].narrow();
                to[lane] = number;
                largest[lane] = largest[lane].max(number.abs().to_bits());
            }
        }
        let mut last = 0;
        for (from, to) in rest.iter().zip(to_rest) {
            let number = from.narrow();
            *to = number;
            last = last.max(number.abs().to_bits());
        }
        f32::from_bits(largest.iter().copied().fold(last, u32::max))
    }
}

/// Multiplies by the power of two that brings the largest number near 1.
#[cold]
fn rescale<T: Number>(numbers: &[T], packed: &mut [f32]) -> i32 {
    let largest = numbers.iter().map(|number| number.wide().abs()).fold(0.0, f64::max);
    let exponent = -(largest.log2().floor() as i32);
    let factor = 2.0_f64.powi(exponent);
    for (to, from) in packed.iter_mut().zip(numbers) {
        *to = (from.wide() * factor) as f32;
    }
    exponent
}
