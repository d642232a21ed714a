//! Dot products of all pairs of rows in one pass over memory.

use pulp::{Arch, Simd, WithSimd};

use super::word::{Number, Word};
use super::{Piece, Row};

/// `G_ij` for `j ≤ i` at `i·(i + 1)/2 + j`, over some pieces of the rows.
pub(super) fn gramian(pieces: &[Piece<'_>], rows: usize) -> Vec<f64> {
    Arch::new().dispatch(Dots { pieces, rows })
}

pub(super) fn pairs(rows: usize) -> usize {
    rows * (rows + 1) / 2
}

/// Columns of a block: enough that adding up the registers at its end costs little, few enough that all
/// rows stay in the second cache and that sums in f32 stay short.
const COLUMNS: usize = 1024;

/// Up to so many rows of f32 are multiplied in f64.
pub(in crate::surgery) const FEW: usize = 4;

/// What stands for a missing row.
static ZEROS: [f32; COLUMNS] = [0.0; COLUMNS];

/// Squared lengths of a block's rows for which sums in f32 are as good as the numbers are: by Cauchy and
/// Schwarz no sum leaves the range of f32, and what underflows is nothing beside them.
const CALM: std::ops::Range<f64> = 1e-27..1e27;

struct Dots<'a> {
    pieces: &'a [Piece<'a>],
    rows: usize,
}

impl WithSimd for Dots<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
        let Dots { pieces, rows } = self;
        let mut sums = Sums::new(rows);
        for piece in pieces {
            let narrow = !piece.rows.iter().any(|row| matches!(row, Row::F64(_)));
            let mut start = piece.start;
            while start < piece.end {
                let end = piece.end.min(start + COLUMNS);
                match (narrow, rows) {
                    (true, 1..=FEW) => sums.few(simd, piece.rows, start, end),
                    (true, _) => sums.many(simd, piece.rows, start, end),
                    (false, _) => sums.wide(simd, piece.rows, start, end),
                }
                start = end;
            }
        }
        sums.total
    }
}

struct Sums<'a> {
    total: Vec<f64>,
    /// Of the block at hand.
    part: Vec<f64>,
    /// The block's rows, where they lie.
    views: Vec<&'a [f32]>,
    /// A copy of the block in f64, where one is needed.
    packed: Vec<f64>,
}

impl<'a> Sums<'a> {
    fn new(rows: usize) -> Self {
        Self {
            total: vec![0.0; pairs(rows)],
            part: vec![0.0; pairs(rows)],
            views: Vec::with_capacity(rows),
            packed: Vec::new(),
        }
    }

    fn look(&mut self, rows: &[Row<'a>], start: usize, end: usize) {
        self.views.clear();
        self.views.extend(rows.iter().map(|row| match row {
            Row::F32(row) => &row[start..end],
            Row::Absent | Row::F64(_) => &ZEROS[..end - start],
        }));
    }

    fn add_part(&mut self) {
        self.total.iter_mut().zip(&self.part).for_each(|(total, part)| *total += part);
    }

    /// A few rows of f32: memory is slower than arithmetic in f64.
    #[inline(always)]
    fn few<S: Simd>(&mut self, simd: S, rows: &[Row<'a>], start: usize, end: usize) {
        self.look(rows, start, end);
        let total = &mut self.total;
        match self.views[..] {
            [a] => simd.vectorize(Few { rows: [a], total }),
            [a, b] => simd.vectorize(Few { rows: [a, b], total }),
            [a, b, c] => simd.vectorize(Few { rows: [a, b, c], total }),
            [a, b, c, d] => simd.vectorize(Few { rows: [a, b, c, d], total }),
            _ => {}
        }
    }

    /// Many rows of f32, where they lie: added up in f32 over the block, in f64 from block to block.
    #[inline(always)]
    fn many<S: Simd>(&mut self, simd: S, rows: &[Row<'a>], start: usize, end: usize) {
        let whole = start + (end - start) / S::F32_LANES * S::F32_LANES;
        if whole > start {
            self.look(rows, start, whole);
            block::<S, f32>(simd, &self.views, &mut self.part);
            if self.calm() {
                self.add_part();
            } else {
                self.wide(simd, rows, start, whole);
            }
        }
        if end > whole {
            self.wide(simd, rows, whole, end);
        }
    }

    /// Whether the block's sums in f32 may be trusted.
    fn calm(&self) -> bool {
        self.views.iter().enumerate().all(|(row, view)| {
            let square = self.part[pairs(row) + row];
            CALM.contains(&square) || square == 0.0 && view.iter().all(|number| *number == 0.0)
        })
    }

    /// Rows of any kind and scale, copied to f64.
    fn wide<S: Simd>(&mut self, simd: S, rows: &[Row<'a>], start: usize, end: usize) {
        let columns = (end - start).next_multiple_of(S::F64_LANES);
        self.packed.clear();
        self.packed.resize(rows.len() * columns, 0.0);
        for (row, to) in rows.iter().zip(self.packed.chunks_exact_mut(columns)) {
            match row {
                Row::Absent => {}
                Row::F32(row) => widen(&row[start..end], to),
                Row::F64(row) => widen(&row[start..end], to),
            }
        }
        let views: Vec<&[f64]> = self.packed.chunks_exact(columns).collect();
        simd.vectorize(Block { views: &views, part: &mut self.part });
        self.add_part();
    }
}

fn widen<T: Number>(numbers: &[T], to: &mut [f64]) {
    to.iter_mut().zip(numbers).for_each(|(to, number)| *to = number.wide());
}

struct Few<'a, const K: usize> {
    rows: [&'a [f32]; K],
    total: &'a mut [f64],
}

impl<const K: usize> WithSimd for Few<'_, K> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        /// A run in f64 lies in the first cache.
        const RUN: usize = 64;
        let mut wide = [[0.0_f64; RUN]; K];
        let mut sums = [[simd.splat_f64s(0.0); K]; K];
        let count = self.rows[0].len();
        for start in (0..count).step_by(RUN) {
            let end = count.min(start + RUN);
            for (wide, row) in wide.iter_mut().zip(self.rows) {
                match row[start..].first_chunk::<RUN>() {
                    Some(run) => *wide = run.map(f64::from),
                    None => {
                        *wide = [0.0; RUN];
                        widen(&row[start..end], wide);
                    }
                }
            }
            let vectors = wide.each_ref().map(|wide| S::as_simd_f64s(wide).0);
            for step in 0..RUN / S::F64_LANES {
                let now = vectors.map(|vectors| vectors[step]);
                for (i, sums) in sums.iter_mut().enumerate() {
                    for (j, sum) in sums.iter_mut().enumerate().take(i + 1) {
                        *sum = simd.mul_add_e_f64s(now[i], now[j], *sum);
                    }
                }
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            for (j, sum) in sums.iter().enumerate().take(i + 1) {
                self.total[pairs(i) + j] += simd.reduce_sum_f64s(*sum);
            }
        }
    }
}

struct Block<'a> {
    views: &'a [&'a [f64]],
    part: &'a mut [f64],
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        block::<S, f64>(simd, self.views, self.part);
    }
}

