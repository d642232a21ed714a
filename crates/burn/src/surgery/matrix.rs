//! Rows as blocks of columns: one block per parameter, one row per loss.

use burn::prelude::*;
use burn::tensor::DType;
use homeostat_surgery::SurgeryError;

use super::elementwise::{self, Drops};
use super::kernel::FEW;
use super::place::Place;
use super::{device, host};

/// All rows, block by block, where they are worked on.
#[derive(Debug)]
pub(super) struct Matrix<B: Backend> {
    rows: usize,
    /// The group of each block.
    groups: Vec<usize>,
    values: Values<B>,
}

/// `[block][row]`; `None` is a missing gradient.
#[derive(Debug)]
enum Values<B: Backend> {
    Host(Vec<Vec<Option<TensorData>>>),
    Device(Vec<Vec<Option<Tensor<B, 1>>>>),
}

/// One block of one row, or of a combination.
#[derive(Clone, Debug)]
pub(super) enum Part<B: Backend> {
    Host(TensorData),
    Device(Tensor<B, 1>),
}

impl<B: Backend> Part<B> {
    /// As a tensor of this shape and kind.
    pub(super) fn into_tensor<const D: usize>(
        self,
        shape: Shape,
        dtype: DType,
        device: &B::Device,
    ) -> Tensor<B, D> {
        match self {
            Self::Host(mut data) => {
                data.shape = shape;
                Tensor::from_data(data, (device, dtype))
            }
            Self::Device(tensor) => tensor.reshape(shape),
        }
    }
}

/// What was read from the device.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Measured {
    /// K × K numbers for each group, row by row.
    pub(super) gramians: Vec<Vec<f64>>,
    /// The scalars that rode along.
    pub(super) scalars: Vec<f64>,
}

impl<B: Backend> Matrix<B> {
    pub(super) fn new(rows: usize, place: Place, device: &B::Device) -> Self {
        let values = if place.is_host::<B>(device) {
            Values::Host(Vec::new())
        } else {
            Values::Device(Vec::new())
        };
        Self { rows, groups: Vec::new(), values }
    }

    /// Adds a block of columns: one tensor per row.
    pub(super) fn push<const D: usize>(
        &mut self,
        group: usize,
        block: impl Iterator<Item = Option<Tensor<B, D>>>,
    ) {
        self.groups.push(group);
        match &mut self.values {
            Values::Host(blocks) => blocks.push(host::block(block)),
            Values::Device(blocks) => {
                let flat = |tensor: Tensor<B, D>| {
                    let count = tensor.shape().num_elements();
                    tensor.reshape([count])
                };
                blocks.push(block.map(|tensor| tensor.map(flat)).collect());
            }
        }
    }

    /// How far a dot product may be off, relative to the product of the lengths; 0 for rounding in f64.
    pub(super) fn accuracy(&self) -> f64 {
        let narrow = |data: &TensorData| data.dtype != DType::F64;
        match &self.values {
            Values::Device(_) => 1e-6,
            Values::Host(blocks) if self.rows > FEW => {
                let narrow = blocks.iter().flatten().flatten().any(narrow);
                if narrow { 1e-7 } else { 0.0 }
            }
            Values::Host(_) => 0.0,
        }
    }

    /// The Gramian of each group, and some scalars, in one read from the device.
    pub(super) fn measure(&self, groups: usize, scalars: Vec<Tensor<B, 1>>) -> Measured {
        match &self.values {
            Values::Host(blocks) => Measured {
                gramians: host::gramians(blocks, &self.groups, self.rows, groups),
                scalars: read(scalars),
            },
            Values::Device(blocks) => {
                device::measure(blocks, &self.groups, self.rows, groups, scalars)
            }
        }
    }

    /// `Σ weight·row` for each block, with the weights of its group; rows of weight 0 are not read. `None`
    /// for a block that no row has. Without `keep` the first row that takes part gives its memory to the
    /// sum.
    pub(super) fn combine(&mut self, weights: &[Vec<f64>], keep: bool) -> Vec<Option<Part<B>>> {
        match &mut self.values {
            Values::Host(blocks) => host::combine(blocks, &self.groups, weights, keep)
                .into_iter()
                .map(|block| block.map(Part::Host))
                .collect(),
            Values::Device(blocks) => blocks
                .iter()
                .zip(&self.groups)
                .map(|(block, group)| device::combine(block, &weights[*group]).map(Part::Device))
                .collect(),
        }
    }

    /// The combination that needs the numbers themselves, in the host's memory.
    pub(super) fn combine_elementwise(
        &mut self,
        drops: Drops<'_>,
    ) -> Result<Vec<Option<Part<B>>>, SurgeryError> {
        if let Values::Device(blocks) = &mut self.values {
            let blocks = std::mem::take(blocks);
            let block = |block: Vec<Option<Tensor<B, 1>>>| host::block(block.into_iter());
            self.values = Values::Host(blocks.into_iter().map(block).collect());
        }
        let Values::Host(blocks) = &self.values else { return Ok(Vec::new()) };
        let sums = elementwise::combine(blocks, &self.groups, drops)?;
        Ok(sums.into_iter().map(|block| block.map(Part::Host)).collect())
    }

    /// Gives the rows back: `[block][row]`.
    pub(super) fn into_parts(self) -> Vec<Vec<Option<Part<B>>>> {
        match self.values {
            Values::Host(blocks) => {
                let block = |block: Vec<Option<TensorData>>| {
                    block.into_iter().map(|data| data.map(Part::Host)).collect()
                };
                blocks.into_iter().map(block).collect()
            }
            Values::Device(blocks) => {
                let block = |block: Vec<Option<Tensor<B, 1>>>| {
                    block.into_iter().map(|tensor| tensor.map(Part::Device)).collect()
                };
                blocks.into_iter().map(block).collect()
            }
        }
    }
}

/// Reads scalars in one transfer.
pub(super) fn read<B: Backend>(scalars: Vec<Tensor<B, 1>>) -> Vec<f64> {
    if scalars.is_empty() {
        return Vec::new();
    }
    Tensor::cat(scalars, 0).into_data().iter::<f64>().collect()
}
