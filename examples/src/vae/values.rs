//! What was read of the measures of a batch, and the way back into the graph.

use burn::prelude::*;

/// The measures of a batch on the host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values {
    /// Mean over the batch, per measure.
    pub means: Vec<f64>,
    /// Per image a row of all measures; empty where goals are about means.
    pub rows: Vec<f64>,
    /// How many images there are.
    pub images: usize,
}

impl Values {
    /// From the numbers of every measure: one per image, or a single one. `rows` says whether rows are asked
    /// for; there a single number is that of every image.
    pub fn new(measures: &[Vec<f64>], images: usize, rows: bool) -> Self {
        let mean = |one: &Vec<f64>| one.iter().sum::<f64>() / one.len().max(1) as f64;
        let of = |one: &Vec<f64>, image: usize| {
            let place = if one.len() == 1 { 0 } else { image };
            one.get(place).copied().unwrap_or(f64::NAN)
        };
        let table = (0..if rows { images } else { 0 })
            .flat_map(|image| measures.iter().map(move |one| of(one, image)));
        Self { means: measures.iter().map(mean).collect(), rows: table.collect(), images }
    }
}

/// `Σ slope·x`: its gradient is that of the loss, because slopes are constants. There is one slope per
/// measure, or a row of them per image; measures are `[1]` or `[N]`. `None` where all slopes are 0.
pub fn surrogate<B: Backend>(values: &[Tensor<B, 1>], slopes: &[f64]) -> Option<Tensor<B, 1>> {
    let term = |(index, value): (usize, &Tensor<B, 1>)| {
        let column: Vec<f64> = slopes.iter().skip(index).step_by(values.len()).copied().collect();
        let sum: f64 = column.iter().sum();
        let single = value.dims()[0] == 1;
        if column.iter().all(|slope| *slope == 0.0) || single && sum == 0.0 {
            None
        } else if single {
            Some(value.clone().mul_scalar(sum))
        } else {
            let column: Vec<f32> = column.into_iter().map(|slope| slope as f32).collect();
            let count = column.len();
            let column = Tensor::from_data(TensorData::new(column, [count]), &value.device());
            Some((value.clone() * column).sum())
        }
    };
    values.iter().enumerate().filter_map(term).reduce(|sum, term| sum + term)
}
