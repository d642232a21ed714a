/// The two coordinates in which points are shown: themselves in two dimensions, otherwise their
/// projections on the two directions of largest variance.
///
/// `points` is row-major with `dimension` values per row; one-dimensional points get ordinate 0.
pub(super) fn two_coordinates(points: &[f32], dimension: usize) -> Vec<(f64, f64)> {
    let rows = points.chunks_exact(dimension);
    match dimension {
        1 => rows.map(|row| (f64::from(row[0]), 0.0)).collect(),
        2 => rows.map(|row| (f64::from(row[0]), f64::from(row[1]))).collect(),
        _ => {
            let (mean, covariance) = moments(points, dimension);
            let first = leading_direction(&covariance, &vec![0.0; dimension]);
            let second = leading_direction(&covariance, &first);
            let coordinate = |row: &[f32], axis: &[f64]| {
                row.iter().zip(&mean).zip(axis).map(|((v, m), a)| (f64::from(*v) - m) * a).sum()
            };
            rows.map(|row| (coordinate(row, &first), coordinate(row, &second))).collect()
        }
    }
}

/// Mean and covariance of the rows whose values are all finite.
fn moments(points: &[f32], dimension: usize) -> (Vec<f64>, Vec<Vec<f64>>) {
    let rows: Vec<Vec<f64>> = points
        .chunks_exact(dimension)
        .filter(|row| row.iter().all(|value| value.is_finite()))
        .map(|row| row.iter().map(|&value| f64::from(value)).collect())
        .collect();
    let count = rows.len().max(1) as f64;
    let mean: Vec<f64> =
        (0..dimension).map(|axis| rows.iter().map(|row| row[axis]).sum::<f64>() / count).collect();
    let covariance = |i: usize, j: usize| {
        rows.iter().map(|row| (row[i] - mean[i]) * (row[j] - mean[j])).sum::<f64>() / count
    };
    let matrix =
        (0..dimension).map(|i| (0..dimension).map(|j| covariance(i, j)).collect()).collect();
    (mean, matrix)
}

/// Unit eigenvector of the largest eigenvalue among those perpendicular to the unit vector
/// `excluded` (zero excludes nothing), by power iteration. Its largest entry is positive, so that
/// a picture does not flip from epoch to epoch.
fn leading_direction(matrix: &[Vec<f64>], excluded: &[f64]) -> Vec<f64> {
    // A hundred rounds settle a gap of a tenth; a smaller gap means that the picture hardly
    // depends on the choice.
    const ROUNDS: usize = 100;
    let normalize = |mut vector: Vec<f64>| {
        let overlap: f64 = vector.iter().zip(excluded).map(|(v, e)| v * e).sum();
        vector.iter_mut().zip(excluded).for_each(|(v, e)| *v -= overlap * e);
        let length = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
        (length > 0.0).then(|| vector.iter().map(|v| v / length).collect::<Vec<f64>>())
    };
    // Unequal entries: a start perpendicular to the answer is then unlikely.
    let start = (0..matrix.len()).map(|axis| 1.0 + 0.1 * axis as f64).collect();
    let Some(mut direction) = normalize(start) else {
        return vec![0.0; matrix.len()];
    };
    for _ in 0..ROUNDS {
        let product =
            matrix.iter().map(|row| row.iter().zip(&direction).map(|(m, d)| m * d).sum()).collect();
        let Some(next) = normalize(product) else {
            break;
        };
        direction = next;
    }
    let largest =
        direction.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
    if largest < 0.0 {
        direction.iter_mut().for_each(|entry| *entry = -*entry);
    }
    direction
}

#[cfg(test)]
mod tests {
    use super::two_coordinates;

    #[test]
    fn the_two_axes_of_largest_variance_are_found_in_order() {
        // Coordinates 2 and 0 vary with amplitudes 5 and 2, coordinate 1 hardly.
        let points: Vec<f32> = (0..200)
            .flat_map(|k| {
                let angle = k as f32 * std::f32::consts::TAU / 200.0;
                [2.0 * angle.sin(), 0.01 * (3.0 * angle).sin(), 5.0 * angle.cos()]
            })
            .collect();
        for (row, (x, y)) in points.chunks_exact(3).zip(two_coordinates(&points, 3)) {
            assert!((x - f64::from(row[2])).abs() < 1e-3, "{x} is not {}", row[2]);
            assert!((y - f64::from(row[0])).abs() < 1e-3, "{y} is not {}", row[0]);
        }
    }
}
