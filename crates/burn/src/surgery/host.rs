//! Rows in the host's memory.

use burn::prelude::*;
use burn::tensor::DType;

use super::kernel::{self, Block, Out, Row, Target};

/// Brings one block to the host. Tensors that nobody else holds are not copied by the CPU backends.
pub(super) fn block<B: Backend, const D: usize>(
    tensors: impl Iterator<Item = Option<Tensor<B, D>>>,
) -> Vec<Option<TensorData>> {
    tensors.map(|tensor| tensor.map(|tensor| wide_enough(tensor.into_data()))).collect()
}

/// f32 and f64 stay; sixteen bits become f32.
fn wide_enough(data: TensorData) -> TensorData {
    match data.dtype {
        DType::F32 | DType::F64 => data,
        _ => data.convert::<f32>(),
    }
}

/// K × K numbers for each group, row by row.
pub(super) fn gramians(
    blocks: &[Vec<Option<TensorData>>],
    groups: &[usize],
    rows: usize,
    count: usize,
) -> Vec<Vec<f64>> {
    let blocks: Vec<Block<'_>> = blocks
        .iter()
        .zip(groups)
        .map(|(block, group)| Block {
            rows: block.iter().map(|data| data.as_ref().map_or(Row::Absent, row)).collect(),
            count: block.iter().flatten().map(|data| data.shape.num_elements()).max().unwrap_or(0),
            group: *group,
        })
        .collect();
    kernel::gramians(&blocks, rows, count)
}

fn row(data: &TensorData) -> Row<'_> {
    const ALIGNED: &str = "a tensor's numbers are of its kind and aligned";
    match data.dtype {
        DType::F64 => Row::F64(data.as_slice().expect(ALIGNED)),
        _ => Row::F32(data.as_slice().expect(ALIGNED)),
    }
}

/// One combination of each block. Without `keep` the sum is written over the first row that takes part,
/// which is taken out.
pub(super) fn combine(
    blocks: &mut [Vec<Option<TensorData>>],
    groups: &[usize],
    weights: &[Vec<f64>],
    keep: bool,
) -> Vec<Option<TensorData>> {
    let mut sums: Vec<Option<(TensorData, f64)>> = blocks
        .iter_mut()
        .zip(groups)
        .map(|(block, group)| {
            let weights = &weights[*group];
            let used = |row: &usize| block[*row].is_some() && weights[*row] != 0.0;
            let place = (0..block.len())
                .find(used)
                // All weights are 0: a sum of 0, wherever there is a gradient.
                .or_else(|| block.iter().position(Option::is_some))?;
            if keep {
                return block[place].as_ref().map(|data| (zeros(data), 0.0));
            }
            Some((block[place].take()?, weights[place]))
        })
        .collect();
    let mut targets = Vec::with_capacity(blocks.len());
    for ((block, sum), group) in blocks.iter().zip(&mut sums).zip(groups) {
        let Some((sum, own)) = sum else { continue };
        targets.push(target(sum, *own, block, &weights[*group]));
    }
    kernel::combine(targets);
    sums.into_iter().map(|sum| sum.map(|(data, _)| data)).collect()
}

fn zeros(like: &TensorData) -> TensorData {
    match like.dtype {
        DType::F64 => TensorData::zeros::<f64, _>(like.shape.clone()),
        _ => TensorData::zeros::<f32, _>(like.shape.clone()),
    }
}

fn target<'a>(
    sum: &'a mut TensorData,
    own: f64,
    block: &'a [Option<TensorData>],
    weights: &[f64],
) -> Target<'a> {
    const ALIGNED: &str = "a tensor's numbers are of its kind and aligned";
    let out = match sum.dtype {
        DType::F64 => Out::F64(sum.as_mut_slice().expect(ALIGNED)),
        _ => Out::F32(sum.as_mut_slice().expect(ALIGNED)),
    };
    let rows = block
        .iter()
        .zip(weights)
        .filter(|(_, weight)| **weight != 0.0)
        .filter_map(|(data, weight)| Some((row(data.as_ref()?), *weight)))
        .collect();
    Target { out, own, rows }
}
