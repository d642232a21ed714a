//! Rows on a device: the backend's own operations, and one read.

use burn::prelude::*;

use super::matrix::Measured;

/// The Gramian of each group and some scalars in one read.
///
/// Rows are divided by their largest absolute value first, because the square of an f32 below 10⁻¹⁹ is 0
/// and above 10¹⁹ infinite; the host multiplies the scales back in f64. Products are summed in f32.
pub(super) fn measure<B: Backend>(
    blocks: &[Vec<Option<Tensor<B, 1>>>],
    groups: &[usize],
    rows: usize,
    count: usize,
    scalars: Vec<Tensor<B, 1>>,
) -> Measured {
    let Some(device) = blocks.iter().flatten().flatten().next().map(Tensor::device) else {
        let scalars = super::matrix::read(scalars);
        return Measured { gramians: vec![vec![0.0; rows * rows]; count], scalars };
    };
    let scale = scales(blocks, rows, &device);
    let divisor = scale.clone().mask_fill(scale.clone().equal_elem(0.0), 1.0).reshape([rows, 1]);
    let mut sums: Vec<Option<Tensor<B, 2>>> = vec![None; count];
    for (block, group) in blocks.iter().zip(groups) {
        if let Some(stack) = stack(block, &device) {
            let unit = stack / divisor.clone();
            let part = unit.clone().matmul(unit.transpose());
            sums[*group] = Some(match sums[*group].take() {
                Some(sum) => sum + part,
                None => part,
            });
        }
    }
    let zeros = || Tensor::zeros([rows, rows], &device);
    let mut joined: Vec<Tensor<B, 1>> = vec![scale];
    for sum in sums {
        joined.push(sum.unwrap_or_else(zeros).reshape([rows * rows]));
    }
    joined.extend(scalars);
    let numbers = super::matrix::read(joined);
    let (scale, rest) = numbers.split_at(rows);
    let (unit, scalars) = rest.split_at(count * rows * rows);
    let gramians = unit
        .chunks_exact(rows * rows)
        .map(|unit| {
            let place = |(place, value): (usize, &f64)| {
                let (row, column) = (place / rows, place % rows);
                // A row of zeros has scale 0 here, as its products are.
                value * scale[row] * scale[column]
            };
            unit.iter().enumerate().map(place).collect()
        })
        .collect();
    Measured { gramians, scalars: scalars.to_vec() }
}

/// The largest absolute value of each row.
fn scales<B: Backend>(
    blocks: &[Vec<Option<Tensor<B, 1>>>],
    rows: usize,
    device: &B::Device,
) -> Tensor<B, 1> {
    let mut scales = Tensor::zeros([rows], device);
    for block in blocks {
        if let Some(stack) = stack(block, device) {
            scales = scales.max_pair(stack.abs().max_dim(1).reshape([rows]));
        }
    }
    scales
}

/// All rows of a block as a matrix; nothing where no row has a gradient.
fn stack<B: Backend>(block: &[Option<Tensor<B, 1>>], device: &B::Device) -> Option<Tensor<B, 2>> {
    let count = block.iter().flatten().next()?.dims()[0];
    let row = |row: &Option<Tensor<B, 1>>| {
        row.clone().map_or_else(
            || Tensor::zeros([count], device),
            |row| row.cast(burn::tensor::DType::F32),
        )
    };
    Some(Tensor::stack(block.iter().map(row).collect(), 0))
}

/// `Σ weight·row` of a block; a sum of 0 where all weights are 0.
pub(super) fn combine<B: Backend>(
    block: &[Option<Tensor<B, 1>>],
    weights: &[f64],
) -> Option<Tensor<B, 1>> {
    let zeros = block.iter().flatten().next().map(Tensor::zeros_like)?;
    block
        .iter()
        .zip(weights)
        .filter(|(_, weight)| **weight != 0.0)
        .filter_map(|(row, weight)| Some(row.clone()?.mul_scalar(*weight)))
        .reduce(|sum, part| sum + part)
        .or(Some(zeros))
}
