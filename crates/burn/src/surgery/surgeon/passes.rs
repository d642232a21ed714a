//! Rows from whole passes: one per loss, or one per group, or one for all.

use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_surgery::{Request, SurgeryState};

use super::{
    RowMode, Surgeon, SurgeonError, SurgeryStep, active, backward, check_losses, leaks, recipes,
    spread, weighted, weights,
};
use crate::surgery::health;
use crate::surgery::matrix::read;
use crate::surgery::objective::Objective;
use crate::surgery::report::SurgeryReport;
use crate::surgery::rows::{Rows, WHOLE};

/// Losses on the device, without history.
type Losses<B> = Vec<Option<Tensor<<B as AutodiffBackend>::InnerBackend, 1>>>;

impl Surgeon {
    /// One pass for all losses where that will do, else one for each row.
    pub(super) fn passed<B, M, O>(
        &mut self,
        state: &mut SurgeryState,
        model: &M,
        objective: &O,
        factors: &[f64],
        groups: usize,
    ) -> Result<SurgeryStep<B>, SurgeonError>
    where
        B: AutodiffBackend,
        M: AutodiffModule<B>,
        O: Objective<B, M>,
    {
        let request = self.surgery.request(state, 0);
        if groups > 1 || request.gramian || request.elementwise {
            return self.reforward(state, model, objective, factors, &request);
        }
        let mut next = state.clone();
        let (first, finite) = self.plain(&mut next, model, objective, factors, &request)?;
        if finite {
            *state = next;
            return Ok(first);
        }
        // The Gramian shows which row it is.
        let request = Request { gramian: true, ..request };
        let mut step = self.reforward(state, model, objective, factors, &request)?;
        step.report.forwards += first.report.forwards;
        step.report.backwards += first.report.backwards;
        step.report.reads += first.report.reads;
        Ok(step)
    }

    /// One forward and one backward pass per row, one after the other: a graph is used up before the next
    /// is made, because passes share nothing but the parameters.
    fn reforward<B, M, O>(
        &mut self,
        state: &mut SurgeryState,
        model: &M,
        objective: &O,
        factors: &[f64],
        request: &Request,
    ) -> Result<SurgeryStep<B>, SurgeonError>
    where
        B: AutodiffBackend,
        M: AutodiffModule<B>,
        O: Objective<B, M>,
    {
        let passes = self.passes(factors);
        let own = self.row_factors(factors);
        let momentum = self.surgery.turn(state, 0, &own);
        let mut losses: Losses<B> = vec![None; factors.len()];
        let mut gradients: Vec<Option<GradientsParams>> = Vec::with_capacity(passes.len());
        let mut values = Vec::with_capacity(passes.len());
        for (row, pass) in passes.iter().enumerate() {
            let turn = momentum.is_none_or(|momentum| momentum.row == row);
            if pass.wanted.is_empty() || !turn {
                gradients.push(None);
                continue;
            }
            let found = objective.losses(model, &pass.wanted);
            check_losses(&found, &pass.wanted)?;
            for (loss, number) in found.iter().zip(&pass.wanted) {
                losses[*number] = Some(loss.clone().inner());
            }
            let Some(total) = weighted(&found, pass.weights.iter().copied()) else {
                gradients.push(None);
                continue;
            };
            values.push(total.clone().inner());
            gradients.push(Some(backward(model, &total, pass.wanted[0])?));
        }
        let (forwards, rows) = (values.len(), passes.len());
        let mut reads = 0;
        // GradDrop needs no Gramian, but it must not be given a row that is not finite.
        let mut measured = request.gramian || request.elementwise;
        if !measured {
            let rows = gradients.iter().flatten();
            let sums: Vec<_> = rows.filter_map(|row| health::sum::<B, M>(model, row)).collect();
            reads += usize::from(!sums.is_empty());
            measured = !read(sums).iter().all(|sum| sum.is_finite());
        }
        if let Some(momentum) = momentum {
            reads += forwards;
            gradients = self.averages.renew::<B, M>(model, momentum, gradients, self.place)?;
        }
        let granularity = self.surgery.config().granularity;
        let mut matrix = Rows::gather::<B, M>(model, gradients, granularity, self.place);
        let scalars = if request.losses { values } else { Vec::new() };
        let (gramians, values) = if measured {
            reads += 1;
            let (gramians, values) = matrix.measure(scalars);
            (Some(gramians), values)
        } else {
            reads += usize::from(!scalars.is_empty());
            (None, read(scalars))
        };
        let values = match request.losses {
            true => spread(&values, matrix.present(), rows),
            false => Vec::new(),
        };
        let decided = match gramians.transpose() {
            Ok(gramians) => self
                .decide(state, matrix.groups(), gramians.as_deref(), &values, &own)
                .map_err(SurgeonError::from),
            Err(error) => Err(error.into()),
        };
        let groups = match decided {
            Ok(groups) => groups,
            Err(error) => {
                if momentum.is_some() {
                    self.averages.keep(matrix.into_gradients());
                }
                return Err(error);
            }
        };
        let weights = weights(&groups);
        let gradients = if momentum.is_some() {
            let combined = matrix.combine_kept(&weights);
            self.averages.keep(matrix.into_gradients());
            combined
        } else if let Some(recipes) = recipes(&groups) {
            matrix.combine_elementwise(&recipes, &weights, leaks(&self.surgery))?
        } else {
            matrix.combine(&weights)
        };
        let report = SurgeryReport { groups, forwards, backwards: forwards, reads };
        Ok(SurgeryStep { gradients, losses, report })
    }

