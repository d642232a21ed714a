//! The averages of gradients that momentum ConFIG keeps.

use burn::module::{AutodiffModule, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_surgery::{GramianError, Granularity, Momentum};

use crate::surgery::place::Place;
use crate::surgery::rows::Rows;

/// One average for each row, as large as a gradient; nothing before its first turn.
#[derive(Debug, Default)]
pub(super) struct Averages {
    rows: Vec<Option<GradientsParams>>,
    /// The average of the row whose turn it is, where its gradient could not be used.
    aside: Option<(usize, GradientsParams)>,
}

impl Averages {
    /// `m ← decay·m + (1 − decay)·g` for the row whose turn it is, and all averages. A gradient that is not
    /// finite or missing leaves its average out of this step, unchanged.
    pub(super) fn renew<B: AutodiffBackend, M: AutodiffModule<B>>(
        &mut self,
        model: &M,
        momentum: Momentum,
        mut gradients: Vec<Option<GradientsParams>>,
        place: Place,
    ) -> Result<Vec<Option<GradientsParams>>, GramianError> {
        let Momentum { row, decay } = momentum;
        let mut rows = std::mem::take(&mut self.rows);
        rows.resize_with(gradients.len(), || None);
        let gather = |rows| Rows::gather::<B, M>(model, rows, Granularity::Model, place);
        let new = gradients[row].take().map(|gradient| gather(vec![Some(gradient)]));
        let mut usable = None;
        if let Some(new) = new {
            let gramian = new.measure(Vec::new()).0;
            if gramian?.iter().all(|gramian| gramian.not_finite().is_empty()) {
                usable = new.into_gradients().pop().flatten();
            }
        }
        match usable {
            Some(gradient) => {
                let mut both = gather(vec![rows[row].take(), Some(gradient)]);
                rows[row] = Some(both.combine(&[vec![decay, 1.0 - decay]]));
            }
            None => self.aside = rows[row].take().map(|average| (row, average)),
        }
        Ok(rows)
    }

    /// Takes the averages back after they were combined.
    pub(super) fn keep(&mut self, rows: Vec<Option<GradientsParams>>) {
        self.rows = rows;
        if let Some((row, average)) = self.aside.take() {
            self.rows[row] = Some(average);
        }
    }

    /// The averages as vectors over all parameters that require a gradient.
    pub(super) fn save<B: AutodiffBackend, M: AutodiffModule<B>>(
        &self,
        model: &M,
    ) -> Vec<Option<Tensor<B::InnerBackend, 1>>> {
        let flat = |gradients: &GradientsParams| {
            let mut visitor = Flatten::<B> { gradients, parts: Vec::new() };
            model.visit(&mut visitor);
            (!visitor.parts.is_empty()).then(|| Tensor::cat(visitor.parts, 0))
        };
        self.rows.iter().map(|row| row.as_ref().and_then(flat)).collect()
    }

    /// The averages from such vectors.
    pub(super) fn load<B: AutodiffBackend, M: AutodiffModule<B>>(
        &mut self,
        model: &M,
        rows: Vec<Option<Tensor<B::InnerBackend, 1>>>,
    ) {
        let row = |vector: Tensor<B::InnerBackend, 1>| {
            let mut visitor = Unflatten::<B> { vector, at: 0, gradients: GradientsParams::new() };
            model.visit(&mut visitor);
            visitor.gradients
        };
        self.rows = rows.into_iter().map(|vector| vector.map(row)).collect();
        self.aside = None;
    }
}

struct Flatten<'a, B: AutodiffBackend> {
    gradients: &'a GradientsParams,
    parts: Vec<Tensor<B::InnerBackend, 1>>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Flatten<'_, B> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        if parameter.is_require_grad() {
            let count = parameter.shape().num_elements();
            let gradient = self.gradients.get::<B::InnerBackend, D>(parameter.id);
            self.parts.push(match gradient {
                Some(gradient) => gradient.reshape([count]),
                None => Tensor::zeros([count], &parameter.device()),
            });
        }
    }
}

struct Unflatten<B: AutodiffBackend> {
    vector: Tensor<B::InnerBackend, 1>,
    at: usize,
    gradients: GradientsParams,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Unflatten<B> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        if parameter.is_require_grad() {
            let count = parameter.shape().num_elements();
            let part = self.vector.clone().narrow(0, self.at, count).reshape(parameter.shape());
            self.gradients.register::<B::InnerBackend, D>(parameter.id, part);
            self.at += count;
        }
    }
}
