//! The bottleneck over single samples instead of batch means.

use homeostat_core::ConfigError;
use serde::{Deserialize, Serialize};

use super::{Evaluation, Goals, GoalsState, Unavailable};
use crate::score::Score;

/// What the goals are about: the means of a batch, or its single samples.
///
/// ```toml
/// samples = "mean"
/// samples = { worst = 0.05 }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Samples {
    /// Means of the batch.
    #[default]
    Mean,
    /// Single samples: the loss is the mean of `−ln min_g G_g` over this share of the batch, in (0, 1], the
    /// samples whose worst group is worst. 1 takes the mean over all; a share below 1/B takes one sample,
    /// which is the latest revision's objective.
    Worst(f64),
}

impl Samples {
    /// Checks the share; `field` is its name in a message.
    ///
    /// # Errors
    ///
    /// A share that is not above 0 and at most 1.
    pub fn check(self, field: &'static str) -> Result<(), ConfigError> {
        let Self::Worst(share) = self else { return Ok(()) };
        let legal = share > 0.0 && share <= 1.0;
        ConfigError::unless(legal, field, "must be above 0 and at most 1", share)
    }

    /// How many of `batch` samples make the loss, at least one: ⌈share·B⌉. `None` for means.
    pub fn count(self, batch: usize) -> Option<usize> {
        let Self::Worst(share) = self else { return None };
        Some(((share * batch as f64).ceil() as usize).clamp(1, batch.max(1)))
    }
}

/// What the goals make of the samples of a batch. Made once by [`Goals::sample_evaluation`], then filled
/// again and again.
///
/// Use in a graph: the gradient of the loss is that of `Σ_b Σ_i slopes[b, i] · x[b, i]` with the slopes as
/// constants. A goal that only a batch has (a variance over it, a correlation) has the same value in every
/// row; its slope is the sum of its column, [`batch`](Self::batch)`.slopes()[i]`.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleEvaluation {
    one: Evaluation,
    batch: Evaluation,
    losses: Vec<f64>,
    bottlenecks: Vec<usize>,
    order: Vec<usize>,
    votes: Vec<u32>,
    slopes: Vec<f64>,
}

impl SampleEvaluation {
    /// The batch as a whole: the loss; per goal and per group the mean of the logarithms of the samples'
    /// scores; the group that is the worst one of most samples, the first of equals; per goal the sum of the
    /// slopes, which is the derivative in a value that all samples share.
    pub fn batch(&self) -> &Evaluation {
        &self.batch
    }

    /// d loss / d x, row-major, a row per sample and a column per goal: 0 outside the worst samples, and in
    /// each of them outside its worst group.
    pub fn slopes(&self) -> &[f64] {
        &self.slopes
    }

    /// −ln of the worst group's score, per sample.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// The worst group, per sample, the first of equals.
    pub fn bottlenecks(&self) -> &[usize] {
        &self.bottlenecks
    }
}

impl Goals {
    /// Room for what [`evaluate_samples`](Self::evaluate_samples) finds in a batch of so many.
    pub fn sample_evaluation(&self, samples: usize) -> SampleEvaluation {
        let groups = self.groups.len();
        SampleEvaluation {
            one: self.evaluation(),
            batch: self.evaluation(),
            losses: vec![0.0; samples],
            bottlenecks: vec![0; samples],
            order: (0..samples).collect(),
            votes: vec![0; groups],
            slopes: vec![0.0; samples * self.len()],
        }
    }

    /// `mean over the `worst` samples with the largest of −ln min_g G_g`, of equals the first, for values
    /// `[samples · goals]`, row-major. With `worst = 1` that is `−ln min_b min_g G`, the latest revision's
    /// loss. No allocation.
    ///
    /// # Errors
    ///
    /// As [`evaluate`](Self::evaluate), for the first sample that has no loss; another number of values than
    /// `evaluation` has room for.
    pub fn evaluate_samples(
        &self,
        state: &GoalsState,
        measured: &[f64],
        worst: usize,
        evaluation: &mut SampleEvaluation,
    ) -> Result<(), Unavailable> {
        let SampleEvaluation { one, batch, losses, bottlenecks, order, votes, slopes } = evaluation;
        batch.forget();
        slopes.fill(0.0);
        if measured.len() != slopes.len() || measured.is_empty() {
            return Err(Unavailable::OtherCount { expected: slopes.len(), found: measured.len() });
        }
        votes.fill(0);
        batch.scores.fill(Score::default());
        batch.groups.fill(0.0);
        let (samples, width) = (losses.len(), self.len());
        let share = (samples as f64).recip();
        for (sample, row) in measured.chunks_exact(width).enumerate() {
            self.evaluate(state, row, one)?;
            let (Some(loss), Some(bottleneck)) = (one.loss, one.bottleneck) else {
                return Err(Unavailable::Dead { group: 0 });
            };
            (losses[sample], bottlenecks[sample]) = (loss, bottleneck);
            votes[bottleneck] += 1;
            slopes[sample * width..][..width].copy_from_slice(&one.slopes);
            for (sum, log) in batch.groups.iter_mut().zip(&one.groups) {
                *sum += share * log;
            }
            for (sum, score) in batch.scores.iter_mut().zip(&one.scores) {
                sum.log += share * score.log;
            }
        }
        for score in &mut batch.scores {
            score.value = score.log.exp();
        }
        for (place, sample) in order.iter_mut().enumerate() {
            *sample = place;
        }
        order.sort_unstable_by(|a, b| losses[*b].total_cmp(&losses[*a]).then(a.cmp(b)));
        let (chosen, rest) = order.split_at(worst.clamp(1, samples));
        let share = (chosen.len() as f64).recip();
        for sample in rest {
            slopes[sample * width..][..width].fill(0.0);
        }
        let mut loss = 0.0;
        for sample in chosen {
            loss += share * losses[*sample];
            let row = &mut slopes[sample * width..][..width];
            for (slope, sum) in row.iter_mut().zip(&mut batch.slopes) {
                *slope *= share;
                *sum += *slope;
            }
        }
        // The first of equals, where `max_by_key` takes the last.
        let most = votes.iter().copied().max();
        batch.bottleneck = votes.iter().position(|count| Some(*count) == most);
        batch.loss = Some(loss);
        Ok(())
    }
}
