//! Combinations that look at every number: GradDrop.

use std::borrow::Cow;

use burn::prelude::*;
use homeostat_surgery::{Graddrop, SurgeryError};
use rayon::prelude::*;

/// Numbers per task. A coordinate's draw depends on its place in the whole vector alone.
const TASK: usize = 1 << 14;

/// The numbers of a decision.
#[derive(Clone, Copy)]
pub(super) struct Drops<'a> {
    /// One for each group.
    pub(super) recipes: &'a [Graddrop],
    /// What each row of each group is multiplied by first; 0 leaves it out.
    pub(super) weights: &'a [Vec<f64>],
    /// What is never dropped of each row; empty for nothing.
    pub(super) leaks: &'a [f64],
}

/// One combination of each block.
pub(super) fn combine(
    blocks: &[Vec<Option<TensorData>>],
    groups: &[usize],
    drops: Drops<'_>,
) -> Result<Vec<Option<TensorData>>, SurgeryError> {
    let mut offsets = vec![0; drops.recipes.len()];
    let mut sums = Vec::with_capacity(blocks.len());
    for (block, group) in blocks.iter().zip(groups) {
        let Some(first) = block.iter().flatten().next() else {
            sums.push(None);
            continue;
        };
        let shape = first.shape.clone();
        let count = shape.num_elements();
        let part = Part::new(block, &drops.weights[*group], drops.leaks);
        let mut sum = vec![0.0_f32; count];
        let (offset, recipe) = (offsets[*group], drops.recipes[*group]);
        sum.par_chunks_mut(TASK)
            .enumerate()
            .try_for_each(|(task, sum)| part.combine(recipe, task * TASK, offset, sum))?;
        offsets[*group] += count as u64;
        sums.push(Some(TensorData::new(sum, shape)));
    }
    Ok(sums)
}

/// The rows of a block that take part; a missing one has no sign and is left out.
struct Part<'a> {
    rows: Vec<Cow<'a, [f32]>>,
    weights: Vec<f64>,
    leaks: Vec<f64>,
}

impl<'a> Part<'a> {
    fn new(block: &'a [Option<TensorData>], weights: &[f64], leaks: &[f64]) -> Self {
        let mut part = Self { rows: Vec::new(), weights: Vec::new(), leaks: Vec::new() };
        for (row, data) in block.iter().enumerate() {
            let Some(data) = data.as_ref().filter(|_| weights[row] != 0.0) else { continue };
            part.rows.push(match data.as_slice::<f32>() {
                Ok(numbers) => Cow::Borrowed(numbers),
                Err(_) => Cow::Owned(data.iter::<f32>().collect()),
            });
            part.weights.push(weights[row]);
            part.leaks.push(leaks.get(row).copied().unwrap_or(0.0));
        }
        part
    }

    fn combine(
        &self,
        recipe: Graddrop,
        start: usize,
        offset: u64,
        sum: &mut [f32],
    ) -> Result<(), SurgeryError> {
        let range = start..start + sum.len();
        let rows: Vec<&[f32]> = self.rows.iter().map(|row| &row[range.clone()]).collect();
        recipe.combine(&rows, &self.weights, &self.leaks, offset + start as u64, sum)
    }
}