    /// One forward and one backward pass for all rows, because their weights are known without a Gramian;
    /// and whether the gradient is finite.
    fn plain<B, M, O>(
        &self,
        state: &mut SurgeryState,
        model: &M,
        objective: &O,
        factors: &[f64],
        request: &Request,
    ) -> Result<(SurgeryStep<B>, bool), SurgeonError>
    where
        B: AutodiffBackend,
        M: AutodiffModule<B>,
        O: Objective<B, M>,
    {
        let wanted: Vec<usize> = active(factors).iter().collect();
        let found = match wanted.is_empty() {
            true => Vec::new(),
            false => objective.losses(model, &wanted),
        };
        check_losses(&found, &wanted)?;
        let mut losses: Losses<B> = vec![None; factors.len()];
        for (loss, number) in found.iter().zip(&wanted) {
            losses[*number] = Some(loss.clone().inner());
        }
        let passes = self.passes(factors);
        let mut reads = 0;
        let mut values = Vec::new();
        if request.losses {
            let raw = read(losses.iter().flatten().cloned().collect());
            reads = usize::from(!raw.is_empty());
            let raw = spread(&raw, active(factors), factors.len());
            values = self.row_losses(&raw, factors);
        }
        let own = self.row_factors(factors);
        let groups = self.decide(state, &[WHOLE.to_owned()], None, &values, &own)?;
        let mut each = vec![0.0; factors.len()];
        for (pass, weight) in passes.iter().zip(&groups[0].weights) {
            for (loss, part) in pass.wanted.iter().zip(&pass.weights) {
                each[*loss] = weight * part;
            }
        }
        let total = weighted(&found, wanted.iter().map(|loss| each[*loss]));
        let forwards = usize::from(!found.is_empty());
        let backwards = usize::from(total.is_some());
        let gradients = match total {
            Some(total) => backward(model, &total, wanted[0])?,
            None => GradientsParams::new(),
        };
        let sum: Vec<_> = health::sum::<B, M>(model, &gradients).into_iter().collect();
        reads += sum.len();
        let finite = read(sum).iter().all(|sum| sum.is_finite());
        let report = SurgeryReport { groups, forwards, backwards, reads };
        Ok((SurgeryStep { gradients, losses, report }, finite))
    }

    /// The loss of each row from those of its pass; NaN for a row without one.
    pub(super) fn row_losses(&self, raw: &[f64], factors: &[f64]) -> Vec<f64> {
        let row = |pass: &Pass| match pass.wanted.is_empty() {
            true => f64::NAN,
            false => pass.wanted.iter().zip(&pass.weights).map(|(loss, w)| w * raw[*loss]).sum(),
        };
        self.passes(factors).iter().map(row).collect()
    }

    /// Which losses make up each row, and what they are multiplied by in its pass.
    fn passes(&self, factors: &[f64]) -> Vec<Pass> {
        let pass = |losses: &mut dyn Iterator<Item = usize>, scaled: bool| {
            let wanted: Vec<usize> = losses.filter(|loss| factors[*loss] != 0.0).collect();
            let weight = |loss: &usize| if scaled { factors[*loss] } else { 1.0 };
            Pass { weights: wanted.iter().map(weight).collect(), wanted }
        };
        match self.rows {
            RowMode::Groups => {
                vec![pass(&mut (0..1), false), pass(&mut (1..factors.len()), true)]
            }
            _ => (0..factors.len()).map(|loss| pass(&mut std::iter::once(loss), false)).collect(),
        }
    }

    /// What the surgery multiplies each row by: what its pass did not.
    fn row_factors(&self, factors: &[f64]) -> Vec<f64> {
        match self.rows {
            RowMode::Groups => {
                let others = factors[1..].iter().any(|factor| *factor != 0.0);
                vec![factors[0], f64::from(u8::from(others))]
            }
            _ => factors.to_vec(),
        }
    }
}

/// One row.
struct Pass {
    wanted: Vec<usize>,
    weights: Vec<f64>,
}
