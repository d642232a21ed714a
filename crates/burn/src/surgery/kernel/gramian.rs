//! Dot products of all pairs of rows in one pass over memory.

use pulp::{Arch, Simd, WithSimd};

use super::word::Word;
use super::{Piece, Row};

/// Up to this many rows memory is slower than arithmetic in f64. Above it blocks are multiplied in f32,
/// whose sums are short and are added up in f64.
const WIDE_ROWS: usize = 4;

/// `G_ij` for `j ≤ i` at `i·(i + 1)/2 + j`, over some pieces of the rows.
pub(super) fn gramian(pieces: &[Piece<'_>], rows: usize) -> Vec<f64> {
    Arch::new().dispatch(Dots { pieces, rows })
}

pub(super) fn pairs(rows: usize) -> usize {
    rows * (rows + 1) / 2
}

struct Dots<'a> {
    pieces: &'a [Piece<'a>],
    rows: usize,
}

impl WithSimd for Dots<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f64> {
        let wide = self.rows <= WIDE_ROWS
            || self
                .pieces
                .iter()
                .flat_map(|piece| piece.rows)
                .any(|row| matches!(row, Row::F64(_)));
        if wide { sum::<S, f64>(simd, self) } else { sum::<S, f32>(simd, self) }
    }
}

/// A multiple of every register's width, so that packed rows begin where registers do.
const ALIGNMENT: usize = 64;

#[inline(always)]
fn sum<S: Simd, W: Word<S>>(simd: S, dots: Dots<'_>) -> Vec<f64> {
    let Dots { pieces, rows } = dots;
    let longest = pieces.iter().map(|piece| piece.end - piece.start).max().unwrap_or(0);
    let columns = COLUMNS.min(longest.next_multiple_of(ALIGNMENT));
    // Packed rows begin at the start of a cache line.
    let mut buffer = vec![W::default(); rows * columns + ALIGNMENT / size_of::<W>()];
    let offset = buffer.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT / size_of::<W>());
    let packed = &mut buffer[offset..][..rows * columns];
    let mut exponents = vec![0_i32; rows];
    let mut sums = vec![0.0; pairs(rows) * S::F64_LANES];
    for piece in pieces {
        let mut start = piece.start;
        while start < piece.end {
            let count = columns.min(piece.end - start);
            let steps = count.div_ceil(W::LANES);
            for ((row, to), exponent) in
                piece.rows.iter().zip(packed.chunks_exact_mut(columns)).zip(&mut exponents)
            {
                let (full, padding) = to[..steps * W::LANES].split_at_mut(count);
                *exponent = match row {
                    Row::Absent => {
                        full.fill(W::default());
                        0
                    }
                    Row::F32(row) => W::pack(simd, &row[start..start + count], full),
                    Row::F64(row) => W::pack(simd, &row[start..start + count], full),
                };
                padding.fill(W::default());
            }
            block::<S, W>(simd, packed, columns, steps, &exponents, &mut sums);
            start += count;
        }
    }
    sums.chunks_exact(S::F64_LANES).map(|lanes| lanes.iter().sum()).collect()
}

/// Columns of a block: enough that adding up the registers' sums at its end costs little, few enough that
/// all rows stay in the second cache, and that sums in f32 stay short.
const COLUMNS: usize = 1024;

/// Adds the dot products of one block of packed rows, tile by tile.
#[inline(always)]
fn block<S: Simd, W: Word<S>>(
    simd: S,
    packed: &[W],
    columns: usize,
    steps: usize,
    exponents: &[i32],
    sums: &mut [f64],
) {
    let rows = exponents.len();
    // Sixteen registers hold eight sums and their factors, thirty-two hold sixteen.
    let (high, wide) = if S::REGISTER_COUNT >= 32 { (4, 4) } else { (4, 2) };
    let mut first = 0;
    while first < rows {
        let m = high.min(rows - first);
        let mut second = 0;
        while second < first + m {
            let n = wide.min(rows - second);
            let tile = Tile { packed, columns, steps, exponents, first, second };
            match (m, n) {
                (1, 1) => tile.add::<S, 1, 1>(simd, sums),
                (1, 2) => tile.add::<S, 1, 2>(simd, sums),
                (1, 3) => tile.add::<S, 1, 3>(simd, sums),
                (1, _) => tile.add::<S, 1, 4>(simd, sums),
                (2, 1) => tile.add::<S, 2, 1>(simd, sums),
                (2, 2) => tile.add::<S, 2, 2>(simd, sums),
                (2, 3) => tile.add::<S, 2, 3>(simd, sums),
                (2, _) => tile.add::<S, 2, 4>(simd, sums),
                (3, 1) => tile.add::<S, 3, 1>(simd, sums),
                (3, 2) => tile.add::<S, 3, 2>(simd, sums),
                (3, 3) => tile.add::<S, 3, 3>(simd, sums),
                (3, _) => tile.add::<S, 3, 4>(simd, sums),
                (_, 1) => tile.add::<S, 4, 1>(simd, sums),
                (_, 2) => tile.add::<S, 4, 2>(simd, sums),
                (_, 3) => tile.add::<S, 4, 3>(simd, sums),
                (_, _) => tile.add::<S, 4, 4>(simd, sums),
            }
            second += n;
        }
        first += m;
    }
}

/// A few rows against a few rows.
struct Tile<'a, W> {
    packed: &'a [W],
    columns: usize,
    steps: usize,
    exponents: &'a [i32],
    first: usize,
    second: usize,
}

impl<W> Tile<'_, W> {
    #[inline(always)]
    fn add<S: Simd, const M: usize, const N: usize>(&self, simd: S, sums: &mut [f64])
    where
        W: Word<S>,
    {
        let steps = self.steps;
        let row = |row: usize| {
            &W::vectors(&self.packed[row * self.columns..][..steps * W::LANES])[..steps]
        };
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
                    let weight = power(-self.exponents[row] - self.exponents[column]);
                    let place = pairs(row) + column;
                    let sums = &mut sums[place * S::F64_LANES..][..S::F64_LANES];
                    W::flush(*vector, weight, sums);
                }
            }
        }
    }
}

/// 2^e
#[inline(always)]
fn power(exponent: i32) -> f64 {
    // Exponents of f32 are small: two of them never leave the range of f64.
    f64::from_bits(((1023 + i64::from(exponent)) as u64) << 52)
}
