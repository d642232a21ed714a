//! The averages of gradients that momentum ConFIG keeps.

use burn::module::{AutodiffModule, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_surgery::{GramianError, Granularity, Momentum};

use crate::surgery::error::SurgeonError;
use crate::surgery::place::Place;
use crate::surgery::rows::Rows;

/// One average for each row, as large as a gradient; nothing before its first turn.
#[derive(Debug, Default)]
pub(super) struct Averages {
    rows: Vec<Option<GradientsParams>>,
    /// The average of the row whose turn it is, where its gradient could not be used.
    aside: Option<(usize, GradientsParams)>,
    /// How the gradient of each parameter is copied: what gradients are of is known only while there is a
    /// model.
    copies: Vec<Copy>,
}

/// The gradient of one parameter from one set of gradients to another.
#[derive(Clone, Debug)]
struct Copy {
    parameter: ParamId,
    copy: fn(ParamId, &GradientsParams, &mut GradientsParams),
}

impl Clone for Averages {
    fn clone(&self) -> Self {
        let row = |from: &GradientsParams| {
            let mut to = GradientsParams::new();
            for Copy { parameter, copy } in &self.copies {
                copy(*parameter, from, &mut to);
            }
            to
        };
        Self {
            rows: self.rows.iter().map(|from| from.as_ref().map(row)).collect(),
            aside: self.aside.as_ref().map(|(number, from)| (*number, row(from))),
            copies: self.copies.clone(),
        }
    }
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
        self.learn_to_copy::<B, M>(model);
        let Momentum { row, decay } = momentum;
        let gather = |rows| Rows::gather::<B, M>(model, rows, Granularity::Model, place);
        let new = gradients[row].take().map(|gradient| gather(vec![Some(gradient)]));
        let mut usable = None;
        if let Some(new) = new {
            let gramian = new.measure(Vec::new()).0;
            if gramian?.iter().all(|gramian| gramian.not_finite().is_empty()) {
                usable = new.into_gradients().pop().flatten();
            }
        }
        let mut rows = std::mem::take(&mut self.rows);
        rows.resize_with(gradients.len(), || None);
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

    /// The averages as vectors, one for each parameter that requires a gradient and has one.
    pub(super) fn save<B: AutodiffBackend, M: AutodiffModule<B>>(
        &self,
        model: &M,
    ) -> Vec<Vec<Option<Tensor<B::InnerBackend, 1>>>> {
        let parts = |gradients: &GradientsParams| {
            let mut visitor = Flatten::<B> { gradients, parts: Vec::new() };
            model.visit(&mut visitor);
            visitor.parts
        };
        self.rows.iter().map(|row| row.as_ref().map_or_else(Vec::new, parts)).collect()
    }

    /// The averages from such vectors.
    pub(super) fn load<B: AutodiffBackend, M: AutodiffModule<B>>(
        &mut self,
        model: &M,
        rows: Vec<Vec<Option<Tensor<B::InnerBackend, 1>>>>,
    ) -> Result<(), SurgeonError> {
        let mut loaded = Vec::with_capacity(rows.len());
        for (row, parts) in rows.into_iter().enumerate() {
            if parts.is_empty() {
                loaded.push(None);
                continue;
            }
            let found = parts.len();
            let mut visitor = Unflatten::<B> {
                parts: parts.into_iter(),
                wanted: 0,
                misfit: None,
                gradients: GradientsParams::new(),
            };
            model.visit(&mut visitor);
            if let Some((expected, found)) = visitor.misfit {
                let what = "the numbers of a parameter";
                return Err(SurgeonError::Average { row, what, expected, found });
            }
            if visitor.wanted != found {
                let (what, expected) = ("the parameters", visitor.wanted);
                return Err(SurgeonError::Average { row, what, expected, found });
            }
            loaded.push(Some(visitor.gradients));
        }
        self.learn_to_copy::<B, M>(model);
        self.rows = loaded;
        self.aside = None;
        Ok(())
    }

    fn learn_to_copy<B: AutodiffBackend, M: AutodiffModule<B>>(&mut self, model: &M) {
        if self.copies.is_empty() {
            model.visit(self);
        }
    }
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Averages {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        let copy = |parameter, from: &GradientsParams, to: &mut GradientsParams| {
            if let Some(gradient) = from.get::<B::InnerBackend, D>(parameter) {
                to.register::<B::InnerBackend, D>(parameter, gradient);
            }
        };
        self.copies.push(Copy { parameter: parameter.id, copy });
    }
}

struct Flatten<'a, B: AutodiffBackend> {
    gradients: &'a GradientsParams,
    parts: Vec<Option<Tensor<B::InnerBackend, 1>>>,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Flatten<'_, B> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        if parameter.is_require_grad() {
            let count = parameter.shape().num_elements();
            let gradient = self.gradients.get::<B::InnerBackend, D>(parameter.id);
            self.parts.push(gradient.map(|gradient| gradient.reshape([count])));
        }
    }
}

struct Unflatten<B: AutodiffBackend> {
    parts: std::vec::IntoIter<Option<Tensor<B::InnerBackend, 1>>>,
    /// How many parameters there are.
    wanted: usize,
    /// The length of the first vector that does not fit, and what it should be, first.
    misfit: Option<(usize, usize)>,
    gradients: GradientsParams,
}

impl<B: AutodiffBackend> ModuleVisitor<B> for Unflatten<B> {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<B, D>>) {
        if !parameter.is_require_grad() {
            return;
        }
        self.wanted += 1;
        let Some(part) = self.parts.next().flatten() else { return };
        let (expected, [found]) = (parameter.shape().num_elements(), part.dims());
        if expected == found {
            let part = part.reshape(parameter.shape());
            self.gradients.register::<B::InnerBackend, D>(parameter.id, part);
        } else {
            self.misfit.get_or_insert((expected, found));
        }
    }
}
