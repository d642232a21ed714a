//! Products and triangular solves on slices.

/// `aᵀ·b`, four products at a time, so that no addition waits for the one before it.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    debug_assert_eq!(a.len(), b.len());
    let (groups, rest) = a.as_chunks::<4>();
    let (others, other_rest) = b.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (a, b) in groups.iter().zip(others) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f64 = rest.iter().zip(other_rest).map(|(a, b)| a * b).sum();
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// `M·x` of a matrix with as many columns as x has entries.
pub(crate) fn multiply(matrix: &[f64], x: &[f64], out: &mut [f64]) {
    for (row, out) in matrix.chunks_exact(x.len().max(1)).zip(out) {
        *out = dot(row, x);
    }
}

/// `xᵀ·C·x`, the squared length of a combination of unit rows; never negative.
pub(crate) fn squared_length(cosines: &[f64], x: &[f64]) -> f64 {
    let rows = cosines.chunks_exact(x.len().max(1));
    rows.zip(x).map(|(row, weight)| weight * dot(row, x)).sum::<f64>().max(0.0)
}

/// Overwrites the lower triangle of a symmetric matrix by its Cholesky factor; false where a pivot is not
/// above zero.
pub(crate) fn cholesky(matrix: &mut [f64], size: usize) -> bool {
    for row in 0..size {
        let (above, rest) = matrix.split_at_mut(row * size);
        let own = &mut rest[..size];
        for column in 0..row {
            let other = &above[column * size..column * size + column + 1];
            own[column] = (own[column] - dot(&own[..column], &other[..column])) / other[column];
        }
        let pivot = own[row] - dot(&own[..row], &own[..row]);
        if pivot.is_nan() || pivot <= 0.0 {
            return false;
        }
        own[row] = pivot.sqrt();
    }
    true
}

/// `(L·Lᵀ)⁻¹·x` in place, for the leading part of a factor whose rows are `stride` apart.
pub(crate) fn substitute(lower: &[f64], stride: usize, x: &mut [f64]) {
    for row in 0..x.len() {
        let own = &lower[row * stride..row * stride + row + 1];
        x[row] = (x[row] - dot(&own[..row], &x[..row])) / own[row];
    }
    for row in (0..x.len()).rev() {
        x[row] /= lower[row * stride + row];
        let value = x[row];
        for (x, entry) in x[..row].iter_mut().zip(&lower[row * stride..row * stride + row]) {
            *x -= entry * value;
        }
    }
}
