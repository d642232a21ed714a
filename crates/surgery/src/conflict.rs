//! How much gradients conflict.

use nalgebra::DMatrix;

use crate::{Gramian, SurgeryError};

/// Conflict metrics of a set of gradients, from the cosine matrix C. A gradient of length zero has cosine
/// 1 with itself and 0 with the others.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// `C_ij = G_ij/√(G_ii·G_jj)`, row by row.
    pub cosines: Vec<f64>,
    /// `σ_1(C)`, in [1, K]. It does not see the sign: two opposite and two equal gradients both have 2.
    pub redundancy: f64,
    /// `(σ_1 − 1)/(K − 1)`, in [0, 1]; 0 for one gradient.
    pub normalized_redundancy: f64,
    /// `exp(−Σ p·ln p)` with `p = eig(C)/K`, in [1, K].
    pub effective_rank: f64,
    /// Share of the pairs whose cosine is negative; 0 for one gradient.
    pub conflict_share: f64,
    /// The smallest cosine of a pair; 1 for one gradient.
    pub minimum_cosine: f64,
    /// The mean cosine of the pairs; 1 for one gradient.
    pub mean_cosine: f64,
}

impl Conflict {
    /// Measures the rows of a Gramian.
    pub fn of(gramian: &Gramian) -> Self {
        let rows = gramian.rows();
        let count = rows as f64;
        let matrix = DMatrix::from_fn(rows, rows, |row, column| match row == column {
            true => 1.0,
            false => cosine(gramian, row, column),
        });
        let pairs: Vec<f64> = (0..rows)
            .flat_map(|row| (0..row).map(move |column| (row, column)))
            .map(|pair| matrix[pair])
            .collect();
        let cosines = matrix.as_slice().to_vec();
        let eigenvalues = matrix.symmetric_eigenvalues();
        let redundancy = eigenvalues.max().clamp(1.0, count);
        let entropy: f64 = eigenvalues
            .iter()
            .map(|eigenvalue| eigenvalue / count)
            .filter(|share| *share > 0.0)
            .map(|share| -share * share.ln())
            .sum();
        let single = pairs.is_empty();
        let number = pairs.len().max(1) as f64;
        Self {
            cosines,
            redundancy,
            normalized_redundancy: if single { 0.0 } else { (redundancy - 1.0) / (count - 1.0) },
            effective_rank: entropy.exp().clamp(1.0, count),
            conflict_share: pairs.iter().filter(|pair| **pair < 0.0).count() as f64 / number,
            minimum_cosine: pairs.iter().copied().fold(1.0, f64::min),
            mean_cosine: if single { 1.0 } else { pairs.iter().sum::<f64>() / number },
        }
    }
}

/// `cos(g_i, d)` of each gradient with the direction `d = Jᵀ·α`; 0 where one of them is zero.
pub fn alignment(
    gramian: &Gramian,
    weights: &[f64],
    cosines: &mut [f64],
) -> Result<(), SurgeryError> {
    let rows = gramian.rows();
    for (what, found) in [("the weights", weights.len()), ("the output", cosines.len())] {
        if found != rows {
            return Err(SurgeryError::Length { what, expected: rows, found });
        }
    }
    let parts: Vec<f64> =
        weights.iter().enumerate().map(|(row, weight)| weight * gramian.length(row)).collect();
    for (row, out) in cosines.iter_mut().enumerate() {
        *out = (0..rows).map(|column| parts[column] * own(gramian, row, column)).sum();
    }
    let squared: f64 = parts.iter().zip(cosines.iter()).map(|(part, dot)| part * dot).sum();
    let norm = squared.max(0.0).sqrt();
    for out in cosines.iter_mut() {
        *out = if norm > 0.0 { (*out / norm).clamp(-1.0, 1.0) } else { 0.0 };
    }
    Ok(())
}

fn own(gramian: &Gramian, row: usize, column: usize) -> f64 {
    let zero = gramian.length(row) == 0.0;
    if row == column { f64::from(u8::from(!zero)) } else { cosine(gramian, row, column) }
}

fn cosine(gramian: &Gramian, row: usize, column: usize) -> f64 {
    let (one, other) = (gramian.length(row), gramian.length(column));
    if one == 0.0 || other == 0.0 {
        return 0.0;
    }
    (gramian.dot(row, column) / one / other).clamp(-1.0, 1.0)
}
