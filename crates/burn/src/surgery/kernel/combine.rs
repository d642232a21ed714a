//! The weighted sum of rows in one pass over memory.

use pulp::{Arch, NullaryFnOnce, Simd, WithSimd};

use super::Row;
use super::word::Number;

/// Numbers that are added up at a time; their sums stay in the first cache.
const COLUMNS: usize = 2048;

/// Rows that are read side by side.
const SIDE_BY_SIDE: usize = 8;

/// Fills up a group of rows.
static ZEROS: [f32; COLUMNS] = [0.0; COLUMNS];

/// `out ← own·out + Σ weight·row` over the columns from `start` on, summed in f64 and rounded once. With
/// `own = 0` what stood in `out` is not read, nor is a row of weight 0: it may be NaN.
pub(super) fn combine_f32(out: &mut [f32], own: f64, rows: &[(Row<'_>, f64)], start: usize) {
    if rows.iter().any(|(row, _)| matches!(row, Row::F64(_))) {
        return mixed(out, own, rows, start);
    }
    Arch::new().dispatch(Combine { out, own, rows, start });
}

/// The same over f64.
pub(super) fn combine_f64(out: &mut [f64], own: f64, rows: &[(Row<'_>, f64)], start: usize) {
    mixed(out, own, rows, start);
}

/// Rows of any kind.
fn mixed<T: Number>(out: &mut [T], own: f64, rows: &[(Row<'_>, f64)], start: usize) {
    let mut sums = [0.0; COLUMNS];
    for (block, out) in out.chunks_mut(COLUMNS).enumerate() {
        let range = start + block * COLUMNS..start + block * COLUMNS + out.len();
        let sums = &mut sums[..out.len()];
        sums.fill(0.0);
        if own != 0.0 {
            add(sums, out, own);
        }
        for (row, weight) in rows {
            match row {
                Row::Absent => {}
                Row::F32(row) => add(sums, &row[range.clone()], *weight),
                Row::F64(row) => add(sums, &row[range.clone()], *weight),
            }
        }
        out.iter_mut().zip(sums.iter()).for_each(|(out, sum)| *out = T::from_wide(*sum));
    }
}

fn add<T: Number>(sums: &mut [f64], row: &[T], weight: f64) {
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += weight * value.wide();
    }
}

struct Combine<'a> {
    out: &'a mut [f32],
    own: f64,
    rows: &'a [(Row<'a>, f64)],
    start: usize,
}

impl WithSimd for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Combine { out, own, rows, start } = self;
        let mut sums = [0.0; COLUMNS];
        for (block, out) in out.chunks_mut(COLUMNS).enumerate() {
            let start = start + block * COLUMNS;
            let sums = &mut sums[..out.len()];
            let mut begins = true;
            let mut groups = rows.chunks(SIDE_BY_SIDE).peekable();
            if groups.peek().is_none() {
                simd.vectorize(Group::<1>::new(&[], start, out, sums, own, true, true));
            }
            while let Some(rows) = groups.next() {
                let ends = groups.peek().is_none();
                match rows.len() {
                    1 => simd.vectorize(Group::<1>::new(rows, start, out, sums, own, begins, ends)),
                    2 => simd.vectorize(Group::<2>::new(rows, start, out, sums, own, begins, ends)),
                    _ => {
                        simd.vectorize(Group::<SIDE_BY_SIDE>::new(
                            rows, start, out, sums, own, begins, ends,
                        ));
                    }
                }
                begins = false;
            }
        }
    }
}

/// Some of the rows over one block.
struct Group<'a, const N: usize> {
    rows: [&'a [f32]; N],
    weights: [f64; N],
    out: &'a mut [f32],
    sums: &'a mut [f64],
    own: f64,
    /// Whether it is the first group of the block, which has no sums yet.
    begins: bool,
    /// Whether it is the last one, which rounds.
    ends: bool,
}

impl<'a, const N: usize> Group<'a, N> {
    #[inline(always)]
    fn new(
        rows: &'a [(Row<'a>, f64)],
        start: usize,
        out: &'a mut [f32],
        sums: &'a mut [f64],
        own: f64,
        begins: bool,
        ends: bool,
    ) -> Self {
        let count = out.len();
        let (mut views, mut weights) = ([&ZEROS[..count]; N], [0.0; N]);
        for ((view, own), (row, weight)) in views.iter_mut().zip(&mut weights).zip(rows) {
            if let Row::F32(row) = row {
                (*view, *own) = (&row[start..start + count], *weight);
            }
        }
        Self { rows: views, weights, out, sums, own, begins, ends }
    }
}

impl<const N: usize> NullaryFnOnce for Group<'_, N> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { rows, weights, out, sums, own, begins, ends } = self;
        let count = out.len();
        let sums = &mut sums[..count];
        let rows = rows.map(|row| &row[..count]);
        let add = |sum: f64, column: usize| {
            let mut sum = sum;
            for row in 0..N {
                sum += weights[row] * f64::from(rows[row][column]);
            }
            sum
        };
        match (begins, ends) {
            (true, true) if own == 0.0 => {
                (0..count).for_each(|column| out[column] = add(0.0, column) as f32);
            }
            (true, true) => (0..count).for_each(|column| {
                out[column] = add(own * f64::from(out[column]), column) as f32;
            }),
            (true, false) if own == 0.0 => {
                (0..count).for_each(|column| sums[column] = add(0.0, column));
            }
            (true, false) => (0..count).for_each(|column| {
                sums[column] = add(own * f64::from(out[column]), column);
            }),
            (false, false) => {
                (0..count).for_each(|column| sums[column] = add(sums[column], column));
            }
            (false, true) => {
                (0..count).for_each(|column| out[column] = add(sums[column], column) as f32);
            }
        }
    }
}
