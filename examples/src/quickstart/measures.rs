//! The two constrained numbers of the quickstart, each as the true one and as one with a gradient.

use burn::prelude::*;

/// Bins of the calibration error.
pub const BINS: usize = 10;

/// Expected calibration error with ten equal bins over P(y = 1), `[1]`:
///
/// ECE = Σ_b |Σ_{i ∈ b} (pᵢ − yᵢ)| / n, in [0, 1].
///
/// Source: Naeini, Cooper and Hauskrecht 2015, in the form for a binary label. Which bin an applicant
/// falls into is held constant, so the gradient is that of the sum inside the bins: exact wherever no
/// probability stands on an edge.
pub fn calibration_error<B: Backend>(
    probabilities: Tensor<B, 1>,
    labels: Tensor<B, 1>,
) -> Tensor<B, 1> {
    let [count] = probabilities.dims();
    let bin = (probabilities.clone().detach() * BINS as f64).floor().clamp(0.0, (BINS - 1) as f64);
    let edges = Tensor::<B, 1, Int>::arange(0..BINS as i64, &probabilities.device()).float();
    let member = bin.unsqueeze_dim::<2>(0).equal(edges.unsqueeze_dim::<2>(1)).float();
    let gap = (probabilities - labels).unsqueeze_dim::<2>(1);
    member.matmul(gap).abs().sum() / count as f64
}

/// Demographic-parity gap |P(ŷ = 1 | g = 1) − P(ŷ = 1 | g = 0)| of what is predicted with certainty or
/// with a probability, `[1]`, in [0, 1].
///
/// With `probabilities` it has a gradient; with hard predictions in {0, 1} it is the true gap and has none.
pub fn parity_gap<B: Backend>(predictions: Tensor<B, 1>, groups: Tensor<B, 1>) -> Tensor<B, 1> {
    let rate = |members: Tensor<B, 1>| {
        let size = members.clone().sum().clamp_min(1.0);
        (predictions.clone() * members).sum() / size
    };
    (rate(groups.clone()) - rate(groups.neg() + 1.0)).abs()
}

/// 1 where the probability is above one half, else 0; no gradient.
pub fn decide<B: Backend>(probabilities: Tensor<B, 1>) -> Tensor<B, 1> {
    probabilities.detach().greater_elem(0.5).float()
}

/// The share of right decisions, `[1]`.
pub fn accuracy<B: Backend>(decisions: Tensor<B, 1>, labels: Tensor<B, 1>) -> Tensor<B, 1> {
    decisions.equal(labels).float().mean()
}

#[cfg(test)]
mod tests {
    use burn_flex::Flex;

    use super::*;

    fn tensor(values: &[f32]) -> Tensor<Flex, 1> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), &Default::default())
    }

    fn number(value: Tensor<Flex, 1>) -> f32 {
        value.into_scalar()
    }

    #[test]
    fn the_calibration_error_is_the_sum_of_the_bins_gaps() {
        // Bin 2 holds 0.21 and 0.29 with one label of two; bin 9 holds 0.9 and 1.0, both right.
        let error = calibration_error(tensor(&[0.21, 0.29, 0.9, 1.0]), tensor(&[0., 1., 1., 1.]));
        let expected = ((0.21_f32 + 0.29 - 1.0).abs() + (1.9_f32 - 2.0).abs()) / 4.0;
        assert!((number(error) - expected).abs() < 1e-6);
    }

    #[test]
    fn the_parity_gap_is_the_difference_of_the_groups_rates() {
        let groups = tensor(&[1., 1., 1., 1., 0., 0.]);
        let decisions = decide(tensor(&[0.9, 0.8, 0.7, 0.1, 0.6, 0.4]));
        assert!((number(parity_gap(decisions, groups.clone())) - 0.25).abs() < 1e-6);
        // A group without members has the rate 0 and does not divide by 0.
        assert!((number(parity_gap(tensor(&[1.0, 1.0]), tensor(&[1.0, 1.0]))) - 1.0).abs() < 1e-6);
    }
}
