//! The weighted sum of rows in one pass over memory.

use pulp::{Arch, NullaryFnOnce, Simd, WithSimd};

use super::Row;
use super::word::Number;

/// Numbers that are added up at a time; their sums stay in the first cache.
const COLUMNS: usize = 512;

/// `out ← own·out + Σ weight·row` over the columns from `start` on, summed in f64 and rounded once. With
/// `own = 0` what stood in `out` is not read, nor is a row of weight 0: it may be NaN.
pub(super) fn combine<T: Number>(out: &mut [T], own: f64, rows: &[(Row<'_>, f64)], start: usize) {
    Arch::new().dispatch(Combine { out, own, rows, start });
}

struct Combine<'a, T> {
    out: &'a mut [T],
    own: f64,
    rows: &'a [(Row<'a>, f64)],
    start: usize,
}

impl<T: Number> WithSimd for Combine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        simd.vectorize(Blocks(self));
    }
}

struct Blocks<'a, T>(Combine<'a, T>);

impl<T: Number> NullaryFnOnce for Blocks<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Combine { out, own, rows, start } = self.0;
        let mut sums = [0.0; COLUMNS];
        for (block, out) in out.chunks_mut(COLUMNS).enumerate() {
            let start = start + block * COLUMNS;
            let range = start..start + out.len();
            let sums = &mut sums[..out.len()];
            if own == 0.0 {
                sums.fill(0.0);
            } else {
                for (sum, value) in sums.iter_mut().zip(out.iter()) {
                    *sum = own * value.wide();
                }
            }
            let mut rest = rows;
            while !rest.is_empty() {
                rest = match rest {
                    [
                        (Row::F32(a), u),
                        (Row::F32(b), v),
                        (Row::F32(c), w),
                        (Row::F32(d), x),
                        rest @ ..,
                    ] => {
                        let rows = [a, b, c, d].map(|row| &row[range.clone()]);
                        add_four(sums, rows, [*u, *v, *w, *x]);
                        rest
                    }
                    [(Row::F32(row), weight), rest @ ..] => {
                        add(sums, &row[range.clone()], *weight);
                        rest
                    }
                    [(Row::F64(row), weight), rest @ ..] => {
                        add(sums, &row[range.clone()], *weight);
                        rest
                    }
                    [(Row::Absent, _), rest @ ..] => rest,
                    [] => &[],
                };
            }
            for (out, sum) in out.iter_mut().zip(sums.iter()) {
                *out = T::from_wide(*sum);
            }
        }
    }
}

#[inline(always)]
fn add<T: Number>(sums: &mut [f64], row: &[T], weight: f64) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += weight * value.wide();
    }
}

#[inline(always)]
fn add_four(sums: &mut [f64], rows: [&[f32]; 4], weights: [f64; 4]) {
    let count = sums.len();
    let [a, b, c, d] = rows.map(|row| &row[..count]);
    for index in 0..count {
        let first = weights[0] * f64::from(a[index]) + weights[1] * f64::from(b[index]);
        let second = weights[2] * f64::from(c[index]) + weights[3] * f64::from(d[index]);
        sums[index] += first + second;
    }
}
