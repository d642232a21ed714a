//! What a step reads from the device, and what becomes of it.

use burn::prelude::*;
use burn::tensor::backend::AutodiffBackend;
use homeostat::burn::{Readings, Report};

use super::super::TrainError;
use super::super::sideline::Sideline;
use super::super::spread::Spread;
use super::{Pending, Stepper};
use crate::topoencoder::{AtlasLosses, LossName};

/// What the host knows of a step after the read.
pub(super) struct StepReport {
    pub(super) read: bool,
    pub(super) faults: usize,
    pub(super) sideline: Sideline,
}

impl<B: AutodiffBackend> Stepper<B> {
    /// The only read of the step.
    pub(super) fn read(
        &mut self,
        losses: &AtlasLosses<B>,
        total: &Tensor<B, 1>,
        norm: Tensor<B::InnerBackend, 1>,
        side: &[Option<Tensor<B, 1>>; 3],
    ) -> StepReport {
        let mut readings = Readings::new();
        for slots in &self.panel.losses {
            if let Some(loss) = losses.get(slots.name) {
                readings.scalar(slots.value, loss.clone().inner());
            }
        }
        let information = &losses.information;
        readings.scalar(self.panel.charts, information.charts.clone().inner());
        let given = information.charts_given_input.clone().inner();
        readings.scalar(self.panel.charts_given_input, given);
        readings.scalar(self.panel.information, information.mutual.clone().inner());
        readings.scalar(self.panel.stability, self.stability(losses).inner());
        readings.scalar(self.panel.total, total.clone().inner());
        readings.scalar(self.panel.gradient_norm, norm);
        let device = total.device();
        match self.pending.take() {
            Some(Pending { parameter_norm, update: Some((update, rate)) }) => {
                readings.scalar(self.panel.parameter_norm, parameter_norm);
                readings.scalar(self.panel.update_norm, update);
                // The rate travels with the norm, so that a delayed reading keeps both together.
                let rate = Tensor::from_floats([rate as f32], &device);
                readings.scalar(self.panel.update_rate, rate);
            }
            pending => {
                if let Some(pending) = pending {
                    readings.scalar(self.panel.parameter_norm, pending.parameter_norm);
                }
                // No optimizer step has been taken since the last read.
                self.control.board_mut().clear(self.panel.update_norm.index());
            }
        }
        for loss in side.iter().flatten() {
            readings.block(loss.clone().inner());
        }
        let measures_spread = self.spread.is_due(self.steps);
        if measures_spread {
            for matrix in Spread::matrices(&self.models.trainee.atlas) {
                readings.block(matrix.inner());
            }
        }

        let report = self.reader.read(readings, self.control.board_mut());
        self.take_in(report)
    }

    /// Reads what a delayed reader still holds, lets the governor answer, and returns the companions'
    /// losses of that step. Done at the end of every epoch, so that a checkpoint has nothing to keep.
    pub fn flush(&mut self) -> Result<Sideline, TrainError> {
        let report = self.reader.flush(self.control.board_mut());
        if !report.read {
            return Ok(Sideline::default());
        }
        let report = self.take_in(report);
        self.nonfinite += u64::from(report.faults > 0);
        self.control.step()?;
        Ok(report.sideline)
    }

    fn take_in(&mut self, report: Report) -> StepReport {
        let (baselines, readouts) = (&self.models.baselines, &self.models.readouts);
        let there =
            [readouts.atlas.is_some(), baselines.autoencoder.is_some(), baselines.vq.is_some()];
        let mut blocks = report.blocks.into_iter();
        let [readout, autoencoder, vq] = there.map(|there| {
            let block = if there && report.read { blocks.next() } else { None };
            block.and_then(|block| block.first().map(|value| f64::from(*value)))
        });
        let rest: Vec<Vec<f32>> = blocks.collect();
        if !rest.is_empty() {
            self.spread.update(&self.models.trainee.atlas, rest);
        }
        if let Some(value) = self.spread.value() {
            // A spread that is not finite counts like any other reading: absent.
            let _ = self.control.board_mut().observe(self.panel.orthogonality.0, value);
        }
        StepReport {
            read: report.read,
            faults: report.faults,
            sideline: Sideline { readout, autoencoder, vq },
        }
    }

    fn stability(&self, losses: &AtlasLosses<B>) -> Tensor<B, 1> {
        let weighted = [
            (LossName::Recon, self.fixed.recon),
            (LossName::Vq, self.fixed.vq),
            (LossName::SupRoute, self.fixed.supervision),
        ];
        weighted
            .into_iter()
            .filter_map(|(name, weight)| {
                Some(losses.get(name)?.clone().detach().mul_scalar(weight))
            })
            .reduce(|sum, term| sum + term)
            .unwrap_or_else(|| losses.information.mutual.clone().detach().mul_scalar(0.0))
    }
}
