use std::collections::BTreeMap;

use super::EvaluationError;
use super::counts::check_rows;

/// How often each pair of groups of two labellings occurs together.
///
/// Only pairs that occur are stored, and groups are numbered in the order of their labels, so that
/// sums run in the same order whatever the labels are.
pub(super) struct Contingency {
    pairs: Vec<(usize, usize, u64)>,
    first_sizes: Vec<u64>,
    second_sizes: Vec<u64>,
    rows: u64,
}

impl Contingency {
    pub(super) fn new(first: &[u32], second: &[u32]) -> Result<Self, EvaluationError> {
        check_rows("second labelling", first, second)?;
        let (first, first_sizes) = number_groups(first);
        let (second, second_sizes) = number_groups(second);
        let mut pairs: BTreeMap<(usize, usize), u64> = BTreeMap::new();
        for pair in first.iter().copied().zip(second) {
            *pairs.entry(pair).or_default() += 1;
        }
        Ok(Self {
            pairs: pairs.into_iter().map(|((i, j), count)| (i, j, count)).collect(),
            first_sizes,
            second_sizes,
            rows: first.len() as u64,
        })
    }

    /// Sizes of the groups of the first labelling, none of them 0.
    pub(super) fn first_sizes(&self) -> &[u64] {
        &self.first_sizes
    }

    /// Sizes of the groups of the second labelling, none of them 0.
    pub(super) fn second_sizes(&self) -> &[u64] {
        &self.second_sizes
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// I = Σ nᵢⱼ/n · ln(n · nᵢⱼ / (aᵢ · bⱼ)) in nats, with group sizes a and b.
    pub(super) fn mutual_information(&self) -> f64 {
        let rows = self.rows as f64;
        let information = |&(i, j, count): &(usize, usize, u64)| {
            let (a, b) = (self.first_sizes[i] as f64, self.second_sizes[j] as f64);
            count as f64 / rows * (rows * count as f64 / (a * b)).ln()
        };
        self.pairs.iter().map(information).sum::<f64>().max(0.0)
    }
}

/// Replaces labels by 0, 1, …, in the order of the labels, and counts each.
fn number_groups(labels: &[u32]) -> (Vec<usize>, Vec<u64>) {
    let mut numbers: BTreeMap<u32, usize> = labels.iter().map(|&label| (label, 0)).collect();
    for (number, slot) in numbers.values_mut().enumerate() {
        *slot = number;
    }
    let mut sizes = vec![0; numbers.len()];
    let numbered = labels
        .iter()
        .map(|label| {
            let number = numbers[label];
            sizes[number] += 1;
            number
        })
        .collect();
    (numbered, sizes)
}
