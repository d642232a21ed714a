use super::{Block, Out, Row, Target, combine, gramians};

/// Numbers in [−1, 1) from Knuth's MMIX generator.
fn numbers(seed: u64, count: usize) -> Vec<f32> {
    let mut bits = seed.wrapping_mul(77).wrapping_add(1);
    let mut next = || {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005);
        bits = bits.wrapping_add(1_442_695_040_888_963_407);
        (bits >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn value(row: Row<'_>, column: usize) -> f64 {
    match row {
        Row::Absent => 0.0,
        Row::F32(row) => f64::from(row[column]),
        Row::F64(row) => row[column],
    }
}

#[test]
fn rows_of_f64_stand_beside_rows_of_f32_and_missing_ones() {
    for (rows, count) in [(2, 5), (3, 2100), (4, 1024), (6, 3001), (17, 1100)] {
        let narrow: Vec<Vec<f32>> = (0..rows).map(|row| numbers(row as u64, count)).collect();
        // Numbers that are no f32: neither so fine nor so small.
        let fine = |x: &f32| (f64::from(*x) + 1e-9) * 1e-60;
        let wide: Vec<Vec<f64>> = narrow.iter().map(|row| row.iter().map(fine).collect()).collect();
        let kinds: Vec<Row<'_>> = (0..rows)
            .map(|row| match row % 3 {
                0 => Row::F64(&wide[row]),
                1 => Row::F32(&narrow[row]),
                _ => Row::Absent,
            })
            .collect();
        let block = Block { rows: kinds.clone(), count, group: 0 };
        let found = gramians(&[block], rows, 1).remove(0);
        let dot = |i: usize, j: usize| -> f64 {
            (0..count).map(|at| value(kinds[i], at) * value(kinds[j], at)).sum()
        };
        for i in 0..rows {
            for j in 0..rows {
                let error = (found[i * rows + j] - dot(i, j)).abs();
                assert!(error <= 1e-13 * (dot(i, i) * dot(j, j)).sqrt(), "{rows} rows: {i} {j}");
            }
        }
        let weights: Vec<f64> = (0..rows).map(|row| 0.5 - row as f64).collect();
        let weighted = || kinds.iter().copied().zip(weights.iter().copied()).collect();
        let (mut fine, mut coarse) = (wide[0].clone(), narrow[0].clone());
        let mut unread = vec![f64::NAN; count];
        combine(vec![
            Target { out: Out::F64(&mut fine), own: 2.0, rows: weighted() },
            Target { out: Out::F32(&mut coarse), own: 2.0, rows: weighted() },
            Target { out: Out::F64(&mut unread), own: 0.0, rows: weighted() },
        ]);
        for at in 0..count {
            let sum: f64 = kinds.iter().zip(&weights).map(|(row, w)| w * value(*row, at)).sum();
            let size: f64 =
                kinds.iter().zip(&weights).map(|(row, w)| (w * value(*row, at)).abs()).sum();
            assert!((unread[at] - sum).abs() <= 1e-14 * size, "{at}");
            let expected = sum + 2.0 * wide[0][at];
            assert!((fine[at] - expected).abs() <= 1e-14 * (size + expected.abs()), "{at}");
            let expected = sum + 2.0 * f64::from(narrow[0][at]);
            assert!((f64::from(coarse[at]) - expected).abs() <= 1e-6 * (size + 1.0), "{at}");
        }
    }
}

#[test]
fn where_rows_lie_in_memory_changes_no_bit() {
    const COUNT: usize = 3000;
    for rows in [2, 5, 9, 18] {
        let run = |offset: usize| {
            let spread: Vec<Vec<f32>> = (0..rows)
                .map(|row| {
                    let mut padded = vec![0.0; offset * (row % 4)];
                    padded.extend(numbers(row as u64, COUNT));
                    padded
                })
                .collect();
            let row = |row: usize| Row::F32(&spread[row][offset * (row % 4)..]);
            let block = Block { rows: (0..rows).map(row).collect(), count: COUNT, group: 0 };
            let dots = gramians(&[block], rows, 1).remove(0);
            // What stood there is not read.
            let mut out = vec![f32::NAN; COUNT + offset];
            let weighted = (0..rows).map(|at| (row(at), 0.3 - at as f64)).collect();
            combine(vec![Target { out: Out::F32(&mut out[offset..]), own: 0.0, rows: weighted }]);
            (dots, out.split_off(offset))
        };
        let aligned = run(0);
        for offset in [1, 3, 8] {
            assert!(run(offset) == aligned, "{rows} rows, offset {offset}");
        }
    }
}
