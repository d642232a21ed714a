//! Numbers that judge a finished model: how well charts, codes and clusters match the classes.
//!
//! | function | range | meaning |
//! | --- | --- | --- |
//! | [`adjusted_mutual_information`] | up to 1 | agreement of two labellings, 0 on average by chance |
//! | [`accuracy`] | 0 … 1 | share of equal labels |
//! | [`entropy`] | 0 … ln K nats | spread of counts over K groups |
//! | [`perplexity`] | 1 … K | number of equally used groups with the same entropy |
//! | [`k_means`] | | clusters of the baselines' latent points |

mod contingency;
mod counts;
mod error;
mod expected_information;
mod k_means;

pub use counts::{accuracy, counts, entropy, perplexity};
pub use error::EvaluationError;
pub use k_means::{KMeans, KMeansConfig, k_means};

use contingency::Contingency;

/// Adjusted mutual information of two labellings of the same rows, with the arithmetic mean as
/// normalizer (Vinh, Epps and Bailey 2010):
///
/// AMI = (I − E\[I\]) / ((H(first) + H(second)) / 2 − E\[I\])
///
/// I is the mutual information in nats, H an entropy, and E\[I\] the exact expectation of I over
/// all pairs of labellings with the same group sizes. The result does not depend on what the
/// labels are called. Two labellings of one group each, or of one row per group each, are equal,
/// hence 1; one group against several tells nothing, hence 0.
///
/// # Errors
///
/// [`EvaluationError`] when the labellings are empty or differ in length.
pub fn adjusted_mutual_information(first: &[u32], second: &[u32]) -> Result<f64, EvaluationError> {
    let table = Contingency::new(first, second)?;
    let rows = first.len();
    match (table.first_sizes().len(), table.second_sizes().len()) {
        (1, 1) => return Ok(1.0),
        (1, _) | (_, 1) => return Ok(0.0),
        // Every pair of such labellings agrees, so that the quotient below would be 0 / 0.
        (first, second) if first == rows && second == rows => return Ok(1.0),
        _ => {}
    }
    let expected = expected_information::expected_mutual_information(&table);
    let ceiling = 0.5 * (entropy(table.first_sizes()) + entropy(table.second_sizes()));
    Ok((table.mutual_information() - expected) / (ceiling - expected))
}
