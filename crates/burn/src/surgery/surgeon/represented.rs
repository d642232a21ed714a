//! Rows at a cut: one pass through the trunk, one through each head.

use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat_surgery::{Gramian, Granularity, RowSet, SurgeryState};

use super::{
    HeadRule, Surgeon, SurgeonError, SurgeryStep, active, check_losses, leaks, recipes, spread,
    weights,
};
use crate::surgery::elementwise::Drops;
use crate::surgery::health;
use crate::surgery::matrix::{Matrix, read};
use crate::surgery::objective::Objective;
use crate::surgery::report::{GroupReport, SurgeryReport};
use crate::surgery::representation::{Cotangent, Representation};
use crate::surgery::rows::{Rows, WHOLE};

impl Surgeon {
    pub(super) fn represented<B, M, O>(
        &self,
        state: &mut SurgeryState,
        model: &M,
        objective: &O,
        factors: &[f64],
    ) -> Result<SurgeryStep<B>, SurgeonError>
    where
        B: AutodiffBackend,
        M: AutodiffModule<B>,
        O: Objective<B, M>,
    {
        let present = active(factors);
        if present.is_empty() {
            let count = factors.len();
            let nothing = Gramian::with_gaps(count, &vec![0.0; count * count], present)?;
            let values = vec![f64::NAN; count];
            let names = [WHOLE.to_owned()];
            let groups = self.decide(state, &names, Some(&[nothing]), &values, factors)?;
            let report = SurgeryReport { groups, forwards: 0, backwards: 0, reads: 0 };
            let gradients = GradientsParams::new();
            return Ok(SurgeryStep { gradients, losses: vec![None; factors.len()], report });
        }
        let trunk = objective.trunk(model).ok_or(SurgeonError::NoCut)?;
        let heads = heads(model, objective, &trunk, present, factors.len())?;
        let device = model.devices().into_iter().next().unwrap_or_default();
        let mut matrix = Matrix::<B::InnerBackend>::new(factors.len(), self.place, &device);
        let dtypes = transpose::<B>(&mut matrix, heads.cotangents);
        let request = self.surgery.request(state, 0);
        let losses: Vec<_> = heads.losses.iter().flatten().cloned().collect();
        let mut scalars = if request.losses { losses } else { Vec::new() };
        let values = scalars.len();
        scalars.extend(heads.sums);
        let mut reads = 1;
        let (mut entries, scalars) = if request.gramian || request.elementwise {
            let mut measured = matrix.measure(1, scalars);
            (measured.gramians.pop(), measured.scalars)
        } else {
            (None, read(scalars))
        };
        let (values, sums) = scalars.split_at(values);
        let sick = present.iter().zip(sums).filter(|(_, sum)| !sum.is_finite());
        let sick: RowSet = sick.map(|(row, _)| row).collect();
        if entries.is_none() && !sick.is_empty() {
            // The cached weights are for all rows; the others need their own.
            reads += 1;
            entries = matrix.measure(1, Vec::new()).gramians.pop();
        }
        let gramian = match entries {
            Some(mut entries) => {
                // What is not finite may be in a head alone, which no dot product at the cut shows.
                sick.iter().for_each(|row| entries[row * (factors.len() + 1)] = f64::NAN);
                let gramian = Gramian::with_gaps(factors.len(), &entries, present)?;
                Some([gramian.with_accuracy(matrix.accuracy())?])
            }
            None => None,
        };
        let values = match request.losses {
            true => spread(values, present, factors.len()),
            false => Vec::new(),
        };
        let gramians = gramian.as_ref().map(<[Gramian; 1]>::as_slice);
        let groups = self.decide(state, &[WHOLE.to_owned()], gramians, &values, factors)?;
        let combined = match recipes(&groups) {
            Some(recipes) => {
                let (weights, leaks) = (&weights(&groups), leaks(&self.surgery));
                matrix.combine_elementwise(Drops { recipes: &recipes, weights, leaks })?
            }
            None => matrix.combine(&weights(&groups), false),
        };
        let mut cotangents = combined.into_iter().zip(dtypes).map(|(part, dtype)| {
            let (count, dtype) = dtype?;
            part.map(|part| part.into_tensor([count].into(), dtype, &device))
        });
        let inner = trunk.inner(&mut cotangents, None);
        let backwards = usize::from(inner.is_some());
        let shared = inner.map(|inner| GradientsParams::from_grads(inner.backward(), model));
        if let (Some(shared), true) = (&shared, heads.reached == 0)
            && shared.is_empty()
        {
            return Err(SurgeonError::NoGradient { loss: present.iter().next().unwrap_or(0) });
        }
        let gradients = self.join::<B, M>(model, heads.gradients, shared, &groups[0], factors);
        let report = SurgeryReport { groups, forwards: 1, backwards, reads };
        Ok(SurgeryStep { gradients, losses: heads.losses, report })
    }