/// The dot products of a block's rows, whose lengths are a multiple of a register's, tile by tile.
#[inline(always)]
fn block<S: Simd, W: Word<S>>(simd: S, views: &[&[W]], part: &mut [f64]) {
    let rows = views.len();
    // Sixteen registers hold eight sums and their factors, thirty-two hold sixteen.
    let (high, wide) = if S::REGISTER_COUNT >= 32 { (4, 4) } else { (4, 2) };
    let mut first = 0;
    while first < rows {
        let m = high.min(rows - first);
        let mut second = 0;
        while second < first + m {
            let n = wide.min(rows - second);
            let tile = Tile { views, first, second };
            match (m, n) {
                (1, 1) => tile.write::<S, 1, 1>(simd, part),
                (1, 2) => tile.write::<S, 1, 2>(simd, part),
                (1, 3) => tile.write::<S, 1, 3>(simd, part),
                (1, _) => tile.write::<S, 1, 4>(simd, part),
                (2, 1) => tile.write::<S, 2, 1>(simd, part),
                (2, 2) => tile.write::<S, 2, 2>(simd, part),
                (2, 3) => tile.write::<S, 2, 3>(simd, part),
                (2, _) => tile.write::<S, 2, 4>(simd, part),
                (3, 1) => tile.write::<S, 3, 1>(simd, part),
                (3, 2) => tile.write::<S, 3, 2>(simd, part),
                (3, 3) => tile.write::<S, 3, 3>(simd, part),
                (3, _) => tile.write::<S, 3, 4>(simd, part),
                (_, 1) => tile.write::<S, 4, 1>(simd, part),
                (_, 2) => tile.write::<S, 4, 2>(simd, part),
                (_, 3) => tile.write::<S, 4, 3>(simd, part),
                (_, _) => tile.write::<S, 4, 4>(simd, part),
            }
            second += n;
        }
        first += m;
    }
}

/// A few rows against a few rows.
struct Tile<'a, W> {
    views: &'a [&'a [W]],
    first: usize,
    second: usize,
}

impl<W> Tile<'_, W> {
    #[inline(always)]
    fn write<S: Simd, const M: usize, const N: usize>(&self, simd: S, part: &mut [f64])
    where
        W: Word<S>,
    {
        let steps = self.views[0].len() / W::LANES;
        let row = |row: usize| &W::vectors(self.views[row])[..steps];
        let a: [&[W::Vector]; M] = std::array::from_fn(|i| row(self.first + i));
        let b: [&[W::Vector]; N] = std::array::from_fn(|j| row(self.second + j));
        let mut tile = [[W::zero(simd); N]; M];
        for step in 0..steps {
            let b: [W::Vector; N] = std::array::from_fn(|j| b[j][step]);
            for i in 0..M {
                let a = a[i][step];
                for j in 0..N {
                    tile[i][j] = W::multiply_add(simd, a, b[j], tile[i][j]);
                }
            }
        }
        for (i, tile) in tile.iter().enumerate() {
            let row = self.first + i;
            for (j, vector) in tile.iter().enumerate() {
                let column = self.second + j;
                if column <= row {
                    part[pairs(row) + column] = W::sum(simd, *vector);
                }
            }
        }
    }
}
