use super::EvaluationError;

/// How often each of `groups` groups occurs in `labels`.
///
/// # Errors
///
/// [`EvaluationError::Setting`] when a label is not below `groups`.
pub fn counts(labels: &[u32], groups: usize) -> Result<Vec<u64>, EvaluationError> {
    let mut counts = vec![0; groups];
    for &label in labels {
        let count = counts
            .get_mut(label as usize)
            .ok_or_else(|| EvaluationError::setting("label", format!("below {groups}"), label))?;
        *count += 1;
    }
    Ok(counts)
}

/// H = −Σ pᵢ ln pᵢ in nats, with pᵢ = countᵢ / Σ counts; 0 where there is nothing to count.
pub fn entropy(counts: &[u64]) -> f64 {
    let total = counts.iter().sum::<u64>() as f64;
    let shares = counts.iter().filter(|&&count| count > 0).map(|&count| count as f64 / total);
    // The sum of a single certain group is −0.
    shares.map(|share| -share * share.ln()).sum::<f64>().max(0.0)
}

/// exp(H): 1 when one group holds everything, K when K groups are used equally.
pub fn perplexity(counts: &[u64]) -> f64 {
    entropy(counts).exp()
}

/// Share of rows whose predicted class is the true one.
///
/// # Errors
///
/// [`EvaluationError`] when there is no row or the lengths differ.
pub fn accuracy(labels: &[u32], predictions: &[u32]) -> Result<f64, EvaluationError> {
    check_rows("predictions", labels, predictions)?;
    let hits = labels.iter().zip(predictions).filter(|(label, guess)| label == guess).count();
    Ok(hits as f64 / labels.len() as f64)
}

/// Refuses empty lists and a `second` list that has not one entry per entry of `first`.
pub(super) fn check_rows(
    field: &'static str,
    first: &[u32],
    second: &[u32],
) -> Result<(), EvaluationError> {
    if first.is_empty() {
        return Err(EvaluationError::setting("number of rows", "at least 1", 0));
    }
    if first.len() != second.len() {
        return Err(EvaluationError::Length { field, expected: first.len(), found: second.len() });
    }
    Ok(())
}