    /// The gradients of the heads' own parameters, each with the weight that the rule gives it, and that
    /// of the trunk. A parameter that is in both gets both.
    fn join<B: AutodiffBackend, M: AutodiffModule<B>>(
        &self,
        model: &M,
        mut heads: Vec<Option<GradientsParams>>,
        shared: Option<GradientsParams>,
        group: &GroupReport,
        factors: &[f64],
    ) -> GradientsParams {
        let mut weights: Vec<f64> = match self.heads {
            HeadRule::Own => factors.to_vec(),
            HeadRule::Weighted => group.weights.clone(),
        };
        for row in group.report.not_finite.iter() {
            weights[row] = 0.0;
        }
        // Rows without any parameter of their own have nothing to add.
        for (head, weight) in heads.iter_mut().zip(&weights) {
            if *weight == 0.0 || head.as_ref().is_some_and(GradientsParams::is_empty) {
                *head = None;
            }
        }
        heads.push(shared);
        weights.push(1.0);
        Rows::gather::<B, M>(model, heads, Granularity::Model, self.place).combine(&[weights])
    }
}

/// What the heads gave.
struct Heads<B: AutodiffBackend> {
    losses: Vec<Option<Tensor<B::InnerBackend, 1>>>,
    /// `[row][tensor]`
    cotangents: Vec<Vec<Cotangent<B>>>,
    gradients: Vec<Option<GradientsParams>>,
    /// Of each row that is there, the sum of cotangents and gradients: finite where all of them are.
    sums: Vec<Tensor<B::InnerBackend, 1>>,
    /// How many gradients and cotangents there are.
    reached: usize,
}

/// One pass through each head, from a cut of its own: a shared one would be used up by the first.
fn heads<B, M, O>(
    model: &M,
    objective: &O,
    trunk: &O::Representation,
    present: RowSet,
    count: usize,
) -> Result<Heads<B>, SurgeonError>
where
    B: AutodiffBackend,
    M: AutodiffModule<B>,
    O: Objective<B, M>,
{
    let mut heads = Heads {
        losses: vec![None; count],
        cotangents: (0..count).map(|_| Vec::new()).collect(),
        gradients: (0..count).map(|_| None).collect(),
        sums: Vec::with_capacity(count),
        reached: 0,
    };
    for row in present.iter() {
        let leaf = trunk.cut();
        let loss = objective.head(model, leaf.clone(), row);
        check_losses(std::slice::from_ref(&loss), &[row])?;
        heads.losses[row] = Some(loss.clone().inner());
        let mut gradients = loss.backward();
        leaf.take(&mut gradients, &mut heads.cotangents[row]);
        let own = GradientsParams::from_module::<B, M>(&mut gradients, model);
        let found = heads.cotangents[row].iter().flatten().count();
        if found == 0 && own.is_empty() {
            return Err(SurgeonError::NoGradient { loss: row });
        }
        let cotangents = heads.cotangents[row].iter().flatten().cloned().map(health::of);
        let sums = cotangents.chain(health::sum::<B, M>(model, &own));
        heads.sums.extend(sums.reduce(|sum, part| sum + part));
        heads.reached += own.len();
        heads.gradients[row] = Some(own);
    }
    Ok(heads)
}

/// Length and kind of a block; `None` where no row has it.
type Kind = Option<(usize, burn::tensor::DType)>;

/// Hands the cotangents to the matrix, block by block.
fn transpose<B: AutodiffBackend>(
    matrix: &mut Matrix<B::InnerBackend>,
    mut cotangents: Vec<Vec<Cotangent<B>>>,
) -> Vec<Kind> {
    let blocks = cotangents.iter().map(Vec::len).max().unwrap_or(0);
    (0..blocks)
        .map(|block| {
            let kind = cotangents
                .iter()
                .find_map(|row| row.get(block)?.as_ref())
                .map(|cotangent| (cotangent.dims()[0], cotangent.dtype()));
            let column = cotangents.iter_mut().map(|row| row.get_mut(block)?.take());
            matrix.push(0, column);
            kind
        })
        .collect()
}
