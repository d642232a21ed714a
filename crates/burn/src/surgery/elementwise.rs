//! Combinations that look at every number: GradDrop.

use std::borrow::Cow;

use burn::prelude::*;
use homeostat_surgery::{Graddrop, MAXIMUM_ROWS, SurgeryError};
use pulp::{Arch, NullaryFnOnce};
use rayon::prelude::*;

/// Coordinates per task. A coordinate's draw depends on its place in the whole vector alone.
const TASK: usize = 1 << 14;

/// Below this many numbers another thread costs more than it saves.
const ALONE: usize = 1 << 17;

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
    let mut parts = Vec::with_capacity(blocks.len());
    let mut sums = Vec::with_capacity(blocks.len());
    for (block, group) in blocks.iter().zip(groups) {
        let first = block.iter().flatten().next();
        let shape = first.map(|first| first.shape.clone());
        let count = shape.as_ref().map_or(0, Shape::num_elements);
        let recipe = drops.recipes[*group];
        parts.push(Part::new(block, &drops.weights[*group], drops.leaks, recipe, offsets[*group]));
        offsets[*group] += count as u64;
        sums.push((vec![0.0_f32; count], shape));
    }
    let mut tasks = Vec::new();
    for (part, (sum, _)) in parts.iter().zip(&mut sums) {
        let chunks = sum.chunks_mut(TASK).enumerate();
        tasks.extend(chunks.map(|(task, sum)| Task { part, start: task * TASK, sum }));
    }
    let numbers: usize = tasks.iter().map(|task| task.sum.len() * task.part.rows.len()).sum();
    if numbers <= ALONE {
        tasks.into_iter().try_for_each(Task::run)?;
    } else {
        tasks.into_par_iter().try_for_each(Task::run)?;
    }
    Ok(sums.into_iter().map(|(sum, shape)| Some(TensorData::new(sum, shape?))).collect())
}

/// The rows of a block that take part; a missing one has no sign and is left out.
struct Part<'a> {
    rows: Vec<Cow<'a, [f32]>>,
    weights: Vec<f64>,
    leaks: Vec<f64>,
    recipe: Graddrop,
    /// The number of the first coordinate in its group.
    offset: u64,
}

impl<'a> Part<'a> {
    fn new(
        block: &'a [Option<TensorData>],
        weights: &[f64],
        leaks: &[f64],
        recipe: Graddrop,
        offset: u64,
    ) -> Self {
        let (rows, own) = (Vec::new(), Vec::new());
        let mut part = Self { rows, weights: own, leaks: Vec::new(), recipe, offset };
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
}

/// Some coordinates of a block.
struct Task<'a> {
    part: &'a Part<'a>,
    start: usize,
    sum: &'a mut [f32],
}

impl Task<'_> {
    fn run(self) -> Result<(), SurgeryError> {
        Arch::new().dispatch(self)
    }
}

impl NullaryFnOnce for Task<'_> {
    type Output = Result<(), SurgeryError>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        let Self { part, start, sum } = self;
        let mut rows: [&[f32]; MAXIMUM_ROWS] = [&[]; MAXIMUM_ROWS];
        let count = part.rows.len();
        for (to, from) in rows.iter_mut().zip(&part.rows) {
            *to = &from[start..start + sum.len()];
        }
        let offset = part.offset + start as u64;
        part.recipe.combine(&rows[..count], &part.weights, &part.leaks, offset, sum)
    }
}
