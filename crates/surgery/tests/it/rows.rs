//! Random gradients.

use proptest::prelude::*;

/// 1 to 32 rows, mostly few, whose lengths are 1e-12 to 1e12: free, drawn towards conflict, of low rank,
/// with equal and opposite rows, or with rows of length zero.
pub(crate) fn rows() -> impl Strategy<Value = Vec<Vec<f64>>> {
    rows_of(prop_oneof![8 => 1..=6_usize, 2 => 7..=16_usize, 1 => 17..=32_usize], 12)
}

/// As `rows`, with at most 8 rows whose lengths differ by at most `10^(2·decades)`, in general position.
pub(crate) fn few_rows(decades: i32) -> impl Strategy<Value = Vec<Vec<f64>>> {
    rows_with(1..=8_usize, decades, 0..2_u8)
}

fn rows_of(
    count: impl Strategy<Value = usize> + 'static,
    decades: i32,
) -> impl Strategy<Value = Vec<Vec<f64>>> {
    rows_with(count, decades, 0..5_u8)
}

fn rows_with(
    count: impl Strategy<Value = usize> + 'static,
    decades: i32,
    kind: std::ops::Range<u8>,
) -> impl Strategy<Value = Vec<Vec<f64>>> {
    (count, kind).prop_flat_map(move |(count, kind)| {
        let row = (
            prop::collection::vec(-1.0..1.0, count + 2),
            -decades..=decades,
            0..count,
            any::<bool>(),
        );
        prop::collection::vec(row, count).prop_map(move |drawn| {
            let mut rows: Vec<Vec<f64>> = Vec::with_capacity(count);
            for (mut row, _, other, sign) in drawn.iter().cloned() {
                let one = if sign { 1.0 } else { -1.0 };
                match kind {
                    1 => row[0] += 1.5 * one,
                    2 => row.truncate((count / 2).max(1)),
                    3 if other < rows.len() => {
                        row = rows[other].iter().map(|x| one * x).collect();
                    }
                    4 if other % 3 == 0 => row.fill(0.0),
                    _ => {}
                }
                rows.push(row);
            }
            for (row, (_, exponent, _, _)) in rows.iter_mut().zip(&drawn) {
                row.iter_mut().for_each(|x| *x *= 10.0_f64.powi(*exponent));
            }
            rows
        })
    })
}
