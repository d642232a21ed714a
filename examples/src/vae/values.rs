//! What was read of the measures of a batch.

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
